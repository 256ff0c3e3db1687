"""
Active power of the moment in W, with a lower and an upper bound.

The meter sends the apparent power S of the moment, rounded to 10 VA (PAPP) or 1 VA (SINSTS, SINSTI), and an
index of the active energy in whole Wh, cut off (Enedis-NOI-CPT_54E v3, Enedis-NOI-CPT_02E v6). The method is
our own:

1. Between two steps of the index, exactly n Wh flowed, and the time of each step is known to a frame. So at
   most n Wh flowed from the frame after the first step to the frame before the last step (which may be yet to
   come), and at least n Wh from the frame before the first step to the frame after the last step.
2. This energy, divided by the integral of S over the same frames, bounds the mean power factor P / S of that
   window; multiplied by the present S, it bounds the power. Windows begin at steps of the index
   (`power_windows`).
3. Where S changed within the window, a load came or went whose reactive power is between `_CAPACITIVE` and
   `_INDUCTIVE` times its active power: the bounds are moved from the earlier mean of S to the present S.
4. The narrowest bar is kept, until a window gives a narrower bar or contradicts it. When S changes, the kept
   bar is moved in the same way.

Pure. In this module powers are positive in either direction, except those of `Flow` and `Active`.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

from teleinfo.state.power_windows import Bar, Point, Step, factor_since, thinned

GAP: Final = 20.0  # s without a frame after which nothing is known; 17 s in an overrun (02E)
LEAST_FACTOR: Final = 0.5  # power factor of a household; where power was ever injected, it may be 0
ACCURACY: Final = 0.005  # greatest difference between the measurements of S and of the index
_INDUCTIVE: Final = math.sqrt(3)  # power factor 0.5: motors, transformers
_CAPACITIVE: Final = -0.5  # power factor 0.9: lamps, power supplies
_DELAY: Final = 0.5  # s by which S may follow the power


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


class ActivePower:
    """The active power of the meter whose frames it receives; its memory is bounded."""

    def __init__(self) -> None:
        self._sign = 1
        self._restart()

    def _restart(self) -> None:
        self._last: Point | None = None
        self._apparent = 0.0  # S of the last frame
        self._steps: list[Step] = []
        self._kept: tuple[Bar, float] | None = None  # the best bar, and S at its time
        self._active: Active | None = None

    def at(self, now: float) -> Active | None:
        """Return the active power at the monotonic time `now`, seconds; None while it is unknown."""
        return self._active if self._last is not None and now - self._last.time <= GAP else None

    def add(self, flow: Flow, *, now: float, has_exported: bool) -> None:
        """Update the power with a frame that came at `now`; `has_exported`: the meter has injected before."""
        last, apparent, sign = self._last, float(abs(flow.apparent)), -1 if flow.apparent < 0 else 1
        if flow.energy is None:
            self._restart()
            return
        turned = last is not None and sign != self._sign
        if last is None or turned or now - last.time > GAP or flow.energy < last.energy:
            self._restart()
            last = self._last = Point(now, flow.energy)
            self._sign, self._apparent = sign, apparent
            if turned or not apparent:
                self._kept = Bar(0.0, apparent), apparent
        elif now > last.time:
            self._last = self._next(last, now, flow.energy, apparent)
        else:
            return
        change, self._apparent = apparent - self._apparent, apparent
        self._least = 0.0 if has_exported else LEAST_FACTOR
        error = flow.rounding / 4 + ACCURACY * apparent  # a quarter: the mean of the error
        bar = self._measure(self._last, now - last.time, error)
        self._active = None if bar is None else self._result(bar, change, flow.rounding, error)

    def _next(self, last: Point, now: float, energy: int, apparent: float) -> Point:
        """Return the frame that follows `last`; remember both if the index stepped."""
        elapsed, mean = now - last.time, (apparent + self._apparent) / 2
        error = 0.0
        if _is_step(self._apparent, apparent):  # at any time since the last frame
            error = (elapsed + _DELAY) * abs(apparent - self._apparent) / 2
        area = elapsed * mean
        point = Point(now, energy, last.apparent + area, last.square + area * mean, last.error + error)
        if energy > last.energy:
            self._steps = thinned([*self._steps, Step(last, point)], now)
        return point

    def _measure(self, now: Point, elapsed: float, error: float) -> Bar | None:
        """Return the kept bar with the present S, or the bar of a better window, which is then kept."""
        bar, apparent, steps = None, self._apparent, self._steps
        if self._kept is not None:
            kept, before = self._kept
            bar = self._moved(kept, before, apparent)
            if _is_step(before, apparent):
                self._kept = bar, apparent
        for number, step in enumerate(steps):
            length = now.time - step.before.time
            if bar is not None and apparent * elapsed > (bar.upper - bar.lower) * length:
                break  # this window and all later ones are too short to be better
            factor = factor_since(step, steps[-1], now)
            unmoved = factor.scaled(apparent)
            if unmoved.lower > apparent + error:
                # Energy flowed that S did not show, in lost frames: no window that began before is right.
                self._steps = steps[number + 1 :]
            elif factor.lower > 0 and unmoved.is_better(bar):
                found = self._present(factor, step.before, now)
                if found.is_better(bar, error):
                    bar = found
                    self._kept = found, apparent
        return bar

    def _present(self, factor: Bar, start: Point, now: Point) -> Bar:
        """Return the bounds of the power with the present S, for a window in which S had other values."""
        length, apparent = now.time - start.time, self._apparent
        offset = (now.apparent - start.apparent) / length - apparent
        square = (now.square - start.square) / length - apparent * (2 * offset + apparent)
        spread = math.sqrt(max(0.0, square))  # at least the mean distance between S and the present S
        above, below = apparent + (spread + offset) / 2, max(0.0, apparent - (spread - offset) / 2)
        bars = [self._moved(factor.scaled(before), before, apparent) for before in (above, below)]
        return Bar(min(bar.lower for bar in bars), max(bar.upper for bar in bars))

    def _moved(self, bar: Bar, before: float, after: float) -> Bar:
        """Return the bounds of the power after S changed, for the bounds before."""
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

    def _result(self, bar: Bar, change: float, rounding: int, error: float) -> Active:
        """Return the bar with the errors of the meter, and its middle."""
        value, apparent = (bar.lower + bar.upper) / 2, self._apparent
        most = apparent + error
        error *= max(1.0, apparent / max(bar.lower, apparent / 20, 1.0))  # dP = dS × S / P
        if abs(change) >= rounding:
            # S may be a mean of the last second, and show a third of the step.
            further = max(0.0, apparent + 2 * change)
            most = max(most, further)
            after = self._moved(bar, apparent, further)
            bar = Bar(min(bar.lower, after.lower), max(bar.upper, after.upper))
        bounds = max(0.0, bar.lower - error), min(most, bar.upper + error)
        lower, upper = sorted(self._sign * bound for bound in bounds)
        return Active(round(self._sign * value), math.floor(lower), math.ceil(upper))


def _is_step(before: float, after: float) -> bool:
    """True if the change of S is more than noise."""
    return abs(after - before) > max(20.0, 0.02 * after)
