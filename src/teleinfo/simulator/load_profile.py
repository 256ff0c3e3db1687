"""Loads of a simulated meter, in W and var. Pure: clock and randomness are arguments."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

LoadProfile = Callable[[dt.datetime], tuple[complex, ...]]
"""
The power of each phase at a time that never goes back: the real part is the active power in W, negative while
injecting, and the imaginary part is the reactive power in var.
"""


@dataclass(frozen=True, slots=True)
class Appliance:
    """
    An appliance of `power`, active and reactive as in a LoadProfile.

    It is used `per_hour` times on average in each of `hours`, for `lasts` seconds.
    """

    power: complex
    lasts: float
    per_hour: float
    hours: tuple[int, ...]


_MORNING = (6, 7, 8)
_NOON = (11, 12, 13)
_EVENING = (18, 19, 20, 21)
_APPLIANCES = (
    Appliance(2000, 150, 1.5, _MORNING + _NOON + _EVENING),  # kettle
    Appliance(2300, 2400, 0.4, (12, 19)),  # oven
    Appliance(1500, 900, 0.8, _NOON + _EVENING),  # hob
    Appliance(2000 + 600j, 3600, 0.2, (9, 10, 14, 22, 23)),  # washing machine
    Appliance(1000, 300, 0.7, _MORNING),  # hair dryer
    Appliance(110 + 110j, 900, 1.6, tuple(range(24))),  # fridge
)
_SMALL_LOADS = 1 + 0.25j  # W and var for each watt of the small loads
_WATER_HEATER = 2200  # W, in the off-peak hours
_WATER_HEATER_HOURS = {23, 0, 1}


@dataclass(kw_only=True, eq=False)
class Household:
    """
    A household with `phases` phases and solar panels of at most `solar` W.

    `machine` is the power in W of a machine on phase 2, or on the only phase. It runs from second 20 to
    second 50 of every fifth minute, so that nobody has to wait long for an overrun.
    """

    rng: random.Random
    phases: int = 1
    solar: float = 0.0
    machine: float = 0.0

    def __post_init__(self) -> None:
        self._clouds = 0.8
        self._last: dt.datetime | None = None
        self._off_at: dict[Appliance, dt.datetime] = {}

    def power(self, now: dt.datetime) -> tuple[complex, ...]:
        """Return the power of each phase: the LoadProfile of this household."""
        seconds = 0.0 if self._last is None else (now - self._last).total_seconds()
        self._last = now
        self._switch(now, seconds)
        hour = now.hour + now.minute / 60 + now.second / 3600
        # Lights and small appliances, in W: little at night, most in the evening.
        small = math.fsum(
            height * math.exp(-(((hour - at) / width) ** 2))
            for at, width, height in ((7.5, 1.0, 350), (12.5, 1.2, 250), (20.0, 2.2, 700))
        )
        base = _SMALL_LOADS * (140 + small) * self.rng.gauss(1, 0.02)
        if self.solar:
            # The panels supply most at 13:30, nothing at night, and less under clouds.
            drift = self.rng.gauss(0, 0.05) * min(1.0, seconds / 60)
            self._clouds = min(1.0, max(0.6, self._clouds + drift))
            height = math.sin(math.pi * (hour - 7) / 13)
            base -= self.solar * self._clouds * math.pow(max(0.0, height), 1.3)
        phases = [base / self.phases] * self.phases
        for number, appliance in enumerate(_APPLIANCES):
            if appliance in self._off_at:
                phases[number % self.phases] += appliance.power
        if now.hour in _WATER_HEATER_HOURS:
            phases[-1] += _WATER_HEATER
        if self.machine and now.minute % 5 == 0 and 20 <= now.second < 50:  # noqa: PLR2004 -- see the class
            phases[min(1, self.phases - 1)] += self.machine
        return tuple(phases)

    def _switch(self, now: dt.datetime, seconds: float) -> None:
        """Switch appliances off when their time is over, and on at random for the `seconds` that passed."""
        for appliance in _APPLIANCES:
            if self._off_at.get(appliance, now) <= now:
                self._off_at.pop(appliance, None)
            often = appliance.per_hour if now.hour in appliance.hours else 0.0
            if appliance not in self._off_at and self.rng.random() < often * seconds / 3600:
                lasts = appliance.lasts * self.rng.uniform(0.6, 1.5)
                self._off_at[appliance] = now + dt.timedelta(seconds=lasts)
