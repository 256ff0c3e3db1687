"""
Turn a horodate of standard mode into ISO 8601 with its offset.

Pure. Its season letter gives the offset: H and h winter, E and e summer, the small ones from a clock that
lost its time (54E); a blank season (mobile peaks) is resolved by the calendar of France.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Final

_FORM: Final = re.compile(r"([EHeh ])([0-9]{12})")


def iso(horodate: str) -> str | None:
    """Return the same moment in ISO 8601, for metropolitan France, or None where it is no moment."""
    match = _FORM.fullmatch(horodate)
    if match is None:
        return None
    season, digits = match.groups()
    try:
        local = dt.datetime.strptime(digits, "%y%m%d%H%M%S")  # noqa: DTZ007 - the offset is added below
    except ValueError:
        return None
    summer = _is_summer(local) if season == " " else season in "Ee"
    return local.replace(tzinfo=dt.timezone(dt.timedelta(hours=2 if summer else 1))).isoformat()


def _is_summer(local: dt.datetime) -> bool:
    """Whether summer time holds: last Sunday of March, 02:00, to that of October, 03:00 (2000/84/EC)."""
    return _last_sunday(local.year, 3, hour=2) <= local < _last_sunday(local.year, 10, hour=3)


def _last_sunday(year: int, month: int, *, hour: int) -> dt.datetime:
    """Return the last Sunday of a month of 31 days."""
    last = dt.datetime(year, month, 31, hour)  # noqa: DTZ001 - local time is compared with local time
    return last - dt.timedelta(days=(last.weekday() + 1) % 7)
