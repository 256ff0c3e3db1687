"""
Hold back the numbers of the state that hardly change: Home Assistant's recorder stores a row for each change.

Pure. A power or a voltage is shown anew when it differs by more than the noise of its quantity from what is
shown, or when that has been shown for the time of its quantity. An energy or a cost is shown when its time is
over, and when it begins anew. Whatever else changes is shown at once: an alert, a tariff, a word, a number
that becomes known or unknown, the share of the subscription, a current.

Home Assistant makes its statistics from the states at the end of each five minutes, and of each hour by its
own clock: all energies are shown in the last seconds before, and with each frame about a whole hour, so that
each Wh counts in its own hour even if the two clocks differ.
"""

from __future__ import annotations

import math
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from teleinfo.homeassistant.tables import PACES, Pace
from teleinfo.state.declaration import FIELD_OF_PATH

if TYPE_CHECKING:
    from teleinfo.state.field_entry import FieldPath
    from teleinfo.state.fields import Json

_PERIOD: Final = 300
"""Seconds from one statistic of Home Assistant to the next, on its clock."""
_LAST_SECONDS: Final = 4
"""The last seconds of a period, in which at least one frame ends: the longest takes 3.0 s (three phases)."""
_HOUR: Final = 3600
_ABOUT_HOUR: Final = 15
"""Seconds about a whole hour in which each frame is shown: clocks are up to 12 s apart, a frame takes 3 s."""

_SPANS: Final = frozenset({"energy", "cost"})
"""The sections of numbers that fall only when a day or a month begins."""
_EACH_MINUTE: Final = Pace(noise=math.inf, seconds=60)
_TIMES: Final[tuple[FieldPath, ...]] = (("time",), ("meter", "clock"))


class HeldState:
    """The state that Home Assistant is shown, of the states that it receives."""

    def __init__(self) -> None:
        self._shown: dict[FieldPath, tuple[Json, float]] = {}  # the value shown, and since when

    def update(self, state: dict[str, Json], *, now: float) -> dict[str, Json]:
        """Return what is shown of `state` at the monotonic time `now`, seconds."""
        time = state.get("time")
        at = datetime.fromisoformat(time) if isinstance(time, str) else None
        pause = math.inf if at is None else _pause(at)
        before, self._shown = self._shown, {}

        def shown(value: Json, path: FieldPath) -> Json:
            if isinstance(value, dict):
                return {name: shown(inner, (*path, name)) for name, inner in value.items()}
            pace = _pace(path)
            if pace is None or (isinstance(value, str) and path not in _TIMES):
                return value
            last, since = before.get(path, (None, now))
            seconds = pace.seconds
            if pace.noise == math.inf and path not in _TIMES:
                seconds = min(seconds, pause)
            if now - since < seconds and _is_near(value, last, pace.noise, path):
                value = last
            self._shown[path] = value, since if value == last else now
            return value

        return {name: shown(value, (name,)) for name, value in state.items()}


def ends_period(at: datetime) -> bool:
    """True in the last seconds of a period of Home Assistant's statistics, and about a whole hour."""
    return _pause(at) < math.inf


def _pause(at: datetime) -> float:
    """Return the seconds after which an energy is shown again; infinite if its interval decides."""
    seconds = at.minute * 60 + at.second
    if not _ABOUT_HOUR <= seconds < _HOUR - _ABOUT_HOUR:
        return 0
    return _LAST_SECONDS if seconds % _PERIOD >= _PERIOD - _LAST_SECONDS else math.inf


def _is_near(value: Json, last: Json, noise: float, path: FieldPath) -> bool:
    """
    True if both are times, or numbers that differ by no more than `noise`.

    It is False if a day or a month begins between them.
    """
    if isinstance(value, str) and isinstance(last, str):
        return True
    if not (isinstance(value, int | float) and isinstance(last, int | float)):
        return False
    if path[0] in _SPANS and value < last:
        return False
    return abs(value - last) <= noise


@lru_cache(maxsize=512)
def _pace(path: FieldPath) -> Pace | None:
    """Return the pace of the number at this path of the state; None: it is shown at once."""
    if path[0] == "labels" or path in _TIMES:
        return _EACH_MINUTE
    field = FIELD_OF_PATH.get(".".join(path))
    if field is None:
        # The energy of an index has the étiquette of the index in its path.
        return PACES["Wh"]
    return PACES.get(field.unit or "")
