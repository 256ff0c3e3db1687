"""Reading a port in one's own program, with a real TCP bridge; tests/architecture reads a real terminal."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from teleinfo.port import library
from teleinfo.port.errors import PortError
from teleinfo.port.library import read
from teleinfo.simulator.encode import encode_frame, with_parity
from teleinfo.tic.labels import Mode
from teleinfo.vocabulary.line import PortErrorKind
from tests.support.frames import whole
from tests.support.ports import descriptors, tcp_bridge, until
from tests.support.process import LIMIT

if TYPE_CHECKING:
    from teleinfo.tic.reading import Reading

pytestmark = pytest.mark.real


def frame(power: int) -> bytes:
    """Return a frame of mode historique."""
    return with_parity(encode_frame(whole(PAPP=f"{power:05}")))


def power(reading: Reading) -> int:
    """Return the apparent power, VA."""
    return int(reading.values["PAPP"])


async def test_readings_come_until_the_port_is_lost() -> None:
    """Each frame is a reading, in their order; the end of the port is a PortError, after the last of them."""
    powers: list[int] = []

    async def consume(url: str, sent: asyncio.Queue[bytes]) -> None:
        async for reading in read(url, mode=Mode.HISTORIQUE):
            powers.append(power(reading))
            sent.put_nowait(frame(len(powers) + 1) if len(powers) < 3 else b"")

    async with tcp_bridge() as (url, sent), asyncio.timeout(LIMIT):
        sent.put_nowait(frame(1))
        with pytest.raises(PortError) as caught:
            await consume(url, sent)

    assert powers == [1, 2, 3]
    assert caught.value.kind is PortErrorKind.GONE


@pytest.mark.parametrize("cancel", [False, True])
async def test_a_closed_iterator_leaves_nothing_behind(cancel: bool) -> None:  # noqa: FBT001 - a parameter
    async def consume(url: str) -> None:
        async with contextlib.aclosing(read(url)) as readings:
            async for _ in readings:
                if not cancel:
                    return

    async with tcp_bridge() as (url, sent):
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


async def test_a_port_that_cannot_be_opened_is_an_error() -> None:
    with pytest.raises(PortError, match="check that the adapter is plugged in") as caught:
        await asyncio.wait_for(anext(read("/dev/serial/by-id/usb-none")), LIMIT)
    assert caught.value.kind is PortErrorKind.MISSING


async def test_a_slow_consumer_gets_the_newest_readings(monkeypatch: pytest.MonkeyPatch) -> None:
    page = (Path(__file__).parents[2] / "docs/library.md").read_text(encoding="utf-8")
    assert f"the newest {library.MAX_WAITING} readings" in page

    monkeypatch.setattr(library, "MAX_WAITING", 2)
    async with tcp_bridge() as (url, sent), contextlib.aclosing(read(url)) as readings:
        sent.put_nowait(frame(1))
        assert power(await anext(readings)) == 1
        # All of them come in one piece, before the consumer has its turn.
        sent.put_nowait(b"".join(frame(number) for number in range(2, 7)))
        assert [power(await anext(readings)), power(await anext(readings))] == [5, 6]


def test_an_unknown_mode_is_an_error() -> None:
    """The known ones are named, at the call."""
    with pytest.raises(ValueError, match="'fast' is no mode: auto, historique, standard"):
        read("/dev/ttyUSB0", mode="fast")  # type: ignore[arg-type]


@pytest.mark.parametrize("url", ["http://bridge:2000", "tcp://bridge:2000", "mqtt://broker"])
def test_another_kind_of_address_is_an_error(url: str) -> None:
    """It names those that can be read."""
    with pytest.raises(ValueError, match=rf"'{url}' is no port .* socket://host:port or rfc2217://host:port"):
        read(url)


async def test_a_path_is_a_port(tmp_path: Path) -> None:
    with pytest.raises(PortError, match=r"nowhere") as caught:
        await asyncio.wait_for(anext(read(tmp_path / "nowhere")), LIMIT)
    assert caught.value.kind is PortErrorKind.MISSING
