"""
The active power and its bounds against the true power of simulated households, and the CPU time of a frame.

The households (`tests.support.household`) are independent of the simulated meter. A step is a change of the
apparent power by more than 30 VA and 3 %; half of the width of the bar is compared with the true power. One
frame in fifty is lost. Only the CPU time depends on the machine.
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
    "historique": (Mode.HISTORIQUE, 0.0, 0.0, ""),
    "standard": (Mode.STANDARD, 0.0, 0.0, ""),
    "standard, panels": (Mode.STANDARD, 4000.0, 0.0, ""),
    "standard, restless": (Mode.STANDARD, 0.0, 0.15, ""),
    "historique, convectors": (Mode.HISTORIQUE, 0.0, 0.0, "convectors"),
    "standard, convectors": (Mode.STANDARD, 0.0, 0.0, "convectors"),
    "standard, convectors, panels": (Mode.STANDARD, 4000.0, 0.0, "convectors"),
    "historique, hob": (Mode.HISTORIQUE, 0.0, 0.0, "hob"),
    "standard, hob": (Mode.STANDARD, 0.0, 0.0, "hob"),
    "standard, motors": (Mode.STANDARD, 0.0, 0.0, "motors"),
    "historique, electronics": (Mode.HISTORIQUE, 0.0, 0.0, "electronics"),
}
"""
The mode of the meter, the power of the panels in W, the share by which a load changes all the time, and the
loads of `HARD`.
"""

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
BIAS_OF_PANELS: Final = 2.0
"""The most by which the energy of the value may be wrong, in per cent."""

ERROR: Final = 250
"""The error in W that 95 % of the values shall not exceed; a motor is known only after some seconds."""

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
    mode, solar, restless, hard = HOUSES[name]
    power, judged, stepped, before = ActivePower(), Judged(), 0.0, 0
    hour = PIECE * seed % 24
    household = frames(
        seed,
        mode=mode,
        seconds=hours * 3600,
        hour=hour,
        solar=solar,
        restless=restless,
        lost=LOST,
        hard=hard,
    )
    for frame in household:
        start = time.process_time()
        power.add(frame.flow, now=frame.time, has_exported=bool(solar))
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
                if since <= age < since + 3 and not hard:
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
        goal=BIAS_OF_PANELS if "panels" in what else BIAS,
        promise=True,
    )
    error = quantile([abs(each) for each in judged.errors], 0.95)
    goal = None if "motors" in what else ERROR
    yield Row(what=f"{what}: error of 95 % of the values", measured=error, unit="W", goal=goal)
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
