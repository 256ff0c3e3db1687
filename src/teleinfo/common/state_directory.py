"""Directory of what outlives a restart."""

from __future__ import annotations

import os
from pathlib import Path


def state_directory(name: str = "teleinfo") -> Path | None:
    """
    Return the directory for the files of this process; None if there is no home directory.

    It is $STATE_DIRECTORY, set by systemd (StateDirectory=) and in our container image; otherwise `name`
    under $XDG_STATE_HOME, by default ~/.local/state.
    """
    given = os.environ.get("STATE_DIRECTORY", "").partition(":")[0]
    if given:
        return Path(given)
    base = Path(os.environ.get("XDG_STATE_HOME", ""))
    if base.is_absolute():
        return base / name
    try:
        return Path.home() / ".local/state" / name
    except RuntimeError:  # no HOME, and a user that the system does not know
        return None
