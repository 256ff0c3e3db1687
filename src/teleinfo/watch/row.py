"""
Draw one étiquette: its mark, its name, its désignation, its value, and below them what a register says.

Pure but for the library that draws (rich).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.text import Text

from teleinfo.tic.labels import Kind
from teleinfo.watch.describe import facts, meaning, moment, shown
from teleinfo.watch.sections import Section
from teleinfo.watch.style import ALERT, CHANGED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from teleinfo.watch.describe import Fact
    from teleinfo.watch.live_model import Row
    from teleinfo.watch.style import Glyphs

FRESH: Final = 3.0
"""Seconds for which a value that changed stands out."""

_KEY: Final = 10
_VALUE: Final = 28
_FIGURE: Final = 13


def block(row: Row, width: int, glyphs: Glyphs) -> list[Text]:
    """Return the lines of one étiquette: the row itself, and its facts below it."""
    fresh = (
        row.age is not None and row.age < FRESH and (row.label is None or row.label.kind is not Kind.HORODATE)
    )
    alarm = row.section is Section.ALARM
    style = ALERT if alarm else CHANGED if fresh else ""
    mark = "!" if alarm else glyphs.mark if fresh else " "
    value = _value(row)
    named = max(8, width - 2 - _KEY - 1 - max(_VALUE, len(value)))
    name = _shortened(row.label.french if row.label is not None else "", named, glyphs)
    line = Text.assemble(
        (f"{mark} ", style),
        (f"{row.key:<{_KEY}}", style),
        f"{name:<{named}} ",
        (value, style),
    )
    return [line, *_fact_lines(facts(row.key, row.value), width, glyphs)]


def _value(row: Row) -> str:
    """Return the value and what it means; figures stand under each other."""
    value = shown(row.label, row.value)
    if row.label is not None and row.label.is_number:
        value = f"{value:>{_FIGURE}}"
    note = meaning(row.key, row.value)
    if row.horodate is not None:
        note = moment(row.horodate, short=True) or row.horodate
    if facts(row.key, row.value) and len(value) > _VALUE:
        return ""  # long, and all of it is facts below
    return value if note is None else f"{value}  {note}"


def _shortened(name: str, width: int, glyphs: Glyphs) -> str:
    """Return a désignation that fits: its middle goes, since phase and day stand at its end."""
    if len(name) <= width:
        return name
    end = width // 3
    return f"{name[: width - end - 1]}{glyphs.more}{name[len(name) - end :]}"


def _fact_lines(facts: Iterable[Fact], width: int, glyphs: Glyphs) -> list[Text]:
    lines: list[Text] = []
    indent = " " * (2 + _KEY)
    for fact in facts:
        part = Text(fact.text, style=ALERT if fact.alert else "")
        if not lines or len(lines[-1]) + len(glyphs.dot) + len(part) > width:
            lines.append(Text(indent))
        else:
            lines[-1].append(glyphs.dot)
        lines[-1].append_text(part)
    return lines
