"""
Format one étiquette: a mark, the étiquette, its name in words, its value, below them what a register says.

Pure but for the library that draws (rich).
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

from rich.text import Text

from teleinfo.common.i18n import _
from teleinfo.tic.labels import Kind
from teleinfo.watch.describe import facts, meaning, moment, shown
from teleinfo.watch.drawing import ALERT, CHANGED
from teleinfo.watch.sections import Section

if TYPE_CHECKING:
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
    fresh = (
        row.age is not None and row.age < FRESH and (row.label is None or row.label.kind is not Kind.HORODATE)
    )
    alarm = row.section is Section.ALARM
    style = ALERT if alarm else CHANGED if fresh else ""
    mark = "!" if alarm else glyphs.mark if fresh else " "
    value = _value(row)
    space = width - _MARK - _KEY - len(value) - 1
    if width < NARROW:
        name, more = _shortened(row, space, glyphs), []
    else:
        name, *more = _wrapped(row, space, spare=max(0, _VALUE - len(value)))
    line = Text.assemble((f"{mark} ", style), (f"{row.key:<{_KEY}}", style), name, (value, style))
    indent = " " * (_MARK + _KEY)
    return [line, *(Text(indent + rest) for rest in more), *_fact_lines(row, width, glyphs)]


def _shortened(row: Row, space: int, glyphs: Glyphs) -> str:
    """Return the name in `space` columns and a blank: the middle gives way, the end tells more."""
    name = _name(row)
    if space < _LEAST_NAME:
        return f"{'':<{space}} " if space > 0 else ""
    if len(name) > space:
        end = space // 3
        name = f"{name[: space - end - 1]}{glyphs.more}{name[-end:]}"
    return f"{name:<{space}} "


def _wrapped(row: Row, space: int, *, spare: int) -> list[str]:
    """
    Return the name in lines, the first one padded, with a blank behind it.

    Values begin in one column, which leaves `spare` of the space. A long name pushes its value to the right;
    one that is still too long goes on in the lines below.
    """
    name = _name(row)
    column = max(0, space if space - spare < len(name) <= space else space - spare)
    first, *rest = textwrap.wrap(name, max(_LEAST_NAME, column)) or [""]
    return [f"{first:<{column}} ", *rest]


def _name(row: Row) -> str:
    return "" if row.label is None else _(row.label.title)


def _value(row: Row) -> str:
    """Return the value and what it means; figures stand under each other."""
    value = shown(row.label, row.value)
    if row.label is not None and row.label.is_number:
        value = f"{value:>{_FIGURE}}"
    note = meaning(row.key, row.value)
    if row.horodate is not None:
        note = moment(row.horodate, short=True) or row.horodate
    if facts(row.key, row.value) and len(value) > _VALUE:
        return ""  # too long for the line, and the facts below say it all
    return value if note is None else f"{value}  {note}"


def _fact_lines(row: Row, width: int, glyphs: Glyphs) -> list[Text]:
    lines: list[Text] = []
    indent = " " * (_MARK + _KEY)
    for fact in facts(row.key, row.value):
        part = Text(fact.text, style=ALERT if fact.alert else "")
        if not lines or len(lines[-1]) + len(glyphs.dot) + len(part) > width:
            lines.append(Text(indent))
        else:
            lines[-1].append(glyphs.dot)
        lines[-1].append_text(part)
    return lines
