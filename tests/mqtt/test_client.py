"""One connection: what it must survive, and what it uses of the libraries that they do not promise."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import socket
import threading
import time
from typing import TYPE_CHECKING

import aiomqtt
import paho.mqtt.client
import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo.mqtt.client import Connection, one_shot_connection
from teleinfo.mqtt.config import Broker
from teleinfo.mqtt.errors import BrokerError
from teleinfo.mqtt.paho_driver import MAX_PACKET, IncomingPackets
from tests.support.broker import MosquittoBroker
from tests.support.tcp_ports import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CONNACK = b"\x20\x02\x00\x00"
UPSTREAM = "the library has changed: see where the private part is used, and whether it is still needed"


def packet(first: int, body: bytes) -> bytes:
    """Return a packet of MQTT: its first byte, its remaining length and its body."""
    encoded = bytearray()
    size = len(body)
    while True:
        size, digit = divmod(size, 128)
        encoded.append(digit | (0x80 if size else 0))
        if not size:
            return bytes([first, *encoded]) + body


@contextlib.contextmanager
def scripted(play: Callable[[socket.socket], None]) -> Iterator[Broker]:
    """Listen as a broker that does `play` with its first connection, after CONNECT was read."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            with contextlib.suppress(OSError):
                peer, _ = server.accept()
                with peer:
                    peer.settimeout(10)
                    peer.recv(4096)
                    play(peer)

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield Broker("127.0.0.1", server.getsockname()[1], "teleinfo-test")
    thread.join(10)


def fault_of(broker: Broker) -> tuple[str, float]:
    """Connect and listen; return the kind of the fault that ends it, and after how many seconds."""

    async def scenario() -> None:
        connection = Connection(broker, None)
        try:
            await connection.connect()
            async for _ in connection.messages():
                pass
        finally:
            connection.abort()
        pytest.fail("the connection ended without a fault")

    began = time.monotonic()
    with pytest.raises(BrokerError) as raised:
        asyncio.run(asyncio.wait_for(scenario(), 20))
    return raised.value.kind, time.monotonic() - began


def test_aiomqtt_keeps_its_paho_client_where_we_look_for_it() -> None:
    """The one private part of aiomqtt that is used: `Client._client`, a client of paho."""

    async def scenario() -> object:
        return getattr(aiomqtt.Client("localhost"), "_client", None)

    assert isinstance(asyncio.run(scenario()), paho.mqtt.client.Client), f"aiomqtt.Client._client: {UPSTREAM}"


def test_paho_reads_its_socket_through_the_method_that_we_replace() -> None:
    """The one private part of paho that is used: `Client._sock_recv(bufsize)`, which `loop_read` calls."""
    method = getattr(paho.mqtt.client.Client, "_sock_recv", None)
    assert method is not None, f"paho.Client._sock_recv: {UPSTREAM}"
    assert list(inspect.signature(method).parameters) == ["self", "bufsize"], UPSTREAM

    def too_long(peer: socket.socket) -> None:
        peer.sendall(CONNACK + packet(0x30, bytes(MAX_PACKET + 1)))
        peer.recv(1)

    with scripted(too_long) as broker:
        kind, seconds = fault_of(broker)
    assert (kind, seconds < 5) == ("unacceptable packet", True), f"paho.Client._sock_recv: {UPSTREAM}"


@pytest.mark.parametrize(
    ("hostile", "kind"),
    [
        (packet(0x34, b"\x00\x01a\x00\x01x"), "unacceptable packet"),  # QoS 2, which we never ask for
        (b"\x30\xff\xff\xff\x7f", "unacceptable packet"),  # announces 256 MiB
        (b"\x30\xff\xff\xff\xff\x01", "unacceptable packet"),  # a length of more than four bytes
        (packet(0x30, b"\xff\xff"), "closed"),  # a topic longer than its packet
        (b"\x00\x00", "closed"),  # no packet of MQTT
    ],
)
def test_what_no_honest_broker_sends_ends_the_connection(hostile: bytes, kind: str) -> None:
    """At once, and where it is our own limit that ends it, by a name of its own."""

    def play(peer: socket.socket) -> None:
        peer.sendall(CONNACK + hostile)
        peer.recv(1)

    with scripted(play) as broker:
        found, seconds = fault_of(broker)

    assert (found, seconds < 5) == (kind, True)


@given(st.lists(st.integers(0, 300), max_size=6), st.data())
def test_packets_are_followed_whatever_the_pieces(sizes: list[int], data: st.DataObject) -> None:
    """Honest packets pass; a message of QoS 2 behind them is found, however the stream is cut."""
    stream = b"".join(packet(0x30 | 0x02 * (size % 2), bytes(size)) for size in sizes)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    packets = IncomingPackets()
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        packets.check(stream[start:end])

    with pytest.raises(ConnectionAbortedError):
        packets.check(b"\x3d\x01")


def test_the_longest_packet_passes_and_a_longer_one_does_not() -> None:
    """The limit is that of the remaining length."""
    packets = IncomingPackets()
    packets.check(packet(0x30, bytes(MAX_PACKET)))
    with pytest.raises(ConnectionAbortedError):
        packets.check(packet(0x30, bytes(MAX_PACKET + 1))[:5])


@pytest.mark.parametrize("answer", [b"", CONNACK[:2]])
def test_a_broker_that_hangs_up_before_it_answers_is_named_at_once(answer: bytes) -> None:
    """Aiomqtt alone would wait for its whole timeout, and call it silent."""

    def play(peer: socket.socket) -> None:
        peer.sendall(answer)

    with scripted(play) as broker:
        kind, seconds = fault_of(broker)

    assert (kind, seconds < 2) == ("closed unanswered", True)


def test_a_refusal_is_named_although_the_broker_hangs_up_with_it() -> None:
    """CONNACK with a code comes together with the end of the connection: the code counts."""
    with scripted(lambda peer: peer.sendall(b"\x20\x02\x00\x05")) as broker:
        assert fault_of(broker)[0] == "login"


def test_a_broker_that_hangs_up_right_after_it_accepted_is_lost_not_refused(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Noticed while connecting or after it, the fault is the same, and the log has no traceback."""
    with scripted(lambda peer: peer.sendall(CONNACK)) as broker:
        assert fault_of(broker)[0] == "closed"
    assert caplog.messages == []


@pytest.mark.real
def test_an_acknowledgement_that_comes_in_the_turn_of_the_limit_counts(tmp_path: Path) -> None:
    """The process was held up: the acknowledgement was in the socket all the while."""

    async def scenario(broker: Broker) -> None:
        async with one_shot_connection(broker) as connection:
            publishing = asyncio.create_task(
                connection.publish("a", b"b", qos=1, retain=False, limit=0.05),
            )
            await asyncio.sleep(0.001)
            time.sleep(0.5)  # noqa: ASYNC251 - nobody has a turn until both are due
            await publishing

    with MosquittoBroker(tmp_path) as mosquitto:
        asyncio.run(scenario(Broker(mosquitto.host, mosquitto.port, "teleinfo-test")))


@pytest.mark.real
def test_a_broker_that_does_not_acknowledge_is_silent(tmp_path: Path) -> None:
    """After the limit, and for a request as for a message."""

    async def scenario(mosquitto: MosquittoBroker) -> None:
        async with one_shot_connection(Broker(mosquitto.host, mosquitto.port, "teleinfo-test")) as connection:
            mosquitto.freeze()
            with pytest.raises(BrokerError, match="does not answer"):
                await connection.publish("a", b"b", qos=1, retain=False, limit=0.2)
            mosquitto.thaw()

    with MosquittoBroker(tmp_path) as mosquitto:
        asyncio.run(scenario(mosquitto))


@pytest.mark.real
def test_a_one_shot_connection_disconnects_and_leaves_no_will(tmp_path: Path) -> None:
    """The broker sees a client that takes its leave."""

    async def scenario(broker: Broker) -> bool:
        async with one_shot_connection(broker) as connection:
            return await connection.subscribe("anything")

    with MosquittoBroker(tmp_path) as mosquitto:
        assert asyncio.run(scenario(Broker(mosquitto.host, mosquitto.port, "teleinfo-once")))
        mosquitto.expect_log("Received DISCONNECT from teleinfo-once")


def test_an_absent_broker_is_a_broker_error() -> None:
    """No other kind of error comes out of a connection."""
    assert fault_of(Broker("127.0.0.1", free_port(), "teleinfo-test"))[0] == "refused"
