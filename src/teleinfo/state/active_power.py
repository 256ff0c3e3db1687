"""
Active power of the moment in W, with a lower and an upper bound.

The meter sends the apparent power S of the moment, rounded to 10 VA (PAPP) or 1 VA (SINSTS, SINSTI), and an
index of the active energy in whole Wh, cut off (Enedis-NOI-CPT_54E v3, Enedis-NOI-CPT_02E v6). The method is
our own:

1. While S stays at a level, the steps of the index bound the mean power factor P / S (`power_level`).
   Multiplied by the mean of S, it bounds the mean power.
2. Where S differs from this mean, or steps to another level, a load came or went whose reactive power is
   between `_CAPACITIVE` and `_INDUCTIVE` times its active power: the bounds are moved to the present S.
3. If a large load comes or goes and S is that of an earlier level again, the bounds of that level hold, too.
4. The bounds from before a step are kept until those of the level are narrower or contradict them.

Pure. In this module powers are positive in either direction, except those of `Flow` and `Active`.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

from teleinfo.state.power_level import Bar, Level

GAP: Final = 20.0  # s without a frame after which nothing is known; 17 s in an overrun (02E)
LEAST_FACTOR: Final = 0.5  # power factor of a household; where power was ever injected, it may be 0
ACCURACY: Final = 0.003  # greatest difference between the measurements of S and of the index
MAX_LEVEL: Final = 300.0  # s; within this time small loads come and go, unseen in S
_INDUCTIVE: Final = math.sqrt(3)  # power factor 0.5: motors, transformers
_CAPACITIVE: Final = -0.5  # power factor 0.9: lamps, power supplies
_NOISE: Final = 0.01  # greatest difference of S within a level
_LARGE: Final = 0.2  # least change of S by a large load
_REMEMBERED: Final = 4  # levels


class Flow(NamedTuple):
    """
    Part of a frame: the apparent power in VA, negative while injecting, and the VA to which it is rounded.

    `energy` is the index of the present direction in Wh; None if the meter has no such index.
    """

    apparent: int
    rounding: int
    energy: int | None


class Active(NamedTuple):
    """An active power and its bounds in W; negative while injecting."""

    value: int
    lower: int
    upper: int


class _Known(NamedTuple):
    """The bounds of the power, and the S for which they hold."""

    bar: Bar
    apparent: float


class ActivePower:
    """The active power of the meter whose frames it receives; its memory is bounded."""

    def __init__(self) -> None:
        self._sign = 1
        self._restart()

    def _restart(self) -> None:
        self._level: Level | None = None
        self._kept: _Known | None = None  # from before the level
        self._best: _Known | None = None  # in the last frame
        self._levels: list[_Known] = []  # before large loads came or went
        self._active: Active | None = None

    def at(self, now: float) -> Active | None:
        """Return the active power at the monotonic time `now`, seconds; None while it is unknown."""
        return self._active if self._level is not None and now - self._level.now <= GAP else None

    def add(self, flow: Flow, *, now: float, has_exported: bool) -> None:
        """Update the power with a frame that came at `now`; `has_exported`: the meter has injected before."""
        level, apparent, sign = self._level, float(abs(flow.apparent)), -1 if flow.apparent < 0 else 1
        if flow.energy is None:
            self._restart()
            return
        if level is not None and now <= level.now:
            return
        self._least = 0.0 if has_exported else LEAST_FACTOR
        error = flow.rounding / 4 + ACCURACY * apparent  # a quarter: the mean of the error
        turned = level is not None and sign != self._sign
        change = 0.0
        if level is None or turned or now - level.now > GAP or flow.energy < level.energy:
            self._restart()
            self._sign = sign
            if turned or not apparent:
                self._kept = _Known(Bar(0.0, apparent), apparent)
            level = Level(now, apparent, flow.energy)
        elif abs(apparent - level.first) > max(2 * flow.rounding, _NOISE * apparent):
            change = apparent - level.apparent
            self._kept = self._after(change, apparent, error)
            level = Level(now, apparent, flow.energy)
        else:
            level.add(now, apparent, flow.energy)
        bar = self._measure(level, error)
        self._best = None if bar is None else _Known(bar, apparent)
        self._active = None if self._best is None else self._result(self._best, change, error)
        lower, upper = level.factor
        if lower > upper or (lower and now - level.start > MAX_LEVEL):
            self._kept = self._best
            level = Level(now, apparent, flow.energy)
        self._level = level

    def _after(self, change: float, apparent: float, error: float) -> _Known | None:
        """Return the bar after S stepped, with what is known of this level from before."""
        best = self._best
        if best is None:
            return None
        bar = self._moved(best, apparent)
        if abs(change) > _LARGE * min(apparent, best.apparent):
            for known in self._levels:
                if abs(known.apparent - apparent) <= 2 * error:
                    lower, upper = self._moved(known, apparent)
                    common = Bar(max(bar.lower, lower - error), min(bar.upper, upper + error))
                    bar = common if common.lower <= common.upper else bar
            others = [known for known in self._levels if abs(known.apparent - best.apparent) > 2 * error]
            self._levels = [*others[1 - _REMEMBERED :], best]
        return _Known(bar, apparent)

    def _measure(self, level: Level, error: float) -> Bar | None:
        """Return the kept bar with the present S, or the bar of the level if it is better."""
        kept = self._kept and self._moved(self._kept, level.apparent)
        lower, upper = level.factor
        if not level.area or (self._best is None and not lower):
            return kept
        if lower > upper:  # a load that S did not show
            return self._best and self._moved(self._best, level.apparent)
        found = self._moved(_Known(Bar(lower * level.mean, upper * level.mean), level.mean), level.apparent)
        if not found.is_better(kept, error):
            return kept
        self._kept = None
        return found

    def _moved(self, known: _Known, after: float) -> Bar:
        """Return the bounds of the power after S changed, for the bounds before."""
        bar, before = known
        if after == before:
            return bar
        return Bar(min(self._ends(bar.lower, before, after)), max(self._ends(bar.upper, before, after)))

    def _ends(self, active: float, before: float, after: float) -> list[float]:
        """
        Return extremes of the power after S changed, where the power was `active` before.

        The load that came (x > 0) or went has the active power x and the reactive power x × tangent:
        (active + x)² + (reactive + x × tangent)² = after². Without a solution, only the least factor counts.
        """
        active = min(active, before)
        reactive = math.sqrt(before * before - active * active)
        change = after * after - before * before
        ends = []
        for tangent in (_CAPACITIVE, 0.0, _INDUCTIVE):
            # A load that comes lowers the power that is injected.
            a, b = 1 + tangent * tangent, active + reactive * tangent * self._sign
            root = b * b + a * change
            if root < 0 or (change < 0 and b <= 0):
                ends += [self._least * after, after]
            else:
                ends.append(min(after, max(0.0, active + (math.sqrt(root) - b) / a)))
        return ends

    def _result(self, best: _Known, change: float, error: float) -> Active:
        """Return the bar with the errors of the meter, and its middle."""
        bar, apparent = best
        value, most = (bar.lower + bar.upper) / 2, apparent + error
        error *= max(1.0, apparent / max(bar.lower, apparent / 20, 1.0))  # dP = dS × S / P
        if change:
            # S may be a mean of the last second, and show a quarter of the step.
            further = max(0.0, apparent + 3 * change)
            most = max(most, further)
            after = self._moved(best, further)
            bar = Bar(min(bar.lower, after.lower), max(bar.upper, after.upper))
        bounds = max(0.0, bar.lower - error), min(most, bar.upper + error)
        lower, upper = sorted(self._sign * bound for bound in bounds)
        return Active(round(self._sign * value), math.floor(lower), math.ceil(upper))
