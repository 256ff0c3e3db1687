"""The clocks of the machine, and whether they have been set."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from teleinfo.vocabulary.moment import Moment

EARLIEST: Final = datetime(2020, 1, 1, tzinfo=UTC).timestamp()
"""Seconds since 1970 of the earliest time that is believed: without a clock, a machine starts in 1970."""


def is_set(seconds: float) -> bool:
    """Return True if `seconds` since 1970 can be the present time."""
    return seconds >= EARLIEST


def seconds() -> float:
    """Return the seconds since 1970 by the clock of the machine."""
    return time.time()


def now() -> Moment:
    """Return the present moment; its time of day is local, in whole seconds."""
    whole_seconds = int(time.time())
    local = datetime.fromtimestamp(whole_seconds, UTC).astimezone()
    return Moment(time.monotonic(), local)


def is_synchronized(root: Path = Path("/")) -> bool | None:
    """
    Return True if systemd-timesyncd has set the clock since the start of the machine, False if not yet.

    The files of the machine are in `root`. None: it has another program for its clock, or none.
    """
    folder = root / "run/systemd/timesync"
    if not folder.is_dir():
        return None
    return (folder / "synchronized").exists()
