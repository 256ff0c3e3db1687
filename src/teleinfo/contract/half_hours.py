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

_COUNTED_OFF_PEAK: Final = {"HC": True, "HP": False}
"""True for the key of an index that counts in off-peak hours, False for that of the peak hours."""

CountedOffPeak: TypeAlias = "bool | None"
"""True if the meter counted off-peak hours, False if peak hours; None if its index does not show which."""


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
        self.drawn: dict[CountedOffPeak, defaultdict[int, float]] = {
            None: defaultdict(float),
            True: defaultdict(float),
            False: defaultdict(float),
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

    def energies(self, begins: Iterable[int]) -> dict[int, float]:
        """Return what was drawn in each half-hour, by its begin."""
        energies = dict.fromkeys(begins, 0.0)
        for drawn in self.drawn.values():
            for begin, energy in drawn.items():
                if begin in energies:
                    energies[begin] += energy
        return energies

    def add_file(self, energies: Mapping[int, float]) -> None:
        """Take the energies of files, by the begin of each half-hour, where the meter gave no exact one."""
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
            halves = (hour, hour + HALF_HOUR)  # their begins
            unknown = []
            rest = energy  # without that of the known half
            for begin in halves:
                if begin in exact:
                    rest -= self.energy(begin)
                else:
                    unknown.append(begin)
            for begin in unknown:
                self._replace(begin, max(0.0, rest) / len(unknown))
            self.known.update(unknown)
            self.estimated.difference_update(unknown)
            if len(unknown) == len(halves):
                self.halved.update(unknown)

    def _replace(self, begin: int, energy: float) -> None:
        """Set what was drawn in a half-hour; a file does not tell in which hours it was counted."""
        for energies in self.drawn.values():
            energies.pop(begin, None)
        self.drawn[None][begin] = energy


def of_meter(rises: Iterable[Rise], injected: str) -> HalfHours:
    """Return the half-hours of a meter; `injected` is the code of the index of the injected energy."""
    half_hours = HalfHours()
    for rise in rises:
        # The half-hours that begin between the readings, or a little before the first of them.
        earliest_begin = rise.since - LATE
        seconds_to_begin = -earliest_begin % HALF_HOUR
        begins = range(earliest_begin + seconds_to_begin, rise.until - LATE, HALF_HOUR)
        half_hours.known.update(begins)
        # Without a rise, the energy of each of them is known: it is zero.
        if not rise.energy:
            continue
        seconds = rise.until - rise.since
        if seconds > HALF_HOUR + LATE:
            half_hours.estimated.update(begins)
        is_injected = rise.code == injected
        if is_injected:
            energies = half_hours.injected
        else:
            energies = half_hours.drawn[_COUNTED_OFF_PEAK.get(rise.code)]
        time = rise.since
        while time < rise.until:
            begin = time - time % HALF_HOUR
            end = min(rise.until, begin + HALF_HOUR)
            energies[begin] += rise.energy * (end - time) / seconds
            time = end
        if not is_injected:
            _note_distances(half_hours, rise)
    return half_hours


def _note_distances(half_hours: HalfHours, rise: Rise) -> None:
    """Note how far each half-hour that begins between two readings of an index begins from the nearer one."""
    begin = rise.since - rise.since % HALF_HOUR + HALF_HOUR
    while begin < rise.until:
        seconds_to_nearest = min(begin - rise.since, rise.until - begin)
        # Of several indexes, the greatest distance bounds what may belong to the half-hour before.
        half_hours.distances[begin] = max(seconds_to_nearest, half_hours.distances.get(begin, 0))
        begin += HALF_HOUR
