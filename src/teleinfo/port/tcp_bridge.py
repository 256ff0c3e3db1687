"""
A TCP bridge to a serial port: its far end sets the speed, and usually removes the parity.

The Unix socket of a service that reads the port (`line_socket`) is opened in the same way.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from functools import partial
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from teleinfo.port.errors import BAD_ADDRESS, PortError, bridge_lost, cannot_reach
from teleinfo.port.protocol import LineProtocol
from teleinfo.vocabulary.line import PortErrorKind
from teleinfo.vocabulary.words import Message

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from teleinfo.port.protocol import DataSink

BRIDGE: Final = "socket://"
UNIX: Final = "unix://"
RFC2217: Final = "rfc2217://"
"""A bridge whose speed we set (RFC 2217); `serial_port` opens it."""

# TCP keepalive detects a bridge that vanished without closing: 10 s idle, then 3 probes, 5 s apart.
_KEEPALIVE = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 10),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 5),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3),
)


def is_bridge(url: str) -> bool:
    """Return True if `url` names a bridge or the socket of a service, and not a device."""
    return url.startswith((BRIDGE, UNIX))


def is_remote(url: str) -> bool:
    """Return True if `url` names a bridge of either kind: it has a host and a port in place of a path."""
    return url.startswith((BRIDGE, RFC2217))


@contextlib.asynccontextmanager
async def open_bridge(url: str, sink: DataSink, *, limit: float) -> AsyncIterator[LineProtocol]:
    """Connect to `url` within `limit` seconds, and disconnect at the end of the block; raise PortError."""
    where = url.removeprefix(BRIDGE).removeprefix(UNIX)
    make_protocol = partial(LineProtocol, sink, partial(bridge_lost, where))
    loop = asyncio.get_running_loop()
    is_service = url.startswith(UNIX)
    host, port = ("", 0) if is_service else _address(url)
    try:
        async with asyncio.timeout(limit):
            transport, protocol = await (
                loop.create_unix_connection(make_protocol, where)
                if is_service
                else loop.create_connection(make_protocol, host, port)
            )
    except (OSError, ValueError) as error:  # ValueError: odd host names, UnicodeError among them
        raise cannot_reach(where, error) from error
    try:
        for option in () if is_service else _KEEPALIVE:
            transport.get_extra_info("socket").setsockopt(*option)
        yield protocol
    finally:
        transport.close()
        # Nothing is ever written, so the connection closes in the next turn of the event loop.
        await asyncio.wait({protocol.lost})


def _address(url: str) -> tuple[str, int]:
    with contextlib.suppress(ValueError):
        parts = urlsplit(url)
        if parts.hostname and parts.port:
            return parts.hostname, parts.port
    raise PortError(PortErrorKind.OTHER, Message(BAD_ADDRESS))
