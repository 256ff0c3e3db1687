"""
Turn a horodate of standard mode into ISO 8601 with its offset.

Pure. The season letter gives the offset: H and h winter, E and e summer, the small ones from a clock that
lost its time (Enedis-NOI-CPT_54E v3). A time without a season (mobile peaks) gets the offset that France has
then; in the hour that comes twice in October, that of summer.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Final
from zoneinfo import ZoneInfo

# Without the system's time zones (Debian: tzdata) this module cannot be imported: no offset is better than a
# wrong one.
_FRANCE: Final = ZoneInfo("Europe/Paris")
_WINTER: Final = dt.timezone(dt.timedelta(hours=1))
_SUMMER: Final = dt.timezone(dt.timedelta(hours=2))
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
    zone = _FRANCE if season == " " else _SUMMER if season in "Ee" else _WINTER
    return local.replace(tzinfo=zone).isoformat()
