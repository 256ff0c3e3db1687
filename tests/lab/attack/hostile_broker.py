"""
A TCP server that speaks just enough MQTT, 5 or 3.1.1, to be hostile.

A `Script` plays each connection through a `Peer`. Its bytes go out as they are; if the script wants it, the
peer answers the packets of the client as a broker does.
"""

from __future__ import annotations

import contextlib
import random
import socket
import threading
import time
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable

    Script = Callable[["Peer"], None]

HOST = "127.0.0.1"
LIMIT = 15.0
"""Seconds for a thread to end."""


def length(size: int) -> bytes:
    """Return a remaining length, MQTT 3.1.1 §2.2.3."""
    encoded = bytearray()
    while True:
        size, digit = divmod(size, 128)
        encoded.append(digit | (0x80 if size else 0))
        if not size:
            return bytes(encoded)


class Peer:
    """
    One connection; everything raises OSError when the client is gone.

    Once the client has said CONNECT, `connack` accepts it in its version of MQTT.
    """

    def __init__(self, link: socket.socket, leaving: threading.Event) -> None:
        self.rng = random.Random(1)
        self._link = link
        self._leaving = leaving
        self._voice = threading.Lock()
        self._said = bytearray()
        self._properties = b""  # none: their length, in MQTT 5
        self._answering: threading.Thread | None = None

    @property
    def alive(self) -> bool:
        """True while the attack goes on."""
        return not self._leaving.is_set()

    def write(self, data: bytes) -> None:
        """Send these bytes."""
        with self._voice:
            self._link.sendall(data)

    def listen(self) -> bytes:
        """Return what the client says next; its CONNECT comes first."""
        said = self._link.recv(65536)
        if b"\x00\x04MQTT\x05" in said:
            self._properties = b"\x00"
        return said

    @property
    def connack(self) -> bytes:
        """CONNACK: accepted."""
        return b"\x20" + length(2 + len(self._properties)) + b"\x00\x00" + self._properties

    def message(
        self, topic: str, payload: bytes, *, qos: int = 0, number: int = 1, retain: bool = False
    ) -> bytes:
        """Return a PUBLISH, §3.3; `number` is the packet identifier of QoS 1 and 2."""
        name = topic.encode()
        identifier = number.to_bytes(2, "big") if qos else b""
        body = len(name).to_bytes(2, "big") + name + identifier + self._properties + payload
        return bytes([0x30 | qos << 1 | retain]) + length(len(body)) + body

    def wait(self, seconds: float) -> None:
        """Do nothing for so long, or until the attack is over; raise OSError if the client hangs up."""
        end = time.monotonic() + seconds
        while self.alive and time.monotonic() < end:
            self._leaving.wait(0.05)
            if self._answering is None and self._link.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b"":
                raise ConnectionResetError

    def accept(self) -> None:
        """Accept the client, and answer what it says from now on."""
        self.listen()
        self.write(self.connack)
        self.answer()

    def answer(self) -> None:
        """Acknowledge what the client publishes and asks for, and its pings, in a thread."""
        answering = threading.Thread(target=self._answer, name="answers", daemon=True)
        answering.start()
        self._answering = answering

    def reset(self) -> None:
        """Close the connection with RST, and nothing before it."""
        with contextlib.suppress(OSError):  # it is closed already
            self._link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        self.close()

    def close(self) -> None:
        """Hang up."""
        with contextlib.suppress(OSError):
            self._link.shutdown(socket.SHUT_RDWR)
        if self._answering is not None:
            self._answering.join(LIMIT)
        self._link.close()

    def _answer(self) -> None:
        with contextlib.suppress(OSError):
            while said := self.listen():
                self._said += said
                while (packet := self._next()) is not None:
                    self._answer_one(*packet)

    def _next(self) -> tuple[int, bytes] | None:
        size = 0
        shift = 0
        place = 1
        while True:
            if len(self._said) <= place:
                return None
            size |= (self._said[place] & 0x7F) << shift
            place += 1
            if self._said[place - 1] < 0x80:
                break
            shift += 7
        if len(self._said) < place + size:
            return None
        packet = self._said[0], bytes(self._said[place : place + size])
        del self._said[: place + size]
        return packet

    def _answer_one(self, kind: int, body: bytes) -> None:
        match kind >> 4:
            case 3 if kind & 0x06:  # PUBLISH with QoS 1 or 2: the client waits for an answer
                place = 2 + int.from_bytes(body[:2], "big")
                self.write(b"\x40\x02" + body[place : place + 2])
            case 8:  # SUBSCRIBE
                answer = body[:2] + self._properties + b"\x01"
                self.write(b"\x90" + length(len(answer)) + answer)
            case 12:  # PINGREQ
                self.write(b"\xd0\x00")


class HostileBroker:
    """Plays `script` to every client at `port` until the block ends; `accepted` counts the clients."""

    def __init__(self, port: int, script: Script) -> None:
        self.host = HOST
        self.port = port
        self.accepted = 0
        self._script = script
        self._leaving = threading.Event()
        self._server = socket.create_server((HOST, port))
        self._server.settimeout(0.1)
        self._peers: list[tuple[threading.Thread, Peer]] = []
        self._thread = threading.Thread(target=self._accept, name="hostile", daemon=True)

    def _accept(self) -> None:
        while not self._leaving.is_set():
            with contextlib.suppress(TimeoutError):
                link, _ = self._server.accept()
                link.settimeout(LIMIT)
                self.accepted += 1
                peer = Peer(link, self._leaving)
                thread = threading.Thread(target=self._play, args=(peer,), name="peer", daemon=True)
                self._peers.append((thread, peer))
                thread.start()

    def _play(self, peer: Peer) -> None:
        with contextlib.suppress(OSError):
            self._script(peer)
        peer.close()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._leaving.set()
        self._thread.join(LIMIT)
        self._server.close()
        for thread, peer in self._peers:
            peer.reset()
            thread.join(LIMIT)
