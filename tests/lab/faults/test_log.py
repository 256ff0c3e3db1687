"""The log stays short however long a fault lasts: whole days, in a time that is not the machine's."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from typing import TYPE_CHECKING, NoReturn

import pytest

from teleinfo.daemon.monitor import Monitor
from teleinfo.mqtt.config import Topics
from teleinfo.mqtt.outbox import Outbox
from teleinfo.port import search
from teleinfo.port.errors import PortError
from teleinfo.port.reader import Reader
from teleinfo.port.search import candidates
from teleinfo.simulator.encode import encode_frame, encode_group, with_parity
from teleinfo.tic.decoder import Decoder
from teleinfo.vocabulary.line import PortErrorKind
from teleinfo.vocabulary.words import Message
from tests.support import virtual
from tests.support.frames import whole

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from teleinfo.port.serial_port import DataSink
    from teleinfo.tic.reading import Reading

HOUR = 3600
DAY = 24 * HOUR

GROUPS = whole(ADCO="041961123456")
FRAME = with_parity(encode_frame(GROUPS))
# No value is the one that its checksum was made for.
BAD = with_parity(b"\x02" + b"".join(encode_group(g).replace(b" ", b" 7", 1) for g in GROUPS) + b"\x03")


class Scripted:
    """
    A port that does at each time what `line` says.

    Bytes come, an error ends it or keeps it from opening, None is silence.
    """

    def __init__(self, line: Callable[[float], bytes | PortError | None], *, every: float) -> None:
        self._line = line
        self._every = every
        self._began = self._due = asyncio.get_running_loop().time()
        self.sink: DataSink | None = None
        self.canonical_mode = None  # it hands out whole frames as it is

    def now(self) -> bytes | PortError | None:
        """Return what happens at this moment."""
        return self._line(asyncio.get_running_loop().time() - self._began)

    async def wait(self, seconds: float) -> None:
        """Hand out what comes within so many seconds; raise PortError."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while self._due <= end:
            await asyncio.sleep(self._due - loop.time())
            self._due = loop.time() + self._every
            event = self.now()
            if isinstance(event, PortError):
                raise event
            if event is not None and self.sink is not None:
                self.sink.on_data(event)
        await asyncio.sleep(end - loop.time())


def live(
    monkeypatch: pytest.MonkeyPatch,
    line: Callable[[float], bytes | PortError | None],
    *,
    seconds: float,
    mode: str = "auto",
    every: float = 2.0,
) -> None:
    """Let the reader and the monitor live for so many seconds on a port that behaves like `line`."""

    async def scenario() -> None:
        port = Scripted(line, every=every)

        @contextlib.asynccontextmanager
        async def opened(_url: str, _baudrate: int, sink: DataSink) -> AsyncIterator[Scripted]:
            port.sink = sink
            event = port.now()
            if isinstance(event, PortError):
                raise event
            yield port

        monkeypatch.setattr(search, "open_port", opened)
        decoder = Decoder()
        monitors: list[Monitor] = []

        class Sink:
            def on_reading(self, _: Reading) -> None:
                monitors[0].frame_came(asyncio.get_running_loop().time())

        reader = Reader(
            url="/dev/ttyUSB0",
            baudrates=candidates(mode, None),
            decoder=decoder,
            sink=Sink(),
        )
        monitors.append(
            Monitor(
                link=reader.status,
                decoder=decoder,
                retained=Outbox(1),
                topics=Topics("teleinfo"),
                broker="localhost:1883",
                state=None,
                on_silence=lambda: None,
            )
        )
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds), asyncio.TaskGroup() as tasks:
                tasks.create_task(_forever(reader))
                tasks.create_task(_forever(monitors[0]))

    virtual.run(scenario())


async def _forever(task: Reader | Monitor) -> NoReturn:
    await task.run()


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Return the log from INFO up."""
    caplog.set_level(logging.INFO, logger="teleinfo")
    return caplog


GONE = PortError(PortErrorKind.GONE, Message("the serial port went away"))
MISSING = PortError(PortErrorKind.MISSING, Message("there is no serial port"))
DENIED = PortError(PortErrorKind.DENIED, Message("no right to read it"))


def test_a_steady_state_says_nothing(monkeypatch: pytest.MonkeyPatch, log: pytest.LogCaptureFixture) -> None:
    live(monkeypatch, lambda _: FRAME, seconds=6 * HOUR)

    assert log.messages == ["reading a meter in mode historique at 1200 baud"]


def test_an_outage_of_the_port_is_two_lines(
    monkeypatch: pytest.MonkeyPatch, log: pytest.LogCaptureFixture
) -> None:
    """
    An adapter is unplugged for ten minutes: a line when the outage begins, and one when it ends.

    It is first gone, then missing, which is one cause. Another cause is a line.
    """

    def line(now: float) -> bytes | PortError:
        events = ((1230, FRAME), (1000, DENIED), (602, MISSING), (600, GONE))
        return next((event for begin, event in events if now > begin), FRAME)

    live(monkeypatch, line, seconds=1800)

    assert log.messages == [
        "reading a meter in mode historique at 1200 baud",
        "no meter: the serial port went away; teleinfo keeps trying",
        "still no meter after 6 min: no right to read it",
        "/dev/ttyUSB0 is open again after 10 min",
    ]


def test_a_day_without_a_port_is_less_than_thirty_lines(
    monkeypatch: pytest.MonkeyPatch, log: pytest.LogCaptureFixture
) -> None:
    """One line when it begins, and one an hour."""
    live(monkeypatch, lambda _: MISSING, seconds=DAY)

    assert 20 <= len(log.messages) <= 30


def test_a_day_of_silence_is_two_lines(
    monkeypatch: pytest.MonkeyPatch, log: pytest.LogCaptureFixture
) -> None:
    """A meter without power for a day: a line when it begins, and one when it ends."""
    live(monkeypatch, lambda now: None if 60 < now < DAY else FRAME, seconds=DAY + 600, mode="historique")

    assert len(log.messages) == 3
    assert log.messages[1].startswith("no sound frame from the meter for 10 s")
    assert log.messages[2] in (
        "the meter is heard again, after 23 h 59 min",
        "the meter is heard again, after 24 h 00 min",
    )


@pytest.mark.parametrize("mode", ["auto", "historique"])
@pytest.mark.parametrize("line", [BAD, random.Random(3).randbytes(300)], ids=["bad checksums", "garbage"])
def test_a_line_without_sense_is_one_line(
    monkeypatch: pytest.MonkeyPatch, log: pytest.LogCaptureFixture, mode: str, line: bytes
) -> None:
    """Six hours in which no checksum is right: one warning, where 13 lines an hour are allowed."""
    live(monkeypatch, lambda _: line, seconds=6 * HOUR, mode=mode)

    (said,) = log.messages
    assert "none makes sense" in said
