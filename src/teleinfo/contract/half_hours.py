"""
The energy of each half-hour, from the rises of the meter's indexes and from imported files. Pure.

What an index rose between two readings is shared by time among the half-hours between them. A register of the
off-peak hours counts by the meter's own clock: so hours that begin at 01:34 are exact. Times are seconds
since 1970.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

HALF_HOUR: Final = 1800
LATE: Final = 60
"""Seconds after the begin of a half-hour in which its first reading may come."""

OWN: Final = {"HC": True, "HP": False}
"""True for the key of an index that counts in off-peak hours, False for that of the peak hours."""

Own: TypeAlias = "bool | None"
"""True if the meter counted off-peak hours, False if peak hours; None if it did not tell."""


class Rise(NamedTuple):
    """A rise of the index `label` between two readings, Wh, and its key, `code`."""

    label: str
    code: str
    since: int
    until: int
    energy: int


class HalfHours:
    """
    Energies by the begin of each half-hour, Wh.

    `known` are the half-hours from whose begin on there are readings; of these, `estimated` are those within
    a pause, whose energy is known in all, and `halved` those that have half of the energy of an hour in a
    file. `distances` are the seconds from the begin of a half-hour to the nearest reading, if something was
    drawn meanwhile: it may belong to either side.
    """

    def __init__(self) -> None:
        self.drawn: dict[Own, defaultdict[int, float]] = {
            own: defaultdict(float) for own in (None, True, False)
        }
        self.injected: defaultdict[int, float] = defaultdict(float)
        self.known: set[int] = set()
        self.estimated: set[int] = set()
        self.halved: set[int] = set()
        self.distances: dict[int, int] = {}

    @property
    def exact(self) -> set[int]:
        """The half-hours whose own energy is known."""
        return self.known - self.estimated

    def energy(self, begin: int) -> float:
        """Return what was drawn in the half-hour that begins then."""
        return sum(energies.get(begin, 0.0) for energies in self.drawn.values())

    def add_file(self, energies: Mapping[int, float]) -> None:
        """Take the energies of files for the half-hours that the meter did not give."""
        for begin in energies.keys() - self.exact:
            self._replace(begin, energies[begin])
        self.estimated -= energies.keys()
        self.known |= energies.keys()

    def add_hours(self, energies: Mapping[int, float]) -> None:
        """
        Take the energies of hours in files, by their begin, for the half-hours that nothing else gave.

        If one half of an hour is known, the other one has the rest; otherwise both have half.
        """
        exact = self.exact
        for hour, energy in energies.items():
            halves = (hour, hour + HALF_HOUR)
            unknown = [begin for begin in halves if begin not in exact]
            rest = max(0.0, energy - sum(self.energy(begin) for begin in halves if begin in exact))
            for begin in unknown:
                self._replace(begin, rest / len(unknown))
            self.known.update(unknown)
            self.estimated.difference_update(unknown)
            if len(unknown) == len(halves):
                self.halved.update(unknown)

    def _replace(self, begin: int, energy: float) -> None:
        for own in self.drawn.values():
            own.pop(begin, None)
        self.drawn[None][begin] = energy


def of_meter(rises: Iterable[Rise], injected: str) -> HalfHours:
    """Return the half-hours of a meter; `injected` is the code of the index of the injected energy."""
    found = HalfHours()
    for rise in rises:
        seconds = rise.until - rise.since
        first = rise.since - LATE
        begins = range(first + -first % HALF_HOUR, rise.until - LATE, HALF_HOUR)
        found.known.update(begins)
        if rise.energy and seconds > HALF_HOUR + LATE:
            found.estimated.update(begins)
        energies = found.injected if rise.code == injected else found.drawn[OWN.get(rise.code)]
        time = rise.since
        while rise.energy and time < rise.until:
            begin = time - time % HALF_HOUR
            if rise.since < begin and rise.code != injected:
                distance = min(begin - rise.since, rise.until - begin)
                found.distances[begin] = max(distance, found.distances.get(begin, 0))
            end = min(rise.until, begin + HALF_HOUR)
            energies[begin] += rise.energy * (end - time) / seconds
            time = end
    return found
