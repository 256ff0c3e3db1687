"""A bridge whose speed we set (RFC 2217): a server of pyserial's in front of a pseudo-terminal."""

from __future__ import annotations

import asyncio
import contextlib
import io
from typing import TYPE_CHECKING

import pytest

from teleinfo.doctor.check_line import hear
from teleinfo.doctor.report import Screen
from teleinfo.port import search
from teleinfo.port.errors import PortError
from teleinfo.port.library import read
from teleinfo.port.reader import Reader
from teleinfo.port.search import candidates
from teleinfo.port.serial_port import open_port
from teleinfo.record.capture import Recording
from teleinfo.simulator.encode import encode_frame, with_parity
from teleinfo.simulator.serial_line import SerialLine
from teleinfo.tic.decoder import Decoder
from teleinfo.tic.labels import Mode
from teleinfo.vocabulary.line import PortErrorKind
from tests.support.frames import whole
from tests.support.ports import in_event_loop, until
from tests.support.process import LIMIT
from tests.support.rfc2217 import Bridge
from tests.support.tcp_ports import free_port

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from teleinfo.tic.reading import Reading

# pyserial 3.5 starts its thread by setDaemon() and setName().
pytestmark = [pytest.mark.real, pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")]

FRAME = with_parity(encode_frame(whole(PAPP="00380")))


class Sink:
    """Readings and bytes that came."""

    def __init__(self) -> None:
        self.data = b""
        self.readings: list[Reading] = []

    def on_data(self, data: bytes) -> None:
        """Keep the bytes."""
        self.data += data

    def on_reading(self, reading: Reading) -> None:
        """Keep the reading."""
        self.readings.append(reading)


def patient(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Let a search listen shortly at the first speed, and as long as it takes after that."""
    return lambda client: monkeypatch.setattr(search, "DWELL", 0.3 if client == 1 else LIMIT)


@in_event_loop
async def test_the_speed_behind_the_server_is_searched(
    line: SerialLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    The parity comes through.

    1. The meter is silent at the first speed, and speaks at the second. 2. The connection is lost, and comes
    back.
    """
    monkeypatch.setattr("teleinfo.port.reader.TICK", 0.05)
    monkeypatch.setattr("teleinfo.port.reader.RETRY_INTERVAL", 0.1)
    sink, decoder = Sink(), Decoder()
    with Bridge(str(line.link), on_client=patient(monkeypatch)) as server:
        reader = Reader(url=server.url, baudrates=candidates("auto", None), decoder=decoder, sink=sink)
        running = asyncio.create_task(reader.run())

        async def until_read() -> None:
            wanted = len(sink.readings) + 1
            async with asyncio.timeout(LIMIT):
                while len(sink.readings) < wanted:
                    line.write(FRAME)
                    await asyncio.sleep(0.2)  # the server copies byte by byte

        await until(lambda: server.served > 1)
        await until_read()
        assert server.refused == 0
        parity = decoder.parity
        server.hang_up()
        await until(lambda: not reader.status.connected)
        await until_read()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    assert parity
    assert sink.readings[-1].values["PAPP"] == "00380"


async def read_once(url: str) -> Mode | None:
    """Return the mode of the meter, by the library."""
    async with contextlib.aclosing(read(url)) as readings:
        return (await anext(readings)).mode


async def record_it(url: str) -> Mode | None:
    """Return the mode of the meter, by `teleinfo record`."""
    recording = Recording(url, candidates("auto", None), io.BytesIO(), anonymiser=None, most=2000)
    await recording.run(LIMIT)
    return recording.mode


async def examine(url: str) -> Mode | None:
    """Return the mode of the meter, by `teleinfo doctor`."""
    return (await hear(url, (), Screen(quiet=True), seconds=0.1))[-1].mode


@pytest.mark.parametrize("command", [read_once, record_it, examine])
@in_event_loop
async def test_a_meter_at_the_second_speed_is_heard_by_every_command(
    command: Callable[[str], Awaitable[Mode | None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server serves one client at a time: it is left before it is asked for the second speed."""
    frame = encode_frame(whole(Mode.STANDARD))
    with (
        SerialLine(baudrate=9600, speed=2.0, strict_speed=True) as line,
        Bridge(line.port, on_client=patient(monkeypatch)) as server,
    ):

        async def play() -> None:
            while True:
                await line.send(frame)

        playing = asyncio.create_task(play())
        async with asyncio.timeout(LIMIT):
            mode = await command(server.url)
        playing.cancel()

    assert mode is Mode.STANDARD
    assert server.served > 1
    assert server.refused == 0


@pytest.mark.parametrize("junk", [b"\xff\xf0", b"\x02\nADCO "])
@in_event_loop
async def test_a_server_of_another_protocol_is_named(line: SerialLine, junk: bytes) -> None:
    """No thread ends with a traceback, which pytest would report."""
    with Bridge(line.port, junk=junk) as server:
        with pytest.raises(PortError, match="is no RFC 2217 server") as caught:
            async with asyncio.timeout(LIMIT), open_port(server.url, 1200, Sink()):
                pass

    assert caught.value.kind is PortErrorKind.UNREACHABLE


@in_event_loop
async def test_a_server_that_is_not_there_is_named() -> None:
    """By its address, as a bridge is."""
    url = f"rfc2217://127.0.0.1:{free_port()}"
    with pytest.raises(PortError, match=r"the bridge at 127\.0\.0\.1:.*nothing listens there") as caught:
        async with asyncio.timeout(LIMIT), open_port(url, 1200, Sink()):
            pass

    assert caught.value.kind is PortErrorKind.UNREACHABLE
