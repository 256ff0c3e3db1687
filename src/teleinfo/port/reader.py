"""
The loop that owns the port: it opens it, listens, finds the speed, and hands out readings.

`Reader.run` never ends nor gives up: a port that is missing is tried again, a silent one is opened again, a
meter that changed its mode is found again. The log says each trouble once when it begins, and once when it
is over (`port.outage`, `port.no_data_log`). `beat` is called at least every 5 s whatever happens, so that a
watchdog sees the task make progress.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from functools import partial
from typing import TYPE_CHECKING, NoReturn

from teleinfo.common.backoff import delays
from teleinfo.port.errors import PortError, PortErrorKind
from teleinfo.port.no_data_log import Silence
from teleinfo.port.outage import Outage
from teleinfo.port.serial_port import open_port
from teleinfo.port.stability import StabilityDetector

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator

    from teleinfo.port.baud_detector import BaudDetector
    from teleinfo.port.serial_port import Port
    from teleinfo.tic.decoder import Decoder
    from teleinfo.tic.labels import Mode
    from teleinfo.tic.reading import Reading

log = logging.getLogger(__name__)

BEAT = 1.0
"""The longest time without a beat, seconds, while nothing happens."""

RETRY_FIRST = 1.0
RETRY_CAP = 4.5
"""The wait before a port is tried again, seconds: it is open at most 5 s after it returned."""

STEADY = 2.0
"""A port that held for so long, seconds, is back. One that a second reader disturbs mostly fails sooner."""

SETTLED = 60.0
"""A port that held for so long, seconds, is back for good: if it goes again that is another outage."""

SILENCE = 60.0
"""
A port that gave no sound frame for so long, seconds, is opened again.

Drivers and bridges get stuck, and another program may have changed the speed.
"""

NEWS = 60.0
"""The least time between two lines of the log about a mode that changes at one speed, seconds."""


class Reader:
    """
    Reads one meter at `url` (see `source.open_port`) for ever.

    `on_reading` gets each reading as soon as its frame is complete; while the speed is searched a frame that
    proves no meter (see `Tuner.frame`) is not believed. `baudrate` is the present speed, `mode` what was last
    heard (None before, and while the speed is searched), `connected` whether the port is open, and `trouble`
    why it is not (None before the first attempt).
    """

    def __init__(
        self,
        *,
        url: str,
        tuner: BaudDetector,
        decoder: Decoder,
        on_reading: Callable[[Reading], None],
        beat: Callable[[], None],
        rng: random.Random,
    ) -> None:
        self._url = url
        self._tuner = tuner
        self._decoder = decoder
        self._on_reading = on_reading
        self._beat = beat
        self._rng = rng
        self._outage = Outage(url)
        self._silence = Silence(url, tuner)
        self._retries = self._new_retries()
        self._announced: tuple[Mode, int] | None = None
        self._quiet_until = 0.0
        self._heard = 0.0  # the last sound frame
        self._refused: set[int] = set()  # speeds that the port cannot do
        self._calm = StabilityDetector(0.0, 0)
        self.connected = False
        self.trouble: PortErrorKind | None = None
        self.mode: Mode | None = None

    @property
    def baudrate(self) -> int:
        """The speed of the port, baud."""
        return self._tuner.baudrate

    async def run(self) -> NoReturn:
        """Read until cancelled."""
        while True:
            try:
                async with contextlib.AsyncExitStack() as stack:
                    port = await self._open(stack)
                    if not self.connected:
                        self.connected, self.trouble = True, None
                        self._silence.opened(asyncio.get_running_loop().time())
                    await self._listen(port)
            except PortError as error:
                self.connected, self.trouble = False, error.kind
                await self._wait(self._after(error))

    async def _open(self, stack: contextlib.AsyncExitStack) -> Port:
        """Open the port on `stack`, with a beat now and then: it may take its time."""
        opening = asyncio.create_task(
            stack.enter_async_context(open_port(self._url, self.baudrate)), name="teleinfo.reader.opening"
        )
        try:
            self._beat()
            while not (await asyncio.wait({opening}, timeout=BEAT))[0]:
                self._beat()
        finally:
            if not opening.done():
                opening.cancel()
                await asyncio.wait({opening})
            if not opening.cancelled():
                opening.exception()  # seen, also where this task is being cancelled
        return opening.result()

    async def _listen(self, port: Port) -> None:
        """Read until the port must be opened again: at another speed, or because it is silent."""
        loop = asyncio.get_running_loop()
        opened = self._heard = now = loop.time()
        self._refused.clear()
        self._decoder.reset()
        self._tuner.opened(opened)
        self._calm = StabilityDetector(opened, self._decoder.counts.bytes_)
        log.debug("listening to %s at %s baud", self._url, self.baudrate)
        port.listen(partial(self._hear, port))
        while not self._tuner.due(now) and now - self._heard < SILENCE:
            if early := await self._wait_for_end(port):
                self._hear(port, early)
            now = loop.time()
            self._beat()
            self._look(port, now)
            if now - opened >= STEADY:
                self._steady(opened)
            if now - opened >= SETTLED:
                self._outage.settled(opened)
        if self._tuner.due(now):
            self._tuner.move()
            self.mode = None

    async def _wait_for_end(self, port: Port) -> bytes:
        """Return after a second, or at once with what came before we listened; raise PortError."""
        try:
            async with asyncio.timeout(BEAT):
                return await port.read()
        except TimeoutError:
            return b""

    def _hear(self, port: Port, data: bytes) -> None:
        """Take bytes at the moment they come."""
        now = asyncio.get_running_loop().time()
        self._beat()
        self._silence.bytes_came(now)
        if self._take(data, now):
            self._calm.frame(now, self._decoder.counts.bytes_, parity=self._decoder.parity)
            self._sleep_or_wake(port, now)

    def _sleep_or_wake(self, port: Port, now: float) -> None:
        if self._calm.holds(now):
            port.doze()
        else:
            port.rouse()

    def _take(self, data: bytes, now: float) -> bool:
        """Hand out the readings that these bytes complete, and return whether there was one."""
        heard = False
        for reading in self._decoder.feed(data):
            groups = len(reading.entries or reading.values)
            if self._tuner.frame(reading.mode, groups, now):
                self._found(reading.mode, now)
            if self._tuner.found or self._tuner.fixed:
                heard = True
                self._heard = now
                self._silence.frame_came(now)
                self._on_reading(reading)
        return heard

    def _look(self, port: Port, now: float) -> None:
        """See how the line is, once a second: the frame in progress costs a parse."""
        self._sleep_or_wake(port, now)
        self._silence.check(now)
        mode, groups = self._decoder.pending()
        if self._tuner.piece(mode, groups, now) and mode is not None:
            self._found(mode, now)

    def _found(self, mode: Mode, now: float) -> None:
        """Note that the meter was heard, and say it where it is news."""
        self.mode = mode
        if self._announced == (mode, self.baudrate):
            return
        if self._announced is None:
            log.info("reading a meter in mode %s at %s baud", mode, self.baudrate)
        elif self._announced[1] == self.baudrate and now < self._quiet_until:
            return
        else:
            log.info(
                "the meter changed its mode: now mode %s at %s baud, before mode %s at %s baud",
                mode,
                self.baudrate,
                *self._announced,
            )
        self._announced = (mode, self.baudrate)
        self._quiet_until = now + NEWS

    def _steady(self, opened: float) -> None:
        if self._outage.ended(opened):
            self._retries = self._new_retries()

    def _after(self, error: PortError) -> float:
        """Say what must be said of `error`, and return how long to wait, seconds."""
        if error.kind is PortErrorKind.SPEED and not self._tuner.fixed:
            log.debug("%s", error)
            self._refused.add(self.baudrate)
            self._tuner.move()
            self.mode = None
        if error.kind is not PortErrorKind.SPEED or self._tuner.fixed or self.baudrate in self._refused:
            self._outage.failed(error, asyncio.get_running_loop().time())
        return next(self._retries)

    async def _wait(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        self._beat()
        while (left := end - loop.time()) > 0:
            await asyncio.sleep(min(BEAT, left))
            self._beat()

    def _new_retries(self) -> Iterator[float]:
        return delays(first=RETRY_FIRST, cap=RETRY_CAP, rng=self._rng)
