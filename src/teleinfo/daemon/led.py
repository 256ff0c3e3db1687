"""Blink an LED of the machine at each frame."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Final

from teleinfo.common.files import file_error

log = logging.getLogger(__name__)

FOLDER: Final = Path("/sys/class/leds")
ON_FOR: Final = 0.1  # seconds


class Led:
    """The LED `name` of the kernel. A write that fails is logged once, and has no other effect."""

    def __init__(self, name: str) -> None:
        self._file = FOLDER / name / "brightness"
        self._is_failure_logged = False

    def blink(self) -> None:
        """Switch the LED on, and off a moment later."""
        self.switch(on=True)
        asyncio.get_running_loop().call_later(ON_FOR, lambda: self.switch(on=False))

    def switch(self, *, on: bool) -> None:
        """Switch the LED on or off."""
        try:
            self._file.write_text("1" if on else "0", encoding="ascii")
        except OSError as error:
            if not self._is_failure_logged:
                log.warning("the LED does not blink: %s: %s", self._file, file_error(error))
            self._is_failure_logged = True
