"""
The likeliest active power for an apparent power: part 4 of the method of `active_power`.

Pure. Powers are positive in either direction.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from teleinfo.state.power_level import WS_PER_WH

if TYPE_CHECKING:
    from teleinfo.state.power_level import Bar

_SMALL: Final = 500.0  # VA; below, the power factor is more constant than the reactive power
_FIRST: Final = 60_000.0  # N² in VA², of a household whose index was not yet followed
_MOST: Final = 1e7  # the greatest N², VA²
_GAIN: Final = 80.0  # VA² for each Ws of difference; the fit follows within a minute or two


@dataclass(slots=True)
class _SinceStep:
    """
    Energies in Ws that flowed in a direction since its `index` stepped, by the values and by the bars.

    `is_whole` is False if the direction was followed only from a later frame on.
    """

    index: int
    value: float = 0.0
    lower: float = 0.0
    upper: float = 0.0
    is_whole: bool = False


class Fit:
    """
    The likeliest active power for an apparent power S, by the indexes of the last minutes.

    `square` is N² in VA². Where S is small, N is a share of S: N² × S² / (S² + `_SMALL`²) is taken.
    """

    def __init__(self) -> None:
        self.square = _FIRST
        self._since_step: dict[int, _SinceStep] = {}  # by direction

    def restart(self) -> None:
        """Keep what is known; the next frame of each direction begins a new measurement."""
        self._since_step.clear()

    def power(self, apparent: float) -> float:
        """Return the likeliest power."""
        square = apparent * apparent
        not_active = self.square * square / (square + _SMALL * _SMALL)
        return math.sqrt(max(0.0, square - not_active))

    def add(self, sign: int, index: int, *, elapsed: float, value: float, bar: Bar, timing: float) -> bool:
        """
        Add a frame, `elapsed` seconds after the last one; return True if its index contradicts the bars.

        `index` is that of the direction `sign`, Wh; it may lack, or be ahead by, `timing` Ws.
        """
        since = self._since_step.get(sign)
        if since is None or index < since.index:
            self._since_step[sign] = _SinceStep(index)
            return False
        since.value += elapsed * value
        since.lower += elapsed * bar.lower
        since.upper += elapsed * bar.upper
        counted = (index - since.index) * WS_PER_WH
        if not counted:
            most = WS_PER_WH  # the Wh that has not stepped yet
            is_contradicted = since.lower > most + timing
            excess = max(0.0, since.value - most)
            since.value -= excess  # it has its effect now, and not once more with the next frame
        elif not since.is_whole:
            most = counted + WS_PER_WH  # the first Wh had begun before the first frame
            is_contradicted = since.lower > most + timing
            excess = max(0.0, since.value - counted)
        else:
            is_contradicted = since.lower > counted + timing or since.upper < counted - timing
            excess = since.value - counted
        if counted:
            self._since_step[sign] = _SinceStep(index, is_whole=True)
        self.square = min(_MOST, max(0.0, self.square + _GAIN * excess))
        return is_contradicted
