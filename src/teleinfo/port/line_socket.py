"""
Copies of the bytes of a port, on a Unix socket in the runtime directory of the service.

A serial port has one reader, and while the service runs, `watch`, `record`, `doctor` and `decode` read the
copies. A link beside the socket leads to the port. Whoever may read the port may connect: the directory and
the socket have the group of the ports.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from pathlib import Path
from typing import Final
from urllib.parse import quote

from teleinfo.port.serial_port import UNIX

log = logging.getLogger(__name__)

MAX_READERS: Final = 8
MAX_WAITING: Final = 1 << 16
"""Bytes that may wait for a slow reader, beside those in the buffer of the system."""


def socket_path(folder: Path, topic: str) -> Path:
    """Return the path of the socket of a meter in the runtime directory."""
    return folder / f"{quote(topic, safe='')}.sock"


class LineSocket:
    """The socket of `port`, named after `topic`; `send` passes on the bytes of the port."""

    def __init__(self, topic: str, port: str) -> None:
        self._topic = topic
        self._port = port
        self._readers: set[asyncio.StreamWriter] = set()

    def send(self, data: bytes) -> None:
        """Pass `data` on to the readers, after what the event loop has to do already."""
        if self._readers:
            asyncio.get_running_loop().call_soon(self._write, data)

    def _write(self, data: bytes) -> None:
        for reader in tuple(self._readers):
            if reader.transport.get_write_buffer_size() > MAX_WAITING:
                reader.transport.abort()
            else:
                reader.write(data)

    async def _serve(self, incoming: asyncio.StreamReader, reader: asyncio.StreamWriter) -> None:
        if len(self._readers) < MAX_READERS:
            self._readers.add(reader)
            with contextlib.suppress(OSError):  # the end of the connection
                await incoming.read(1)  # a reader has nothing to say
            self._readers.discard(reader)
        reader.transport.abort()

    async def run(self) -> None:
        """Listen until cancelled; without a runtime directory, or if it cannot be written, do nothing."""
        folder = os.environ.get("RUNTIME_DIRECTORY")
        if not folder:
            return
        path = socket_path(Path(folder), self._topic)
        try:
            self._link(path.with_suffix(".port"))
            server = await asyncio.start_unix_server(self._serve, path, start_serving=False)
            os.chmod(path, 0o660)  # noqa: PTH101 - in a coroutine
        except OSError as error:
            log.warning("no other program can read the line beside teleinfo: %s", error)
            return
        try:
            await server.start_serving()
            await asyncio.get_running_loop().create_future()
        finally:
            server.close()
            for reader in tuple(self._readers):
                reader.transport.abort()

    def _link(self, link: Path) -> None:
        """Make the link to the port, which stands beside the socket; raise OSError."""
        link.unlink(missing_ok=True)
        link.symlink_to(self._port)


def line_of(port: str) -> str:
    """Return the address at which a service gives the bytes of `port`, or `port` itself if none does."""
    run = Path(os.environ.get("RUNTIME_DIRECTORY") or "/run/teleinfo").parent
    for link in sorted(run.glob("teleinfo*/*.port")):
        path = str(link)[: -len("port")] + "sock"
        # A bridge is compared as it is written.
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as client:
            if os.path.realpath(link.readlink()) == os.path.realpath(port):
                client.connect(path)
                return f"{UNIX}{path}"
    return port
