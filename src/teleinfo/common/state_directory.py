"""Directory of what outlives a restart, and the names of its files."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path
from typing import Final
from urllib.parse import quote

MAX_NAME: Final = 200
"""Greatest length of a quoted topic that names a file; a file name may have 255 bytes (NAME_MAX)."""


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


def file_name(topic: str) -> str:
    """Return the name, without a suffix, of a file of the meter with this base topic."""
    name = quote(topic, safe="")
    return name if len(name) <= MAX_NAME else sha256(topic.encode()).hexdigest()
