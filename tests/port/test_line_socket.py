"""Copies of the bytes of a port on a Unix socket: who gets them, who is dropped, and who finds the socket."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import stat
from typing import TYPE_CHECKING

import pytest

from teleinfo.port.errors import PortError, bridge_lost
from teleinfo.port.line_socket import MAX_READERS, MAX_WAITING, LineSocket, line_of
from teleinfo.port.serial_port import open_port
from teleinfo.vocabulary.line import PortErrorKind
from tests.support.ports import ignore, until
from tests.support.process import LIMIT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

PORT = "/dev/ttyAMA0"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the runtime directory of a service."""
    made = tmp_path / "teleinfo"
    made.mkdir()
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(made))
    return made


@contextlib.asynccontextmanager
async def serving(topic: str = "teleinfo", port: str = PORT) -> AsyncIterator[LineSocket]:
    """Serve until the end of the block."""
    copies = LineSocket(topic, port)
    task = asyncio.create_task(copies.run())
    await asyncio.sleep(0)
    yield copies
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await until(lambda: not copies._readers)


@pytest.mark.usefixtures("folder")
async def test_each_reader_gets_the_bytes_and_one_too_many_is_refused() -> None:
    came = [bytearray() for _ in range(MAX_READERS)]
    async with serving() as copies, contextlib.AsyncExitStack() as readers:
        url = line_of(PORT)  # which connects for a moment
        await until(lambda: not copies._readers)
        for data in came:
            await readers.enter_async_context(open_port(url, 1200, data.extend))
        await until(lambda: len(copies._readers) == MAX_READERS)
        with pytest.raises(PortError, match="to eight readers at a time"):
            async with open_port(url, 1200, ignore) as port:
                await port.wait(LIMIT)
        copies.send(b"\x02\n")
        copies.send(b"ADCO")
        await until(lambda: came == [b"\x02\nADCO"] * MAX_READERS)
        await readers.aclose()
        await until(lambda: not copies._readers)
        async with open_port(url, 1200, came[0].extend):
            await until(lambda: copies._readers)
            copies.send(b"x")
            await until(lambda: came[0].endswith(b"x"))


def connect_many(path: str, readers: contextlib.ExitStack) -> None:
    """Connect more readers than may wait for a socket; raise BlockingIOError with the first that may not."""
    for _reader in range(10):
        reader = readers.enter_context(socket.socket(socket.AF_UNIX))
        reader.settimeout(0)
        reader.connect(path)


def test_a_socket_for_which_others_wait_is_full_and_one_that_nobody_serves_is_stopped(tmp_path: Path) -> None:
    path = str(tmp_path / "line.sock")
    with socket.socket(socket.AF_UNIX) as service, contextlib.ExitStack() as readers:
        service.bind(path)
        service.listen(0)
        with pytest.raises(BlockingIOError):
            connect_many(path, readers)
        full = str(bridge_lost(path, None))
    stopped = str(bridge_lost(path, None))

    assert "to eight readers at a time" in full
    assert "was stopped or restarted" in stopped


async def test_a_slow_reader_and_one_that_talks_are_dropped(folder: Path) -> None:
    async with serving() as copies:
        with socket.socket(socket.AF_UNIX) as slow, socket.socket(socket.AF_UNIX) as talking:
            for reader in (slow, talking):
                reader.connect(str(folder / "teleinfo.sock"))
            await until(lambda: len(copies._readers) == 2)
            talking.sendall(b"hello")
            await until(lambda: len(copies._readers) == 1)
            sent = 0
            while copies._readers and sent < 100 * MAX_WAITING:
                copies.send(bytes(1024))
                sent += 1024
                await asyncio.sleep(0)
            await until(lambda: not copies._readers)
            assert sent > MAX_WAITING


async def test_the_socket_is_for_the_group_and_leads_to_its_port(folder: Path) -> None:
    link = folder.parent / "by-id"
    link.symlink_to(PORT)
    async with serving("sun/roof"):
        mode = stat.S_IMODE((folder / "sun%2Froof.sock").stat().st_mode)
        lines = [line_of(port) for port in (PORT, str(link), "/dev/ttyUSB0", "socket://bridge:1")]
    url = f"unix://{folder}/sun%2Froof.sock"

    assert mode == 0o660
    assert lines == [url, url, "/dev/ttyUSB0", "socket://bridge:1"]
    assert line_of(PORT) == PORT


@pytest.mark.usefixtures("folder")
async def test_a_directory_that_cannot_be_written_is_a_line_of_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The meter is read all the same. A name too long for a socket is refused by the system."""
    async with serving("t" * 200):
        assert line_of(PORT) == PORT

    assert "no other program can read the line beside teleinfo" in caplog.text


async def test_a_reader_is_told_that_the_service_stops(folder: Path) -> None:
    bridge = "socket://bridge:1"
    async with contextlib.AsyncExitStack() as stack:
        copies = await stack.enter_async_context(serving("t", bridge))
        url = line_of(bridge)
        async with open_port(url, 1200, ignore) as port:
            await until(lambda: copies._readers)
            await stack.aclose()
            with pytest.raises(PortError, match=str(folder)) as lost:
                await port.wait(LIMIT)
    with pytest.raises(PortError, match="no longer gives"):
        async with open_port(url, 1200, ignore):
            pass

    assert lost.value.kind is PortErrorKind.GONE
