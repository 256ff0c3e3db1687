"""
The total energy drawn.

Pure: the times come with the readings.

The total neither falls nor jumps when the meter switches to another index. Enedis may change the mode of the
meter: EAST then replaces the sum of the historique indexes. The contract may change: its indexes begin at
zero, or hold the energy of an earlier contract. So the total is the sum of an index and an offset.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime  # noqa: TC003 - `typed_json` reads the types
from typing import Final

MARGIN: Final = 5
"""Wh by which two indexes of the same energy may differ: they do not step in the same frame (54E)."""

_OVERLOAD: Final = 1.5  # times the subscribed power, as in `tic.plausibility`
_LARGEST_SUBSCRIPTION: Final = 36_000  # VA, the most for a blue meter or a Linky


@dataclass(frozen=True, slots=True)
class ImportTotal:
    """
    A total: `index`, read from the étiquettes `counter` at a `time`, and an `offset`; both in Wh.

    `counter` names one étiquette, or several with + between them.
    """

    counter: str
    index: int
    offset: int
    time: datetime

    @property
    def total(self) -> int:
        """The total energy drawn, Wh."""
        return self.index + self.offset

    def next(self, counter: str, index: int, *, at: datetime, subscribed: int | None) -> ImportTotal:
        """
        Return the total after `counter` shows `index`, Wh; `subscribed` is the subscribed power in VA.

        - Same counter, not lower than before: keep the offset.
        - New counter of the same energy: keep the offset.
        - Counter that began at zero: the offset is the old total.
        - Any other counter: continue exactly at the old total.

        The second and the third rule apply only if the meter can have drawn the difference in the meantime.
        """
        if counter == self.counter and index >= self.index:
            return ImportTotal(counter, index, self.offset, at)
        most = self._most(at, subscribed)
        offset_of_same_energy = self.offset
        offset_of_begin_at_zero = self.total
        for offset in (offset_of_same_energy, offset_of_begin_at_zero):
            drawn = index + offset - self.total
            if 0 <= drawn <= most:
                return ImportTotal(counter, index, offset, at)
        return ImportTotal(counter, index, offset=self.total - index, time=at)

    def is_followed_by(self, counter: str, index: int, *, at: datetime, subscribed: int | None) -> bool:
        """True unless the same counter fell, or rose by more than can have been drawn until `at`."""
        if counter != self.counter:
            return True
        rise = index - self.index
        return 0 <= rise <= self._most(at, subscribed)

    def _most(self, at: datetime, subscribed: int | None) -> float:
        """Return the most Wh that can have been drawn until `at`; a clock that was set back counts as 0 s."""
        seconds = max(0.0, (at - self.time).total_seconds())
        power = (subscribed or _LARGEST_SUBSCRIPTION) * _OVERLOAD
        return power * seconds / 3600 + MARGIN
