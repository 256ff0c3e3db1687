"""
Lines of one étiquette: a mark, the étiquette, its name, its value, and the items of a register below them.

Pure but for the library that draws (rich).
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

from rich.text import Text

from teleinfo.watch.describe import describe
from teleinfo.watch.drawing import ALERT, DOT, MARK, MORE, STRONG
from teleinfo.watch.sections import Section

if TYPE_CHECKING:
    from teleinfo.watch.describe import Description
    from teleinfo.watch.live_model import Row

FRESH: Final = 3.0
"""Seconds for which a value that changed stands out."""

NARROW: Final = 60
"""Columns below which a name gives way to its value."""

_KEY: Final = 10
_MARK: Final = 2
_VALUE: Final = 28
_FIGURE: Final = 13
_LEAST_NAME: Final = 8
_INDENT: Final = " " * (_MARK + _KEY)


def format_row(row: Row, width: int, *, now: float) -> list[Text]:
    """Return the lines of one étiquette: the row itself, the rest of a long name, and its facts below it."""
    words = describe(row, short=True)
    fresh = row.changed is not None and now - row.changed < FRESH and not row.is_clock
    mark, style = (MARK, STRONG) if fresh else (" ", "")
    if row.section is Section.ALARM:
        mark, style = "!", ALERT
    value = f"{words.value:>{_FIGURE}}" if row.label is not None and row.label.is_number else words.value
    if words.note:
        value += f"  {words.note}"
    if words.facts and len(value) > _VALUE:
        value = ""  # too long for the line, and the facts below are the same
    space = width - len(_INDENT) - len(value) - 1
    if width < NARROW:
        names = [_shortened(words.name, space)]
    else:
        names = _wrapped(words.name, space, spare=max(0, _VALUE - len(value)))
    line = Text.assemble((f"{mark} {row.key:<{_KEY}}", style), names[0], (value, style))
    return [line, *(Text(_INDENT + rest) for rest in names[1:]), *_fact_lines(words, width)]


def _shortened(name: str, space: int) -> str:
    """Return the name in `space` columns and a blank: the middle gives way, the end tells more."""
    if space < _LEAST_NAME:
        return f"{'':<{space}} " if space > 0 else ""
    if len(name) > space:
        end = space // 3
        name = f"{name[: space - end - 1]}{MORE}{name[-end:]}"
    return f"{name:<{space}} "


def _wrapped(name: str, space: int, *, spare: int) -> list[str]:
    """
    Return the name in lines, the first line padded, with a blank behind it.

    Values begin in one column, which leaves `spare` of the space. A long name pushes its value to the right;
    a name that is still too long goes on in the lines below.
    """
    column = max(0, space if space - spare < len(name) <= space else space - spare)
    first, *rest = textwrap.wrap(name, max(_LEAST_NAME, column)) or [""]
    return [f"{first:<{column}} ", *rest]


def _fact_lines(words: Description, width: int) -> list[Text]:
    lines: list[Text] = []
    for fact in words.facts:
        text = Text(fact.text, style=ALERT if fact.alert else "")
        if not lines or len(lines[-1]) + len(DOT) + len(text) > width:
            lines.append(Text(_INDENT))
        else:
            lines[-1].append(DOT)
        lines[-1].append_text(text)
    return lines
