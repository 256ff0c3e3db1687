"""
Reads and writes the socket of paho, by its documented interface for external event loops.

It takes the place of aiomqtt's own use of that interface, which (2.3 to 2.5) does not notice a connection
that is lost before CONNACK, keeps the socket of an attempt that failed or was cancelled, hands descriptors to
the loop by their number when they may be closed or reused, and stores errors that nobody retrieves.
"""

from __future__ import annotations

import asyncio
import ssl
import struct
import threading
from typing import TYPE_CHECKING, Final

from paho.mqtt.client import DisconnectFlags
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from teleinfo.common.durations import until_tick

if TYPE_CHECKING:
    from collections.abc import Callable

    from paho.mqtt.client import Client, SocketLike

KEEPALIVE_CHECK: Final = 2.0
"""Seconds between two looks at the keepalive, at most."""

MAX_PACKET: Final = 1 << 18
"""Bytes of a packet that we accept."""

QOS_2_MESSAGE: Final = 0x34
"""The first byte of a PUBLISH of QoS 2, without DUP and RETAIN (§3.3.1)."""

MALFORMED: Final = (ValueError, LookupError, struct.error)
"""What paho before 2.2 raises for a packet that is no MQTT."""


class PahoDriver:
    """
    The event loop's side of `client`, from before connect() on.

    `closed` is done when the socket is closed, `is_silent` tells whether that was because a ping was not
    answered, `refused_packet` whether it was because of a packet that we do not take. Set `is_accepted` once
    the client has seen CONNACK: only then is it told of a lost connection.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._aborted = False
        self._timer: asyncio.TimerHandle | None = None
        self._incoming = IncomingPackets()
        self.closed: asyncio.Future[None] = self._loop.create_future()
        self.is_accepted = False
        self.is_silent = False
        self.refused_packet = False
        self._tell_client: Callable[..., None] | None = client.on_disconnect
        client.on_disconnect = None
        client.on_socket_open = self._on_socket_open
        client.on_socket_close = self._on_socket_close
        client.on_socket_register_write = self._on_socket_register_write
        client.on_socket_unregister_write = self._on_socket_unregister_write
        # Private: paho takes packets of 256 MiB, and keeps 65535 messages of QoS 2, for whoever sends them.
        # MQTT 3.1.1 has no maximum packet size that a client could ask for, and paho no limit of its own (its
        # issue 107 leaves that to the broker).
        self._sock_recv = client._sock_recv  # noqa: SLF001 - for this reason
        client._sock_recv = self._receive  # type: ignore[method-assign]  # noqa: SLF001 - as above

    def abort(self) -> None:
        """Close the socket without a packet; one that a thread is still opening is closed once it is open."""
        self._aborted = True
        if (sock := self._client.socket()) is not None:
            self._unwatch(sock)
            sock.close()

    def _receive(self, bufsize: int) -> bytes:
        """Read for paho; raise OSError, which is a lost connection to it, for what no honest broker sends."""
        data = self._sock_recv(bufsize)
        try:
            self._incoming.check(data)
        except ConnectionAbortedError:
            self.refused_packet = True
            raise
        return data

    def _on_socket_open(self, _client: Client, _userdata: object, sock: SocketLike) -> None:
        # Called by the thread that called connect().
        if self._aborted:
            sock.close()
            raise ConnectionAbortedError
        self._loop.call_soon_threadsafe(self._watch, sock)

    def _watch(self, sock: SocketLike) -> None:
        if self._client.socket() is sock and not self._aborted:
            self._loop.add_reader(sock.fileno(), self._read)
            self._check_keepalive()

    def _check_keepalive(self) -> None:
        pause = until_tick(self._loop.time(), KEEPALIVE_CHECK)
        self._timer = self._loop.call_later(pause, self._check_keepalive)
        self._client.loop_misc()
        self.is_silent = self._client.socket() is None

    def _read(self) -> None:
        if self._aborted:
            return
        try:
            self._client.loop_read()
        except MALFORMED:
            self.abort()
            return
        sock = self._client.socket()
        if isinstance(sock, ssl.SSLSocket) and sock.pending():
            # Decrypted already: for these bytes the descriptor does not become readable.
            self._loop.call_soon(self._read)

    def _write(self) -> None:
        sock = self._client.socket()
        if sock is None or self._aborted:
            return
        self._client.loop_write()
        if self._client.socket() is sock and self._client.want_write():
            self._loop.add_writer(sock.fileno(), self._client.loop_write)

    def _on_socket_register_write(self, *_: object) -> None:
        # Called by the thread that called connect(), or by the loop: then the packet is written at once.
        if threading.get_ident() == self._thread:
            self._write()
        else:
            self._loop.call_soon_threadsafe(self._write)

    def _on_socket_unregister_write(self, _client: Client, _userdata: object, sock: SocketLike) -> None:
        if sock.fileno() >= 0:
            self._loop.remove_writer(sock.fileno())

    def _on_socket_close(self, _client: Client, _userdata: object, sock: SocketLike) -> None:
        self._unwatch(sock)

    def _unwatch(self, sock: SocketLike) -> None:
        """Let go of a socket that is about to be closed. The client is not told why: nobody would read it."""
        if self._timer is not None:
            self._timer.cancel()
        if sock.fileno() >= 0:
            self._loop.remove_reader(sock.fileno())
            self._loop.remove_writer(sock.fileno())
        if self.closed.done():
            return
        self.closed.set_result(None)
        if self.is_accepted and self._tell_client is not None:
            flags = DisconnectFlags(is_disconnect_packet_from_server=False)
            normal = ReasonCode(PacketTypes.DISCONNECT, "Normal disconnection")
            self._tell_client(self._client, None, flags, normal, None)


class IncomingPackets:
    """Follows the packets in what is received (MQTT 3.1.1 §2.2), whatever the pieces in which it comes."""

    def __init__(self) -> None:
        self._header = bytearray()
        self._left = 0

    def check(self, data: bytes) -> None:
        """Raise OSError for a packet of more than `MAX_PACKET` bytes, and for QoS 2: we ask for 1 at most."""
        start = 0
        while start < len(data):
            if self._left:
                step = min(self._left, len(data) - start)
                self._left -= step
                start += step
                continue
            self._header.append(data[start])
            start += 1
            if len(self._header) == 1 or self._header[-1] & 0x80:
                continue
            length = sum((byte & 0x7F) << 7 * place for place, byte in enumerate(self._header[1:]))
            if length > MAX_PACKET or self._header[0] & 0xF6 == QOS_2_MESSAGE:
                raise ConnectionAbortedError
            self._left = length
            self._header.clear()
