"""
A TCP bridge to a serial port, on another machine or in another program: `socket://host:port`.

The far end has the speed, and usually takes the parity off.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from functools import partial
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from teleinfo.port.errors import cannot_reach, no_address
from teleinfo.port.protocol import LineProtocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from teleinfo.port.protocol import DataSink

BRIDGE: Final = "socket://"

# TCP keepalive finds a bridge that vanished without a word: 10 s idle, then 3 probes, 5 s apart.
_KEEPALIVE = ((socket.TCP_KEEPIDLE, 10), (socket.TCP_KEEPINTVL, 5), (socket.TCP_KEEPCNT, 3))


def is_bridge(url: str) -> bool:
    """Return whether `url` names a bridge, and not a device."""
    return url.startswith(BRIDGE)


@contextlib.asynccontextmanager
async def bridge_connection(
    url: str, sink: DataSink, *, limit: float
) -> AsyncIterator[tuple[LineProtocol, str]]:
    """
    Connect to `url` within `limit` seconds, and disconnect at the end of the block.

    Gives the protocol, and the address for messages, host:port. Raises PortError.
    """
    host, port = _address(url)
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(limit):
            transport, protocol = await loop.create_connection(partial(LineProtocol, sink), host, port)
    except (OSError, ValueError) as error:  # ValueError: odd host names, UnicodeError among them
        raise cannot_reach(where, error) from error
    try:
        _keep_alive(transport.get_extra_info("socket"))
        yield protocol, where
    finally:
        transport.close()
        # Nothing is ever written, so that it is closed in the next turn of the event loop.
        await asyncio.wait({protocol.lost})


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
