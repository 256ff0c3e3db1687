"""
Horodates of standard mode: season and local time.

The season letter gives the offset: H and h winter, E and e summer; a lower-case letter means that the clock
lost its time (Enedis-NOI-CPT_54E v3). Mobile peaks have a blank season: the calendar of France decides.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Final
from zoneinfo import ZoneInfo

_FORM: Final = re.compile(r"[EHeh ]([0-9]{12})")
PARIS: Final = ZoneInfo("Europe/Paris")
_OFFSETS: Final = {"E": dt.timedelta(hours=2), "H": dt.timedelta(hours=1)}


def local_time(horodate: str) -> dt.datetime | None:
    """Return the local time of the meter, without a zone; None if `horodate` is no date and time."""
    match = _FORM.fullmatch(horodate)
    if match is None:
        return None
    try:
        return dt.datetime.strptime(match[1], "%y%m%d%H%M%S")  # noqa: DTZ007 - the zone is left to the caller
    except ValueError:
        return None


def iso(horodate: str) -> str | None:
    """Return the time in ISO 8601 with the offset of metropolitan France; None if `horodate` is invalid."""
    local = local_time(horodate)
    if local is None:
        return None
    offset = _OFFSETS.get(horodate[0].upper())
    return local.replace(tzinfo=PARIS if offset is None else dt.timezone(offset)).isoformat()
