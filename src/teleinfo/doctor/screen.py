"""Show the findings on standard output, area by area, and meanwhile the step under way."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

from teleinfo.doctor.report import Style, format_area, format_summary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from teleinfo.doctor.findings import Area

_ERASE = "\r\x1b[K"


class Screen:
    """Standard output; `quiet`: nothing is shown."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet

    def write(self, text: str) -> None:
        """Write text in place of the step that is shown."""
        if not self._quiet:
            sys.stdout.write(f"{_ERASE}{text}" if sys.stdout.isatty() else text)
            sys.stdout.flush()

    def step(self, text: str) -> None:
        """Show the step under way, on a terminal, where it can be erased again."""
        if sys.stdout.isatty():
            self.write(f"… {text}")

    def area(self, area: Area) -> None:
        """Show the findings of an area."""
        self.write(format_area(area, _style()))

    def summary(self, areas: Sequence[Area]) -> None:
        """Show how many faults there are, and what to do first."""
        self.write(format_summary(areas, _style()))


def _style() -> Style:
    colours = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return Style(shutil.get_terminal_size().columns, colours=colours)
