"""Reading a port in one's own program, with real pseudo-terminals and a real TCP bridge."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from teleinfo.port import library
from teleinfo.port.errors import PortError
from teleinfo.port.library import read
from teleinfo.simulator.encode import encode_frame, with_parity
from teleinfo.simulator.serial_line import SerialLine
from teleinfo.vocabulary.line import PortErrorKind
from tests.support.frames import whole
from tests.support.ports import descriptors, until
from tests.support.process import LIMIT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from teleinfo.tic.reading import Reading

pytestmark = pytest.mark.real


def frame(power: int) -> bytes:
    """Return a frame of mode historique."""
    return with_parity(encode_frame(whole(PAPP=f"{power:05}")))


def power(reading: Reading) -> int:
    """Return the apparent power, VA."""
    return int(reading.values["PAPP"])


@contextlib.asynccontextmanager
async def port_and_meter(
    tmp_path: Path, log: pytest.LogCaptureFixture, *, bridge: bool
) -> AsyncIterator[tuple[str, asyncio.Queue[bytes]]]:
    """Give the address of a port, and a queue whose bytes come out of it once it is open; b"" ends it."""
    log.set_level(logging.DEBUG, logger="teleinfo")
    sent: asyncio.Queue[bytes] = asyncio.Queue()

    async def feed(writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer):
            while data := await sent.get():
                writer.write(data)
                await writer.drain()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        feeding = asyncio.create_task(feed(writer))
        await reader.read()  # until the client hangs up
        feeding.cancel()
        await asyncio.wait({feeding})

    async def drive(line: SerialLine) -> None:
        # What a serial port received before it was open is thrown away.
        await until(lambda: "listening to" in log.text)
        while data := await sent.get():
            line.write(data)
        line.hang_up()

    if bridge:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            yield f"socket://127.0.0.1:{server.sockets[0].getsockname()[1]}", sent
    else:
        with SerialLine(link=tmp_path / "meter") as line:
            driving = asyncio.create_task(drive(line))
            yield line.port, sent
            driving.cancel()
            await asyncio.wait({driving})


@pytest.mark.parametrize("bridge", [False, True])
def test_readings_come_until_the_port_is_lost(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    bridge: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """Each frame is a reading, in their order; the end of the port is a PortError, after the last of them."""
    powers: list[int] = []

    async def scenario() -> None:
        async with port_and_meter(tmp_path, caplog, bridge=bridge) as (url, sent), asyncio.timeout(LIMIT):
            sent.put_nowait(frame(1))
            async for reading in read(url, mode="historique"):
                powers.append(power(reading))
                sent.put_nowait(frame(len(powers) + 1) if len(powers) < 3 else b"")

    with pytest.raises(PortError) as caught:
        asyncio.run(scenario())

    assert powers == [1, 2, 3]
    assert caught.value.kind is PortErrorKind.GONE


@pytest.mark.parametrize("bridge", [False, True])
@pytest.mark.parametrize("cancel", [False, True])
def test_a_closed_iterator_leaves_nothing_behind(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    bridge: bool,  # noqa: FBT001 - a parameter of the test
    cancel: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """Whether it is closed or its task is cancelled: no task, no descriptor, and the port is free."""

    async def consume(url: str, *, forever: bool) -> None:
        async with contextlib.aclosing(read(url)) as readings:
            async for _ in readings:
                if not forever:
                    return

    async def scenario() -> tuple[int, int]:
        async with port_and_meter(tmp_path, caplog, bridge=bridge) as (url, sent):
            before = descriptors(), len(asyncio.all_tasks())
            consuming = asyncio.create_task(consume(url, forever=cancel))
            sent.put_nowait(frame(1))
            if cancel:
                await until(sent.empty)
                consuming.cancel()
                await asyncio.wait({consuming})
            else:
                await asyncio.wait_for(consuming, LIMIT)
            await until(lambda: (descriptors(), len(asyncio.all_tasks())) <= before)
            return descriptors() - before[0], len(asyncio.all_tasks()) - before[1]

    leaked = asyncio.run(scenario())

    assert max(leaked) <= 0


def test_a_port_that_cannot_be_opened_is_an_error() -> None:
    """With the message that the daemon logs."""

    async def scenario() -> None:
        async with asyncio.timeout(LIMIT):
            async for _ in read("/dev/serial/by-id/usb-none"):
                pytest.fail("a reading")

    with pytest.raises(PortError, match="there is no serial port at") as caught:
        asyncio.run(scenario())
    assert caught.value.kind is PortErrorKind.MISSING


def test_an_unknown_mode_is_an_error() -> None:
    """The known ones are named."""

    async def scenario() -> None:
        await anext(read("/dev/ttyUSB0", mode="fast"))

    with pytest.raises(ValueError, match="'fast' is no mode: auto, historique, standard"):
        asyncio.run(scenario())


def test_a_slow_consumer_gets_the_newest_readings(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waits is bounded; what is dropped is old."""
    monkeypatch.setattr(library, "MAX_WAITING", 2)

    powers: list[int] = []

    async def scenario() -> None:
        async with port_and_meter(tmp_path, caplog, bridge=True) as (url, sent):
            async with contextlib.aclosing(read(url)) as readings:
                sent.put_nowait(frame(1))
                powers.append(power(await anext(readings)))
                # All of them come in one piece, before the consumer has its turn.
                sent.put_nowait(b"".join(frame(number) for number in range(2, 7)))
                powers.extend([power(await anext(readings)), power(await anext(readings))])

    asyncio.run(scenario())

    assert powers == [1, 5, 6]


def test_a_second_reader_is_refused_and_leaves_the_first_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Two readers of one port would each get a part of the bytes."""
    powers: list[int] = []

    async def scenario() -> PortErrorKind:
        async with port_and_meter(tmp_path, caplog, bridge=False) as (url, sent), asyncio.timeout(LIMIT):
            async with contextlib.aclosing(read(url)) as readings:
                sent.put_nowait(frame(1))
                powers.append(power(await anext(readings)))
                with pytest.raises(PortError) as caught:
                    await anext(read(url))
                sent.put_nowait(frame(2))
                powers.append(power(await anext(readings)))
        return caught.value.kind

    kind = asyncio.run(scenario())

    assert kind is PortErrorKind.BUSY
    assert powers == [1, 2]


def test_the_page_says_how_many_readings_wait() -> None:
    """docs/library.md names the bound."""
    page = (Path(__file__).parents[2] / "docs/library.md").read_text(encoding="utf-8")

    assert f"the newest {library.MAX_WAITING} readings" in page


def test_the_library_needs_neither_the_broker_nor_the_settings() -> None:
    """Whoever reads a port does not pay for what publishes."""
    code = "import sys, teleinfo.port.library; print({'aiomqtt', 'pydantic'} & set(sys.modules))"
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )

    assert ended.stdout == "set()\n"
