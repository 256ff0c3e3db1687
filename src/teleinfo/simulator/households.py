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
        self._states = []
        for number, load in enumerate(HOUSEHOLDS[name]):
            self._states.append(_LoadState(load, phase=number % phases))
        self._phases = phases
        self._rng = rng
        self._at = -math.inf
        """The time of the last measurement, in s."""

    def power(self, now: dt.datetime) -> tuple[complex, ...]:
        """
        Return the power of each phase in the time since the last call, at most the last second of it.

        It is a LoadProfile.

        The real part is the mean of P. The absolute value is the rms of S, so that the imaginary part
        contains also D and what varies within the second.
        """
        end = (now - _MIDNIGHT).total_seconds()
        begin = max(self._at, end - 1)
        self._at = end
        for state in self._states:
            while state.until <= begin:
                self._switch(state, max(state.until, begin - _WARM_UP))
        energies = [0.0] * self._phases  # ∫P, in Ws
        squares = [0.0] * self._phases  # ∫S², in VA²s
        at = begin
        while at < end:
            until = min(end, *(state.until for state in self._states))
            lasts = until - at
            for phase in range(self._phases):
                active, square = self._power_of_phase(phase)
                energies[phase] += active * lasts
                squares[phase] += square * lasts
            for state in self._states:
                if state.until <= until:
                    self._switch(state, until)
            at = until
        measured = end - begin
        powers = []
        for energy, square in zip(energies, squares, strict=True):
            mean = energy / measured
            rest = square / measured - mean * mean
            powers.append(complex(mean, math.sqrt(max(0.0, rest))))
        return tuple(powers)

    def _power_of_phase(self, phase: int) -> tuple[float, float]:
        """Return the present P of a phase in W, and its S² in VA²."""
        on = [state for state in self._states if state.watts and state.phase == phase]
        active = math.fsum(state.watts for state in on)
        reactive = math.fsum(state.load.reactive * state.watts for state in on)
        distorted = math.fsum(state.load.distorted * abs(state.watts) for state in on)
        return active, active * active + reactive * reactive + distorted * distorted

    def _switch(self, state: _LoadState, at: float) -> None:
        """Switch a load at a time in s, or change its power."""
        load = state.load
        lasts = self._rng.uniform(*load.on)
        watts = load.watts * self._rng.uniform(1 - load.varies, 1 + load.varies)
        if state.pause:
            watts = 0.0
            lasts = state.pause
            state.pause = 0.0
        elif load.diverts:
            share = self._share_diverted(state)
            if share:
                state.pause = lasts * (1 - share)
                lasts -= state.pause
            else:
                watts = 0.0
        elif load.off:
            state.pause = self._rng.uniform(*load.off)
        hour = at / 3600 % 24
        if int(hour) not in _TABLE["hours"][load.hours]:
            watts = 0.0
        if load.sun:
            watts *= max(0.0, math.sin(math.pi * (hour - 7) / 13))
        state.watts = watts
        state.until = at + lasts

    def _share_diverted(self, state: _LoadState) -> float:
        """Return the share of time, 0 to 1, for which a load must be on to use up what the others inject."""
        others = math.fsum(other.watts for other in self._states if other is not state)
        return min(1.0, max(0.0, -others / state.load.watts))
