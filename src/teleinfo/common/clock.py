"""The clocks of the machine."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from teleinfo.vocabulary.moment import Moment


def now() -> Moment:
    """Return the present moment; its time of day is local, in whole seconds."""
    return Moment(time.monotonic(), datetime.fromtimestamp(int(time.time()), UTC).astimezone())
