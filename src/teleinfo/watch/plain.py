"""
The live meter as plain lines, for a file, a pipe or a terminal without rich: each value when it changes.

Pure: rows come in, lines go out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from teleinfo.tic.labels import Kind
from teleinfo.watch.describe import facts, meaning, moment, shown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from teleinfo.watch.live_model import Row


class Lines:
    """Remembers what was said, so that nothing is said twice."""

    def __init__(self) -> None:
        self._said: dict[str, tuple[str, str | None]] = {}

    def of(self, rows: Iterable[Row], *, clock: str) -> list[str]:
        """Return a line for each row that is new or has changed; `clock` stands before each, "16:01:18"."""
        lines = []
        seen = set()
        for row in rows:
            seen.add(row.key)
            said = self._said.get(row.key)
            clock_went_on = said is not None and row.label is not None and row.label.kind is Kind.HORODATE
            if clock_went_on or said == (row.value, row.horodate):
                continue
            self._said[row.key] = (row.value, row.horodate)
            lines.append(f"{clock} {row.key:<9} {_designation(row)}{_text(row)}")
        for key in self._said.keys() - seen:
            del self._said[key]
        return lines


def _designation(row: Row) -> str:
    return "" if row.label is None else f"{row.label.french}: "


def _text(row: Row) -> str:
    parts = [shown(row.label, row.value)]
    note = meaning(row.key, row.value)
    if note is not None:
        parts.append(f"({note})")
    if row.horodate is not None:
        parts.append(f"({moment(row.horodate) or row.horodate})")
    facts_ = facts(row.key, row.value)
    if facts_:
        parts.append(f"({'; '.join(fact.text for fact in facts_)})")
    return " ".join(parts)
