"""The clock of the machine: whether the network has set it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_TIMESYNC: Final = "run/systemd/timesync"


def is_synchronized(root: Path = Path("/")) -> bool | None:
    """
    Return True if systemd-timesyncd has set the clock since the start of the machine.

    The files of the machine are in `root`. None: it has another program for its clock, or none.
    """
    folder = root / _TIMESYNC
    return (folder / "synchronized").exists() if folder.is_dir() else None
