"""
Active power in W of the second in which the meter measured the apparent power, with its bounds.

The meter sends the apparent power S of the moment, rounded to 10 VA (PAPP) or 1 VA (SINSTS, SINSTI), and an
index of the active energy in whole Wh, cut off (Enedis-NOI-CPT_54E v3, Enedis-NOI-CPT_02E v6). The method is
our own:

1. While S stays at a level, the index bounds the mean power factor P / S. In each frame, the energy lies
   between the index and the next Wh. While the power factor is constant, the energy is a straight line over
   the integral of S, and the power factor is its slope. The slopes between any two frames bound it, each
   frame up to 0.3 s earlier or later; the corners of the convex hulls of these points are enough.
2. Where S had other values within the level, a load came or went whose reactive power is between
   `_CAPACITIVE` and `_INDUCTIVE` times its active power: the bounds of the power are moved from the earlier
   mean of S to the present S.
3. When S steps, the bar is kept, and moved in the same way, until a level gives a narrower bar or contradicts
   it.
4. The value is the likeliest power within the bar: √(S² − N²), where N is the reactive and distortion power
   of the household. What comes and goes is mostly resistive, so that N changes slowly: `Fit` finds the N with
   which the energy of the values is the rise of the indexes of both directions.
5. Where a load switches within the second that was measured, the power is a mean of two powers, and S² the
   mean of their squares: the power may be below the bar of a load that is steady.
6. A PV router keeps the power near 0 W with a heater that it dims or switches within the second, whose power
   factor 2. does not allow for. So the bar reaches down to 0 W for `DOUBT` seconds after the direction has
   changed. It does so too, in a household whose direction has ever changed, after an index has contradicted
   the bars.

Pure. In this module powers are positive in either direction, except those of `Flow` and `Active`.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Final, NamedTuple

from teleinfo.state.power_fit import Fit
from teleinfo.state.power_level import MEASURED, Bar, Level

DOUBT: Final = 120.0  # s for which the bar reaches down to 0 W
UNKNOWN_AFTER: Final = 20.0  # s without a frame after which nothing is known; 17 s in an overrun (02E)
LEAST_FACTOR: Final = 0.5  # power factor of a household; where it was once lower, or power was injected: 0
ACCURACY: Final = 0.004  # greatest difference between the measurements of S and of the index
MAX_LEVEL: Final = 150.0  # s; later, small loads may have come and gone that S does not show
_INDUCTIVE: Final = math.sqrt(3)  # power factor 0.5: motors, transformers
_CAPACITIVE: Final = -0.5  # power factor 0.9: lamps, power supplies
_TOLERANCE: Final = 0.2  # greatest change of S within a level
_RECENT: Final = 64  # frames in which a load that switches was once on and once off
_SWITCHING: Final = 0.9  # share of the least power of a second in which a load switches: a margin


class Flow(NamedTuple):
    """
    Part of a frame: the apparent power in VA, negative while injecting, and the VA to which it is rounded.

    `energy` is the index of the present direction in Wh; None if the meter has no such index. Then `apparent`
    is an estimate, and `most` the greatest power in W that may be injected, None if it is unknown.
    """

    apparent: int
    rounding: int
    energy: int | None
    most: float | None = None


class Active(NamedTuple):
    """An active power and its bounds in W; negative while injecting."""

    value: int
    lower: int
    upper: int


class _BarAt(NamedTuple):
    """Bounds of an active power in W, and the apparent power S in VA for which they hold."""

    bar: Bar
    apparent: float


class _CountedFrame(NamedTuple):
    """
    A frame whose energy is counted; its powers are positive in its direction (`sign`).

    `time` and `elapsed`, which is since the last frame, are in s, S (`apparent`) in VA and `energy`, the
    index of this direction, in Wh. `rounding` is that of S, and `error` the mean error of a power, W.
    """

    time: float
    elapsed: float
    sign: int
    apparent: float
    energy: int
    rounding: int
    error: float

    def new_level(self) -> Level:
        """Return a level that begins with this frame."""
        return Level(self.time, self.apparent, self.energy)


def _is_step(level: Level, frame: _CountedFrame) -> bool:
    """True if the S of a frame differs too much from that of the first frame of a level."""
    tolerance = max(2 * frame.rounding, _TOLERANCE * frame.apparent)
    return abs(frame.apparent - level.first) > tolerance


def _is_over(level: Level, now: float) -> bool:
    """True if a level contradicts itself, or is old."""
    lower, upper = level.factor
    contradicts_itself = lower > upper
    is_old = lower > 0 and now - level.start > MAX_LEVEL
    return contradicts_itself or is_old


class ActivePower:
    """The active power of the meter whose frames it receives; its memory is bounded."""

    def __init__(self) -> None:
        self._sign = 0  # the direction: 1 for a drawn power, -1 for an injected one, 0 before the first frame
        self._heard = -math.inf  # the time of the last frame
        self._least = LEAST_FACTOR
        self._has_turned = False
        self._doubtful_until = -math.inf  # the bar reaches down to 0 W until then
        self._recent = deque[float](maxlen=_RECENT)  # S of the last frames
        self._fit = Fit()
        self._restart()

    def _restart(self) -> None:
        """Forget the power and its bounds, but not the power factor and the direction."""
        self._level: Level | None = None
        self._kept: _BarAt | None = None  # the bar from before the level
        self._best: _BarAt | None = None  # the bar of the last frame
        self._active: Active | None = None

    def at(self, now: float) -> Active | None:
        """Return the active power at the monotonic time `now`, seconds; None while it is unknown."""
        if now - self._heard > UNKNOWN_AFTER:
            return None
        return self._active

    def add(self, flow: Flow, *, now: float, has_exported: bool) -> None:
        """Update the power with a frame that came at `now`; `has_exported`: the meter has injected before."""
        elapsed = now - self._heard
        if elapsed <= 0:
            return
        self._heard = now
        if has_exported:
            self._least = 0.0
        if flow.energy is not None:
            apparent = float(abs(flow.apparent))
            sign = -1 if flow.apparent < 0 else 1
            error = flow.rounding / 4 + ACCURACY * apparent  # a quarter: the mean of the error
            self._follow(_CountedFrame(now, elapsed, sign, apparent, flow.energy, flow.rounding, error))
            return
        # Nothing counts what flows out: the power is bounded by the currents, or unknown.
        self._restart()
        self._fit.restart()
        self._sign = -1
        if flow.most is not None:
            value = min(flow.most, self._fit.power(abs(flow.apparent)))
            self._active = Active(-round(value), -math.ceil(flow.most), 0)

    def _follow(self, frame: _CountedFrame) -> None:
        """Update the power with a frame whose energy is counted."""
        if frame.elapsed > UNKNOWN_AFTER:
            self._level = None
            self._fit.restart()
            self._recent.clear()
        level = self._level
        has_stepped = False
        if level is None or frame.sign != self._sign or frame.energy < level.energy:
            self._begin(frame.sign, frame.apparent, frame.time)
            level = frame.new_level()
        elif _is_step(level, frame):
            has_stepped = True
            self._kept = self._best
            level = frame.new_level()
        else:
            level.add(frame.time, frame.apparent, frame.energy)
        bar = self._measure(level, frame.apparent, frame.error)
        self._best = None
        self._active = None
        if bar is not None:
            self._best = _BarAt(bar, frame.apparent)
            is_contradicted = self._set_active(bar, frame, has_stepped=has_stepped)
            if is_contradicted and self._has_turned:
                self._begin_doubt(frame)
                level = frame.new_level()
        self._recent.append(frame.apparent)
        lower, upper = level.factor
        if lower <= upper < self._least:
            self._least = 0.0
        if _is_over(level, frame.time):
            self._kept = self._kept or self._best
            level = frame.new_level()
        self._level = level

    def _begin_doubt(self, frame: _CountedFrame) -> None:
        """Let the bar reach down to 0 W for a while: a PV router may work."""
        self._doubtful_until = frame.time + DOUBT
        self._best = _BarAt(Bar(0.0, frame.apparent), frame.apparent)
        self._kept = self._best

    def _set_active(self, bar: Bar, frame: _CountedFrame, *, has_stepped: bool) -> bool:
        """Set the power within the bar; return True if the index contradicts the bars of the last frames."""
        if frame.time < self._doubtful_until:
            bar = Bar(0.0, bar.upper)
        likeliest = self._fit.power(frame.apparent)
        value = min(bar.upper, max(bar.lower, likeliest))
        elapsed = frame.elapsed
        if elapsed > UNKNOWN_AFTER:
            elapsed = 0.0  # what flowed meanwhile is unknown
        is_contradicted = self._fit.add(
            frame.sign,
            frame.energy,
            elapsed=elapsed,
            value=value,
            bar=Bar(max(0.0, bar.lower - frame.error), bar.upper + frame.error),
            timing=2 * MEASURED * frame.apparent,
        )
        if has_stepped:
            # A load may have switched within the second; the value is that of a steady second.
            lower = min(bar.lower, self._least_of_switch(frame.apparent))
            bar = Bar(lower, bar.upper)
        self._active = self._result(bar, frame.apparent, value, frame.error)
        return is_contradicted

    def _begin(self, sign: int, apparent: float, now: float) -> None:
        """Begin anew with a power of a direction (`sign`), which may be the same as before."""
        has_turned = self._sign not in (0, sign)
        self._restart()
        self._sign = sign
        if has_turned:
            self._has_turned = True
            self._doubtful_until = now + DOUBT
        # After a turn, any power up to S is possible. Where S is 0, the power is 0.
        if has_turned or not apparent:
            self._kept = _BarAt(Bar(0.0, apparent), apparent)

    def _measure(self, level: Level, apparent: float, error: float) -> Bar | None:
        """
        Return the kept bar with the present S, or the bar of the level if it is better.

        Without either, it is the bar of the last frame with the present S, None if there is none.
        """
        bar = None
        if self._kept is not None:
            bar = self._moved(self._kept, apparent)
        lower, upper = level.factor
        # The first bar of all waits for a lower bound. A level without S has no power factor.
        is_bounded = lower > 0 or self._best is not None
        if lower <= upper and level.area and is_bounded:
            # What the power may differ by, W, since S was not seen between the seconds of two frames.
            doubt = 2 * math.sqrt(level.unseen) / (level.now - level.start)
            bar_of_level = self._bar_of_level(level, apparent, doubt)
            if bar_of_level.is_better(bar, max(0.0, error - doubt)):
                bar = bar_of_level
                self._kept = None
        if bar is None and self._best is not None:
            bar = self._moved(self._best, apparent)
        return bar

    def _bar_of_level(self, level: Level, apparent: float, doubt: float) -> Bar:
        """Return the bounds of the power with the present S, by the power factor of a level."""
        least_factor, greatest_factor = level.factor
        lower = math.inf
        upper = 0.0
        for mean in level.means():
            bar_at_mean = _BarAt(Bar(least_factor * mean, greatest_factor * mean), mean)
            bar = self._moved(bar_at_mean, apparent)
            lower = min(lower, bar.lower)
            upper = max(upper, bar.upper)
        return Bar(max(0.0, lower - doubt), min(apparent, upper + doubt))

    def _least_of_switch(self, apparent: float) -> float:
        """
        Return the least power of a second in which a load switched, after S stepped to `apparent`.

        S was S1 before the load switched, and S2 afterwards. S2 is not known before the next frame: it is at
        most the greatest S of the last frames if S rises, and at least the smallest if S falls. The meter
        sends the root of the mean square, S² = (1 − d) × S1² + d × S2², with the share d of the second for
        S2. The mean is then (S² + S1 × S2) / (S1 + S2).
        """
        before = self._recent[-1]
        after = max(self._recent) if apparent > before else min(self._recent)
        if not min(before, after) < apparent < max(before, after):
            return apparent
        mean = (apparent * apparent + before * after) / (before + after)
        return _SWITCHING * mean * self._fit.power(apparent) / apparent

    def _moved(self, bar_before: _BarAt, after: float) -> Bar:
        """Return the bounds of the power after S changed to `after`, for the bounds before."""
        bar, before = bar_before
        if after == before:
            return bar
        ends_of_lower = self._ends(bar.lower, before, after)
        ends_of_upper = self._ends(bar.upper, before, after)
        return Bar(min(ends_of_lower), max(ends_of_upper))

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
            # The equation is a × x² + 2 × b × x = change.
            a = 1 + tangent * tangent
            b = active + reactive * tangent * self._sign  # a load that comes lowers an injected power
            root = b * b + a * change
            if root < 0 or (change < 0 and b <= 0):
                ends.append(self._least * after)
                ends.append(after)
            else:
                power = active + (math.sqrt(root) - b) / a
                ends.append(min(after, max(0.0, power)))
        return ends

    def _result(self, bar: Bar, apparent: float, value: float, error: float) -> Active:
        """Return a value, and the bar with the errors of the meter; negative while injecting."""
        most = apparent + error
        # An error of S is a greater error of the power P: dP = dS × S / P. It is at most 20 times that of S.
        least_power = max(bar.lower, apparent / 20, 1.0)
        error_of_power = error * max(1.0, apparent / least_power)
        lower = max(0.0, bar.lower - error_of_power)
        upper = min(most, bar.upper + error_of_power)
        if self._sign < 0:
            lower, upper = -upper, -lower
        return Active(round(self._sign * value), math.floor(lower), math.ceil(upper))
