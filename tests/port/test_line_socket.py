"""Copies of the bytes of a port on a Unix socket: who gets them, who is dropped, and who finds the socket."""

from __future__ import annotations

import asyncio
import contextlib
import stat
from typing import TYPE_CHECKING

import pytest

from teleinfo.port.errors import PortError
from teleinfo.port.line_socket import MAX_READERS, MAX_WAITING, LineSocket, line_of
from teleinfo.port.serial_port import open_port
from teleinfo.vocabulary.line import PortErrorKind
from tests.support.ports import IGNORE, Sink, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

PORT = "/dev/ttyAMA0"
LIMIT = 20.0
WRITERS: dict[asyncio.StreamReader, asyncio.StreamWriter] = {}
"""The writing side of each reader of the socket."""


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
    while WRITERS:
        _reader, writer = WRITERS.popitem()
        writer.transport.abort()
        with contextlib.suppress(OSError):  # the service has dropped it
            await writer.wait_closed()


async def connected(folder: Path, copies: LineSocket) -> asyncio.StreamReader:
    """Return a reader of the socket, once the service has accepted it."""
    count = len(copies._readers)
    reader, writer = await asyncio.open_unix_connection(folder / "teleinfo.sock", limit=1024)
    WRITERS[reader] = writer
    await until(lambda: len(copies._readers) > count)
    return reader


def test_each_reader_gets_the_bytes_and_one_too_many_is_refused(folder: Path) -> None:
    async def serve() -> None:
        async with serving() as copies, asyncio.timeout(LIMIT):
            readers = [await connected(folder, copies) for _ in range(MAX_READERS)]
            with pytest.raises(PortError, match="to eight readers at a time"):
                async with open_port(line_of(PORT), 1200, IGNORE) as port:
                    await port.wait(LIMIT)
            copies.send(b"\x02\n")
            copies.send(b"ADCO")
            for reader in readers:
                assert await reader.readexactly(6) == b"\x02\nADCO"
            WRITERS[readers.pop()].close()
            await until(lambda: len(copies._readers) < MAX_READERS)
            later = await connected(folder, copies)
            copies.send(b"x")
            assert await later.readexactly(1) == b"x"

    asyncio.run(serve())


def test_a_slow_reader_is_dropped_and_the_others_miss_nothing(folder: Path) -> None:
    async def serve() -> None:
        async with serving() as copies, asyncio.timeout(LIMIT):
            _slow, quick, talking = [await connected(folder, copies) for _ in range(3)]
            WRITERS[talking].write(b"hello")
            assert await talking.read() == b""
            sent = 0
            while len(copies._readers) == 2 and sent < 100 * MAX_WAITING:
                copies.send(bytes(1024))
                sent += 1024
                assert await quick.readexactly(1024) == bytes(1024)
            assert len(copies._readers) == 1
            assert sent > MAX_WAITING

    asyncio.run(serve())


def test_the_socket_is_for_the_group_and_leads_to_its_port(folder: Path) -> None:
    link = folder.parent / "by-id"
    link.symlink_to(PORT)

    async def serve() -> tuple[int, list[str]]:
        async with serving("sun/roof"):
            mode = stat.S_IMODE((folder / "sun%2Froof.sock").stat().st_mode)
            return mode, [line_of(port) for port in (PORT, str(link), "/dev/ttyUSB0", "socket://bridge:1")]

    mode, lines = asyncio.run(serve())
    url = f"unix://{folder}/sun%2Froof.sock"

    assert mode == 0o660
    assert lines == [url, url, "/dev/ttyUSB0", "socket://bridge:1"]
    assert line_of(PORT) == PORT


@pytest.mark.usefixtures("folder")
def test_a_directory_that_cannot_be_written_is_a_line_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """The meter is read all the same. A name too long for a socket is refused by the system."""

    async def serve() -> None:
        async with serving("t" * 200):
            pass

    asyncio.run(serve())

    assert "no other program can read the line beside teleinfo" in caplog.text
    assert line_of(PORT) == PORT


def test_the_socket_is_read_like_a_bridge(folder: Path) -> None:
    """When the service stops, the reader is told so."""
    came = bytearray()

    async def read() -> PortError:
        async with asyncio.timeout(LIMIT), contextlib.AsyncExitStack() as stack:
            copies = await stack.enter_async_context(serving("t", "socket://bridge:1"))
            url = line_of("socket://bridge:1")
            async with open_port(url, 1200, Sink(came.extend)) as port:
                await until(lambda: len(copies._readers) == 1)
                copies.send(b"abc")
                await until(lambda: came == b"abc")
                await stack.aclose()
                with pytest.raises(PortError) as lost:
                    await port.wait(LIMIT)
            with pytest.raises(PortError, match="no longer gives"):
                async with open_port(url, 1200, IGNORE):
                    pass
            return lost.value

    error = asyncio.run(read())

    assert error.kind is PortErrorKind.GONE
    assert str(folder) in str(error)
