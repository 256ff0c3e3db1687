"""
The task that owns the port: it opens the port, listens, finds the speed, and passes on readings.

`Reader.run` never ends or gives up: it retries a missing port, reopens a silent port, and searches the speed
again after the meter changed its mode.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, NoReturn

from teleinfo.common.durations import FIRST_TICKS, STALL_LIMIT, TICK, Ticks
from teleinfo.common.outage_log import OutageLog
from teleinfo.port.canonical_mode import StabilityDetector
from teleinfo.port.errors import OUTAGE_TEXTS, PortError
from teleinfo.port.line_log import LineLog
from teleinfo.port.link_status import LinkStatus
from teleinfo.port.search import SpeedSearch
from teleinfo.port.serial_port import LineProtocol, is_bridge
from teleinfo.vocabulary.line import PortErrorKind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from teleinfo.port.line_socket import LineSocket
    from teleinfo.tic.decoder import Decoder
    from teleinfo.tic.reading import Reading

log = logging.getLogger(__name__)

RETRY_INTERVAL = 3.0
"""Seconds before a port is tried again: a returned port is open within 5 s."""

REOPEN_AFTER = 60.0
"""Seconds without a sound group until the port is opened again: a driver or a bridge may be stuck."""


class Reader:
    """
    Read one meter at `url` (see `open_port`), at the first of `baudrates` at which it is heard.

    `on_reading` receives each reading, in the turn of the event loop in which its last byte arrived; `copies`
    receives the bytes after the readings. `status` is live. `heartbeat` is called at least every 12 s (an
    opening takes up to 10 s).
    """

    def __init__(
        self,
        *,
        url: str,
        baudrates: Sequence[int],
        decoder: Decoder,
        on_reading: Callable[[Reading], None],
        copies: LineSocket | None = None,
        heartbeat: Callable[[], None] = lambda: None,
        ticks: Ticks = FIRST_TICKS,
    ) -> None:
        self._search = SpeedSearch(url, baudrates, decoder)
        speed = None if is_bridge(url) else self._search.baudrate
        self.status = LinkStatus(url=url, baudrate=speed, searching=not self._search.fixed)
        self._on_reading = on_reading
        self._copies = copies
        self._heartbeat = heartbeat
        self._ticks = ticks
        self._outage = OutageLog(url, OUTAGE_TEXTS)
        self._line_log = LineLog(self.status)
        self._opened = 0.0  # at the present speed; or when the last stall of the process ended

    async def run(self) -> NoReturn:
        """Read until cancelled."""
        while True:
            try:
                await self.listen()
            except PortError as error:
                self._heartbeat()
                # MISSING follows GONE, and is the same cause.
                cause = PortErrorKind.MISSING if error.kind is PortErrorKind.GONE else error.kind
                self._outage.failed(cause, error.localized(), asyncio.get_running_loop().time())
                await asyncio.sleep(RETRY_INTERVAL)

    async def listen(self) -> None:
        """
        Open the port, and read until it should be opened again: at another speed, or because it is silent.

        Raises PortError if the port cannot be opened, or is lost.
        """
        self._heartbeat()
        self.status.mode = self._search.mode
        if not self._search.fixed:
            self.status.baudrate = self._search.baudrate
        now = asyncio.get_running_loop().time()
        self._stability = StabilityDetector(now, self._search.decoder.counts.bytes_read)
        try:
            async with self._search.open(self.on_data) as port:
                await self._watch(port)
        except PortError as error:
            self.status.note_lost(error)
            if error.kind is PortErrorKind.SPEED:
                self._search.next_speed()
            raise

    async def _watch(self, port: LineProtocol) -> None:
        """Check the line once a second, until the port should be opened again; raise PortError."""
        loop = asyncio.get_running_loop()
        opened = self._opened = now = loop.time()
        self.status.note_open(now)
        log.debug("listening to %s, speed: %s", self.status.url, self.status.baudrate)
        while self._silent_for(now) < REOPEN_AFTER:
            await port.wait(self._ticks.seconds_to_next(now, TICK))
            before = now
            now = loop.time()
            self._heartbeat()
            if now - before >= TICK + STALL_LIMIT:
                self._opened = now
                # The process got no CPU time, and missed the bytes that came meanwhile.
                self.status.listening_since = now
            if port.canonical_mode is not None:
                port.canonical_mode.set(enabled=self._stability.is_stable(now))
            if self._search.check_pending():
                self.status.last_sound = now
            self.status.mode = self._search.mode
            self._line_log.check(self._search.decoder.implausible, now)
            self._outage.works(now, since=opened)
            if self._search.should_switch(self._silent_for(now)):
                self._search.next_speed()
                return

    def on_data(self, data: bytes) -> None:
        """Decode bytes, and pass on the readings that they complete."""
        now = asyncio.get_running_loop().time()
        self._heartbeat()
        self.status.note_bytes(now)
        if readings := self._search.feed(data, now=now):
            self.status.mode = self._search.mode
            self.status.note_frame(now)
            for reading in readings:
                self._on_reading(reading)
            self._stability.note_frame(now, self._search.decoder.counts.bytes_read)
        if self._copies is not None:
            self._copies.send(data)

    def _silent_for(self, now: float) -> float:
        """Return the seconds since the last sound group, or since the opening if that is later."""
        return now - max(self._opened, self.status.last_sound)
