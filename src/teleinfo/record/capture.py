"""The port side of `teleinfo record`: find the speed of the meter, copy the bytes, show the progress."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from typing import TYPE_CHECKING, BinaryIO, Final

from teleinfo.common import event_loop
from teleinfo.common.i18n import _
from teleinfo.port.search import SpeedSearch
from teleinfo.tic.decoder import Decoder
from teleinfo.tic.framing import ETX

if TYPE_CHECKING:
    from collections.abc import Sequence

    from teleinfo.port.serial_port import LineProtocol
    from teleinfo.record.anonymise import Anonymiser

SEARCH_TIMEOUT: Final = 30.0
"""Seconds after which the search for the speed is given up: each speed has been tried twice by then."""

PROGRESS_INTERVAL: Final = 0.5
"""Seconds between two lines of progress."""

TIMES_INTERVAL: Final = 1.0
"""Seconds after which the time of the bytes is written, even if no frame ends."""

_BAR: Final = 30  # width in columns


class RecordError(Exception):
    """There is no recording; the message is in the language of the user."""


class Recording(SpeedSearch):
    """
    A recording of at most `most` bytes from the line at `url`, through the `anonymiser` if any.

    `file` gets the bytes, `times_file` their times if it is given. The recording begins at the first of
    `baudrates` at which the meter is heard; from then on `began` is True, and `decoder` decodes the recorded
    bytes. `seconds` is its duration.
    """

    def __init__(
        self,
        url: str,
        baudrates: Sequence[int],
        file: BinaryIO,
        times_file: BinaryIO | None,
        *,
        anonymiser: Anonymiser | None,
        most: int,
    ) -> None:
        super().__init__(url, baudrates, Decoder())
        self.anonymiser = anonymiser
        self.began = False
        self.seconds = 0.0
        self._file = file
        self._times_file = times_file
        self._most = most
        self._written = 0  # bytes
        self._last_time = 0.0  # the last time that was written, s since 1970
        self._clock_offset = 0.0  # s since 1970 at the time 0 of the event loop

    def on_data(self, data: bytes) -> None:
        """Use the bytes for the search, or record them; raise OSError if the file cannot be written."""
        if self.began:
            left = self._most - self.decoder.counts.bytes_read
            data = data[:left]
            ready = data if self.anonymiser is None else self.anonymiser.feed(data)
            if ready:
                self._write(ready)
        self.feed(data)

    def _write(self, data: bytes) -> None:
        """
        Write bytes, with their time if they end a frame, or if the last time is a second ago.

        Without bytes, which is the end of the recording, the time is written.
        """
        now = self._clock_offset + asyncio.get_running_loop().time()
        self._file.write(data)
        self._file.flush()
        is_end = not data
        if ETX in data or is_end or now - self._last_time >= TIMES_INTERVAL:
            self._last_time = now
            if self._times_file is not None:
                self._times_file.write(b"%d %.3f\n" % (self._written, now))
                self._times_file.flush()
        self._written += len(data)

    async def run(self, duration: float) -> None:
        """
        Find the speed, and record for `duration` seconds, or until a signal asks for the end.

        Raises PortError, RecordError, or OSError if the file cannot be written.
        """
        event_loop.cancel_on_stop()
        loop = asyncio.get_running_loop()
        end = loop.time() + SEARCH_TIMEOUT
        try:
            with contextlib.suppress(asyncio.CancelledError):
                while loop.time() < end:
                    show(_("Listening at {baudrate} baud").format(baudrate=self.baudrate))
                    async with self.open(self.on_data) as port:
                        if self.fixed or await self.is_heard(port):
                            await self._copy(port, duration)
                            break
                    self.next_speed()
        finally:
            if self.anonymiser is not None:
                rest = self.anonymiser.close()
                if rest:
                    self._write(rest)
            if self._written:
                self._write(b"")
            show("")
        was_stopped = loop.time() < end
        if not self.began and was_stopped:
            raise RecordError(_("It was stopped before the speed of the meter was found"))
        if not self.decoder.counts.bytes_read:
            raise RecordError(_("No byte came: check the wires (terminals I1 and I2) and the adapter"))
        if not self.began:
            raise RecordError(
                _(
                    "Nothing that came made sense, at any speed. To record it all the same, say at which "
                    "speed: --baudrate 1200 (mode historique) or --baudrate 9600 (mode standard)"
                )
            )

    async def _copy(self, port: LineProtocol, duration: float) -> None:
        """Record for `duration` seconds at most, and show the progress."""
        self.began = True
        self.decoder = Decoder()
        loop = asyncio.get_running_loop()
        start = loop.time()
        self._clock_offset = time.time() - start
        while self.decoder.counts.bytes_read < self._most and self.seconds < duration:
            await port.wait(min(duration - self.seconds, PROGRESS_INTERVAL))
            self.seconds = loop.time() - start
            share = min(1.0, self.seconds / duration)
            bar = "#" * int(_BAR * share)
            count = self.decoder.counts.bytes_read
            show(f"[{bar:.<{_BAR}}] {self.seconds:.0f}/{duration:.0f} s, {count} B")


def show(text: str) -> None:
    """Replace the line of progress on standard error, where that is a terminal."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()
