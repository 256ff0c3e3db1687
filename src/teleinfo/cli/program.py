"""Command lines of this program, for messages that ask the user to type them."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path


def command_line(*arguments: str, root: bool = False) -> str:
    """
    Return a command line of this program that works when the user types it.

    The program is given by its name or by its path, as it was called. `sudo` stands before it if this process
    was started with sudo, or if only `root` may run the command.
    """
    sudo = root or "SUDO_UID" in os.environ
    return " ".join([*(["sudo"] if sudo else []), _program(), *arguments])


def _program() -> str:
    called = Path(sys.argv[0])
    installed = shutil.which("teleinfo")
    if installed is not None and called.name == "teleinfo" and Path(installed).resolve() == called.resolve():
        return "teleinfo"
    if called.name == "__main__.py":
        return f"{sys.executable} -m teleinfo"
    return str(called.absolute())
