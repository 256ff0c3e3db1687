"""The path of the history of a meter: of the service of the page, or of a user who starts the page."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from teleinfo.common.state_directory import file_name, state_directory

_OF_SERVICE: Final = Path("/var/lib/teleinfo-web")
"""The state directory of the service."""


def history_of(topic: str) -> Path:
    """Return the file in which this process keeps the history of the meter with this base topic."""
    return (state_directory("teleinfo-web") or _OF_SERVICE) / _name(topic)


def history_to_change(topic: str) -> Path:
    """Return the file that a command changes: for root it is that of the service, if there is one."""
    is_root = os.geteuid() == 0 and not os.environ.get("STATE_DIRECTORY")
    if is_root and _OF_SERVICE.exists():
        return _OF_SERVICE / _name(topic)
    return history_of(topic)


def _name(topic: str) -> str:
    return f"{file_name(topic)}.sqlite"
