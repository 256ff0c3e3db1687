"""
The households behind simulated meters, whose loads switch within seconds.

Pure. Each load draws an active power P, a reactive power Q and a distorted power D, which are constant from
one switching to the next. From these, the powers of a second are exact: the mean of P, and the rms of
S² = P² + Q² + D² that a meter measures.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    import random

_ALWAYS: Final = frozenset(range(24))
_NIGHT: Final = frozenset({22, 23, 0, 1, 2, 3, 4, 5})
_MEALS: Final = frozenset({7, 11, 12, 13, 18, 19, 20, 21})
_MIDNIGHT: Final = dt.datetime(2000, 1, 1)  # noqa: DTZ001 -- a local time
_WARM_UP: Final = 3600.0
"""Seconds of switching before the first measurement, and the most that a later one catches up on."""


class Load(NamedTuple):
    """
    A load of `watts`, negative if it is a generator.

    - `reactive` and `distorted` are Q and D for each watt; `reactive` is negative for a capacitor.
    - `on` and `off` are the least and the greatest time of each, in s. A load without `off` stays on, and
      changes its power.
    - `varies`: each time the power differs by this share at most.
    - `hours`: at other hours it stays off.
    - `sun`: its power follows the height of the sun.
    - `diverts`: it is on for the share of its time that uses up what the others inject.
    """

    watts: float
    reactive: float = 0.0
    distorted: float = 0.0
    on: tuple[float, float] = (300.0, 3000.0)
    off: tuple[float, float] | None = None
    varies: float = 0.03
    hours: frozenset[int] = _ALWAYS
    sun: bool = False
    diverts: bool = False


_EVERY_HOUSE: Final = (
    Load(70, 0.3, 0.4),  # standby
    Load(110, 0.9, 0.1, on=(600, 1200), off=(1200, 2400)),  # fridge
    Load(2150, on=(100, 200), off=(3000, 15000), hours=_ALWAYS - _NIGHT),  # kettle
)
_USUAL: Final = (
    Load(2200, on=(300, 900), hours=frozenset({23, 0, 1})),  # water heater
    Load(1500, on=(600, 1500), off=(1800, 7200), hours=_MEALS),  # hob
    Load(2300, on=(1500, 3000), off=(9000, 20000), hours=_MEALS),  # oven
    Load(2000, 0.3, on=(2400, 4800), off=(20000, 60000)),  # washing machine
    Load(200, 0.2, 0.5, on=(10, 50), varies=0.5),  # lights, television, computer
)
_PANELS: Final = Load(-3200, 0.05, 0.03, on=(5, 60), varies=0.6, sun=True)
HOUSEHOLDS: Final = {
    "usual": _USUAL,
    # A machine, on phase 3, that exceeds 30 A again and again: nobody has to wait long for an overrun.
    "workshop": (*_USUAL, Load(8500, on=(30, 30), off=(240, 240))),
    "solar": (*_USUAL, Load(-5000, 0.05, 0.03, on=(30, 300), varies=0.2, sun=True)),
    "convectors": tuple(Load(watts, on=(8, 30), off=(7, 30)) for watts in (500, 1000, 1500, 2000)),
    "kitchen": (
        *(Load(watts, on=(1, 4), off=(1, 6), hours=_ALWAYS - _NIGHT) for watts in (1200, 1800)),  # hob
        Load(2400, on=(20, 60), off=(20, 90), hours=_ALWAYS - _NIGHT),  # oven
        Load(350, 1.2, 0.5, on=(8, 12), off=(3, 8), hours=_ALWAYS - _NIGHT),  # drum
        Load(1250, 0.2, 0.4, on=(60, 300), off=(2000, 9000)),  # microwave oven
    ),
    "heat-pump": (
        Load(1300, 0.25, 0.2, on=(20, 120), varies=0.6),
        Load(7000, 0.05, 0.05, on=(9000, 15000), off=(20000, 40000), hours=_NIGHT),  # car
    ),
    "electronics": (
        Load(130, -0.1, 0.75, on=(1, 4), varies=0.4),  # computer
        *(Load(watts, -0.3, 0.8, on=(600, 6000), off=(600, 9000)) for watts in (8, 15, 25, 40)),  # LED
    ),
    "panels": (_PANELS, Load(600, on=(8, 30), off=(7, 30))),
    "router": (_PANELS, Load(2400, on=(1, 1.7), diverts=True)),
}
"""The loads beside those of every house, by the name of the household. Three phases get them in turn."""


@dataclass(eq=False)
class _LoadState:
    """A load on a phase: its present power in W until a time in s, and the pause after it in s."""

    load: Load
    phase: int
    watts: float = 0.0
    until: float = -math.inf
    pause: float = 0.0


class House:
    """A household of HOUSEHOLDS with `phases` phases."""

    def __init__(self, name: str, *, rng: random.Random, phases: int = 1) -> None:
        loads = (*_EVERY_HOUSE, *HOUSEHOLDS[name])
        self._states = [_LoadState(load, number % phases) for number, load in enumerate(loads)]
        self._phases, self._rng, self._at = phases, rng, -math.inf

    def power(self, now: dt.datetime) -> tuple[complex, ...]:
        """
        Return the power of each phase since the last call, but in one second at most: a LoadProfile.

        The real part is the mean of P. The absolute value is the rms of S, so that the imaginary part
        contains also D and what varies within the second.
        """
        end = (now - _MIDNIGHT).total_seconds()
        begin = at = max(self._at, end - 1)
        self._at = end
        for state in self._states:
            while state.until <= at:
                self._switch(state, max(state.until, at - _WARM_UP))
        means, squares = [0.0] * self._phases, [0.0] * self._phases
        while at < end:
            until = min(end, *(state.until for state in self._states))
            for phase in range(self._phases):
                on = [(each.load, each.watts) for each in self._states if each.watts and each.phase == phase]
                active = math.fsum(watts for _load, watts in on)
                reactive = math.fsum(load.reactive * watts for load, watts in on)
                distorted = math.fsum(load.distorted * abs(watts) for load, watts in on)
                square = active * active + reactive * reactive + distorted * distorted
                means[phase] += active * (until - at)
                squares[phase] += square * (until - at)
            for state in self._states:
                if state.until <= until:
                    self._switch(state, until)
            at = until
        means, squares = ([part / (end - begin) for part in parts] for parts in (means, squares))
        pairs = zip(means, squares, strict=True)
        return tuple(complex(mean, math.sqrt(max(0.0, square - mean * mean))) for mean, square in pairs)

    def _switch(self, state: _LoadState, at: float) -> None:
        """Switch a load at a time in s, or change its power."""
        load, lasts = state.load, self._rng.uniform(*state.load.on)
        hour = at / 3600 % 24
        watts = load.watts * self._rng.uniform(1 - load.varies, 1 + load.varies)
        if state.pause:
            watts, lasts, state.pause = 0.0, state.pause, 0.0
        elif load.diverts:
            injected = -math.fsum(each.watts for each in self._states if each is not state)
            share = min(1.0, max(0.0, injected / load.watts))
            watts, state.pause = watts * bool(share), lasts * (1 - share) * bool(share)
            lasts -= state.pause
        elif load.off:
            state.pause = self._rng.uniform(*load.off)
        if int(hour) not in load.hours:
            watts = 0.0
        if load.sun:
            watts *= max(0.0, math.sin(math.pi * (hour - 7) / 13))
        state.watts, state.until = watts, at + lasts
