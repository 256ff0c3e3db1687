"""
Measurements of a simulated meter.

Pure: `Metrology.advance` integrates the load profile until a naive local time. The meter measures second by
second, and a frame shows the last one that has ended. A pause from `_PAUSE` on is measured in steps that end
with their minute, so that tariff periods, days and the intervals of the means begin at their exact times.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from dataclasses import InitVar, dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import random

    from teleinfo.simulator.tariff import SimulatedContract, SimulatedPeriod

LoadProfile = Callable[[dt.datetime], tuple[complex, ...]]
"""
The power of each phase at a time that never goes back. The real part is the active power in W, negative while
power is injected; the absolute value is the apparent power in VA (see `SimulatedHousehold.power`).
"""

_LOAD_CURVE_MINUTES = 30
_VOLTAGE_MINUTES = 10
_SUPPLIER_INDEXES = 10
_SECOND = dt.timedelta(seconds=1)
_PAUSE = 5 * _SECOND
_HIGH_SEASON = {11, 12, 1, 2, 3}  # months


class TimedValue(NamedTuple):
    """A value (VA, W or V) and the naive local time of its horodate."""

    value: float
    at: dt.datetime


class DailyMaximum:
    """
    The daily maximum of an apparent power in VA, for `today` and `yesterday`.

    It is never below the present power: the filter of a real meter is not simulated.
    """

    def __init__(self, *, start: dt.datetime, yesterday: float) -> None:
        midnight = dt.datetime.combine(start.date(), dt.time())
        self.today = TimedValue(0, midnight)
        self.yesterday = TimedValue(yesterday, midnight - dt.timedelta(hours=4, minutes=47, seconds=12))

    def add(self, apparent: float, now: dt.datetime) -> None:
        """Add the apparent power in VA at `now`."""
        if now.date() != self.today.at.date():
            self.yesterday = self.today
            self.today = TimedValue(0, dt.datetime.combine(now.date(), dt.time()))
        if apparent > self.today.value:
            self.today = TimedValue(apparent, now)


class IntervalMean:
    """The means over whole intervals of the day: `last` and `previous`, each at the end of its interval."""

    def __init__(self, *, start: dt.datetime, minutes: int, value: float) -> None:
        self._minutes = minutes
        # The last whole interval ended at the latest multiple of its length.
        minute_of_end = start.minute - start.minute % minutes
        end = start.replace(minute=minute_of_end, second=0, microsecond=0)
        self.last = TimedValue(value, end)
        self.previous = TimedValue(value, end - dt.timedelta(minutes=minutes))
        self._sum = self._seconds = 0.0

    def add(self, value: float, seconds: float, now: dt.datetime) -> None:
        """Add the value of the `seconds` before `now`."""
        self._sum += value * seconds
        self._seconds += seconds
        if now >= self.last.at + dt.timedelta(minutes=self._minutes):
            self.previous = self.last
            self.last = TimedValue(self._sum / self._seconds, now)
            self._sum = self._seconds = 0.0


@dataclass(kw_only=True, eq=False)
class Metrology:
    """
    Indexes, powers, maxima and means of a meter, for its contract and its phases.

    - For each phase: `power` (of the last step, as in a LoadProfile), `apparent` (VA, negative while
      injecting), `voltage` (V), `current` (A).
    - Energies in Wh and varh: `supplier` has ten indexes, `distributor` four, `reactive` one per quadrant.
    """

    start: InitVar[dt.datetime]
    load_profile: LoadProfile
    contract: SimulatedContract
    phases: int
    rng: random.Random
    step: int = 1  # minutes, in a pause

    def __post_init__(self, start: dt.datetime) -> None:
        self.now = start
        rng = self.rng
        used = len(self.contract.indexes)
        self.supplier = [float(rng.randrange(1_000_000, 20_000_000)) for _ in range(used)]
        self.supplier += [0.0] * (_SUPPLIER_INDEXES - used)
        total = math.fsum(self.supplier)
        self.distributor = [total * share for share in (0.15, 0.3, 0.2)]
        self.distributor.append(total - math.fsum(self.distributor))
        self.injected_energy = float(rng.randrange(1_000_000, 9_000_000))
        self.reactive = [float(rng.randrange(100_000, 900_000)) for _ in range(4)]
        # The total first, then each phase.
        parts = (1, *[2] * self.phases)
        self.drawn_maxima = [DailyMaximum(start=start, yesterday=4870 / part) for part in parts]
        self.injected_maximum = DailyMaximum(start=start, yesterday=2090)
        self.drawn_mean = IntervalMean(start=start, minutes=_LOAD_CURVE_MINUTES, value=870)
        self.injected_mean = IntervalMean(start=start, minutes=_LOAD_CURVE_MINUTES, value=0)
        self.voltage_means = [
            IntervalMean(start=start, minutes=_VOLTAGE_MINUTES, value=235) for _ in range(self.phases)
        ]
        self._until, self._power = start, self.load_profile(start)
        self._measure(start)

    def advance(self, now: dt.datetime) -> None:
        """Measure and count until `now`; do nothing if `now` is not later than the last time."""
        is_pause = now - self.now >= _PAUSE
        while self.now < now:
            if self.now >= self._until:
                begin = self.now.replace(microsecond=0)
                self._until = begin + _SECOND
                if is_pause:
                    begin = begin.replace(minute=begin.minute // self.step * self.step, second=0)
                    self._until = min(now, begin + dt.timedelta(minutes=self.step))
                self._power = self.load_profile(self._until)
            end = min(now, self._until)
            # The energy and the means count in the tariff period in which the step began.
            seconds = (end - self.now).total_seconds()
            power = sum(self._power)
            active = power.real
            energy = abs(power.real) * seconds / 3600
            if active >= 0:
                self.supplier[self.period.index] += energy
                self.distributor[self.distributor_index] += energy
            else:
                self.injected_energy += energy
            quadrant = 0 if active >= 0 else 1
            self.reactive[quadrant] += power.imag * seconds / 3600
            self.drawn_mean.add(max(0.0, active), seconds, end)
            self.injected_mean.add(max(0.0, -active), seconds, end)
            for mean, volts in zip(self.voltage_means, self.voltage, strict=True):
                mean.add(volts, seconds, end)
            self.now = end
            if end >= self._until:
                self._measure(end)

    @property
    def period(self) -> SimulatedPeriod:
        """The present tariff period."""
        return self.contract.period(self.now)

    @property
    def distributor_index(self) -> int:
        """The distributor index that counts: in low season 0 off-peak and 1 peak, in high season 2 and 3."""
        return 2 * (self.now.month in _HIGH_SEASON) + (not self.period.off_peak)

    @property
    def drawn(self) -> float:
        """The total apparent power that is drawn, in VA; 0 while injecting."""
        return max(0.0, math.fsum(self.apparent))

    @property
    def injected(self) -> float:
        """The total apparent power that is injected, in VA; 0 while drawing."""
        return max(0.0, -math.fsum(self.apparent))

    def _measure(self, now: dt.datetime) -> None:
        self.power = self._power
        self.apparent = [math.copysign(abs(power), power.real) for power in self.power]
        self.voltage = [235 - abs(power.real) / 2500 + self.rng.gauss(0, 0.4) for power in self.power]
        self.current = [abs(va) / volts for va, volts in zip(self.apparent, self.voltage, strict=True)]
        for maximum, apparent in zip(self.drawn_maxima, (self.drawn, *self.apparent), strict=True):
            maximum.add(max(0.0, apparent), now)
        self.injected_maximum.add(self.injected, now)
