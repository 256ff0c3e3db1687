"""
The live meter as plain lines, for a file, a pipe or a terminal without rich: each value when it changes.

Values go to standard output, notes on the port or the broker to standard error.
"""

from __future__ import annotations

import asyncio
import sys
import time
from typing import TYPE_CHECKING

from teleinfo.common.i18n import _
from teleinfo.tic.labels import Kind
from teleinfo.watch.describe import facts, meaning, moment, shown

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from teleinfo.watch.live_model import LiveModel, Row
    from teleinfo.watch.notes import Note


async def show(model: LiveModel, *, changed: asyncio.Event, stop: asyncio.Event) -> None:
    """Print what is new whenever the model `changed`, until `stop`."""
    lines = PlainLines()
    while not stop.is_set():
        await changed.wait()
        changed.clear()
        print_note(lines, model)
        clock = time.strftime("%H:%M:%S")
        rows = model.rows(now=asyncio.get_running_loop().time())
        sys.stdout.writelines(f"{clock} {line}\n" for line in lines.new(rows))
        sys.stdout.flush()


def print_note(lines: PlainLines, model: LiveModel) -> None:
    """Print the note of the model on standard error, if it is news."""
    note = lines.new_note(model.note)
    if note is not None:
        sys.stderr.write(f"{time.strftime('%H:%M:%S')} {note}\n")
        sys.stderr.flush()


class PlainLines:
    """Remembers what was printed, so that nothing is printed twice."""

    def __init__(self) -> None:
        self._printed: dict[str, tuple[str, str | None]] = {}
        self._note: Hashable = None

    def new(self, rows: Iterable[Row]) -> list[str]:
        """Return a line for each row that is new or has changed; a clock that went on is no change."""
        lines = []
        keys = set()
        for row in rows:
            keys.add(row.key)
            printed = self._printed.get(row.key)
            is_clock = row.label is not None and row.label.kind is Kind.HORODATE
            if printed == (row.value, row.horodate) or (printed is not None and is_clock):
                continue
            self._printed[row.key] = (row.value, row.horodate)
            lines.append(_line(row))
        for key in self._printed.keys() - keys:
            del self._printed[key]
        return lines

    def new_note(self, note: Note | None) -> str | None:
        """Return the text of a note whose kind is another than that of the last one, else None."""
        if note is None or note.kind == self._note:
            return None
        self._note = note.kind
        return note.text


def _line(row: Row) -> str:
    parts = [f"{row.key:<9}"]
    if row.label is not None:
        parts.append(f"{_(row.label.title)}:")
    parts.append(shown(row.label, row.value))
    note = meaning(row.key, row.value)
    if note is not None:
        parts.append(f"({note})")
    if row.horodate is not None:
        parts.append(f"({moment(row.horodate) or row.horodate})")
    found = facts(row.key, row.value)
    if found:
        parts.append(f"({'; '.join(fact.text for fact in found)})")
    return " ".join(parts)
