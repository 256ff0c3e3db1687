"""
The active power and its bounds against the true power of simulated households, and the CPU time of a frame.

A step is a change of the apparent power by more than 30 VA and 3 %; half of the width of the bar is compared
with the true power. One frame in fifty is lost. Only the CPU time depends on the machine.
"""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from teleinfo.state.active_power import ActivePower
from teleinfo.tic.labels import Mode
from tests.lab.bench.rows import Row, quantile
from tests.lab.bench.scale import spread
from tests.support.household import frames

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.bench.scale import Scale

HOUSES: Final = {
    "historique, convectors": ("convectors", Mode.HISTORIQUE),
    "standard, convectors": ("convectors", Mode.STANDARD),
    "historique, hob": ("kitchen", Mode.HISTORIQUE),
    "standard, hob": ("kitchen", Mode.STANDARD),
    "standard, heat pump": ("heat-pump", Mode.STANDARD),
    "historique, electronics": ("electronics", Mode.HISTORIQUE),
    "standard, electronics": ("electronics", Mode.STANDARD),
    "standard, panels": ("panels", Mode.STANDARD),
    "standard, router": ("router", Mode.STANDARD),
}
"""The household of the simulator, and the mode of the meter."""

PIECE: Final = 6
"""The most hours of a household."""

LOST: Final = 0.02
START: Final = 120.0
"""Seconds until the first bar is judged; the state has one after two steps of the index."""

AGES: Final = (5, 30, 60, 120)
"""Seconds since the last step at which the width is measured."""

POWERS: Final = {
    "below 200 VA": range(200),
    "from 200 VA": range(200, 1_000_000),
    "from 1000 VA": range(1000, 1_000_000),
}
"""The apparent powers whose widths are counted apart."""

BIAS: Final = 1.5
BIAS_OF_OTHERS: Final = 2.0
"""The most by which the energy of the value may be wrong, in per cent; for LED loads and producers."""

ERROR: Final = 250
"""The error in W that 95 % of the values shall not exceed."""

GOALS: Final = {("from 200 VA", 30): 6.0, ("from 200 VA", 60): 3.0, ("from 200 VA", 120): 1.0}
"""The greatest median of the half-width, in per cent."""


@dataclass
class Judged:
    """
    Figures of a household: frames, frames with a bar, bars with the true power, seconds of CPU, widths.

    `energy` is the sum of the true powers, `errors` has those of the values in W, positive if too high.
    """

    frames: int = 0
    known: int = 0
    right: int = 0
    energy: float = 0.0
    errors: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    widths: defaultdict[tuple[str, int], list[float]] = field(default_factory=lambda: defaultdict(list))

    def add(self, other: Judged) -> None:
        """Add the figures of another household."""
        self.frames += other.frames
        self.known += other.known
        self.right += other.right
        self.energy += other.energy
        self.errors += other.errors
        self.seconds += other.seconds
        for key, widths in other.widths.items():
            self.widths[key] += widths


def judge(name: str, seed: int, hours: float) -> Judged:
    """Compare each bar of a household with its true power."""
    house, mode = HOUSES[name]
    power, judged, stepped, before = ActivePower(), Judged(), 0.0, 0
    hour, has_exported = PIECE * seed % 24, house in {"panels", "router"}
    household = frames(house, seed, mode=mode, seconds=hours * 3600, hour=hour, lost=LOST)
    for frame in household:
        start = time.process_time()
        power.add(frame.flow, now=frame.time, has_exported=has_exported)
        found = power.at(frame.time)
        judged.seconds.append(time.process_time() - start)
        apparent = frame.flow.apparent
        if abs(apparent - before) > max(30, 0.03 * abs(apparent)):
            stepped = frame.time
        before, age = apparent, frame.time - stepped
        if frame.time < START:
            continue
        judged.frames += 1
        if found is not None:
            judged.known += 1
            judged.right += found.lower <= frame.watts <= found.upper
            judged.energy += abs(frame.watts)
            judged.errors.append((found.value - frame.watts) * (1 if frame.watts >= 0 else -1))
            for since in AGES:
                if since <= age < since + 3:
                    share = 50 * (found.upper - found.lower) / max(1.0, abs(frame.watts))
                    for powers, apparents in POWERS.items():
                        if abs(apparent) in apparents:
                            judged.widths[powers, since].append(share)
    judged.seconds = [statistics.median(judged.seconds)]
    return judged


def rows(scale: Scale) -> list[Row]:
    """Measure the households of each kind."""
    pieces = max(len(HOUSES), scale.household_hours // PIECE)
    hours = scale.household_hours / pieces
    kinds = list(HOUSES)
    work = [(kinds[number % len(kinds)], number // len(kinds), hours) for number in range(pieces)]
    sums = {name: Judged() for name in kinds}
    for (name, *_), judged in zip(work, spread(judge, work), strict=True):
        sums[name].add(judged)
    total = Judged()
    for judged in sums.values():
        total.add(judged)
    found = [row for name, judged in sums.items() for row in _rows(f"watts {name}", judged)]
    return [_within("watts of all households", total, promise=True), *found]


def _within(what: str, judged: Judged, *, promise: bool = False) -> Row:
    """Return the row of the bars with the true power; the promise holds for the sum of all households."""
    return Row(
        what=f"{what}: within the bar",
        measured=100 * judged.right / max(1, judged.known),
        unit="%",
        goal=99,
        more_is_better=True,
        promise=promise,
        remark=f"{judged.frames:,} frames, {judged.frames - judged.known:,} without a bar",
    )


def _rows(what: str, judged: Judged) -> Iterator[Row]:
    """Yield the rows of the households of a kind."""
    yield _within(what, judged)
    yield Row(
        what=f"{what}: bias of the energy",
        measured=100 * abs(sum(judged.errors)) / max(1.0, judged.energy),
        unit="%",
        goal=BIAS_OF_OTHERS if what.endswith(("electronics", "panels", "router")) else BIAS,
        promise=True,
    )
    error = quantile([abs(each) for each in judged.errors], 0.95)
    yield Row(what=f"{what}: error of 95 % of the values", measured=error, unit="W", goal=ERROR)
    cpu = statistics.median(judged.seconds) * 1e6
    yield Row(what=f"{what}: CPU of a frame", measured=cpu, unit="µs", goal=100)
    for (powers, since), widths in sorted(judged.widths.items()):
        yield Row(
            what=f"{what}, {powers}: half-width {since} s after a step",
            measured=statistics.median(widths),
            unit="%",
            goal=GOALS.get((powers, since)),
            remark=f"{len(widths):,} frames, nine in ten ≤ {quantile(widths, 0.9):.0f} %",
        )
