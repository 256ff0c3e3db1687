"""
Replacements for parts of aiomqtt (2.3 to 2.5) and of paho (2.1 and 2.2), each with its reason.

Two private attributes are used, `Client._client` of aiomqtt (in `client`) and `Client._sock_recv` of paho.
aiomqtt has no public access to its paho client, on which these documented callbacks are set:

- `on_socket_open`. An attempt that was given up is closed as soon as its thread has opened the socket, so
  that there is only one connection at a time. A socket that was closed meanwhile is not registered, since its
  descriptor may belong to the serial port by now. The keep-alive is checked at the same instants as other
  timers, to save wake-ups; aiomqtt would wake the loop once a second. (paho 2.1 ignores a keep-alive of the
  broker that is shorter than ours, which such a broker then misses while no readings come.)
- `on_socket_register_write`. A packet is written at once, not two turns of the loop later. aiomqtt may
  register a descriptor that was closed in between, which asyncio would log.
- `on_connect`, `on_disconnect`. We log why the broker refuses us; aiomqtt drops the reason codes and the
  properties of MQTT 5. We notice a loss before CONNACK; aiomqtt ignores it.
- `on_publish`, with our own `publish`: that of aiomqtt drops the reason code of the acknowledgement, and
  writes a message only when its task gets its turn.

`_sock_recv` is replaced to bound the memory. A dishonest broker may send packets of 256 MiB, or messages of
QoS 2, which paho keeps until they are released. An honest broker respects our limit, which we can announce
only in MQTT 5.

`abort` closes the socket of a connection that was lost or given up, which aiomqtt leaves open.
`SelfClosingSocket` closes itself when its handshake fails; paho leaves that to the garbage collector.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import socket
import ssl
import struct
import threading
from typing import TYPE_CHECKING, Any, Final

from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import MQTTException, Properties  # type: ignore[attr-defined]
from paho.mqtt.reasoncodes import ReasonCode

from teleinfo.mqtt.faults import BrokerFault

if TYPE_CHECKING:
    from paho.mqtt.client import Client, DisconnectFlags, SocketLike

    from teleinfo.common.durations import Ticks


KEEPALIVE_CHECK: Final = 2.0
"""Seconds between two checks of the keep-alive, at most."""

MAX_PACKET: Final = 1 << 18
"""Bytes of the longest packet that is accepted."""

MAX_IN_FLIGHT: Final = 16
"""
Messages that may wait for their acknowledgement at the same time, unless the broker allows fewer.

As many readings may arrive twice after a loss of the connection.
"""

_OVERHEAD: Final = 15
"""Bytes of a PUBLISH, at most, besides topic and payload (MQTT 5 §3.3): lengths, identifier, properties."""

MALFORMED: Final = (MQTTException, ValueError, LookupError, struct.error)
"""Exceptions that paho before 2.2 raises for a malformed packet."""

_LONGEST_HEADER: Final = 5  # bytes (§2.1.4)
_CONNECT: Final = 0x10  # type 0 is reserved (§2.1.2), and paho 2.1 waits for more behind it
_TYPE_AND_QOS: Final = 0xF6  # of the first byte: without DUP and RETAIN (§3.3.1)
_PUBLISH_QOS_2: Final = 0x34
_PUBACK = 0x40
_PUBREC = 0x50
_BODY_START: Final = 3  # bytes: the number of a message and the code of the answer (MQTT 5 §3.4.2, §3.5.2)
_DISCONNECT: Final = 0xE0
_FIRST_BYTES: Final = {b"H": BrokerFault.WEB_SERVER, b"\x15": BrokerFault.WANTS_TLS}
"""Faults for the first byte of a server that is no broker: HTTP/1.1, an alert of TLS (RFC 8446 §5.1)."""

_FAULTS_OF_PAHO: Final = {0x82: BrokerFault.UNACCEPTABLE, 0x8D: BrokerFault.SILENT}
"""Faults for the reasons with which paho closes a connection: protocol error, keep alive timeout."""

_REFUSED = 0x80
_PACKET_TOO_LARGE = 0x95
_QUOTA_EXCEEDED = 0x97
"""Reason codes of a refused message, the lowest one first (MQTT 5 §3.4.2.1, §3.5.2.1)."""

CONNECT_PROPERTIES: Final = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
"""Properties of CONNECT in MQTT 5 (§3.1.2.11): the longest packet that is accepted."""
CONNECT_PROPERTIES.MaximumPacketSize = MAX_PACKET


class SelfClosingSocket(ssl.SSLSocket):
    """A socket that closes itself when its handshake fails."""

    def do_handshake(self, block: bool = False) -> None:  # noqa: FBT001, FBT002 - the signature of the base
        """Shake hands; close the socket if that raises OSError."""
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise


class PahoDriver:
    """
    Connects the paho client of an aiomqtt client to the event loop. Construct it before paho connects.

    `closed` is done when the connection is closed. `reason` is the reason code with which the broker refused
    us (CONNACK) or ended the connection (DISCONNECT). `fault` is our own reason to end it: SILENT if the
    broker did not answer, UNACCEPTABLE if it sent a packet that we refuse or cannot read, another one if its
    first byte shows that it is no broker. `answered` counts the acknowledgements. `window` is the most
    messages that may wait for theirs.
    """

    def __init__(self, paho: Client, ticks: Ticks) -> None:
        self._client = paho
        self._ticks = ticks
        self._loop = asyncio.get_running_loop()
        self._loop_thread = threading.get_ident()
        self._aborted = False
        self.closed: asyncio.Future[None] = self._loop.create_future()
        self.is_open = self.is_accepted = False
        self.reason: ReasonCode | None = None
        self.fault: BrokerFault | None = None
        self.answered = 0
        self.window = MAX_IN_FLIGHT
        self._max_packet = math.inf  # bytes that the broker accepts
        # By the number of the message:
        self._answers: dict[int, asyncio.Future[ReasonCode]] = {}
        self._refusals: dict[int, ReasonCode] = {}  # those of QoS 2, until PUBCOMP
        self._aiomqtt_on_connect: Any = paho.on_connect
        self._aiomqtt_on_disconnect: Any = paho.on_disconnect
        paho.on_connect = self._on_connect
        paho.on_disconnect = self._on_disconnect
        paho.on_publish = self._on_publish
        paho.on_socket_open = self._on_socket_open
        paho.on_socket_register_write = self._on_socket_register_write
        self._header = bytearray()  # of the packet that is being read; empty between two packets
        self._body_start = bytearray()  # the first bytes of its body that were read, at most `_BODY_START`
        self._body_left = 0  # bytes
        self._sock_recv = paho._sock_recv  # noqa: SLF001 - see above
        paho._sock_recv = self._receive  # type: ignore[method-assign]  # noqa: SLF001 - see above

    def abort(self) -> None:
        """Close the connection without a DISCONNECT, even if a thread opens its socket only later."""
        self._aborted = True
        sock = self._client.socket()
        if isinstance(sock, socket.socket):
            with contextlib.suppress(OSError):  # the other side was faster
                sock.shutdown(socket.SHUT_RDWR)
            # Give paho something to write: when the write fails, paho closes the socket by itself.
            self._client.disconnect()
            self._client.loop_write()

    def _on_connect(
        self, client: Client, userdata: object, flags: object, reason: ReasonCode, limits: Properties | None
    ) -> None:
        if reason.is_failure:
            self.reason = reason  # and paho closes the connection
            return
        self.is_accepted = True
        self._max_packet = getattr(limits, "MaximumPacketSize", math.inf)
        self.window = min(self.window, getattr(limits, "ReceiveMaximum", self.window))
        self._loop.call_soon(self._check_keepalive)
        self._aiomqtt_on_connect(client, userdata, flags, reason, limits)

    def _on_disconnect(
        self, client: Client, userdata: object, flags: DisconnectFlags, reason: ReasonCode, _: object
    ) -> None:
        if self.closed.done():
            return
        if self.is_accepted and not flags.is_disconnect_packet_from_server:
            self.fault = self.fault or _FAULTS_OF_PAHO.get(reason.value)
        self.closed.set_result(None)
        # `closed` ends the block of `connect` after a loss. aiomqtt would keep a loss in a future, too, and
        # asyncio logs that if nobody reads it.
        if self.is_accepted and not reason.is_failure:
            self._aiomqtt_on_disconnect(client, userdata, flags, reason, None)

    def publish(
        self, topic: str, payload: bytes, qos: int, *, retain: bool, lifetime: int | None = None
    ) -> asyncio.Future[ReasonCode]:
        """
        Write a message; return the future of the broker's answer to it.

        For QoS 0 the answer is "Success", once the message is written. A message that is longer than the
        broker accepts is not written, since the broker would close the connection: the answer is "Quota
        exceeded". `lifetime` is in seconds.
        """
        if len(topic.encode()) + len(payload) + _OVERHEAD > self._max_packet:
            answer: asyncio.Future[ReasonCode] = self._loop.create_future()
            answer.set_result(ReasonCode(PacketTypes.PUBACK, "Quota exceeded"))
            return answer
        properties = None
        if lifetime is not None:  # MQTT 5 §3.3.2.3.3; paho leaves it out in MQTT 3.1.1
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
            properties.MessageExpiryInterval = lifetime
        number = self._client.publish(topic, payload, qos, retain, properties).mid
        # The future is there already if paho has called `_on_publish`, as it does for QoS 0.
        answer = self._answers.setdefault(number, self._loop.create_future())
        answer.add_done_callback(lambda _: self._answers.pop(number))
        return answer

    def _on_publish(
        self, _client: Client, _userdata: object, number: int, reason: ReasonCode, _properties: Properties
    ) -> None:
        self.answered += 1
        answer = self._answers.setdefault(number, self._loop.create_future())
        answer.set_result(self._refusals.pop(number, reason))

    def _on_socket_open(self, _client: Client, _userdata: object, sock: SocketLike) -> None:
        # Called in the thread that connects.
        self.is_open = True
        if self._aborted:
            if self._loop.is_closed():
                sock.close()
            else:
                # Not here: the loop may be closing this socket at the moment.
                self._loop.call_soon_threadsafe(self.abort)
            raise ConnectionAbortedError
        self._loop.call_soon_threadsafe(self._register_reader, sock)

    def _register_reader(self, sock: SocketLike) -> None:
        if self._client.socket() is sock:  # else it was closed meanwhile
            self._loop.add_reader(sock.fileno(), self._read)

    def _check_keepalive(self) -> None:
        self._client.loop_misc()
        if self._client.socket() is not None:
            # A broker of MQTT 5 may want a shorter keep-alive. It waits for 1.5 times as long (§3.1.2.10); a
            # ping that is late by one pause comes after 1.25 times.
            pause = self._ticks.seconds_to_next(
                self._loop.time(), min(KEEPALIVE_CHECK, self._client.keepalive / 4)
            )
            self._loop.call_later(pause, self._check_keepalive)

    def _read(self) -> None:
        try:
            self._client.loop_read()
        except MALFORMED:
            self.fault = BrokerFault.UNACCEPTABLE if self.is_accepted else None
            self.abort()
        sock = self._client.socket()
        if isinstance(sock, ssl.SSLSocket) and sock.pending():
            # Bytes that are already decrypted do not make the descriptor readable.
            self._loop.call_soon(self._read)

    def _on_socket_register_write(self, *_: object) -> None:
        # Called in the thread that connects, or in the loop.
        if threading.get_ident() == self._loop_thread:
            self._write()
        else:
            self._loop.call_soon_threadsafe(self._write)

    def _write(self) -> None:
        self._client.loop_write()
        sock = self._client.socket()
        if sock is not None and self._client.want_write():
            self._loop.add_writer(sock.fileno(), self._client.loop_write)

    def _receive(self, bufsize: int) -> bytes:
        """
        Read for paho, which asks for a header byte by byte, then for the rest of that packet.

        Raises ConnectionAbortedError, upon which paho disconnects, for what is no broker or not acceptable.
        """
        data = self._sock_recv(bufsize)
        if not data:
            return data  # the broker has closed the connection
        if not self.is_accepted and not self._header and data in _FIRST_BYTES:
            self.fault = _FIRST_BYTES[data]
            raise ConnectionAbortedError
        if not self._body_left:
            self._note_header_byte(data)
            return data
        self._body_left -= len(data)
        data = self._repaired(data)
        if not self._body_left:
            self._header.clear()
            self._body_start.clear()
        return data

    def _note_header_byte(self, byte_of_header: bytes) -> None:
        """
        Extend `_header`, and set `_body_left` once it is complete.

        Raises ConnectionAbortedError if it is complete and unacceptable.
        """
        self._header += byte_of_header
        # The last byte of the remaining length has no bit 7 (§2.1.4).
        is_complete = len(self._header) > 1 and byte_of_header < b"\x80"
        if not is_complete:
            return
        length = 0
        for byte in reversed(self._header[1:]):  # the first byte has the lowest seven bits
            length = (length << 7) | (byte & 0x7F)
        kind = self._header[0]
        is_packet = kind >= _CONNECT and len(self._header) <= _LONGEST_HEADER
        is_publish_qos_2 = (kind & _TYPE_AND_QOS) == _PUBLISH_QOS_2
        if not is_packet or is_publish_qos_2 or length > MAX_PACKET:
            self.fault = BrokerFault.UNACCEPTABLE
            raise ConnectionAbortedError
        self._body_left = length
        if not length:
            self._header.clear()

    def _repaired(self, piece: bytes) -> bytes:
        """
        Return a piece of a packet's body as paho needs it; note a reason or a refusal that paho would lose.

        `_body_start` is extended by what the piece has of it.
        """
        kind = self._header[0]
        kept_before = len(self._body_start)  # 3 as well if more bytes were read before
        self._body_start += piece[: _BODY_START - kept_before]
        is_first_piece = kept_before == 0
        completes_code = kept_before < _BODY_START and len(self._body_start) == _BODY_START
        if kind == _DISCONNECT and is_first_piece and self.reason is None:
            # paho 2.1 reads a reason code only if something follows it.
            reason = ReasonCode(PacketTypes.DISCONNECT, identifier=piece[0])
            if reason.is_failure:
                self.reason = reason
        if kind in {_PUBACK, _PUBREC} and completes_code:
            place_of_code = _BODY_START - 1 - kept_before
            return self._with_possible_code(kind, piece, place_of_code)
        return piece

    def _with_possible_code(self, kind: int, piece: bytes, place: int) -> bytes:
        """Return a piece with the reason code at `place` as paho accepts it; note a refusal by PUBREC."""
        number, code = struct.unpack(">HB", self._body_start)
        if code == _PACKET_TOO_LARGE:
            # Mosquitto sends this code for a message over its message_size_limit. PUBACK does not allow it
            # (MQTT 5 §3.4.2.1), and paho would close the connection.
            code = _QUOTA_EXCEEDED
            piece = piece[:place] + bytes([code]) + piece[place + 1 :]
        if kind == _PUBREC and code >= _REFUSED and number in self._answers:
            # paho ignores this code, goes on as if the broker had taken the message, and reports success.
            self._refusals[number] = ReasonCode(PacketTypes.PUBREC, identifier=code)
        return piece
