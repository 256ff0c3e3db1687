"""A driver that hangs, and a meter at the true speed of its line."""

from __future__ import annotations

import asyncio
import datetime as dt
import random
import threading
from typing import TYPE_CHECKING, Self

from teleinfo.simulator.catalogue import build
from teleinfo.simulator.play import play
from teleinfo.simulator.serial_line import SerialLine
from tests.support.process import LIMIT

if TYPE_CHECKING:
    from pathlib import Path

START = dt.datetime(2026, 1, 15, 12, 0)  # noqa: DTZ001 - a meter's clock is naive

# While the file of the name `flag` exists, the driver does not come back.
HANG = """
import os, time
really_open, really_close = os.open, os.close
def hang(flag):
    while os.path.exists(flag):
        time.sleep(0.02)
def slow_open(path, *arguments, **more):
    if path == os.environ["TELEINFO_SERIAL_PORT"]:
        hang({opening!r})
    return really_open(path, *arguments, **more)
def slow_close(descriptor):
    if os.path.exists({closing!r}) and os.readlink(f"/proc/self/fd/{{descriptor}}").startswith("/dev/pts/"):
        hang({closing!r})
    really_close(descriptor)
os.open, os.close = slow_open, slow_close
"""


def hang(folder: Path) -> tuple[Path, Path, str]:
    """Return the flags that make opening and closing hang, and the patch that obeys them."""
    opening = folder / "opening"
    closing = folder / "closing"
    return opening, closing, HANG.format(opening=str(opening), closing=str(closing))


class LiveMeter:
    """
    The simulated meter `name` of the catalogue, at the true speed of its line, behind the link `link`.

    A reader at another speed hears what a UART would. `become` makes another meter of it, at another speed.
    """

    def __init__(self, name: str, link: Path) -> None:
        self._name = name
        self.line = SerialLine(link=link, strict_speed=True)
        self._changed = threading.Event()
        self._ended = False
        self._thread = threading.Thread(target=self._live, name="live meter", daemon=True)

    def become(self, name: str) -> None:
        """Go on as another meter, as when Enedis sets another mode."""
        self._name = name
        self._changed.set()

    def _live(self) -> None:
        while not self._ended:
            self._changed.clear()
            asyncio.run(self._play())

    async def _play(self) -> None:
        meter = build(self._name, start=START, rng=random.Random(3))
        self.line.baudrate = meter.baudrate
        playing = asyncio.create_task(play(meter, self.line, start=START))
        while not self._changed.is_set():
            await asyncio.wait({playing}, timeout=0.05)
            if playing.done():
                playing.result()
        playing.cancel()

    def __enter__(self) -> Self:
        self.line.open()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended = True
        self._changed.set()
        self._thread.join(LIMIT)
        self.line.close()
