"""
The loop that owns the port: it opens it, listens, finds the speed, and hands out readings.

`Reader.run` never ends nor gives up: a port that is missing is tried again, a silent one is opened again, a
meter that changed its mode is found again. The log says each trouble once when it begins, and once when it
is over. `beat` is called at least every 5 s whatever happens, so that a watchdog sees the task make progress.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, NoReturn

from teleinfo.backoff import delays
from teleinfo.durations import duration
from teleinfo.port.errors import PortError, Trouble
from teleinfo.port.source import open_port
from teleinfo.port.tuning import SPEEDS

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator

    from teleinfo.port.source import Port
    from teleinfo.port.tuning import Tuner
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
"""A port that held for so long, seconds, is back. One that a second reader disturbs fails sooner."""

SILENCE = 60.0
"""A port that gave no byte for so long, seconds, is opened again: drivers and bridges get stuck."""

NONSENSE = 30.0
"""Bytes without a sound group for so long, seconds, mean that a fixed speed is wrong."""

LOOK = 1.0
"""How often the frame in progress is looked at, seconds: each look costs a parse."""

REMINDER = 3600.0
"""Seconds between two lines about the same outage."""

# An unplugged adapter is first gone, then missing: one cause.
_ABSENT = {Trouble.GONE, Trouble.MISSING}


class Reader:
    """
    Reads one meter at `url` (see `source.open_port`) for ever.

    `on_reading` gets each reading as soon as its frame is complete. `baudrate` is the present speed, `mode`
    what was last heard (None before, and while the speed is searched), `connected` whether the port is open.
    """

    def __init__(
        self,
        *,
        url: str,
        tuner: Tuner,
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
        self._outage = _Outage(url)
        self._retries = self._new_retries()
        self._announced: tuple[Mode, int] | None = None
        self._senseless: float | None = None
        self._warned = False
        self.connected = False
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
                    self.connected = True
                    await self._listen(port)
            except PortError as error:
                self.connected = False
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
        opened = heard = now = loop.time()
        look = opened + LOOK
        self._decoder.reset()
        self._tuner.opened(opened)
        self._senseless = None
        log.debug("listening to %s at %s baud", self._url, self.baudrate)
        while not self._tuner.due(now) and now - heard < SILENCE:
            data = await self._read(port)
            now = loop.time()
            self._beat()
            if data:
                heard = now
                self._take(data, now)
            self._check_sense(data, now)
            if now >= look:
                look = now + LOOK
                self._look(now)
            if now - opened >= STEADY:
                self._steady(opened)
        if self._tuner.due(now):
            self._tuner.move()
            self.mode = None

    async def _read(self, port: Port) -> bytes:
        """Return the next bytes, or none after a while. Stopping the wait loses no byte."""
        try:
            async with asyncio.timeout(BEAT):
                return await port.read()
        except TimeoutError:
            return b""

    def _take(self, data: bytes, now: float) -> None:
        for reading in self._decoder.feed(data):
            if self._tuner.frame(reading.mode, len(reading.values), now):
                self._found(reading.mode)
            self._on_reading(reading)

    def _look(self, now: float) -> None:
        mode, groups = self._decoder.pending()
        if self._tuner.piece(mode, groups, now) and mode is not None:
            self._found(mode)

    def _found(self, mode: Mode) -> None:
        """Note that the meter was heard, and say it where it is news."""
        self._senseless = None
        self._warned = False
        self.mode = mode
        if self._announced == (mode, self.baudrate):
            return
        if self._announced is None:
            log.info("reading a meter in mode %s at %s baud", mode, self.baudrate)
        else:
            log.info(
                "the meter changed its mode: now mode %s at %s baud, before mode %s at %s baud",
                mode,
                self.baudrate,
                *self._announced,
            )
        self._announced = (mode, self.baudrate)

    def _check_sense(self, data: bytes, now: float) -> None:
        """Warn once when bytes come without a pause at a fixed speed, and none of them makes sense."""
        if not data:
            self._senseless = None
        elif self._senseless is None:
            self._senseless = now
        elif now - self._senseless >= NONSENSE and self._tuner.fixed and not self._warned:
            self._warned = True
            log.warning("%s", _nonsense(self._url, self.baudrate))

    def _steady(self, opened: float) -> None:
        if self._outage.ended(opened):
            self._retries = self._new_retries()

    def _after(self, error: PortError) -> float:
        """Say what must be said of `error`, and return how long to wait, seconds."""
        if error.kind is Trouble.SPEED and not self._tuner.fixed:
            log.debug("%s", error)
            self._tuner.move()
            self.mode = None
        else:
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


class _Outage:
    """
    What the log says of a port that is away: when it begins, a new cause, once an hour, when it is back.

    Times are those of the loop, seconds.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._began: float | None = None
        self._last_line = 0.0
        self._said: set[Trouble] = set()

    def failed(self, error: PortError, now: float) -> None:
        """Note that the port could not be opened, or was lost."""
        if self._began is None:
            self._began = now
            self._said = set()
            self._say("no meter: %s; teleinfo keeps trying", error, now)
        elif error.kind not in self._said:
            self._say("still no meter, for another reason: %s", error, now)
        elif now - self._last_line >= REMINDER:
            self._say(f"still no meter after {duration(now - self._began)}: %s", error, now)

    def ended(self, opened: float) -> bool:
        """Note that the port holds since `opened`, and return whether it was away before."""
        if self._began is None:
            return False
        log.info("%s is open again after %s", self._url, duration(opened - self._began))
        self._began = None
        return True

    def _say(self, text: str, error: PortError, now: float) -> None:
        log.warning(text, error)
        self._last_line = now
        self._said |= _ABSENT if error.kind in _ABSENT else {error.kind}


def _nonsense(url: str, baudrate: int) -> str:
    current, other = "historique", "standard at 9600 baud"
    if baudrate not in SPEEDS["historique"]:
        current, other = "standard", "historique at 1200 baud"
    return (
        f"bytes come from {url} at {baudrate} baud, but none makes sense: the speed is probably wrong. "
        f"It is that of mode {current}; the meter may be in mode {other}. Set TELEINFO_SERIAL_MODE=auto, "
        "without TELEINFO_SERIAL_BAUDRATE; if that does not help, check the wiring"
    )
