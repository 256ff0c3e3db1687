"""
The households behind simulated meters, whose loads switch within seconds; `households.toml` has them.

Pure. Each load draws an active power P, a reactive power Q and a distorted power D, which are constant from
one switching to the next. From these, the powers of a second are exact: the mean of P, and the rms of
S² = P² + Q² + D² that a meter measures.
"""

from __future__ import annotations

import datetime as dt
import math
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    import random

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
    - `hours`: at other hours than these of the table it stays off.
    - `sun`: its power follows the height of the sun.
    - `diverts`: it is on for the share of its time that uses up what the others inject.
    """

    watts: float
    reactive: float = 0.0
    distorted: float = 0.0
    on: tuple[float, float] = (300.0, 3000.0)
    off: tuple[float, float] | None = None
    varies: float = 0.03
    hours: str = "always"
    sun: bool = False
    diverts: bool = False


_TABLE: Final = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
_LOADS: Final = {name: Load(**load) for name, load in _TABLE["loads"].items()}
HOUSEHOLDS: Final = {
    name: [_LOADS[load] for load in (*_TABLE["every_house"], *loads)]
    for name, loads in _TABLE["households"].items()
}
"""The loads by the name of the household. Three phases get them in turn."""


@dataclass(eq=False)
class _LoadState:
    """A load on a phase: its present power in W until a time in s, and the pause after it in s."""

    load: Load
    phase: int
    watts: float = 0.0
    until: float = -math.inf
    pause: float = 0.0


class SimulatedHousehold:
    """A household of HOUSEHOLDS with `phases` phases."""

    def __init__(self, name: str, *, rng: random.Random, phases: int = 1) -> None:
        self._states = [_LoadState(load, number % phases) for number, load in enumerate(HOUSEHOLDS[name])]
        self._phases, self._rng, self._at = phases, rng, -math.inf

    def power(self, now: dt.datetime) -> tuple[complex, ...]:
        """
        Return the power of each phase in the time since the last call, at most the last second of it.

        It is a LoadProfile.

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
        if int(hour) not in _TABLE["hours"][load.hours]:
            watts = 0.0
        if load.sun:
            watts *= max(0.0, math.sin(math.pi * (hour - 7) / 13))
        state.watts, state.until = watts, at + lasts
