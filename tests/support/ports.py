"""Helpers for tests with pseudo-terminals."""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import sys
import termios
import time
from typing import TYPE_CHECKING, Self

from tests.support.process import LIMIT
from tests.support.tcp_ports import HOST

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable


def ignore(_: bytes) -> None:
    """Receive the bytes of a port that no test looks at."""


class PortReader:
    """A reader of a port, which is at another speed if `baudrate` says so; in a block, which closes it."""

    def __init__(self, port: str, *, baudrate: int | None = None) -> None:
        self.fd = os.open(port, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
        if baudrate is not None:
            attributes = termios.tcgetattr(self.fd)
            attributes[4] = attributes[5] = getattr(termios, f"B{baudrate}")
            termios.tcsetattr(self.fd, termios.TCSANOW, attributes)

    def read(self, count: int = sys.maxsize) -> bytes:
        """Return `count` bytes, or fewer where the line is closed or silent for too long."""
        data = b""
        end = time.monotonic() + LIMIT
        while len(data) < count:
            ready, _, _ = select.select([self.fd], [], [], max(0.0, end - time.monotonic()))
            try:
                piece = os.read(self.fd, min(65536, count - len(data))) if ready else b""
            except OSError:
                piece = b""  # the line is hung up
            if not piece:
                break
            data += piece
        return data

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.fd)


async def until(true: Callable[[], object], *, within: float = LIMIT) -> None:
    """Wait until `true()` holds; raise AssertionError when it does not within so many seconds."""
    end = time.monotonic() + within
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        await asyncio.sleep(0.005)


def descriptors() -> int:
    """Return how many descriptors this process has open."""
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - the names are not wanted


@contextlib.asynccontextmanager
async def tcp_bridge() -> AsyncIterator[tuple[str, asyncio.Queue[bytes]]]:
    """Run a TCP bridge; give its address, and a queue whose bytes it sends to its client until b""."""
    sent: asyncio.Queue[bytes] = asyncio.Queue()

    async def send(writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer), contextlib.suppress(ConnectionError):
            while data := await sent.get():
                writer.write(data)
                await writer.drain()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sending = asyncio.create_task(send(writer))
        await reader.read()  # until the client hangs up
        sending.cancel()
        await asyncio.wait({sending})

    async with await asyncio.start_server(serve, HOST, 0) as server:
        yield f"socket://{HOST}:{server.sockets[0].getsockname()[1]}", sent
