"""The task that owns the port, with real pseudo-terminals and a meter that a wrong speed garbles."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import os
import termios
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pytest

from teleinfo.daemon.watchdog import STUCK_AFTER
from teleinfo.port import canonical_mode, line_log, link_status, search, serial_port
from teleinfo.port import reader as reader_module
from teleinfo.port.errors import PortError
from teleinfo.port.reader import Reader
from teleinfo.port.search import candidates
from teleinfo.port.serial_port import open_port
from teleinfo.simulator.encode import encode_frame, misread, with_parity
from teleinfo.simulator.serial_line import SerialLine
from teleinfo.tic.decoder import Decoder
from teleinfo.tic.labels import Mode
from teleinfo.vocabulary.line import PortErrorKind
from teleinfo.vocabulary.words import Message
from tests.support.frames import values_of, whole
from tests.support.ports import PortReader, tcp_bridge, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from types import ModuleType

    from teleinfo.port.serial_port import LineProtocol, OnData
    from teleinfo.tic.reading import Reading

pytestmark = pytest.mark.real

ADDRESS = "041961123456"
FRAMES = {
    1200: with_parity(encode_frame(whole(ADCO=ADDRESS))),
    9600: with_parity(encode_frame(whole(Mode.STANDARD, ADSC=ADDRESS))),
}
READING = "reading a meter in mode historique at 1200 baud"


class Bench:
    """
    A reader of the port `url`, its readings, and a meter that speaks at `speed` baud.

    In the block the reader runs, and the meter if `meter` says so; what fails in them is raised.
    """

    def __init__(
        self,
        url: Path | str,
        *,
        mode: str = "auto",
        speed: int = 1200,
        meter: bool = True,
        line_open: bool = True,
    ) -> None:
        self.line = SerialLine(link=Path(url))
        self.speed = speed
        self.readings: list[Reading] = []
        self.heartbeats = 0
        self._meter = meter
        self._line_open = line_open
        self._tasks: list[asyncio.Task[None]] = []
        self.reader = Reader(
            url=str(url),
            baudrates=candidates(mode, None),
            decoder=Decoder(),
            on_reading=self.on_reading,
            heartbeat=self._count_heartbeat,
        )
        self.status = self.reader.status

    def _count_heartbeat(self) -> None:
        self.heartbeats += 1

    def on_reading(self, reading: Reading) -> None:
        """Keep a reading."""
        self.readings.append(reading)

    async def play(self) -> None:
        """Send frames for ever, as fast as a test likes it, garbled for a reader at another speed."""
        while True:
            frame = FRAMES[self.speed]
            for start in range(0, len(frame), 16):
                chunk = frame[start : start + 16]
                heard = self.line.reader_baudrate
                if heard is not None and heard != self.speed:
                    chunk = misread(chunk, sent=self.speed, received=heard)
                self.line.write(chunk)
                await asyncio.sleep(0.005)

    async def until_connected(self, *, connected: bool = True) -> None:
        """Wait until the port is open, or lost."""
        await until(lambda: self.status.connected is connected)

    async def until_read(self, count: int | None = None) -> Reading:
        """Wait until `count` readings came, or one more, and return the last one."""
        wanted = len(self.readings) + 1 if count is None else count
        await until(lambda: len(self.readings) >= wanted)
        return self.readings[-1]

    async def __aenter__(self) -> Self:
        if self._line_open:
            self.line.open()
        self._tasks.append(asyncio.create_task(_forever(self.reader)))
        if self._meter:
            self._tasks.append(asyncio.create_task(self.play()))
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        self.line.close()
        for outcome in await asyncio.gather(*self._tasks, return_exceptions=True):
            assert isinstance(outcome, asyncio.CancelledError), outcome


async def _forever(reader: Reader) -> None:
    await reader.run()


@pytest.fixture
def link(tmp_path: Path) -> Path:
    """Return the path of the port."""
    return tmp_path / "meter"


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Record what the log says at INFO and above; the number of the meter must never be in it."""
    caplog.set_level(logging.INFO, logger="teleinfo")
    yield caplog
    assert ADDRESS not in caplog.text


def said(lines: pytest.LogCaptureFixture, level: str) -> list[str]:
    """Return the lines of one level."""
    return [record.getMessage() for record in lines.records if record.levelname == level]


def patch(monkeypatch: pytest.MonkeyPatch, module: ModuleType = reader_module, **seconds: float) -> None:
    """Make the waits of a module short."""
    for name, value in seconds.items():
        monkeypatch.setattr(module, name, value)


async def test_readings_are_handed_out(link: Path, lines: pytest.LogCaptureFixture) -> None:
    async with Bench(link, mode="standard", speed=9600) as bench:
        reading = await bench.until_read()
        await until(lambda: lines.messages)
        await bench.until_read()
        assert bench.status.connected

    assert reading.values == values_of(Mode.STANDARD, ADSC=ADDRESS)
    assert bench.status.mode is Mode.STANDARD
    assert lines.messages == ["reading a meter in mode standard at 9600 baud"]


def in_canonical_mode(bench: Bench) -> bool:
    """Return True if the kernel wakes the reader at ETX only."""
    near = os.open(bench.line.port, os.O_RDONLY | os.O_NOCTTY)
    try:
        _, _, _, lflag, _, _, characters = termios.tcgetattr(near)
    finally:
        os.close(near)
    return bool(lflag & termios.ICANON) and characters[termios.VEOL] == b"\x03"


async def test_a_stable_line_is_read_in_canonical_mode(
    link: Path, monkeypatch: pytest.MonkeyPatch, lines: pytest.LogCaptureFixture
) -> None:
    patch(monkeypatch, canonical_mode, PATIENCE=0.5, OVERDUE=math.inf)  # frames come when they are read, here
    patch(monkeypatch, TICK=0.05)
    async with Bench(link, mode="historique", meter=False) as bench:
        await bench.until_connected()
        for turn in range(3):
            assert not in_canonical_mode(bench)
            number = 0
            while not in_canonical_mode(bench):  # which ends after a pause, too
                number += 1
                bench.line.write(FRAMES[1200][:-1])
                bench.line.write(FRAMES[1200][-1:])
                await bench.until_read(number)
            bench.line.write(b"\xc3" + FRAMES[1200][1:])  # STX damaged, of right parity
            await bench.until_read(number + 1)
            if turn == 1:
                bench.line.open()
                await bench.until_connected(connected=False)
                await bench.until_connected()
            else:
                await until(lambda: not in_canonical_mode(bench))
            bench.readings.clear()

    assert all("went away" in line for line in said(lines, "WARNING"))


async def test_a_frame_in_progress_is_enough_to_know_the_meter(
    link: Path, monkeypatch: pytest.MonkeyPatch, lines: pytest.LogCaptureFixture
) -> None:
    """A long frame is not waited for: some sound groups of it tell the mode."""
    patch(monkeypatch, TICK=0.02)
    async with Bench(link, meter=False) as bench:
        await bench.until_connected()
        bench.line.write(FRAMES[1200][:-1])
        await until(lambda: bench.status.mode is Mode.HISTORIQUE)

    assert bench.readings == []
    assert said(lines, "INFO") == [READING]


async def test_a_speed_that_another_program_changed_is_set_again(
    link: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bytes go on to come and make no sense, at a fixed speed as well: the port is opened again."""
    patch(monkeypatch, REOPEN_AFTER=0.5, TICK=0.05)
    async with Bench(link, mode="historique") as bench:
        await bench.until_read()
        with PortReader(bench.line.path, baudrate=9600):
            pass
        assert bench.line.reader_baudrate == 9600
        await until(lambda: bench.line.reader_baudrate == 1200)
        bench.readings.clear()
        await bench.until_read()
        assert bench.line.reader_baudrate == 1200


def test_an_opening_is_over_before_the_reader_counts_as_stuck() -> None:
    """The reader sends a heartbeat before an opening and after it: the longest must be shorter than that."""
    assert (
        max(serial_port.OPEN_TIMEOUT + serial_port.CLOSE_TIMEOUT, reader_module.RETRY_INTERVAL)
        <= STUCK_AFTER - 3
    )


async def test_a_bridge_has_no_speed(
    monkeypatch: pytest.MonkeyPatch, lines: pytest.LogCaptureFixture
) -> None:
    """
    In mode `auto` nothing is searched behind a bridge, and no change of speed is logged.

    1. Frames of mode standard: the mode is logged without a speed.
    2. A pause, longer than any speed is listened to: the connection stays, and nothing is logged.
    3. Frames of mode historique: the mode changed.
    """
    patch(monkeypatch, search, DWELL=0.1)
    patch(monkeypatch, line_log, MODE_CHANGE_INTERVAL=0.0)
    patch(monkeypatch, TICK=0.05)
    async with tcp_bridge() as (url, sent), Bench(url, meter=False, line_open=False) as bench:
        sent.put_nowait(FRAMES[9600])
        await bench.until_read()
        before = bench.heartbeats
        await until(lambda: bench.heartbeats > before + 10)
        sent.put_nowait(FRAMES[1200])
        await bench.until_read()
        await until(lambda: len(lines.messages) == 2)

    assert bench.status.baudrate is None
    assert said(lines, "WARNING") == []
    assert said(lines, "INFO") == [
        "reading a meter in mode standard",
        "the meter changed its mode: now mode historique, before mode standard",
    ]


async def test_after_a_stop_of_the_process_the_meter_is_heard_at_its_speed(
    link: Path, monkeypatch: pytest.MonkeyPatch, lines: pytest.LogCaptureFixture
) -> None:
    patch(monkeypatch, TICK=0.05, STALL_LIMIT=0.1)
    patch(monkeypatch, search, DWELL=0.5)
    patch(monkeypatch, link_status, SILENT_AFTER=0.5)
    async with Bench(link, meter=False) as bench:
        await bench.until_connected()
        bench.line.write(FRAMES[1200])
        await bench.until_read()
        time.sleep(1.0)  # noqa: ASYNC251 - as SIGSTOP does
        before = bench.heartbeats
        await until(lambda: bench.heartbeats > before + 2)
        assert bench.status.baudrate == 1200

    assert lines.messages == [READING]


async def test_after_a_speed_that_the_port_cannot_do_the_next_is_tried(
    link: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    patch(monkeypatch, RETRY_INTERVAL=0.01)

    @contextlib.asynccontextmanager
    async def open_some(url: str, baudrate: int, on_data: OnData) -> AsyncIterator[LineProtocol]:
        if baudrate == 1200:
            raise PortError(PortErrorKind.SPEED, Message("not at this speed"))
        async with open_port(url, baudrate, on_data) as port:
            yield port

    monkeypatch.setattr(search, "open_port", open_some)
    async with Bench(link, speed=9600) as bench:
        await bench.until_read()
