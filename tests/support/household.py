"""
Households whose active power is known, independent of the code of the simulated meter.

Each load has a power factor. Motors start with an inrush, compressors drift, thermostats switch often, the
power of the panels follows clouds, and small loads with capacitors feed reactive power.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Final, NamedTuple

from teleinfo.state.active_power import Flow
from teleinfo.tic.labels import Mode

if TYPE_CHECKING:
    from collections.abc import Iterator

STEPS: Final = 5
"""Moments at which the power of a frame is computed."""

INRUSH: Final = 1.0
"""Seconds for which a motor draws more when it starts."""

_PERIODS: Final = {Mode.HISTORIQUE: 1.32, Mode.STANDARD: 0.92}  # s from frame to frame
_ROUNDINGS: Final = {Mode.HISTORIQUE: 10, Mode.STANDARD: 1}
_DRIFT_TIME: Final = 600.0


class Frame(NamedTuple):
    """
    A frame: when it comes, what it says, and the true active power, W, negative while injecting.

    `energy` is the index in Wh before it is cut off.
    """

    time: float
    flow: Flow
    watts: float
    energy: float


@dataclass(eq=False)
class Load:
    """
    A load of `apparent` VA, on and off for these mean times in seconds.

    `factor` is its power factor, negative if its reactive power is capacitive. At its start it draws
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


class House:
    """A household with loads by chance, solar panels of `solar` W, and a computer that is `restless`."""

    def __init__(self, rng: Random, solar: float, restless: float) -> None:
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
        if restless:
            self._loads.append(Load(pick(60, 250), pick(0.6, 0.97), 1e9, 1, restless=restless))
        self._rng = rng
        self._solar = solar
        self._clouds = self._target = 0.9
        self._summed_at = -math.inf
        self._power = 0j
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
) -> Iterator[Frame]:
    """
    Yield the frames of a household that begins at this `hour` of the day; a share is `lost`.

    The documents do not say over which time a meter measures S: with an odd seed it is the mean of the
    last second, with an even seed the last moment.
    """
    rng = Random(seed)
    house, rounding, period = House(rng, solar, restless), _ROUNDINGS[mode], _PERIODS[mode]
    step = period / STEPS
    drawn, injected, now = 12345678 + rng.random(), 2345 + rng.random(), 0.0
    apparent = [0.0] * (max(1, round(1 / step)) if seed % 2 else 1)
    while now < seconds:
        for moment in range(STEPS):
            power = house.power(now, step, (hour + now / 3600) % 24)
            now += step
            if power.real >= 0:
                drawn += power.real * step / 3600
            else:
                injected -= power.real * step / 3600
            apparent[moment % len(apparent)] = math.copysign(abs(power), power.real)
        if rng.random() >= lost:
            shown = round(sum(apparent) / len(apparent) / rounding) * rounding
            index = drawn if shown >= 0 else injected
            yield Frame(now + rng.uniform(0, 0.02), Flow(shown, rounding, int(index)), power.real, index)
