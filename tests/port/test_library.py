"""Reading a port in one's own program, with real pseudo-terminals and a real TCP bridge."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from teleinfo.port import library
from teleinfo.port.errors import PortError
from teleinfo.port.library import read
from teleinfo.simulator.encode import encode_frame, with_parity
from teleinfo.vocabulary.line import PortErrorKind
from tests.support.frames import whole
from tests.support.ports import descriptors, in_event_loop, tcp_bridge, until
from tests.support.process import LIMIT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from teleinfo.simulator.serial_line import SerialLine
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
    line: SerialLine, log: pytest.LogCaptureFixture, *, bridge: bool
) -> AsyncIterator[tuple[str, asyncio.Queue[bytes]]]:
    """Give the address of a port, and a queue whose bytes come out of it once it is open; b"" ends it."""
    log.set_level(logging.DEBUG, logger="teleinfo")

    async def drive(sent: asyncio.Queue[bytes]) -> None:
        # What a serial port received before it was open is thrown away.
        await until(lambda: "listening to" in log.text)
        while data := await sent.get():
            line.write(data)
        line.hang_up()

    if bridge:
        async with tcp_bridge() as url_and_sent:
            yield url_and_sent
    else:
        sent: asyncio.Queue[bytes] = asyncio.Queue()
        driving = asyncio.create_task(drive(sent))
        yield line.port, sent
        driving.cancel()
        await asyncio.wait({driving})


@pytest.mark.parametrize("bridge", [False, True])
@in_event_loop
async def test_readings_come_until_the_port_is_lost(
    line: SerialLine,
    caplog: pytest.LogCaptureFixture,
    bridge: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """Each frame is a reading, in their order; the end of the port is a PortError, after the last of them."""
    powers: list[int] = []

    async def consume(url: str, sent: asyncio.Queue[bytes]) -> None:
        async for reading in read(url, mode="historique"):
            powers.append(power(reading))
            sent.put_nowait(frame(len(powers) + 1) if len(powers) < 3 else b"")

    async with port_and_meter(line, caplog, bridge=bridge) as (url, sent), asyncio.timeout(LIMIT):
        sent.put_nowait(frame(1))
        with pytest.raises(PortError) as caught:
            await consume(url, sent)

    assert powers == [1, 2, 3]
    assert caught.value.kind is PortErrorKind.GONE


@pytest.mark.parametrize("bridge", [False, True])
@pytest.mark.parametrize("cancel", [False, True])
@in_event_loop
async def test_a_closed_iterator_leaves_nothing_behind(
    line: SerialLine,
    caplog: pytest.LogCaptureFixture,
    bridge: bool,  # noqa: FBT001 - a parameter of the test
    cancel: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """Whether it is closed or its task is cancelled: no task, no descriptor, and the port is free."""

    async def consume(url: str) -> None:
        async with contextlib.aclosing(read(url)) as readings:
            async for _ in readings:
                if not cancel:
                    return

    async with port_and_meter(line, caplog, bridge=bridge) as (url, sent):
        before = descriptors(), len(asyncio.all_tasks())
        consuming = asyncio.create_task(consume(url))
        sent.put_nowait(frame(1))
        if cancel:
            await until(sent.empty)
            consuming.cancel()
            await asyncio.wait({consuming})
        else:
            await asyncio.wait_for(consuming, LIMIT)
        await until(lambda: (descriptors(), len(asyncio.all_tasks())) <= before)
        assert descriptors() <= before[0]
        assert len(asyncio.all_tasks()) <= before[1]


@in_event_loop
async def test_a_port_that_cannot_be_opened_is_an_error() -> None:
    """With the message that the daemon logs."""
    with pytest.raises(PortError, match="there is no serial port at") as caught:
        await asyncio.wait_for(anext(read("/dev/serial/by-id/usb-none")), LIMIT)
    assert caught.value.kind is PortErrorKind.MISSING


@in_event_loop
async def test_an_unknown_mode_is_an_error() -> None:
    """The known ones are named."""
    with pytest.raises(ValueError, match="'fast' is no mode: auto, historique, standard"):
        await anext(read("/dev/ttyUSB0", mode="fast"))


@in_event_loop
async def test_a_slow_consumer_gets_the_newest_readings(
    line: SerialLine, caplog: pytest.LogCaptureFixture
) -> None:
    """What waits is bounded; what is dropped is old."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(library, "MAX_WAITING", 2)
        async with port_and_meter(line, caplog, bridge=True) as (url, sent):
            async with contextlib.aclosing(read(url)) as readings:
                sent.put_nowait(frame(1))
                assert power(await anext(readings)) == 1
                # All of them come in one piece, before the consumer has its turn.
                sent.put_nowait(b"".join(frame(number) for number in range(2, 7)))
                assert [power(await anext(readings)), power(await anext(readings))] == [5, 6]


def test_the_page_says_how_many_readings_wait() -> None:
    """docs/library.md names the bound."""
    page = (Path(__file__).parents[2] / "docs/library.md").read_text(encoding="utf-8")

    assert f"the newest {library.MAX_WAITING} readings" in page
