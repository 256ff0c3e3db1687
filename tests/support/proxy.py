"""A TCP proxy that does to a connection what networks do: stall, drop, delay, cut, refuse, corrupt."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from typing import TYPE_CHECKING, Self, TypeVar

from tests.support.process import LIMIT
from tests.support.tcp_ports import HOST, free_port

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")

# SO_LINGER, on, 0 s: close() sends a reset.
_RESET = struct.pack("ii", 1, 0)

_CONNECT_5 = b"\x00\x04MQTT\x05"
"""Name and version of the protocol in a CONNECT (MQTT 5 §3.1.2.1)."""


class Proxy:
    """
    Listens on a loopback port of its own and forwards to host:port, until told otherwise.

    `delay` lets what the broker says arrive so many seconds later. `answer`, if set, is all that a client
    ever gets, once it has said something; `answer_to_5`, if set, is all that a client gets that connects with
    MQTT 5, as from an older broker, which hangs up unless it `holds_5`. It runs in a thread; use it as a
    context manager.
    """

    def __init__(self, host: str, port: int) -> None:
        self.delay = 0.0
        self.answer: bytes | None = None
        self.answer_to_5: bytes | None = None
        self.holds_5 = False
        self.host = HOST
        self.accepted = 0
        self._target = (host, port)
        self._dropping = False
        self._links: set[asyncio.StreamWriter] = set()
        self._served: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._server: asyncio.Server | None = None
        self._thread: threading.Thread
        self.port = free_port()

    @property
    def open(self) -> int:
        """Number of clients that are connected now."""
        return len(self._links)

    def listen(self) -> None:
        """Accept connections."""
        self._do(self._listen())

    def refuse(self) -> None:
        """Accept no more connections: the port is closed."""
        self._do(self._refuse())

    def stall(self) -> None:
        """Hold back every byte, old connections and new ones, until `flow`."""
        self._loop.call_soon_threadsafe(self._flowing.clear)

    def flow(self) -> None:
        """Let go what was held back."""
        self._loop.call_soon_threadsafe(self._flowing.set)

    def drop(self, *, on: bool = True) -> None:
        """Lose every byte, both ways, and tell nobody."""
        self._dropping = on

    def cut(self, *, reset: bool = False) -> None:
        """End every connection, with a reset or in good order."""
        self._do(self._cut(reset=reset))

    def _do(self, work: Coroutine[object, object, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(LIMIT)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, HOST, self.port)

    async def _refuse(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _cut(self, *, reset: bool) -> None:
        for link in list(self._links):
            sock = link.get_extra_info("socket")
            if reset and sock is not None and sock.fileno() != -1:  # it may be closed already
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            link.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        self.accepted += 1
        task = asyncio.current_task()
        assert task is not None
        self._served.add(task)
        self._links.add(client)
        broker: asyncio.StreamWriter | None = None
        both: set[asyncio.Task[None]] = set()
        try:
            with contextlib.suppress(OSError):
                if self.answer is not None:
                    await reader.read(4096)
                    client.write(self.answer)
                    await reader.read()
                    return
                connect = b"" if self.answer_to_5 is None else await reader.read(4096)
                if self.answer_to_5 is not None and _CONNECT_5 in connect:
                    client.write(self.answer_to_5)
                    if self.holds_5:
                        await reader.read()
                    return
                back, broker = await asyncio.open_connection(*self._target)
                broker.write(connect)
                both |= {
                    asyncio.create_task(self._pump(reader, broker)),
                    asyncio.create_task(self._pump(back, client)),
                }
                await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in both:
                pump.cancel()
            self._links.discard(client)
            self._served.discard(task)
            client.close()
            if broker is not None:
                broker.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while chunk := await reader.read(4096):
                await self._flowing.wait()
                if self.delay and writer in self._links:
                    self._loop.call_later(self.delay, writer.write, chunk)
                elif not self._dropping:
                    writer.write(chunk)
                    await writer.drain()

    async def _close(self) -> None:
        await self._refuse()
        self._dropping = True
        self._flowing.set()
        await self._cut(reset=True)
        await asyncio.gather(*self._served)
        await asyncio.sleep(0)  # for the pumps that these have cancelled

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._thread.start()
        self.listen()
        return self

    def __exit__(self, *_: object) -> None:
        self._do(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(LIMIT)
        self._loop.close()
