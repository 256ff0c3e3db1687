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

_FORM: Final = re.compile(r"[EHeh ][0-9]{12}")
PARIS: Final = ZoneInfo("Europe/Paris")
_ZONES: Final = {"E": dt.timezone(dt.timedelta(hours=2)), "H": dt.timezone(dt.timedelta(hours=1))}


def local_time(horodate: str) -> dt.datetime | None:
    """Return the local time of the meter, without a zone; None if `horodate` is no date and time."""
    if _FORM.fullmatch(horodate) is None:
        return None
    year, month, day, hour, minute, second = (int(horodate[place : place + 2]) for place in range(1, 13, 2))
    try:
        return dt.datetime(2000 + year, month, day, hour, minute, second)  # noqa: DTZ001 - the caller knows the zone
    except ValueError:
        return None


@lru_cache(maxsize=32)
def moment(horodate: str) -> dt.datetime | None:
    """Return the time with the offset of metropolitan France; None if `horodate` is invalid."""
    local = local_time(horodate)
    return None if local is None else local.replace(tzinfo=_ZONES.get(horodate[0].upper(), PARIS))


def iso(horodate: str) -> str | None:
    """Return the time in ISO 8601 with the offset of metropolitan France; None if `horodate` is invalid."""
    at = moment(horodate)
    return None if at is None else at.isoformat()
