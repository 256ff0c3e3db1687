"""
Households of which each half-wave of the mains is known: 10 ms, in which loads switch and are dimmed.

They share nothing with the households of the simulator, and assume nothing of reactive or distorted power. A
load is the current that it draws over a half-wave, as samples: that of a kettle is a sine, that of a motor
lags, that of a lamp is a pulse near the peak, and a dimmer cuts off the beginning of the sine. The active
power P of a half-wave is the mean of voltage × current. The meter measures a second: the mean of P, and
S = U × I with the root mean square of the current. It counts the energy of a second in the direction in which
most of it flows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import TYPE_CHECKING, Final, NamedTuple

from teleinfo.state.active_power import Flow
from tests.support.household import PERIODS, ROUNDINGS, Frame

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from teleinfo.tic.labels import Mode

VOLTS: Final = 230.0
HALF_WAVE: Final = 0.01  # s
PER_SECOND: Final = 100
SAMPLES: Final = 120
"""Samples of a half-wave."""

_ANGLES: Final = [math.pi * (number + 0.5) / SAMPLES for number in range(SAMPLES)]
_SINE: Final = [math.sin(angle) for angle in _ANGLES]
STEPS: Final = 100
"""The steps of a dimmer from off to on."""


class Shape:
    """The current of a load over a half-wave: samples in A for each watt of its active power."""

    def __init__(self, current: Iterator[float]) -> None:
        samples = [*current]
        watts = sum(map(math.prod, zip(_SINE, samples, strict=True))) * VOLTS * math.sqrt(2) / SAMPLES
        self.samples = [ampere / watts for ampere in samples]
        self._products: dict[Shape, float] = {}

    def product(self, other: Shape) -> float:
        """Return the mean of the product with another current over a half-wave."""
        if other not in self._products:
            pairs = zip(self.samples, other.samples, strict=True)
            self._products[other] = sum(map(math.prod, pairs)) / SAMPLES
        return self._products[other]


RESISTANCE: Final = Shape(iter(_SINE))


def lagging(power_factor: float) -> Shape:
    """Return the current of a motor or a transformer."""
    angle = math.acos(power_factor)
    return Shape(math.sin(each - angle) for each in _ANGLES)


def leading(power_factor: float) -> Shape:
    """Return the current of a load with a capacitor."""
    angle = math.acos(power_factor)
    return Shape(math.sin(each + angle) for each in _ANGLES)


def rectified(width: float) -> Shape:
    """Return the pulse of a rectifier with a capacitor, `width` in radians, a little before the peak."""
    begin = math.pi / 2 - 0.6 * width
    inside = ((each - begin) / width for each in _ANGLES)
    return Shape(math.sin(math.pi * place) if 0 < place < 1 else 0.0 for place in inside)


def with_third_harmonic(power_factor: float, share: float) -> Shape:
    """Return the current of a saturated transformer: it lags, and a `share` of it is the third harmonic."""
    angle = math.acos(power_factor)
    return Shape(math.sin(each - angle) + share * math.sin(3 * each) for each in _ANGLES)


@cache
def dimmed(step: int) -> tuple[Shape, float]:
    """Return the current of a resistance behind a dimmer at a step of `STEPS`, and its share of the power."""
    begin = math.pi * (1 - step / STEPS)
    samples = [volt if angle >= begin else 0.0 for volt, angle in zip(_SINE, _ANGLES, strict=True)]
    share = sum(map(math.prod, zip(_SINE, samples, strict=True))) / sum(volt * volt for volt in _SINE)
    return (Shape(iter(samples)), share) if share else (RESISTANCE, 0.0)


class Draw(NamedTuple):
    """
    A current over half-waves: its shape, and its active power in W, negative for a generator.

    It lasts until the half-wave number `until`; 0 W draw nothing.
    """

    shape: Shape
    watts: float
    until: int


@dataclass
class Load:
    """
    A load that is on and off in turn, each for a random time within the bounds `on` and `off`, s.

    Without `off` it stays on.

    Each time its `watts` vary by a share; `hours` are those of the day in which it is used.
    """

    shape: Shape
    watts: float
    on: tuple[float, float]
    off: tuple[float, float] | None = None
    varies: float = 0.02
    hours: tuple[int, int] = (0, 24)
    is_on: bool = False

    def next(self, at: int, rng: Random) -> Draw:
        """Return what it draws from the half-wave number `at` of the day on."""
        begin, end = self.hours
        is_used = begin <= at * HALF_WAVE / 3600 % 24 < end
        self.is_on = is_used and (self.off is None or not self.is_on)
        bounds = self.off if self.off is not None and not self.is_on else self.on
        until = at + max(1, round(rng.uniform(*bounds) * PER_SECOND))
        watts = self.watts * rng.uniform(1 - self.varies, 1 + self.varies)
        return Draw(self.shape, watts if self.is_on else 0.0, until)


@dataclass
class Film:
    """A heating film: its thermostat switches it every three seconds, for a share that moves slowly."""

    watts: float
    share: float = 0.5
    cycle: int = 300  # half-waves
    is_on: bool = False

    def next(self, at: int, rng: Random) -> Draw:
        """Return what it draws."""
        self.is_on = not self.is_on
        if self.is_on:
            self.share = min(0.9, max(0.1, self.share + rng.uniform(-0.01, 0.01)))
        on = round(self.share * self.cycle)
        if self.is_on:
            return Draw(RESISTANCE, self.watts, at + on)
        return Draw(RESISTANCE, 0.0, at + self.cycle - on)


@dataclass
class Dimmer:
    """A lamp or a fan heater behind a dimmer, which somebody turns every few minutes."""

    watts: float

    def next(self, at: int, rng: Random) -> Draw:
        """Return what it draws."""
        shape, share = dimmed(rng.randrange(15, STEPS))
        return Draw(shape, share * self.watts, at + round(rng.uniform(60, 600) * PER_SECOND))


@dataclass
class Panels:
    """Panels with an inverter, whose current leads a little; a cloud takes some seconds to come or to go."""

    watts: float
    light: float = 1.0
    goal: float = 1.0

    def next(self, at: int, rng: Random) -> Draw:
        """Return what the sun gives, as a negative power."""
        if rng.random() < 0.006:
            self.goal = rng.choice((1.0, rng.uniform(0.25, 1.0)))
        self.light += (self.goal - self.light) * 0.05
        hour = at * HALF_WAVE / 3600 % 24
        height = max(0.0, math.sin(math.pi * (hour - 7) / 13))
        return Draw(_INVERTER, -self.watts * self.light * height, at + 20)


_INVERTER: Final = leading(0.998)


@dataclass
class PhaseRouter:
    """A router that dims a heater: each 0.2 s it corrects the power by what flows at the connection."""

    watts: float
    aim: float = -30.0
    wanted: float = 0.0

    def next(self, at: int, net: float) -> Draw:
        """Return what it draws; `net` is the mean power since it was last asked, W."""
        self.wanted = min(self.watts, max(0.0, self.wanted - 0.5 * (net - self.aim)))
        shape, share = dimmed(_step_of(round(self.wanted / self.watts, 3)))
        return Draw(shape, share * self.watts, at + 20)


@cache
def _step_of(share: float) -> int:
    """Return the step of a dimmer that gives about this share of the power."""
    return min(range(STEPS + 1), key=lambda step: abs(dimmed(step)[1] - share))


@dataclass
class BurstRouter:
    """
    A router that switches a heater for whole half-waves.

    In each cycle it is on for the share that uses up what flows out; the share follows with each cycle.
    """

    watts: float
    cycle: int = 80  # half-waves
    share: float = 0.0
    energy: float = 0.0  # W × half-waves
    begun: int = 0
    last: int = 0

    def next(self, at: int, net: float) -> Draw:
        """Return what it draws; `net` is the mean power since it was last asked, W."""
        self.energy += net * (at - self.last)
        self.last = at
        if at >= self.begun + self.cycle or at < self.begun:
            mean = self.energy / self.cycle
            self.share = min(1.0, max(0.0, self.share - 0.5 * (mean + 30) / self.watts))
            self.begun = at
            self.energy = 0.0
        on = round(self.share * self.cycle)
        if at < self.begun + on:
            return Draw(RESISTANCE, self.watts, self.begun + on)
        return Draw(RESISTANCE, 0.0, self.begun + self.cycle)


@dataclass
class BucketRouter:
    """A router with a bucket of energy: it is on from a full bucket of 0.5 Wh until the bucket is empty."""

    watts: float
    bucket: float = 0.0  # Ws
    is_on: bool = False
    last: int = 0

    def next(self, at: int, net: float) -> Draw:
        """Return what it draws; `net` is the mean power since it was last asked, W."""
        filled = self.bucket - net * (at - self.last) * HALF_WAVE
        self.bucket = min(1800.0, max(0.0, filled))
        self.last = at
        if self.bucket >= 1800.0:
            self.is_on = True
        elif self.bucket <= 0.0:
            self.is_on = False
        return Draw(RESISTANCE, self.watts if self.is_on else 0.0, at + 2)


Part = Load | Film | Dimmer | Panels
Router = PhaseRouter | BurstRouter | BucketRouter


class House(NamedTuple):
    """The loads of each phase, and a router, which is on the first one."""

    phases: list[list[Part]]
    router: Router | None = None


def _always() -> list[Part]:
    """Return the loads of every household: standby, a fridge, a router for the internet, a kettle."""
    return [
        Load(rectified(0.9), 45, on=(300, 3000), varies=0.1),
        Load(lagging(0.85), 14, on=(600, 3000)),
        Load(lagging(0.68), 95, on=(500, 1100), off=(900, 2200), varies=0.05),
        Load(RESISTANCE, 2100, on=(90, 190), off=(2500, 9000), hours=(6, 22)),
    ]


def _flat() -> House:
    return House([[*_always(), Load(rectified(0.8), 60, on=(20, 200), varies=0.4)]])


def _triac_convectors() -> House:
    heaters: list[Part] = [
        Load(RESISTANCE, watts, on=(12, 40), off=(10, 40)) for watts in (500, 750, 1000, 1500)
    ]
    return House([[*_always(), *heaters]])


def _hob_and_oven() -> House:
    return House(
        [
            [
                *_always(),
                Load(leading(0.97), 1400, on=(1.2, 5), off=(1, 6), hours=(6, 22)),
                Load(RESISTANCE, 1800, on=(2, 6), off=(2, 8), hours=(6, 22)),
                Load(RESISTANCE, 2300, on=(15, 60), off=(15, 80), hours=(6, 22)),
                Load(with_third_harmonic(0.9, 0.3), 1150, on=(60, 240), off=(1500, 6000)),
            ]
        ]
    )


def _heat_pump_and_car() -> House:
    return House(
        [
            [
                *_always(),
                Load(leading(0.96), 1400, on=(15, 120), varies=0.5),
                Load(leading(0.995), 3600, on=(7000, 12000), off=(4000, 9000)),
            ]
        ]
    )


def _electronics() -> House:
    return House(
        [
            [
                *_always(),
                Load(rectified(0.9), 140, on=(0.5, 4), varies=0.5),
                *(Load(rectified(0.75), watts, on=(300, 4000), off=(300, 6000)) for watts in (7, 12, 20, 36)),
            ]
        ]
    )


def _three_phases() -> House:
    return House(
        [
            [*_always(), Load(leading(0.96), 2200, on=(20, 120), varies=0.4)],
            [Load(RESISTANCE, 1500, on=(10, 40), off=(10, 60)), Load(rectified(0.9), 90, on=(20, 300))],
            [
                Load(RESISTANCE, 2000, on=(20, 60), off=(20, 120)),
                Load(lagging(0.6), 350, on=(8, 14), off=(4, 9)),
            ],
        ]
    )


def _workshop() -> House:
    return House(
        [
            [
                *_always(),
                Load(lagging(0.78), 1500, on=(5, 90), off=(20, 200), varies=0.4),
                Load(lagging(0.55), 3800, on=(1, 12), off=(5, 60), varies=0.15),  # a welder
                Load(rectified(0.8), 160, on=(600, 4000)),
            ]
        ]
    )


HOUSES: Final[dict[str, Callable[[], House]]] = {
    "a flat": _flat,
    "convectors with triacs": _triac_convectors,
    "hob and oven": _hob_and_oven,
    "heat pump and car": _heat_pump_and_car,
    "lamps and computers": _electronics,
    "three phases": _three_phases,
    "a producer": lambda: House(
        [[*_always(), Panels(3000), Load(RESISTANCE, 600, on=(10, 30), off=(9, 40))]]
    ),
    "heating film": lambda: House([[*_always(), Film(1800)]]),
    "dimmed lamps and fan heater": lambda: House([[*_always(), Dimmer(300), Dimmer(1500)]]),
    "a workshop with a welder": _workshop,
    "router by phase": lambda: House([[*_always(), Panels(3000)]], PhaseRouter(2400)),
    "router by burst, 0.8 s": lambda: House([[*_always(), Panels(3000)]], BurstRouter(2400)),
    "router by burst, a bucket": lambda: House([[*_always(), Panels(3000)]], BucketRouter(2400)),
}
"""The households by name; each call gives a new one."""

PRODUCERS: Final = frozenset(name for name in HOUSES if name.startswith(("a producer", "router")))
"""Those that have a contract to sell."""


class Second(NamedTuple):
    """A second: mean active power, W, and apparent power, VA, negative while more flows out than in."""

    watts: float
    apparent: float


class _Line:
    """A household at work, whose currents are known until the next change of one of them."""

    def __init__(self, name: str, seed: int, at: int) -> None:
        self._rng = Random(seed)
        self._house = HOUSES[name]()
        self._draws = [[part.next(at, self._rng) for part in parts] for parts in self._house.phases]
        self._routed = Draw(RESISTANCE, 0.0, at)
        self._asked = at
        self._energy = 0.0  # W × half-waves since the router was asked
        self._at = at

    def second(self) -> Second:
        """Return the next second."""
        end = self._at + PER_SECOND
        phases = len(self._draws)
        means = [0.0] * phases
        squares = [0.0] * phases
        while self._at < end:
            self._renew()
            untils = [draw.until for draws in self._draws for draw in draws]
            if self._house.router is not None:
                untils.append(self._routed.until)
            until = min(end, *untils)
            lasts = until - self._at
            for phase, draws in enumerate(self._draws):
                flowing = [draw for draw in draws if draw.watts]
                if phase == 0 and self._routed.watts:
                    flowing.append(self._routed)
                power = math.fsum(draw.watts for draw in flowing)
                means[phase] += power * lasts / PER_SECOND
                squares[phase] += _square(flowing) * lasts / PER_SECOND
                self._energy += power * lasts
            self._at = until
        apparent = 0.0
        for mean, square in zip(means, squares, strict=True):
            apparent += math.copysign(VOLTS * math.sqrt(max(0.0, square)), mean)
        return Second(math.fsum(means), apparent)

    def _renew(self) -> None:
        """Ask each load again whose current ends now."""
        for parts, draws in zip(self._house.phases, self._draws, strict=True):
            for number, part in enumerate(parts):
                if draws[number].until <= self._at:
                    draws[number] = part.next(self._at, self._rng)
        router = self._house.router
        if router is not None and self._routed.until <= self._at:
            net = self._energy / max(1, self._at - self._asked)
            self._routed = router.next(self._at, net)
            self._asked = self._at
            self._energy = 0.0


def _square(draws: list[Draw]) -> float:
    """Return the mean square of the sum of currents, A²."""
    square = 0.0
    for number, draw in enumerate(draws):
        square += draw.watts * draw.watts * draw.shape.product(draw.shape)
        for other in draws[:number]:
            square += 2 * draw.watts * other.watts * draw.shape.product(other.shape)
    return square


def frames(
    name: str, seed: int, *, mode: Mode, seconds: float, hour: float = 12.0, lost: float = 0.0
) -> Iterator[Frame]:
    """Yield the frames of a household as `tests.support.household.frames` does."""
    rng = Random(seed + 1000)
    line = _Line(name, seed, round(hour * 3600 * PER_SECOND))
    drawn, injected = rng.uniform(1e6, 2e6), rng.uniform(1e6, 2e6)  # Wh
    rounding = ROUNDINGS[mode]
    measured = line.second()
    due = 1.0
    for begin in range(1, int(seconds)):
        second = line.second()
        drawn_watts = max(0.0, second.watts)
        injected_watts = max(0.0, -second.watts)
        while due < begin + 1:
            elapsed = due - begin
            shown = round(measured.apparent / rounding) * rounding
            energy = drawn + drawn_watts * elapsed / 3600
            if shown < 0:
                energy = injected + injected_watts * elapsed / 3600
            if rng.random() >= lost:
                yield Frame(due + rng.uniform(0, 0.02), Flow(shown, rounding, int(energy)), measured.watts)
            due += PERIODS[mode]
        drawn += drawn_watts / 3600
        injected += injected_watts / 3600
        measured = second
