"""
What a simulated meter measures and counts: indexes, powers, maxima, means.

Pure: `advance` is told the naive local time and integrates the load profile since then. It takes steps that
never cross a minute, so that tariff periods, days and the points of the load curve begin where they must.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

    from teleinfo.simulator.load_profile import LoadProfile
    from teleinfo.simulator.tariff import Contract, Period

# Active power over apparent power, and reactive over active.
_POWER_FACTOR = 0.97
_REACTIVE = 0.25
# Coefficient B of the filter of the day's maxima, for steps of one second (Enedis-NOI-CPT_54E v3).
_FILTER = 0.008
_LOAD_CURVE_MINUTES = 30
_VOLTAGE_MINUTES = 10
_SUPPLIER_INDEXES = 10
_HIGH_SEASON = {11, 12, 1, 2, 3}


@dataclass(frozen=True, slots=True)
class Point:
    """A value (VA, W or V) and the time that its horodate says."""

    value: float
    at: dt.datetime


class Maximum:
    """The maximum of the day of a filtered apparent power in VA: `today` and `yesterday`."""

    def __init__(self, *, start: dt.datetime, yesterday: float) -> None:
        midnight = dt.datetime.combine(start.date(), dt.time())
        self.today = Point(0, midnight)
        self.yesterday = Point(yesterday, midnight - dt.timedelta(hours=4, minutes=47, seconds=12))
        self._square = 0.0

    def feed(self, apparent: float, seconds: float, now: dt.datetime) -> None:
        """Take the apparent power in VA that held for the `seconds` before `now`."""
        if now.date() != self.today.at.date():
            self.yesterday, self.today = self.today, Point(0, dt.datetime.combine(now.date(), dt.time()))
        weight = 1 - math.pow(1 - _FILTER, seconds)
        self._square += weight * (apparent**2 - self._square)
        filtered = math.sqrt(self._square)
        if filtered > self.today.value:
            self.today = Point(filtered, now)


class Mean:
    """The means over whole intervals of the day: `last` and `previous`, at the times at which they ended."""

    def __init__(self, *, start: dt.datetime, minutes: int, value: float) -> None:
        self._minutes = minutes
        end = start.replace(minute=start.minute // minutes * minutes, second=0, microsecond=0)
        self.last = Point(value, end)
        self.previous = Point(value, end - dt.timedelta(minutes=minutes))
        self._sum = self._seconds = 0.0

    def feed(self, value: float, seconds: float, now: dt.datetime) -> None:
        """Take the value that held for the `seconds` before `now`."""
        self._sum += value * seconds
        self._seconds += seconds
        if now >= self.last.at + dt.timedelta(minutes=self._minutes):
            self.previous, self.last = self.last, Point(self._sum / self._seconds, now)
            self._sum = self._seconds = 0.0


class Metrology:
    """
    All that the meter knows.

    Per phase: `apparent` (VA, negative while giving), `voltage` (V), `current` (A). Energies in Wh and varh:
    `supplier` has ten indexes, `distributor` four, `reactive` one for each quadrant.
    """

    def __init__(
        self, *, start: dt.datetime, load_profile: LoadProfile, contract: Contract, rng: random.Random
    ) -> None:
        self._load_profile = load_profile
        self._contract = contract
        self._rng = rng
        self.now = start
        used = len(contract.indexes)
        self.supplier = [float(rng.randrange(1_000_000, 20_000_000)) for _ in range(used)]
        self.supplier += [0.0] * (_SUPPLIER_INDEXES - used)
        total = math.fsum(self.supplier)
        self.distributor = [total * share for share in (0.15, 0.3, 0.2)]
        self.distributor.append(total - math.fsum(self.distributor))
        self.injected = float(rng.randrange(1_000_000, 9_000_000))
        self.reactive = [float(rng.randrange(100_000, 900_000)) for _ in range(4)]
        self.maxima = [
            Maximum(start=start, yesterday=4870 / part) for part in (1, *[2] * load_profile.phases)
        ]
        self.maximum_injected = Maximum(start=start, yesterday=2090)
        self.drawn_mean = Mean(start=start, minutes=_LOAD_CURVE_MINUTES, value=870)
        self.given_mean = Mean(start=start, minutes=_LOAD_CURVE_MINUTES, value=0)
        self.voltage_means = [
            Mean(start=start, minutes=_VOLTAGE_MINUTES, value=235) for _ in range(load_profile.phases)
        ]
        self._measure(start)

    def advance(self, now: dt.datetime) -> None:
        """Live on until `now`; nothing happens if that is not later."""
        while self.now < now:
            minute = self.now.replace(second=0, microsecond=0) + dt.timedelta(minutes=1)
            end = min(now, minute)
            seconds = (end - self.now).total_seconds()
            # What held since the step began counts in the period in which it began.
            period = self.period
            self._measure(end)
            self._count(period, seconds)
            self.now = end

    @property
    def period(self) -> Period:
        """The tariff period that runs."""
        return self._contract.period(self.now)

    @property
    def distributor_index(self) -> int:
        """The distributor index that counts, from 0: off-peak, peak of the low season, then of the high."""
        return self._distributor(self.period)

    @property
    def drawn(self) -> float:
        """The total apparent power that is drawn, in VA; 0 while giving."""
        return max(0.0, math.fsum(self.apparent))

    @property
    def given(self) -> float:
        """The total apparent power that is given, in VA; 0 while drawing."""
        return max(0.0, -math.fsum(self.apparent))

    def _measure(self, now: dt.datetime) -> None:
        self._active = self._load_profile.power(now)
        self.apparent = [power / _POWER_FACTOR for power in self._active]
        self.voltage = [235 - abs(power) / 2500 + self._rng.gauss(0, 0.4) for power in self._active]
        self.current = [abs(va) / volts for va, volts in zip(self.apparent, self.voltage, strict=True)]

    def _count(self, period: Period, seconds: float) -> None:
        active = math.fsum(self._active)
        energy = abs(active) * seconds / 3600
        if active >= 0:
            self.supplier[period.index] += energy
            self.distributor[self._distributor(period)] += energy
            self.reactive[0] += energy * _REACTIVE
        else:
            self.injected += energy
            self.reactive[2] += energy * _REACTIVE
        self._feed(active, seconds)

    def _feed(self, active: float, seconds: float) -> None:
        now = self.now + dt.timedelta(seconds=seconds)
        for maximum, apparent in zip(self.maxima, (self.drawn, *self.apparent), strict=True):
            maximum.feed(max(0.0, apparent), seconds, now)
        self.maximum_injected.feed(self.given, seconds, now)
        self.drawn_mean.feed(max(0.0, active), seconds, now)
        self.given_mean.feed(max(0.0, -active), seconds, now)
        for mean, volts in zip(self.voltage_means, self.voltage, strict=True):
            mean.feed(volts, seconds, now)

    def _distributor(self, period: Period) -> int:
        return 2 * (self.now.month in _HIGH_SEASON) + (not period.off_peak)
