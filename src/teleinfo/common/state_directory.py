"""Directory of what outlives a restart."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def state_directory(environ: Mapping[str, str], name: str = "teleinfo") -> Path | None:
    """
    Return the directory for the files of this process; None if there is no home directory.

    It is $STATE_DIRECTORY, set by systemd (StateDirectory=) and in our container image; otherwise `name`
    under $XDG_STATE_HOME, by default ~/.local/state.
    """
    given = environ.get("STATE_DIRECTORY", "").partition(":")[0]
    if given:
        return Path(given)
    base = Path(environ.get("XDG_STATE_HOME", ""))
    if base.is_absolute():
        return base / name
    try:
        return Path.home() / ".local/state" / name
    except RuntimeError:  # no HOME, and a user that the system does not know
        return None
