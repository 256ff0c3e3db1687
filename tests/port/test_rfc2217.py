"""A bridge whose speed we set (RFC 2217): a server of pyserial's in front of a pseudo-terminal."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import pytest

from teleinfo.doctor.check_line import hear
from teleinfo.doctor.report import Screen
from teleinfo.port.errors import PortError
from teleinfo.port.library import read
from teleinfo.port.serial_port import open_port
from teleinfo.simulator.encode import encode_frame, with_parity
from teleinfo.simulator.serial_line import SerialLine
from teleinfo.tic.labels import Mode
from teleinfo.vocabulary.line import PortErrorKind
from tests.support.frames import whole
from tests.support.ports import ignore
from tests.support.process import LIMIT
from tests.support.rfc2217 import Bridge
from tests.support.tcp_ports import free_port

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


# pyserial 3.5 starts its thread by setDaemon() and setName().
pytestmark = [pytest.mark.real, pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")]

FRAME = with_parity(encode_frame(whole(PAPP="00380")))


async def read_once(url: str) -> Mode | None:
    """Return the mode of the meter, by the library."""
    async with contextlib.aclosing(read(url)) as readings:
        return (await anext(readings)).mode


async def examine(url: str) -> Mode | None:
    """Return the mode of the meter, by `teleinfo doctor`."""
    return (await hear(url, (), Screen(quiet=True), seconds=0.1))[-1].mode


@pytest.mark.parametrize("command", [read_once, examine])
async def test_a_meter_at_the_second_speed_is_heard(command: Callable[[str], Awaitable[Mode | None]]) -> None:
    """The server serves one client at a time, and needs a second to see that one has gone."""
    frame = encode_frame(whole(Mode.STANDARD))
    with (
        SerialLine(baudrate=9600, speed=2.0, strict_speed=True) as line,
        Bridge(line.port, slow=1) as server,
    ):

        async def play() -> None:
            while True:
                await line.send(frame)

        playing = asyncio.create_task(play())
        async with asyncio.timeout(LIMIT):
            mode = await command(server.url)
        playing.cancel()
        speed = line.reader_baudrate

    assert (mode, speed) == (Mode.STANDARD, line.baudrate)
    assert server.served > 1
    assert server.refused == 0


@pytest.mark.parametrize("junk", [b"\xff\xf0", b"\x02\nADCO "])
async def test_a_server_of_another_protocol_is_named(line: SerialLine, junk: bytes) -> None:
    """No thread ends with a traceback, which pytest would report."""
    with Bridge(line.port, junk=junk) as server:
        with pytest.raises(PortError, match="is no RFC 2217 server") as caught:
            async with asyncio.timeout(LIMIT), open_port(server.url, 1200, ignore):
                pass

    assert caught.value.kind is PortErrorKind.UNREACHABLE


async def test_a_server_that_is_not_there_is_named() -> None:
    url = f"rfc2217://127.0.0.1:{free_port()}"
    with pytest.raises(PortError, match=r"the bridge at 127\.0\.0\.1:.*nothing listens there") as caught:
        async with asyncio.timeout(LIMIT), open_port(url, 1200, ignore):
            pass

    assert caught.value.kind is PortErrorKind.UNREACHABLE


async def test_a_connection_that_is_lost_is_a_bridge_that_is_lost(line: SerialLine) -> None:
    """The thread that reads it ends, and the port is lost at once."""
    with Bridge(line.port) as server:
        async with asyncio.timeout(LIMIT), open_port(server.url, 1200, ignore) as port:
            server.hang_up()
            with pytest.raises(PortError, match="the bridge at 127") as caught:
                await port.wait(LIMIT)

    assert caught.value.kind is PortErrorKind.GONE
