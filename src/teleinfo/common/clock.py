"""The clocks of the machine, and whether the network has set them."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

from teleinfo.vocabulary.moment import Moment


def now() -> Moment:
    """Return the present moment; its time of day is local, in whole seconds."""
    return Moment(time.monotonic(), datetime.fromtimestamp(int(time.time()), UTC).astimezone())


def is_synchronized(root: Path = Path("/")) -> bool | None:
    """
    Return True if systemd-timesyncd has set the clock since the start of the machine.

    The files of the machine are in `root`. None: it has another program for its clock, or none.
    """
    folder = root / "run/systemd/timesync"
    return (folder / "synchronized").exists() if folder.is_dir() else None
