"""
Lines of one étiquette: a mark, the étiquette, its name, its value, and the items of a register below them.

Pure but for the library that draws (rich).
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

from rich.text import Text

from teleinfo.watch.describe import describe
from teleinfo.watch.drawing import ALERT, CHANGED
from teleinfo.watch.sections import Section

if TYPE_CHECKING:
    from teleinfo.watch.describe import Description
    from teleinfo.watch.drawing import Glyphs
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


def format_row(row: Row, width: int, glyphs: Glyphs) -> list[Text]:
    """Return the lines of one étiquette: the row itself, the rest of a long name, and its facts below it."""
    words = describe(row, short=True)
    fresh = row.age is not None and row.age < FRESH and not row.is_clock
    alarm = row.section is Section.ALARM
    style = ALERT if alarm else CHANGED if fresh else ""
    mark = "!" if alarm else glyphs.mark if fresh else " "
    is_figure = row.label is not None and row.label.is_number
    value = _value(words, is_figure=is_figure)
    space = width - _MARK - _KEY - len(value) - 1
    if width < NARROW:
        names = [_shortened(words.name, space, glyphs)]
    else:
        names = _wrapped(words.name, space, spare=max(0, _VALUE - len(value)))
    line = Text.assemble((f"{mark} ", style), (f"{row.key:<{_KEY}}", style), names[0], (value, style))
    indent = " " * (_MARK + _KEY)
    return [line, *(Text(indent + rest) for rest in names[1:]), *_fact_lines(words, indent, width, glyphs)]


def _value(words: Description, *, is_figure: bool) -> str:
    """Return the value and its note; figures stand under each other."""
    value = f"{words.value:>{_FIGURE}}" if is_figure else words.value
    if words.facts and len(value) > _VALUE:
        return ""  # too long for the line, and the facts below are the same
    return f"{value}  {words.note}" if words.note else value


def _shortened(name: str, space: int, glyphs: Glyphs) -> str:
    """Return the name in `space` columns and a blank: the middle gives way, the end tells more."""
    if space < _LEAST_NAME:
        return f"{'':<{space}} " if space > 0 else ""
    if len(name) > space:
        end = space // 3
        name = f"{name[: space - end - 1]}{glyphs.more}{name[-end:]}"
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


def _fact_lines(words: Description, indent: str, width: int, glyphs: Glyphs) -> list[Text]:
    lines: list[Text] = []
    for fact in words.facts:
        part = Text(fact.text, style=ALERT if fact.alert else "")
        if not lines or len(lines[-1]) + len(glyphs.dot) + len(part) > width:
            lines.append(Text(indent))
        else:
            lines[-1].append(glyphs.dot)
        lines[-1].append_text(part)
    return lines
