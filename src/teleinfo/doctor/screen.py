"""Standard output, with the step under way while nothing else is to be shown."""

from __future__ import annotations

import os
import shutil
import sys

from teleinfo.doctor.report import Style

_ERASE = "\r\x1b[K"


class Screen:
    """Standard output; `quiet`: nothing is shown."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet

    @property
    def style(self) -> Style:
        """The width of the terminal now, and whether it has colours."""
        plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
        return Style(shutil.get_terminal_size().columns, colours=sys.stdout.isatty() and not plain)

    def write(self, text: str) -> None:
        """Write text in place of the step that is shown."""
        if not self._quiet:
            sys.stdout.write(f"{_ERASE}{text}" if sys.stdout.isatty() else text)
            sys.stdout.flush()

    def step(self, text: str) -> None:
        """Show the step under way, on a terminal, where it can be erased again."""
        if sys.stdout.isatty():
            self.write(f"… {text}")
