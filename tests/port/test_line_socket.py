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
from tests.support.ports import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

PORT = "/dev/ttyAMA0"
LIMIT = 20.0


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
    for client in tuple(CLIENTS):
        CLIENTS.remove(client)
        client.close()


class Client(asyncio.Protocol):
    """A reader of the socket: `data` came, and `ended` says that the service has dropped it."""

    def __init__(self) -> None:
        self.data = b""
        self.news = asyncio.Event()
        self.ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the connection."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Keep the bytes."""
        self.data += data
        self.news.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """Note it."""
        del exc
        self.ended = True
        self.news.set()

    async def expect(self, data: bytes | None) -> None:
        """Return once exactly `data` has come since the last call; None: once the connection is lost."""
        while not self.ended if data is None else len(self.data) < len(data):
            await self.news.wait()
            self.news.clear()
        if data is not None:
            assert self.data == data
            self.data = b""

    def close(self) -> None:
        """Close the connection."""
        self.transport.abort()


CLIENTS: list[Client] = []


async def connected(folder: Path, copies: LineSocket) -> Client:
    """Return a reader of the socket, once the service has accepted it."""
    count = len(copies._readers)
    _transport, client = await asyncio.get_running_loop().create_unix_connection(
        Client, str(folder / "teleinfo.sock")
    )
    CLIENTS.append(client)
    await until(lambda: len(copies._readers) > count)
    return client


def test_each_reader_gets_the_bytes_and_one_too_many_is_refused(folder: Path) -> None:
    """Eight readers; the next one reads why. The place of a reader that leaves is free again."""

    async def serve() -> None:
        async with serving() as copies, asyncio.timeout(LIMIT):
            readers = [await connected(folder, copies) for _ in range(MAX_READERS)]
            with pytest.raises(PortError, match="to eight readers at a time"):
                async with open_port(line_of(PORT), 1200, Sink()) as port:
                    await port.wait(LIMIT)
            copies.send(b"\x02\n")
            copies.send(b"ADCO")
            for reader in readers:
                await reader.expect(b"\x02\nADCO")
            readers.pop().close()
            await until(lambda: len(copies._readers) < MAX_READERS)
            later = await connected(folder, copies)
            copies.send(b"x")
            await later.expect(b"x")

    asyncio.run(serve())


def test_a_slow_reader_is_dropped_and_the_others_miss_nothing(folder: Path) -> None:
    """Its buffer is bounded. So is what a reader that writes may have us do: it is dropped as well."""

    async def serve() -> None:
        async with serving() as copies, asyncio.timeout(LIMIT):
            slow, quick, talking = [await connected(folder, copies) for _ in range(3)]
            slow.transport.pause_reading()
            talking.transport.write(b"hello")
            await talking.expect(None)
            sent = 0
            while len(copies._readers) == 2 and sent < 100 * MAX_WAITING:
                copies.send(bytes(1024))
                sent += 1024
                await quick.expect(bytes(1024))
            assert len(copies._readers) == 1
            assert sent > MAX_WAITING
            copies.send(b"x")
            await quick.expect(b"x")

    asyncio.run(serve())


def test_without_readers_a_byte_costs_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No turn of the event loop; nor is there a socket without a runtime directory."""

    async def serve() -> None:
        async with serving() as copies:
            before = asyncio.get_running_loop()._ready.copy()  # type: ignore[attr-defined]
            copies.send(b"\x02")
            assert asyncio.get_running_loop()._ready == before  # type: ignore[attr-defined]

    asyncio.run(serve())
    monkeypatch.delenv("RUNTIME_DIRECTORY")
    (folder / "teleinfo.sock").unlink()
    asyncio.run(serve())

    assert not (folder / "teleinfo.sock").exists()


def test_the_socket_is_for_the_group_and_leads_to_its_port(folder: Path) -> None:
    """Found by any name of the port; not by the name of another port, and not once the service is gone."""
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


class Sink:
    """Bytes that came."""

    def __init__(self) -> None:
        self.data = b""

    def on_data(self, data: bytes) -> None:
        """Keep them."""
        self.data += data


def test_the_socket_is_read_like_a_bridge(folder: Path) -> None:
    """When the service stops, the reader is told so."""
    sink = Sink()

    async def read() -> PortError:
        async with asyncio.timeout(LIMIT):
            async with serving("t", "socket://bridge:1") as copies:
                url = line_of("socket://bridge:1")
                opened = open_port(url, 1200, sink)
                port = await opened.__aenter__()
                while sink.data != b"abc":
                    copies.send(b"abc"[len(sink.data) :])
                    await port.wait(0.05)
            with pytest.raises(PortError) as lost:
                await port.wait(LIMIT)
            await opened.__aexit__(None, None, None)
            with pytest.raises(PortError, match="no longer gives"):
                async with open_port(url, 1200, sink):
                    pass
            return lost.value

    error = asyncio.run(read())

    assert sink.data == b"abc"
    assert error.kind is PortErrorKind.GONE
    assert str(folder) in str(error)
