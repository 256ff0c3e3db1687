"""Pictures of a terminal as SVG, for the documentation."""

from __future__ import annotations

import html
import io
import re
from typing import TYPE_CHECKING

from rich.console import Console

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.text import Text


def draw(lines: Iterable[Text], *, name: str, columns: int) -> str:
    """Return an SVG of `teleinfo NAME` with these lines, broken at so many columns."""
    console = Console(record=True, width=columns, file=io.StringIO(), force_terminal=True, color_system="256")
    for line in lines:
        for start in range(0, max(1, len(line)), columns):
            console.print(line[start : start + columns], no_wrap=True, highlight=False)
    svg = console.export_svg(title=f"teleinfo {name}", unique_id=name)
    # A font from elsewhere is neither needed nor ours to fetch.
    return re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)


def text_of(svg: str) -> str:
    """Return the text that an SVG of `draw` shows, without its line ends and the blanks at them."""
    rows: dict[int, str] = {}
    for number, text in re.findall(r'clip-path="url\(#\w+-line-(\d+)\)">([^<]*)</text>', svg):
        rows[int(number)] = rows.get(int(number), "") + html.unescape(text)
    return re.sub(r"\s+", " ", " ".join(rows[number] for number in sorted(rows)))
