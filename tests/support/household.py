"""
Households whose active power is known, independent of the code of the simulated meter.

Each load has a power factor. Motors start with an inrush, compressors drift, thermostats switch often, the
power of the panels follows clouds, and small loads with capacitors feed reactive power. `HARD` has the loads
that made earlier forms of the method fail.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING, Final, NamedTuple

from teleinfo.state.active_power import Flow
from teleinfo.tic.labels import Mode

if TYPE_CHECKING:
    from collections.abc import Iterator

STEP: Final = 0.1
"""Seconds between two moments; the meter measures ten of them."""

INRUSH: Final = 1.0
"""Seconds for which a motor draws more when it starts."""

_PERIODS: Final = {Mode.HISTORIQUE: 1.32, Mode.STANDARD: 0.92}  # s from frame to frame
_ROUNDINGS: Final = {Mode.HISTORIQUE: 10, Mode.STANDARD: 1}
_DRIFT_TIME: Final = 600.0


class Frame(NamedTuple):
    """A frame: when it comes, what it says, and the true active power, W, negative while injecting."""

    time: float
    flow: Flow
    watts: float


@dataclass(eq=False)
class Load:
    """
    A load of `apparent` VA, on and off for these mean times in seconds.

    `factor` is its power factor, negative if its reactive power is capacitive, without the harmonics:
    `distorted` is their share of `apparent`, at right angles to both powers. At its start it draws
    `inrush` times as much, and `drift` is the share by which it draws more until it is warm. A restless load
    changes its power every two seconds, by up to the share `restless`.
    """

    apparent: float
    factor: float
    on: float
    off: float
    inrush: float = 1.0
    drift: float = 0.0
    restless: float = 0.0
    distorted: float = 0.0
    is_on: bool = False
    since: float = 0.0
    until: float = 0.0
    scale: float = 1.0

    def power(self, now: float) -> complex:
        """Return the active and the reactive power."""
        if not self.is_on:
            return 0j
        age, factor = now - self.since, abs(self.factor)
        apparent = self.apparent * self.scale * (1 + self.drift * math.exp(-age / _DRIFT_TIME))
        if age < INRUSH and self.inrush > 1:
            apparent, factor = apparent * self.inrush, factor * 0.6
        reactive = math.copysign(math.sqrt(1 - factor * factor), self.factor)
        return apparent * complex(factor, reactive)


HARD: Final = {
    "": [],
    "convectors": [Load(watts, 1, 14, 22) for watts in (750, 1000, 1500, 2000)],
    "hob": [Load(1800, 0.985, 0.8, 0.9), Load(2400, 1, 40, 60)],
    "motors": [Load(1200, 0.7, 50, 120, 3), Load(500, 0.6, 12, 5, 2), Load(900, 0.75, 200, 200, 2)],
    "electronics": [Load(60, -0.9, 300, 300, restless=0.2, distorted=0.7) for _ in range(8)],
}
"""Further loads that a household may have."""


class House:
    """
    A household with loads by chance, solar panels of `solar` W, and a computer that is `restless`.

    `hard` names further loads. `distorted` is the distortion power of the last call of `power`.
    """

    def __init__(self, rng: Random, solar: float, restless: float, hard: str) -> None:
        pick = rng.uniform
        fridges = [
            Load(pick(80, 200), pick(0.6, 0.8), 900, 1800, inrush=4, drift=0.25)
            for _ in range(rng.randint(1, 3))
        ]
        small = [
            Load(pick(5, 60), rng.choice((pick(0.55, 1), pick(0.55, 1), -0.9)), 1800, 5400)
            for _ in range(rng.randint(4, 12))
        ]
        thermostat = Load(1500, 1, 20, 60) if rng.random() < 0.4 else Load(1000, 1, 600, 20000)
        self._loads = [
            Load(pick(40, 150), pick(0.6, 0.95), 1e9, 1),  # standby
            *fridges,
            *small,
            thermostat,
            Load(2000, 1, 150, 9000),  # kettle
            Load(pick(1200, 2400), 1, 6000, 30000),  # heater
            Load(pick(600, 1500), pick(0.85, 0.98), 1200, 5000, inrush=2, drift=0.4),  # heat pump
            Load(pick(200, 600), 0.7, 300, 7000, inrush=3),  # motor
        ]
        self._loads += [replace(load) for load in HARD[hard]]
        if restless:
            self._loads.append(Load(pick(60, 250), pick(0.6, 0.97), 1e9, 1, restless=restless))
        self._rng = rng
        self._solar = solar
        self._clouds = self._target = 0.9
        self._summed_at = -math.inf
        self._power, self.distorted = 0j, 0.0
        for load in self._loads:
            load.is_on = rng.random() < load.on / (load.on + load.off)
            load.since = -rng.expovariate(1 / load.on)
            load.until = rng.expovariate(1 / (load.on if load.is_on else load.off))
        self._next = 0.0

    def power(self, now: float, seconds: float, hour: float) -> complex:
        """Return the active and the reactive power at `now`, `seconds` after the last call."""
        if now >= self._next or now - self._summed_at >= INRUSH / 2:
            self._switch(now)
            self._power = sum((load.power(now) for load in self._loads), 0j)
            self.distorted = sum(load.apparent * load.distorted for load in self._loads if load.is_on)
            self._summed_at, self._next = now, min(load.until for load in self._loads)
        power = self._power * self._rng.gauss(1, 0.002)
        return power - self._sun(seconds, hour) if self._solar else power

    def _switch(self, now: float) -> None:
        for load in self._loads:
            if now >= load.until:
                load.is_on, load.since = not load.is_on, now
                load.until = now + self._rng.expovariate(1 / (load.on if load.is_on else load.off))
                load.scale = self._rng.uniform(0.9, 1.1)
            if load.restless and self._rng.random() < INRUSH / 4:
                load.scale = self._rng.uniform(1 - load.restless, 1 + load.restless)

    def _sun(self, seconds: float, hour: float) -> float:
        """Return the power of the panels: a cloud comes or goes every two minutes, within some 20 s."""
        if self._rng.random() < seconds / 120:
            self._target = self._rng.uniform(0.2, 1)
        self._clouds += (self._target - self._clouds) * seconds / 20
        return self._solar * self._clouds * math.pow(max(0.0, math.sin(math.pi * (hour - 7) / 13)), 1.3)


def frames(
    seed: int,
    *,
    mode: Mode,
    seconds: float,
    hour: float = 0.0,
    solar: float = 0.0,
    restless: float = 0.0,
    lost: float = 0.0,
    hard: str = "",
) -> Iterator[Frame]:
    """
    Yield the frames of a household that begins at this `hour` of the day; a share is `lost`.

    A meter measures the root mean square of S over a second (54E); `watts` is the mean of this second.
    """
    rng = Random(seed)
    house, rounding, period = House(rng, solar, restless, hard), _ROUNDINGS[mode], _PERIODS[mode]
    drawn, injected, now, due = 12345678 + rng.random(), 2345 + rng.random(), 0.0, period
    second: deque[tuple[float, float]] = deque(maxlen=round(1 / STEP))
    while now < seconds:
        power = house.power(now, STEP, (hour + now / 3600) % 24)
        now += STEP
        if power.real >= 0:
            drawn += power.real * STEP / 3600
        else:
            injected -= power.real * STEP / 3600
        second.append((power.real, abs(power) ** 2 + house.distorted**2))
        if now < due:
            continue
        due += period
        if rng.random() >= lost:
            watts, square = (math.fsum(values) / len(second) for values in zip(*second, strict=True))
            shown = round(math.copysign(math.sqrt(square), watts) / rounding) * rounding
            index = drawn if shown >= 0 else injected
            yield Frame(now + rng.uniform(0, 0.02), Flow(shown, rounding, int(index)), watts)
