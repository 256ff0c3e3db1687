"""The task that owns the port, with real pseudo-terminals and a meter that a wrong speed garbles."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import os
import random
import termios
import time
from functools import partial
from typing import TYPE_CHECKING, NoReturn

import pytest

from teleinfo.daemon.watchdog import STUCK_AFTER
from teleinfo.port import canonical_mode, line_log, link_status, search, serial_port
from teleinfo.port import reader as reader_module
from teleinfo.port.baud_detector import candidates
from teleinfo.port.errors import PortError, bridge_lost
from teleinfo.port.protocol import LineProtocol
from teleinfo.port.reader import Reader
from teleinfo.port.serial_port import open_port
from teleinfo.simulator.encode import encode_frame, misread, with_parity
from teleinfo.simulator.serial_line import SerialLine
from teleinfo.tic.decoder import Decoder
from teleinfo.tic.labels import Group, Mode
from teleinfo.vocabulary.line import PortErrorKind
from teleinfo.vocabulary.words import Message
from tests.support.frames import values_of, whole
from tests.support.ports import descriptors, until
from tests.support.process import LIMIT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from teleinfo.port.link_status import LinkStatus
    from teleinfo.port.protocol import DataSink
    from teleinfo.tic.reading import Reading

pytestmark = pytest.mark.real

ADDRESS = "041961123456"
VALUES = {1200: values_of(ADCO=ADDRESS), 9600: values_of(Mode.STANDARD, ADSC=ADDRESS)}
FRAMES = {
    1200: with_parity(encode_frame(whole(ADCO=ADDRESS))),
    9600: with_parity(encode_frame(whole(Mode.STANDARD, ADSC=ADDRESS))),
}


class Bench:
    """A reader of the port `link`, what it handed out, and a meter that speaks at `speed` baud."""

    def __init__(self, link: Path | str, *, mode: str = "auto", baudrate: int | None = None) -> None:
        self.line = SerialLine(link=link)
        self.speed = 1200
        self.readings: list[Reading] = []
        self.heartbeats = 0
        self.resets = 0
        decoder = Decoder()
        really = decoder.reset

        def reset() -> None:
            self.resets += 1
            really()

        decoder.reset = reset  # type: ignore[method-assign] # counted, and done
        self.reader = Reader(
            url=str(link),
            baudrates=candidates(mode, baudrate),
            decoder=decoder,
            sink=self,
            rng=random.Random(1),
        )

    def on_reading(self, reading: Reading) -> None:
        """Keep a reading."""
        self.readings.append(reading)

    def on_progress(self) -> None:
        """Count the heartbeats."""
        self.heartbeats += 1

    def has_decoded(self, frames: int) -> bool:
        """Tell whether so many frames were found sound."""
        return self.reader._decoder.counts.frames >= frames

    def has_heard(self, size: int) -> bool:
        """Tell whether so many bytes were decoded."""
        return self.reader._decoder.counts.bytes_ >= size

    def has_handed_out(self, readings: int) -> bool:
        """Tell whether there were so many."""
        return len(self.readings) == readings

    async def play(self) -> None:
        """Send frames for ever, as fast as a test likes it, garbled for a reader at another speed."""
        while True:
            frame = FRAMES[self.speed]
            for start in range(0, len(frame), 16):
                chunk, heard = frame[start : start + 16], self.line.reader_baudrate
                if heard is not None and heard != self.speed:
                    chunk = misread(chunk, sent=self.speed, received=heard)
                self.line.write(chunk)
                await asyncio.sleep(0.005)

    async def until_read(self, *, within: float = LIMIT) -> Reading:
        """Wait for one more reading and return it."""
        count = len(self.readings)
        await until(lambda: len(self.readings) > count, within=within)
        return self.readings[-1]


async def _forever(reader: Reader) -> None:
    await reader.run()


@contextlib.asynccontextmanager
async def running(bench: Bench, *, meter: bool = True) -> AsyncIterator[None]:
    """Run the reader, and the meter if wanted, for the length of the block; what fails in them is raised."""
    tasks: list[asyncio.Task[None]] = [asyncio.create_task(_forever(bench.reader), name="teleinfo.reader")]
    if meter:
        tasks.append(asyncio.create_task(bench.play(), name="meter"))
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for outcome in await asyncio.gather(*tasks, return_exceptions=True):
            assert isinstance(outcome, asyncio.CancelledError), outcome
        bench.line.close()


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Record what the log says at INFO and above; the number of the meter must never be in it."""
    caplog.set_level(logging.INFO, logger="teleinfo")
    yield caplog
    assert ADDRESS not in caplog.text


def said(lines: pytest.LogCaptureFixture, level: str) -> list[str]:
    """Return the lines of one level."""
    return [record.getMessage() for record in lines.records if record.levelname == level]


def patch(monkeypatch: pytest.MonkeyPatch, **seconds: float) -> None:
    """Make the waits of the reader short."""
    for name, value in seconds.items():
        monkeypatch.setattr(reader_module, name, value)


@pytest.mark.parametrize("baudrate", [1200, 9600])
def test_readings_are_handed_out(tmp_path: Path, lines: pytest.LogCaptureFixture, baudrate: int) -> None:
    """What the meter sends comes out as readings, and the log says once what is read."""
    mode = "historique" if baudrate == 1200 else "standard"

    async def scenario() -> tuple[dict[str, str], Mode | None, bool]:
        bench = Bench(tmp_path / "meter", mode=mode)
        bench.speed = baudrate
        bench.line.open()
        async with running(bench):
            reading = await bench.until_read()
            await bench.until_read()
            return reading.values, bench.reader.status.mode, bench.reader.status.connected

    values, heard, connected = asyncio.run(scenario())

    assert values == VALUES[baudrate]
    assert heard == mode
    assert connected
    assert [record.getMessage() for record in lines.records] == [
        f"reading a meter in mode {mode} at {baudrate} baud"
    ]


def test_a_meter_of_either_mode_is_found_and_found_again(
    tmp_path: Path, lines: pytest.LogCaptureFixture
) -> None:
    """
    `auto` finds the meter within 15 s.

    1. The meter speaks standard, the search begins at 1200 baud: found.
    2. Enedis sets it to historique: found again. Each is one line of the log.
    """

    async def scenario() -> list[Mode | None]:
        bench = Bench(tmp_path / "meter")
        bench.speed = 9600
        bench.line.open()
        async with running(bench):
            await bench.until_read(within=15.0)
            first = bench.reader.status.mode
            bench.speed = 1200
            await until(lambda: bench.readings[-1].mode is Mode.HISTORIQUE, within=15.0)
            return [first, bench.reader.status.mode]

    modes = asyncio.run(scenario())

    assert modes == [Mode.STANDARD, Mode.HISTORIQUE]
    assert said(lines, "WARNING") == []
    assert said(lines, "INFO") == [
        "reading a meter in mode standard at 9600 baud",
        "the meter changed its mode: now mode historique at 1200 baud, before mode standard at 9600 baud",
    ]


def in_canonical_mode(bench: Bench) -> bool:
    """Tell whether the kernel wakes the reader at ETX only."""
    assert bench.line.port is not None
    near = os.open(bench.line.port, os.O_RDONLY | os.O_NOCTTY)
    try:
        _, _, _, lflag, _, _, characters = termios.tcgetattr(near)
    finally:
        os.close(near)
    return bool(lflag & termios.ICANON) and characters[termios.VEOL] == b"\x03"


def test_a_stable_line_is_read_in_canonical_mode(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: pytest.LogCaptureFixture
) -> None:
    """
    What costs is to wake up, so the reader wakes up at ETX only, as long as frames come.

    1. After a few frames the port is in canonical mode, and every frame that is sent comes out.
    2. The meter is silent: the reader looks at every byte again, so that it can say what comes.
    3. The meter is back: canonical mode again, and so after the port was opened again.
    """
    monkeypatch.setattr(canonical_mode, "PATIENCE", 0.5)
    monkeypatch.setattr(canonical_mode, "OVERDUE", math.inf)  # frames come when they are read, here
    patch(monkeypatch, TICK=0.05)

    async def scenario() -> None:
        bench = Bench(tmp_path / "meter", mode="historique")
        bench.line.open()
        async with running(bench, meter=False):
            await until(lambda: bench.reader.status.connected)
            for turn in range(3):
                assert not in_canonical_mode(bench)
                for number in range(1, canonical_mode.STABLE_ROW + 3):
                    bench.line.write(FRAMES[1200][:-1])
                    bench.line.write(FRAMES[1200][-1:])
                    await until(partial(bench.has_handed_out, number))
                await until(lambda: in_canonical_mode(bench))
                bench.line.write(b"\xc3" + FRAMES[1200][1:])  # STX damaged, of right parity
                await until(partial(bench.has_handed_out, number + 1))
                if turn == 1:
                    bench.line.reopen()
                    await until(lambda: not bench.reader.status.connected)
                    await until(lambda: bench.reader.status.connected)
                else:
                    await until(lambda: not in_canonical_mode(bench))
                bench.readings.clear()

    asyncio.run(scenario())

    assert all("went away" in line for line in said(lines, "WARNING"))


def test_a_frame_in_progress_is_enough_to_know_the_meter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: pytest.LogCaptureFixture
) -> None:
    """A long frame is not waited for: some sound groups of it tell the mode."""
    patch(monkeypatch, TICK=0.02)

    async def scenario() -> list[Reading]:
        bench = Bench(tmp_path / "meter")
        bench.line.open()
        async with running(bench, meter=False):
            await until(lambda: bench.reader.status.connected)
            bench.line.write(FRAMES[1200][:-1])
            await until(lambda: bench.reader.status.mode is Mode.HISTORIQUE)
            return bench.readings

    assert asyncio.run(scenario()) == []
    assert said(lines, "INFO") == ["reading a meter in mode historique at 1200 baud"]


def test_frames_of_one_group_are_believed_from_the_third_on(
    tmp_path: Path, lines: pytest.LogCaptureFixture
) -> None:
    """An old meter in "veille" sends its number alone; a lone group may be an accident."""
    lone = with_parity(encode_frame([Group("ADCO", ADDRESS, None, Mode.HISTORIQUE)]))

    async def scenario() -> list[int]:
        bench = Bench(tmp_path / "meter")
        bench.line.open()
        counts = []
        async with running(bench, meter=False):
            await until(lambda: bench.reader.status.connected)
            for number in (1, 2, 3):
                bench.line.write(lone)
                await until(partial(bench.has_heard, number * len(lone)))
                counts.append(len(bench.readings))
        return counts

    assert asyncio.run(scenario()) == [0, 0, 1]
    assert said(lines, "INFO") == ["reading a meter in mode historique at 1200 baud"]


def test_a_port_that_comes_late_is_two_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: pytest.LogCaptureFixture
) -> None:
    """1. No port at the start: one warning. 2. Many attempts: none. 3. It comes: one line says how long."""
    patch(monkeypatch, RETRY_FIRST=0.02, RETRY_CAP=0.05, STEADY_AFTER=0.3)

    async def scenario() -> int:
        bench = Bench(tmp_path / "meter", mode="historique")
        async with running(bench, meter=False):
            await until(lambda: bench.heartbeats > 20)
            assert not bench.reader.status.connected
            bench.line.open()
            playing = asyncio.create_task(bench.play())
            await bench.until_read()
            await until(lambda: len(lines.records) == 3)
            await bench.until_read()
            playing.cancel()
            return len(lines.records)

    assert asyncio.run(scenario()) == 3
    (warning,) = said(lines, "WARNING")
    assert "there is no serial port at" in warning
    assert any("is open again after" in line for line in said(lines, "INFO"))


def test_a_port_is_back_within_five_seconds(tmp_path: Path, lines: pytest.LogCaptureFixture) -> None:
    """With the real waits: after an absence the port is read at most 5 s after it returned."""

    async def scenario() -> float:
        bench = Bench(tmp_path / "meter", mode="historique")
        async with running(bench, meter=False):
            await until(lambda: lines.records)
            bench.line.open()
            start = time.monotonic()
            await until(lambda: bench.reader.status.connected)
            return time.monotonic() - start

    assert asyncio.run(scenario()) <= 5.0


def test_a_port_that_comes_and_goes_is_read_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: pytest.LogCaptureFixture
) -> None:
    """Twenty times unplugged and plugged in again, with another number: always read again, nothing leaks."""
    patch(monkeypatch, RETRY_FIRST=0.02, RETRY_CAP=0.05, STEADY_AFTER=30.0)

    async def scenario() -> tuple[int, int]:
        bench = Bench(tmp_path / "meter", mode="historique")
        bench.line.open()
        async with running(bench):
            await bench.until_read()
            before = descriptors()
            for _ in range(20):
                bench.line.reopen()
                await until(lambda: not bench.reader.status.connected)
                await bench.until_read()
            return before, descriptors()

    before, after = asyncio.run(scenario())

    assert after == before
    assert len(said(lines, "WARNING")) == 1, "a port that never holds is one outage"


def test_a_silent_port_is_opened_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: pytest.LogCaptureFixture
) -> None:
    """A driver or a bridge may be stuck: a port without a byte is opened again, with no line in the log."""
    patch(monkeypatch, REOPEN_AFTER=0.1, TICK=0.05)

    async def scenario() -> None:
        bench = Bench(tmp_path / "meter", mode="historique")
        bench.line.open()
        async with running(bench, meter=False):
            await until(lambda: bench.resets >= 3)

    asyncio.run(scenario())

    assert lines.records == []


def test_a_fixed_speed_that_makes_no_sense_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: pytest.LogCaptureFixture
) -> None:
    """1. Bytes, no sound group: one warning names both modes. 2. It works. 3. Nonsense again: one more."""
    monkeypatch.setattr(link_status, "NONSENSE_FIXED", 0.3)

    async def scenario() -> list[int]:
        bench = Bench(tmp_path / "meter", mode="historique")
        bench.speed = 9600
        bench.line.open()
        counts = []
        async with running(bench):
            await until(lambda: said(lines, "WARNING"))
            await asyncio.sleep(0.7)  # a second warning would come within half of it
            counts.append(len(said(lines, "WARNING")))
            bench.speed = 1200
            await bench.until_read()
            bench.speed = 9600
            await until(lambda: len(said(lines, "WARNING")) > 1)
            counts.append(len(said(lines, "WARNING")))
        return counts

    assert asyncio.run(scenario()) == [1, 2]
    assert "mode historique" in said(lines, "WARNING")[0]
    assert "mode standard at 9600 baud" in said(lines, "WARNING")[0]


def test_noise_is_not_taken_for_a_meter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: pytest.LogCaptureFixture
) -> None:
    """Random bytes at full speed find no meter and cost no line; the search goes on."""
    monkeypatch.setattr("teleinfo.port.baud_detector.DWELL_SLOW", 0.3)
    monkeypatch.setattr("teleinfo.port.baud_detector.DWELL_FAST", 0.3)

    async def scenario() -> None:
        bench = Bench(tmp_path / "meter")
        bench.line.open()
        noise = random.Random(7)

        async def play() -> None:
            while True:
                bench.line.write(noise.randbytes(256))
                await asyncio.sleep(0.002)

        playing = asyncio.create_task(play())
        async with running(bench, meter=False):
            await until(lambda: bench.resets >= 4)
            playing.cancel()

    asyncio.run(scenario())

    assert lines.records == []


def test_a_speed_that_the_port_cannot_do_counts_as_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: pytest.LogCaptureFixture
) -> None:
    """The search goes on at the next speed, and there is nothing to warn of."""
    patch(monkeypatch, RETRY_FIRST=0.01, RETRY_CAP=0.01)

    @contextlib.asynccontextmanager
    async def not_at_1200_baud(url: str, baudrate: int, sink: DataSink) -> AsyncIterator[LineProtocol]:
        if baudrate == 1200:
            raise PortError(PortErrorKind.SPEED, Message("not at this speed"))
        async with open_port(url, baudrate, sink) as port:
            yield port

    monkeypatch.setattr(search, "open_port", not_at_1200_baud)

    async def scenario() -> int | None:
        bench = Bench(tmp_path / "meter")
        bench.speed = 9600
        bench.line.open()
        async with running(bench):
            await bench.until_read()
            return bench.reader.status.baudrate

    assert asyncio.run(scenario()) == 9600
    assert said(lines, "WARNING") == []


def test_a_port_that_can_do_no_speed_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: pytest.LogCaptureFixture
) -> None:
    """A device that is no serial port refuses them all: nobody would learn of it by waiting."""
    patch(monkeypatch, RETRY_FIRST=0.01, RETRY_CAP=0.01)
    tried = []

    def none(_url: str, baudrate: int, _sink: object) -> NoReturn:
        tried.append(baudrate)
        raise PortError(PortErrorKind.SPEED, Message("not at this speed"))

    monkeypatch.setattr(search, "open_port", none)

    async def scenario() -> None:
        bench = Bench(tmp_path / "meter")
        bench.line.open()
        async with running(bench, meter=False):
            await until(lambda: len(tried) > 6)

    asyncio.run(scenario())

    assert said(lines, "WARNING") == ["no meter: not at this speed; teleinfo keeps trying"]


def test_a_speed_that_another_program_changed_is_set_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bytes go on to come and make no sense, at a fixed speed as well: the port is opened again."""
    patch(monkeypatch, REOPEN_AFTER=0.5, TICK=0.05)

    async def scenario() -> int | None:
        bench = Bench(tmp_path / "meter", mode="historique")
        bench.line.open()
        async with running(bench):
            await bench.until_read()
            other = os.open(bench.line.path, os.O_RDWR | os.O_NOCTTY)
            attributes = termios.tcgetattr(other)
            attributes[4] = attributes[5] = termios.B9600
            termios.tcsetattr(other, termios.TCSANOW, attributes)
            os.close(other)
            assert bench.line.reader_baudrate == 9600
            await until(lambda: bench.line.reader_baudrate == 1200)
            bench.readings.clear()
            await bench.until_read()
            return bench.line.reader_baudrate

    assert asyncio.run(scenario()) == 1200


def test_a_port_whose_meter_is_heard_stays_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long: what counts is the time since the last sound frame."""
    patch(monkeypatch, REOPEN_AFTER=1.0, TICK=0.05)

    async def scenario() -> int:
        bench = Bench(tmp_path / "meter", mode="historique")
        bench.line.open()
        async with running(bench):
            await bench.until_read()
            began = time.monotonic()
            while time.monotonic() - began < 2.5:
                await bench.until_read()
            return bench.resets

    assert asyncio.run(scenario()) == 1


def test_an_opening_is_given_up_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An opening that takes its time is no obstacle to a stop."""
    opening, given_up = asyncio.Event(), []

    @contextlib.asynccontextmanager
    async def slow(_url: str, _baudrate: int, sink: DataSink) -> AsyncIterator[LineProtocol]:
        opening.set()
        try:
            await asyncio.Event().wait()
            yield LineProtocol(sink, partial(bridge_lost, "bridge"))
        finally:
            given_up.append(True)

    monkeypatch.setattr(search, "open_port", slow)

    async def scenario() -> None:
        bench = Bench(tmp_path / "meter")
        async with asyncio.timeout(10), running(bench, meter=False):
            await opening.wait()
            assert bench.heartbeats

    asyncio.run(scenario())

    assert given_up == [True]


def test_an_opening_is_over_before_the_reader_counts_as_stuck() -> None:
    """The reader sends a heartbeat before an opening and after it: the longest must be shorter than that."""
    assert serial_port.OPEN_TIMEOUT + serial_port.CLOSE_TIMEOUT + reader_module.RETRY_FIRST <= STUCK_AFTER - 3


def test_a_mistake_of_the_program_is_not_hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the receiver of the readings raises ends the reader loudly, and the port is closed."""

    async def scenario() -> None:
        bench = Bench(tmp_path / "meter", mode="historique")
        bench.line.open()

        def fail(_: Reading) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr(bench, "on_reading", fail)
        playing = asyncio.create_task(bench.play())
        with pytest.raises(ZeroDivisionError):
            await asyncio.wait_for(bench.reader.run(), 10)
        playing.cancel()
        assert not bench.line.attached
        bench.line.close()

    asyncio.run(scenario())


async def serve_bridge(frames: asyncio.Queue[bytes]) -> tuple[asyncio.Server, str]:
    """Start a bridge that sends what is put into `frames`, and return it with its address."""

    async def send(writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(await frames.get())
            await writer.drain()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sending = asyncio.create_task(send(writer))
        try:
            await reader.read()  # until the client has closed
        finally:
            sending.cancel()
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    return server, f"socket://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def test_a_bridge_has_no_speed(monkeypatch: pytest.MonkeyPatch, lines: pytest.LogCaptureFixture) -> None:
    """
    In mode `auto` nothing is searched behind a bridge, and no change of speed is logged.

    1. Frames of mode standard: the mode is logged without a speed.
    2. A pause, longer than any speed is listened to: the connection stays, and nothing is logged.
    3. Frames of mode historique: the mode changed.
    """
    for dwell in ("DWELL_SLOW", "DWELL_FAST", "DWELL_LOCKED"):
        monkeypatch.setattr(f"teleinfo.port.baud_detector.{dwell}", 0.1)
    patch(monkeypatch, TICK=0.05)
    monkeypatch.setattr(line_log, "MODE_CHANGE_INTERVAL", 0.0)

    async def scenario() -> LinkStatus:
        frames: asyncio.Queue[bytes] = asyncio.Queue()
        server, url = await serve_bridge(frames)
        async with server:
            bench = Bench(url)
            async with running(bench, meter=False):
                frames.put_nowait(FRAMES[9600])
                await until(partial(bench.has_handed_out, 1))
                before = bench.heartbeats
                await until(lambda: bench.heartbeats > before + 10)
                frames.put_nowait(FRAMES[1200])
                await until(partial(bench.has_handed_out, 2))
        return bench.reader.status

    status = asyncio.run(scenario())

    assert status.baudrate is None
    assert said(lines, "WARNING") == []
    assert said(lines, "INFO") == [
        "reading a meter in mode standard",
        "the meter changed its mode: now mode historique, before mode standard",
    ]


def test_after_a_stop_of_the_process_the_meter_is_heard_at_its_speed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: pytest.LogCaptureFixture
) -> None:
    """Nobody listened meanwhile: neither is the speed searched anew, nor are the wires blamed."""
    patch(monkeypatch, TICK=0.05, STALL_LIMIT=0.1)
    for dwell in ("DWELL_SLOW", "DWELL_FAST", "DWELL_LOCKED"):
        monkeypatch.setattr(f"teleinfo.port.baud_detector.{dwell}", 0.5)
    monkeypatch.setattr(link_status, "SILENT_AFTER", 0.5)

    async def scenario() -> int:
        bench = Bench(tmp_path / "meter")
        bench.line.open()
        async with running(bench, meter=False):
            await until(lambda: bench.reader.status.connected)
            bench.line.write(FRAMES[1200])
            await until(partial(bench.has_handed_out, 1))
            time.sleep(1.0)  # noqa: ASYNC251 - as SIGSTOP does
            before = bench.heartbeats
            await until(lambda: bench.heartbeats > before + 2)
            return bench.resets

    assert asyncio.run(scenario()) == 1
    assert lines.messages == ["reading a meter in mode historique at 1200 baud"]
