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
_ANY_CHANGE: Final = math.inf
"""Noise of a number whose every change waits for its interval."""
_EACH_MINUTE: Final = Pace(noise=_ANY_CHANGE, seconds=60)
_TIMES: Final[tuple[FieldPath, ...]] = (("time",), ("meter", "clock"))


class HeldState:
    """The state that Home Assistant is shown, made of the decoded states, one after the other."""

    def __init__(self) -> None:
        # By path: the value that is shown, and the monotonic time at which it was first shown.
        self._shown: dict[FieldPath, tuple[Json, float]] = {}
        self._shown_before: dict[FieldPath, tuple[Json, float]] = {}

    def update(self, state: dict[str, Json], *, now: float) -> dict[str, Json]:
        """Return what is shown of `state` at the monotonic time `now`, in seconds."""
        time = state.get("time")
        energy_interval = math.inf
        if isinstance(time, str):
            energy_interval = _energy_interval(datetime.fromisoformat(time))
        # A value that this state lacks is forgotten: when it comes again, it is shown at once.
        self._shown_before = self._shown
        self._shown = {}  # `_of_value` fills it
        return self._of_section(state, (), now, energy_interval)

    def _of_section(
        self, section: dict[str, Json], path: FieldPath, now: float, energy_interval: float
    ) -> dict[str, Json]:
        """Return what is shown of the section at `path`; the arguments are those of `_of_value`."""
        shown: dict[str, Json] = {}
        for name, value in section.items():
            if isinstance(value, dict):
                shown[name] = self._of_section(value, (*path, name), now, energy_interval)
            else:
                shown[name] = self._of_value(value, (*path, name), now, energy_interval)
        return shown

    def _of_value(self, value: Json, path: FieldPath, now: float, energy_interval: float) -> Json:
        """
        Return `value`, or in its place the value that was shown before.

        An energy or a cost is shown again after `energy_interval` seconds, if that is less than its pace.
        """
        pace = _pace(path)
        is_time = path in _TIMES
        if pace is None or (isinstance(value, str) and not is_time):
            return value
        interval = pace.seconds
        is_energy_or_cost = pace.noise == _ANY_CHANGE and not is_time
        if is_energy_or_cost:
            interval = min(interval, energy_interval)
        before, shown_since = self._shown_before.get(path, (None, now))
        if now - shown_since < interval and _is_near(value, before, pace.noise, path):
            value = before
        # While a value stays the same its interval runs on, so that its next change is shown at once.
        if value != before:
            shown_since = now
        self._shown[path] = (value, shown_since)
        return value


def ends_period(at: datetime) -> bool:
    """True in the last seconds of a period of Home Assistant's statistics, and about a whole hour."""
    return _energy_interval(at) < math.inf


def _energy_interval(at: datetime) -> float:
    """Return the seconds after which an energy is shown again; infinite if its own pace decides."""
    seconds_of_hour = at.minute * 60 + at.second
    if seconds_of_hour < _ABOUT_HOUR or seconds_of_hour >= _HOUR - _ABOUT_HOUR:
        return 0
    if seconds_of_hour % _PERIOD >= _PERIOD - _LAST_SECONDS:
        return _LAST_SECONDS
    return math.inf


def _is_near(value: Json, before: Json, noise: float, path: FieldPath) -> bool:
    """
    True if both are times, or numbers that differ by no more than `noise`.

    It is False for an energy or a cost that fell: a day or a month has begun.
    """
    if isinstance(value, str) and isinstance(before, str):
        return True
    if not isinstance(value, int | float) or not isinstance(before, int | float):
        return False
    if path[0] in _SPANS and value < before:
        return False
    return abs(value - before) <= noise


@lru_cache(maxsize=512)
def _pace(path: FieldPath) -> Pace | None:
    """Return the pace of the number or time at this path of the state; None: it is shown at once."""
    if path[0] == "labels" or path in _TIMES:
        return _EACH_MINUTE
    field = FIELD_OF_PATH.get(".".join(path))
    if field is None:
        # The energy of an index has the étiquette of the index in its path.
        return PACES["Wh"]
    return PACES.get(field.unit or "")
