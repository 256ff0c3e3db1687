"""
The search for the speed of the meter: open the port at one speed after the other until it is heard.

The reader, `record` and `doctor` all search with a `SpeedSearch`; `baud_detector` has the rules.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final

from teleinfo.port.baud_detector import BaudDetector
from teleinfo.port.serial_port import open_port
from teleinfo.port.tcp_bridge import is_bridge

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from teleinfo.port.protocol import DataSink
    from teleinfo.port.serial_port import Port
    from teleinfo.tic.decoder import Decoder
    from teleinfo.tic.labels import Mode
    from teleinfo.tic.reading import Reading

TRY_SECONDS = 6.0
"""
Seconds that `is_heard` listens at one speed.

At 1200 baud a frame may last 3.7 s (see `baud_detector`), and the port is opened in its middle.
"""

TICK: Final = 0.5
"""Seconds between two looks at the frame in progress, in `is_heard`."""


def speeds_at(url: str, baudrates: Sequence[int]) -> Sequence[int]:
    """Return the speeds to try at `url`, baud: of a bridge one, since its far end sets the speed."""
    return baudrates[:1] if is_bridge(url) else baudrates


class SpeedSearch:
    """
    Search the speed of the meter at `url` among `baudrates`, of which the first is tried first.

    The bytes go from the sink of the caller to `feed`; `decoder` decodes them. Raises ValueError without a
    speed.
    """

    def __init__(self, url: str, baudrates: Sequence[int], decoder: Decoder) -> None:
        self._url = url
        self._decoder = decoder
        self._detector = BaudDetector(speeds_at(url, baudrates))

    @property
    def baudrate(self) -> int:
        """The present speed, baud; behind a bridge it has no effect."""
        return self._detector.baudrate

    @property
    def fixed(self) -> bool:
        """True if there is one speed only."""
        return self._detector.fixed

    @property
    def mode(self) -> Mode | None:
        """The mode of the meter, None until the meter is heard at the present speed."""
        return self._detector.mode

    @contextlib.asynccontextmanager
    async def open(self, sink: DataSink) -> AsyncIterator[Port]:
        """Open the port at the present speed, as `open_port` does; forget any frame in progress."""
        self._decoder.reset()
        self._detector.reset()
        async with open_port(self._url, self.baudrate, sink) as port:
            yield port

    def feed(self, data: bytes, *, now: float | None = None) -> list[Reading]:
        """Decode bytes, and return the readings that are believed (see `BaudDetector.frame`)."""
        readings = self._decoder.feed(data, now=now)
        return [one for one in readings if self._detector.frame(one.mode, len(one.values))]

    def check_pending(self) -> bool:
        """Return True if the frame in progress has shown the meter since the last call; costs a parse."""
        return self._detector.partial_frame(*self._decoder.pending())

    def should_switch(self, silent_for: float) -> bool:
        """Return True if it is time for the next speed, after so many seconds without evidence."""
        return self._detector.should_switch(silent_for)

    def next_speed(self) -> None:
        """Select the next speed, for the next `open`."""
        self._detector.next_rate()

    async def is_heard(self, port: Port) -> bool:
        """Listen until the meter is heard, for `TRY_SECONDS` at most; raise PortError."""
        loop = asyncio.get_running_loop()
        end = loop.time() + TRY_SECONDS
        while self.mode is None and (left := end - loop.time()) > 0:
            await port.wait(min(left, TICK))
            self.check_pending()
        return self.mode is not None
