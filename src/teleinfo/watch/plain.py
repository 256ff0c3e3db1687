"""Plain lines for a file, a pipe or a terminal without rich: values on standard output."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NoReturn

from teleinfo.live.describe import describe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from teleinfo.live.model import LiveModel, Row


async def show(model: LiveModel) -> NoReturn:
    """Print each value that is news after each change of the model, until cancelled."""
    lines = PlainLines()
    while True:
        await model.changed.wait()
        model.changed.clear()
        sys.stdout.writelines(f"{model.clock():%H:%M:%S} {line}\n" for line in lines.new(model.rows()))
        sys.stdout.flush()


class PlainLines:
    """Memory of the printed lines, so that nothing is printed twice."""

    def __init__(self) -> None:
        self._printed: dict[str, tuple[str, str | None]] = {}

    def new(self, rows: Sequence[Row]) -> list[str]:
        """Return a line for each row that is new or has changed; the advance of a clock is no change."""
        printed_before = self._printed
        self._printed = {}  # without the rows that the meter no longer sends
        lines = []
        for row in rows:
            before = printed_before.get(row.key)
            content = (row.value, row.horodate)
            if row.is_clock and before is not None:
                content = before
            self._printed[row.key] = content
            if content != before:
                lines.append(_line(row))
        return lines


def _line(row: Row) -> str:
    """Return `KEY name: value (note) (fact; fact)`, without the parts that the row does not have."""
    words = describe(row)
    parts = [f"{row.key:<9}"]
    if words.name:
        parts.append(f"{words.name}:")
    if words.value:
        parts.append(words.value)
    if words.note:
        parts.append(f"({words.note})")
    facts = "; ".join(fact.text for fact in words.facts)
    if facts:
        parts.append(f"({facts})")
    return " ".join(parts)
