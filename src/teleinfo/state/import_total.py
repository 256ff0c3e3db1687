"""
The energy drawn in all, which neither falls nor jumps when the index behind it becomes another one.

Enedis changes the mode of the meter (the sum of the indexes of historique becomes EAST), or the contract
changes (other indexes, which begin at zero or hold what an earlier contract counted). So the total is an
index and an offset. Pure: times are arguments.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime

MARGIN: Final = 5
"""Wh by which two indexes of the same energy may differ: they do not step in the same frame (54E)."""

_OVERLOAD: Final = 1.5  # times the subscribed power, as in `tic.plausibility`
_LARGEST_SUBSCRIPTION: Final = 36_000  # VA; a larger one has no indexes of historique or of Linky
_SECONDS_PER_HOUR: Final = 3600
_POSSIBLE: Final = range(10**12)  # Wh; the meters count to 10⁹
_COUNTER: Final = re.compile(r"[A-Z0-9+]{1,64}")


@dataclass(frozen=True, slots=True)
class ImportTotal:
    """
    `index`, Wh, is what the étiquettes `counter` said at the time `at`; the total is `offset` more.

    `counter` names one étiquette or several with + between them.
    """

    counter: str
    index: int
    offset: int
    at: datetime

    @property
    def total(self) -> int:
        """The energy drawn in all, Wh."""
        return self.index + self.offset

    def next(self, counter: str, index: int, *, at: datetime, subscribed: int | None) -> ImportTotal:
        """
        Return the total once `counter` said `index`, Wh; `subscribed` is the subscribed power in VA.

        The same counter adds what it rose by. Another one, or one that fell, goes on from the total: with the
        offset of before if both count the same energy, at zero if it begins at zero, each as far as the meter
        can have counted no more than that since; else exactly where the total was.
        """
        offset = self.offset
        if counter != self.counter or index < self.index:
            most = self._most(at, subscribed)
            fitting = (one for one in (self.offset, self.total) if 0 <= index + one - self.total <= most)
            offset = next(fitting, self.total - index)
        return ImportTotal(counter, index, offset, at)

    def is_followed_by(self, counter: str, index: int, *, at: datetime, subscribed: int | None) -> bool:
        """True unless the same counter fell, or rose by more than can have been drawn until `at`."""
        return counter != self.counter or 0 <= index - self.index <= self._most(at, subscribed)

    def _most(self, at: datetime, subscribed: int | None) -> float:
        """Return the most Wh that can have been drawn until `at`; a clock that was set back counts as 0 s."""
        seconds = max(0.0, (at - self.at).total_seconds())
        return (subscribed or _LARGEST_SUBSCRIPTION) * _OVERLOAD * seconds / _SECONDS_PER_HOUR + MARGIN


def restored(counter: object, index: object, offset: object, *, at: datetime) -> ImportTotal | None:
    """Return the total that an earlier run had at the time of day `at`; None for what cannot be one."""
    if not isinstance(counter, str) or not isinstance(index, int) or not isinstance(offset, int):
        return None
    total = ImportTotal(counter, int(index), int(offset), at)
    is_possible = index in _POSSIBLE and total.total in _POSSIBLE
    return total if is_possible and _COUNTER.fullmatch(counter) else None
