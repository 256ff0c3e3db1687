"""The port side of `teleinfo record`: find the speed of the meter, copy the bytes, show the progress."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, BinaryIO, Final

from teleinfo.common.i18n import N_, _
from teleinfo.tic.decoder import Decoder

if TYPE_CHECKING:
    from teleinfo.port.protocol import LineProtocol
    from teleinfo.port.search import SpeedSearch
    from teleinfo.record.anonymise import Anonymiser

SEARCH_TIMEOUT: Final = 30.0
"""Seconds after which the search for the speed is given up: each speed has been tried twice by then."""

TICK: Final = 0.5
"""Seconds between two lines of progress."""

NO_BYTE: Final = N_("No byte came: check the wires (terminals I1 and I2) and the adapter")


class RecordError(Exception):
    """There is no recording; the message is in the language of the user."""


class Recording:
    """
    A recording of at most `most` bytes, into `file`, without identifiers if there is an `anonymiser`.

    It begins at the speed at which `search` finds the meter, and then `began` is True. `counts` has the
    recorded bytes and the sound frames in them, `seconds` is the duration.
    """

    def __init__(
        self, search: SpeedSearch, file: BinaryIO, anonymiser: Anonymiser | None, *, most: int
    ) -> None:
        self.search = search
        self.anonymiser = anonymiser
        self.began = False
        self.seconds = 0.0
        self._file = file
        self._most = most
        self._decoder = Decoder()
        self.counts = self._decoder.counts
        self._has_heard_bytes = False

    def on_data(self, data: bytes) -> None:
        """Search in the bytes, or record them; raise OSError if the file cannot be written."""
        self._has_heard_bytes = True
        if not self.began:
            self.search.feed(data)
            return
        data = data[: self._most - self.counts.bytes_]
        self._decoder.feed(data)
        self._file.write(data if self.anonymiser is None else self.anonymiser.feed(data))
        self._file.flush()

    def close(self) -> None:
        """Write the bytes that the anonymiser still holds; raise OSError."""
        if self.anonymiser is not None:
            self._file.write(self.anonymiser.close())
        self._file.flush()

    async def run(self, duration: float) -> None:
        """Find the speed, record for `duration` seconds; raise PortError, RecordError or OSError."""
        loop = asyncio.get_running_loop()
        end = loop.time() + SEARCH_TIMEOUT
        while loop.time() < end:
            show(_("Listening at {baudrate} baud").format(baudrate=self.search.baudrate))
            async with self.search.open(self) as port:
                if self.search.fixed or await self.search.is_heard(port):
                    await self._copy(port, duration)
                    return
            self.search.next_speed()
        if not self._has_heard_bytes:
            raise RecordError(_(NO_BYTE))
        raise RecordError(
            _(
                "Nothing that came made sense, at any speed. To record it all the same, say at which speed: "
                "--baudrate 1200 (mode historique) or --baudrate 9600 (mode standard)"
            )
        )

    async def _copy(self, port: LineProtocol, duration: float) -> None:
        self.began = True
        loop = asyncio.get_running_loop()
        start = loop.time()
        while self.counts.bytes_ < self._most and (left := duration - self.seconds) > 0:
            await port.wait(min(left, TICK))
            self.seconds = loop.time() - start
            show(progress(seconds=self.seconds, of=duration, count=self.counts.bytes_))


def show(text: str) -> None:
    """Replace the line of progress on standard error, where that is a terminal."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()


def progress(*, seconds: float, of: float, count: int, width: int = 30) -> str:
    """Return a line of progress: a bar of `width` characters, the `seconds` `of` the duration, the bytes."""
    filled = int(width * min(1.0, seconds / of))
    return f"[{'#' * filled}{'.' * (width - filled)}] {seconds:.0f}/{of:.0f} s, {count} B"
