"""The half-hours of a load curve from a file, and the proof of what its times are. Pure."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Final, NamedTuple

from teleinfo.contract.half_hours import HALF_HOUR

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

HOUR: Final = 2 * HALF_HOUR

STEPS: Final = (600, 900, HALF_HOUR, HOUR)
"""The steps of load curves, s."""

CLOSE: Final = 5
CLOSE_PART: Final = 0.005
"""Wh, and the part of an energy that is added, by which the half-hours may differ from an index."""


class Energies(NamedTuple):
    """Energies, Wh, by the begin of each half-hour, and of each hour of which the file has no half-hours."""

    half_hours: dict[int, float]
    hours: dict[int, float]

    def by_half_hour(self) -> dict[int, float]:
        """Return the energies, with each hour in two equal parts unless the file has the half-hour itself."""
        halves = {}
        for begin, energy in self.hours.items():
            halves[begin] = energy / 2
            halves[begin + HALF_HOUR] = energy / 2
        return halves | self.half_hours


class Times(NamedTuple):
    """
    The meaning of the times of a curve: they begin the steps (`are_begins`), or end them.

    `compared` is the number of references that the curve covers, `fit` that of those with the same energy.
    """

    are_begins: bool
    compared: int
    fit: int

    @property
    def is_disproved(self) -> bool:
        """True if most of what can be compared does not fit, whatever the times are."""
        return 2 * self.fit < self.compared


def energies_of(points: Mapping[int, float], *, are_begins: bool) -> Energies:
    """
    Return the energies of the half-hours and hours that the points, mean powers in W, cover whole.

    `are_begins` is True if the times of the points are the begins of their steps, False if they are the ends.
    """
    times = sorted(points)
    energies: defaultdict[int, float] = defaultdict(float)  # Wh by half-hour
    covered: Counter[int] = Counter()  # seconds by half-hour
    hours: dict[int, float] = {}  # Wh
    for time, step in zip(times, _steps(times), strict=True):
        if step not in STEPS:
            continue
        begin = time if are_begins else time - step
        # A step that begins elsewhere belongs to no half-hour alone.
        if begin % min(step, HALF_HOUR) != 0:
            continue
        energy = points[time] * step / HOUR
        if step == HOUR:
            hours[begin] = energy
            continue
        half_hour = begin - begin % HALF_HOUR
        energies[half_hour] += energy
        covered[half_hour] += step
    half_hours = {begin: energies[begin] for begin in sorted(energies) if covered[begin] == HALF_HOUR}
    return Energies(half_hours, hours)


def _steps(times: Sequence[int]) -> list[int]:
    """
    Return the step of each point of a curve, s, from their times in order; a single point has a half-hour.

    It is the median of three distances: between the two points before, to the point before, and to the next
    one. So it is right beside a gap, and where the steps of the curve change.
    """
    if len(times) < 2:  # noqa: PLR2004 - there is no distance
        return [HALF_HOUR for _time in times]
    distances = [after - before for before, after in itertools.pairwise(times)]
    # At its ends the curve goes on with the same step.
    distances = [distances[0], distances[0], *distances, distances[-1]]
    steps = []
    for three_distances in zip(distances, distances[1:], distances[2:], strict=False):
        _least, middle, _greatest = sorted(three_distances)
        steps.append(middle)
    return steps


def times_of(
    points: Mapping[int, float], references: Sequence[tuple[int, int, float]], *, by_format: bool
) -> Times:
    """
    Return what the times of a curve are: what fits the most `references`, else what the format says.

    A reference has begin and end of a time whose energy an index tells, Wh. `by_format` is True if the times
    are begins by the document of the format.
    """
    as_begins = _compare(points, references, are_begins=True)
    as_ends = _compare(points, references, are_begins=False)
    if as_begins.fit > as_ends.fit or (as_begins.fit == as_ends.fit and by_format):
        return as_begins
    return as_ends


def _compare(
    points: Mapping[int, float], references: Iterable[tuple[int, int, float]], *, are_begins: bool
) -> Times:
    """Compare the energy of each reference that the points cover whole."""
    energies = energies_of(points, are_begins=are_begins).by_half_hour()
    compared = 0
    fit = 0
    for begin, end, counted in references:
        parts = [energies[time] for time in range(begin, end, HALF_HOUR) if time in energies]
        seconds_covered = len(parts) * HALF_HOUR
        if seconds_covered != end - begin:
            continue
        compared += 1
        difference = abs(sum(parts) - counted)
        if difference <= CLOSE + CLOSE_PART * counted:
            fit += 1
    return Times(are_begins, compared, fit)
