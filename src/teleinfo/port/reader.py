"""
The task that owns the port: it opens it, listens, finds the speed, and hands out readings.

`Reader.run` never ends nor gives up: a port that is missing is tried again, a silent one is opened again, a
meter that changed its mode is found again. How the line is stands in `Reader.status`; the log says each fault
once when it begins, and once when it is over. `heartbeat` is called at least every 12 s whatever happens, so
that a watchdog sees the task make progress: an opening takes 10 s at most.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, NoReturn

from teleinfo.common.backoff import delays
from teleinfo.common.durations import until_tick
from teleinfo.common.outage_log import OutageLog
from teleinfo.port.baud_detector import BaudDetector
from teleinfo.port.canonical_mode import StabilityDetector
from teleinfo.port.errors import OUTAGE_TEXTS, PortError, PortErrorKind
from teleinfo.port.line_log import NoDataLog, WithheldLog
from teleinfo.port.link_status import LinkStatus
from teleinfo.port.serial_port import open_port
from teleinfo.port.tcp_bridge import is_bridge

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator, Sequence

    from teleinfo.port.serial_port import Port
    from teleinfo.tic.decoder import Decoder
    from teleinfo.tic.labels import Mode
    from teleinfo.tic.reading import Reading

log = logging.getLogger(__name__)

TICK = 1.0
"""Seconds between two looks at the line."""

HELD_UP = 2.0
"""A tick that is so late, seconds, says that the process had no processor: it was stopped, or swapped out."""

RETRY_FIRST = 1.0
RETRY_CAP = 4.5
"""The wait before a port is tried again, seconds: it is open at most 5 s after it returned."""

STEADY_AFTER = 2.0
"""A port that held for so long, seconds, is back. One that a second reader disturbs mostly fails sooner."""

HELD_AFTER = 60.0
"""A port that held for so long, seconds, is back for good: if it goes again that is another outage."""

REOPEN_AFTER = 60.0
"""
A port that gave nothing sound for so long, seconds, is opened again.

Drivers and bridges get stuck, and another program may have changed the speed.
"""

MODE_CHANGE_INTERVAL = 60.0
"""The least time between two lines of the log about a mode that changes at one speed, seconds."""


class Reader:
    """
    Reads one meter at `url` (see `open_port`), at the first of `baudrates` at which it is heard.

    `on_reading` gets each reading as soon as its frame is complete; while the speed is searched a frame that
    proves no meter (see `BaudDetector.frame`) is not believed. `status` is live. Behind a bridge the far end
    has the speed, and none is searched.
    """

    def __init__(
        self,
        *,
        url: str,
        baudrates: Sequence[int],
        decoder: Decoder,
        on_reading: Callable[[Reading], None],
        heartbeat: Callable[[], None],
        rng: random.Random,
    ) -> None:
        bridge = is_bridge(url)
        self._detector = BaudDetector(baudrates[:1] if bridge else baudrates)
        self.status = LinkStatus(
            url=url,
            baudrate=None if bridge else self._detector.baudrate,
            searching=not self._detector.fixed,
        )
        self._decoder = decoder
        self._on_reading = on_reading
        self._heartbeat = heartbeat
        self._rng = rng
        self._outage = OutageLog(url, OUTAGE_TEXTS)
        self._no_data = NoDataLog(self.status)
        self._withheld = WithheldLog()
        self._retries = self._new_retries()
        self._stability = StabilityDetector()
        self._opened = 0.0  # at this speed; later where the process was held up since
        self._bytes_at_frame = 0  # of all bytes, those up to the end of the last frame
        self._refused: set[int] = set()  # speeds that the port cannot do
        self._announced: tuple[Mode, int | None] | None = None
        self._announce_after = 0.0

    async def run(self) -> NoReturn:
        """Read until cancelled."""
        while True:
            try:
                await self.listen()
            except PortError as error:
                self._heartbeat()
                self._outage.failed(error.cause, str(error), asyncio.get_running_loop().time())
                await asyncio.sleep(next(self._retries))

    async def listen(self) -> None:
        """
        Open the port, and read until it should be opened again: at another speed, or because it is silent.

        Raises PortError where it cannot be opened, or is lost.
        """
        self._heartbeat()
        self._decoder.reset()
        self._detector.reset()
        self._stability = StabilityDetector()
        self._bytes_at_frame = self._decoder.counts.bytes_
        try:
            async with open_port(self.status.url, self._detector.baudrate, self._on_data) as port:
                await self._watch(port)
        except PortError as error:
            self.status.note_lost(error)
            if error.kind is not PortErrorKind.SPEED or not self._has_another_speed():
                raise
            log.debug("%s", error)

    async def _watch(self, port: Port) -> None:
        """Look at the line once a second, until the port should be opened again; raise PortError."""
        loop = asyncio.get_running_loop()
        opened = self._opened = now = loop.time()
        self._refused.clear()
        self.status.note_open(now)
        log.debug("listening to %s%s", self.status.url, _at(self.status.baudrate))
        while self._silent_for(now) < REOPEN_AFTER:
            await port.wait(until_tick(now, TICK))
            before, now = now, loop.time()
            self._heartbeat()
            if now - before >= TICK + HELD_UP:
                self._opened = now
                self.status.note_held_up(now)
            self._tick(port, now)
            if now - opened >= STEADY_AFTER and self._outage.recovered(opened):
                self._retries = self._new_retries()
            if now - opened >= HELD_AFTER:
                self._outage.held(opened)
            if self._detector.should_switch(self._silent_for(now)):
                self._next_rate()
                return

    def _on_data(self, data: bytes) -> None:
        """Decode bytes in the turn of the event loop in which they come."""
        now = asyncio.get_running_loop().time()
        self._heartbeat()
        self.status.note_bytes(now)
        interval = self._since_frame(now)
        heard = False
        for reading in self._decoder.feed(data, now=now):
            if self._detector.frame(reading.mode, len(reading.values)):
                self._note_mode(reading.mode, now)
            if self._detector.locked or self._detector.fixed:
                heard = True
                self.status.note_frame(now)
                self._no_data.frame(now)
                self._on_reading(reading)
        if heard:
            count = self._decoder.counts.bytes_
            size, self._bytes_at_frame = count - self._bytes_at_frame, count
            self._stability.frame(interval=interval, size=size, parity=self._decoder.parity)

    def _tick(self, port: Port, now: float) -> None:
        """Look at the line, once a second: the frame in progress costs a parse."""
        port.set_canonical_mode(enabled=self._stability.is_stable(self._since_frame(now)))
        self._no_data.check(now)
        self._withheld.check(self._decoder.implausible, now)
        mode, groups = self._decoder.pending()
        if self._detector.partial_frame(mode, groups) and mode is not None:
            self.status.note_groups(now)
            self._note_mode(mode, now)

    def _silent_for(self, now: float) -> float:
        """Return for how many seconds nothing sound came at this speed."""
        return now - max(self._opened, self.status.last_sound)

    def _since_frame(self, now: float) -> float:
        """Return for how many seconds no sound frame came to its end at this speed."""
        return now - max(self._opened, self.status.last_frame or 0.0)

    def _note_mode(self, mode: Mode, now: float) -> None:
        """Note in which mode the meter was heard, and log it where it is news."""
        self.status.mode = mode
        baudrate = self.status.baudrate
        if self._announced == (mode, baudrate):
            return
        if self._announced is None:
            log.info("reading a meter in %s", _mode_at(mode, baudrate))
        elif self._announced[1] == baudrate and now < self._announce_after:
            return
        else:
            log.info(
                "the meter changed its mode: now %s, before %s",
                _mode_at(mode, baudrate),
                _mode_at(*self._announced),
            )
        self._announced = (mode, baudrate)
        self._announce_after = now + MODE_CHANGE_INTERVAL

    def _has_another_speed(self) -> bool:
        """Take the next speed, since the port cannot do this one; return whether it may do that."""
        if self._detector.fixed:
            return False
        self._refused.add(self._detector.baudrate)
        self._next_rate()
        return self._detector.baudrate not in self._refused

    def _next_rate(self) -> None:
        self._detector.next_rate()
        self.status.baudrate = self._detector.baudrate
        self.status.mode = None

    def _new_retries(self) -> Iterator[float]:
        return delays(first=RETRY_FIRST, cap=RETRY_CAP, rng=self._rng)


def _mode_at(mode: Mode, baudrate: int | None) -> str:
    return f"mode {mode}{_at(baudrate)}"


def _at(baudrate: int | None) -> str:
    return "" if baudrate is None else f" at {baudrate} baud"
