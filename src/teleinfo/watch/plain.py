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
        printed = self._printed
        self._printed = {
            row.key: printed[row.key] if row.is_clock and row.key in printed else (row.value, row.horodate)
            for row in rows
        }
        return [_line(row) for row in rows if self._printed[row.key] != printed.get(row.key)]


def _line(row: Row) -> str:
    words = describe(row)
    parts = [f"{row.key:<9}", f"{words.name}:" if words.name else "", words.value]
    parts += [f"({text})" for text in (words.note, "; ".join(fact.text for fact in words.facts)) if text]
    return " ".join(part for part in parts if part)
