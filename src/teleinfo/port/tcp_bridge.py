"""
A TCP bridge to a serial port, in another house or behind another program: `socket://host:port`.

The far end has the speed, and usually takes the parity off.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from teleinfo.port.errors import cannot_reach, no_address
from teleinfo.port.protocol import Stream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

BRIDGE: Final = "socket://"

# TCP keepalive finds a bridge that vanished without a word: 10 s idle, then 3 probes, 5 s apart.
_KEEPALIVE = ((socket.TCP_KEEPIDLE, 10), (socket.TCP_KEEPINTVL, 5), (socket.TCP_KEEPCNT, 3))


@contextlib.asynccontextmanager
async def reached(url: str, *, limit: float) -> AsyncIterator[tuple[Stream, str]]:
    """
    Reach `url` within `limit` seconds, and hang up at the end of the block.

    Gives the stream of bytes, and the address in words. Raises PortError.
    """
    host, port = _address(url)
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    loop = asyncio.get_running_loop()
    stream = Stream()
    protocol = asyncio.StreamReaderProtocol(stream)
    try:
        async with asyncio.timeout(limit):
            transport, _ = await loop.create_connection(lambda: protocol, host, port)
    except (OSError, ValueError) as error:  # ValueError: odd host names, UnicodeError among them
        raise cannot_reach(where, error) from error
    writer = asyncio.StreamWriter(transport, protocol, stream, loop)
    try:
        _keep_alive(writer.get_extra_info("socket"))
        yield stream, where
    finally:
        writer.close()
        with contextlib.suppress(OSError):  # it raises again what ended the connection
            await writer.wait_closed()


def _address(url: str) -> tuple[str, int]:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or not port:
        raise no_address()
    return host, port


def _keep_alive(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in _KEEPALIVE:
        connection.setsockopt(socket.IPPROTO_TCP, option, value)
