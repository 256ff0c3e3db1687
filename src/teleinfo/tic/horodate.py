"""
Horodates of standard mode: season and local time.

The season letter gives the offset: H and h winter, E and e summer; a lower-case letter means that the clock
lost its time (Enedis-NOI-CPT_54E v3). Mobile peaks have a blank season: the calendar of France decides.
"""

from __future__ import annotations

import datetime as dt
import re
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

_FORM: Final = re.compile("[EHeh ]" + 6 * "([0-9]{2})")
PARIS: Final = ZoneInfo("Europe/Paris")
_ZONES: Final = {"E": dt.timezone(dt.timedelta(hours=2)), "H": dt.timezone(dt.timedelta(hours=1))}


def local_time(horodate: str) -> dt.datetime | None:
    """Return the local time of the meter, without a zone; None if `horodate` is no date and time."""
    match = _FORM.fullmatch(horodate)
    if match is None:
        return None
    year, month, day, hour, minute, second = map(int, match.groups())
    try:
        return dt.datetime(2000 + year, month, day, hour, minute, second)  # noqa: DTZ001 - the caller knows the zone
    except ValueError:
        return None


@lru_cache(maxsize=32)
def moment(horodate: str) -> dt.datetime | None:
    """Return the time with the offset of metropolitan France; None if `horodate` is invalid."""
    local = local_time(horodate)
    if local is None:
        return None
    season = horodate[0].upper()
    return local.replace(tzinfo=_ZONES.get(season, PARIS))


def iso(horodate: str) -> str | None:
    """Return the time in ISO 8601 with the offset of metropolitan France; None if `horodate` is invalid."""
    time = moment(horodate)
    return None if time is None else time.isoformat()
