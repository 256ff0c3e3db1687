"""
Hold back the numbers of the state that hardly change: Home Assistant's recorder stores a row for each change.

Pure. A number is shown anew when it differs by more than the noise of its quantity from the number shown, or
when that has been shown for the interval of its quantity. An alert, a tariff, a word, and a number that
becomes known or unknown are shown at once. Home Assistant makes its statistics from the states at the end of
each five minutes: all energies are shown in the last seconds before, so that each Wh counts in its own hour.
"""

from __future__ import annotations

import math
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from teleinfo.state.declaration import FIELD_OF_PATH

if TYPE_CHECKING:
    from teleinfo.state.field_entry import FieldPath
    from teleinfo.state.fields import Json

_PERIOD: Final = 300
"""Seconds from one statistic of Home Assistant to the next, on its clock."""
_LAST_SECONDS: Final = 3
"""The last seconds of a period, in which at least one frame comes: a frame takes 1.6 s or less."""

_PACES: Final[dict[str | None, tuple[float, float]]] = {
    "W": (50, 30),
    "VA": (50, 30),
    "A": (1, 120),
    "V": (3, 300),
    "%": (5, 120),
    "EUR": (math.inf, 300),
    "Wh": (math.inf, 300),
}
"""The noise of a quantity, in its unit, and its interval in seconds."""
_EACH_MINUTE: Final = math.inf, 60.0
_TIMES: Final[tuple[FieldPath, ...]] = (("time",), ("meter", "clock"))
_TOTALS: Final[tuple[FieldPath, ...]] = (("energy", "import_total"), ("energy", "export_total"))


class HeldState:
    """The state that Home Assistant is shown, of the states that it receives."""

    def __init__(self) -> None:
        self._shown: dict[FieldPath, tuple[Json, float]] = {}  # the value shown, and since when

    def update(self, state: dict[str, Json], *, now: float) -> dict[str, Json]:
        """Return what is shown of `state` at the monotonic time `now`, seconds."""
        time = state.get("time")
        is_end = isinstance(time, str) and ends_period(datetime.fromisoformat(time))
        before, self._shown = self._shown, {}

        def shown(value: Json, path: FieldPath) -> Json:
            if isinstance(value, dict):
                return {name: shown(inner, (*path, name)) for name, inner in value.items()}
            pace = _pace(path)
            if pace is None or (isinstance(value, str) and path not in _TIMES):
                return value
            noise, interval = pace
            last, since = before.get(path, (None, now))
            is_due = now - since >= interval or (is_end and noise == math.inf)
            if not is_due and _is_near(value, last, noise):
                value = last
            self._shown[path] = value, since if value == last else now
            return value

        return {name: shown(value, (name,)) for name, value in state.items()}


def ends_period(at: datetime) -> bool:
    """True in the last seconds of a period of Home Assistant's statistics, which begin with whole hours."""
    return (at.minute * 60 + at.second) % _PERIOD >= _PERIOD - _LAST_SECONDS


def _is_near(value: Json, last: Json, noise: float) -> bool:
    """True if both are times, or numbers that differ by no more than `noise`."""
    if isinstance(value, str) and isinstance(last, str):
        return True
    return isinstance(value, int | float) and isinstance(last, int | float) and abs(value - last) <= noise


@lru_cache(maxsize=512)
def _pace(path: FieldPath) -> tuple[float, float] | None:
    """Return noise and interval of the number at this path of the state; None: it is shown at once."""
    if path[0] == "labels" or path in (*_TIMES, *_TOTALS):
        return _EACH_MINUTE
    field = FIELD_OF_PATH.get(".".join(path))
    # The energy of an index has the étiquette of the index in its path.
    return _PACES.get("Wh" if field is None else field.unit)
