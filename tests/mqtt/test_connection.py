"""One connection: what it must survive, and what it uses of the libraries that they do not promise."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import re
import socket
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import aiomqtt
import paho.mqtt
import paho.mqtt.client
import pytest

from teleinfo.common.durations import FIRST_TICKS
from teleinfo.mqtt.client import Connection, connect, versions_of
from teleinfo.mqtt.config import Broker, MqttVersion
from teleinfo.mqtt.errors import BrokerError
from teleinfo.mqtt.faults import BrokerFault
from teleinfo.mqtt.paho_driver import MAX_PACKET, PahoDriver
from tests.lab.attack.hostile_broker import length
from tests.mqtt.running import broker_at
from tests.support.proxy import Proxy
from tests.support.subscriber import Subscriber

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from tests.support.broker import MosquittoBroker

CONNACK = {MqttVersion.V3_1_1: b"\x20\x02\x00\x00", MqttVersion.V5: b"\x20\x03\x00\x00\x00"}
REFUSES_5 = b"\x20\x02\x00\x01"
"""CONNACK of a broker that speaks MQTT 3.1.1 alone (MQTT 3.1.1 §3.2.2.3): unacceptable protocol version."""

BOTH = pytest.mark.parametrize("version", list(CONNACK))
UPSTREAM = "the library has changed: see where the private part is used, and whether it is still needed"


def packet(first: int, body: bytes) -> bytes:
    """Return a packet of MQTT: its first byte, its remaining length and its body."""
    return bytes([first]) + length(len(body)) + body


@contextlib.contextmanager
def scripted(version: MqttVersion, play: Callable[[socket.socket], None]) -> Iterator[Broker]:
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
        yield replace(broker_at(server.getsockname()[1]), version=version)
    thread.join(10)


def saying(said: bytes, *, hangs_up: bool = False) -> Callable[[socket.socket], None]:
    """Return a script that says this, and waits for the end of the connection, or ends it."""

    def play(peer: socket.socket) -> None:
        peer.sendall(said)
        if not hangs_up:
            peer.recv(1)

    return play


async def listen(connection: Connection) -> None:
    """Use a connection until it is lost."""
    async for _ in connection.messages():
        pass


def error_of(
    broker: Broker, use: Callable[[Connection], Awaitable[None]] = listen
) -> tuple[BrokerFault, float]:
    """Connect and `use` it; return the fault that ends it, and after how many seconds."""

    async def scenario() -> None:
        async with connect(broker) as connection:
            await use(connection)

    began = time.monotonic()
    with pytest.raises(BrokerError) as raised:
        asyncio.run(asyncio.wait_for(scenario(), 20))
    return raised.value.fault, time.monotonic() - began


def test_aiomqtt_keeps_its_paho_client_where_we_look_for_it() -> None:
    """The one private part of aiomqtt that is used: `Client._client`, a client of paho."""

    async def scenario() -> object:
        return getattr(aiomqtt.Client("localhost"), "_client", None)

    assert isinstance(asyncio.run(scenario()), paho.mqtt.client.Client), f"aiomqtt.Client._client: {UPSTREAM}"


@BOTH
def test_paho_reads_its_socket_through_the_method_that_we_replace(version: MqttVersion) -> None:
    """The one private part of paho that is used: `Client._sock_recv(bufsize)`, a header byte by byte."""
    method = getattr(paho.mqtt.client.Client, "_sock_recv", None)
    assert method is not None, f"paho.Client._sock_recv: {UPSTREAM}"
    assert list(inspect.signature(method).parameters) == ["self", "bufsize"], UPSTREAM

    # Lengths of two bytes and of one, in turn: a header counted wrongly would show before the large packet.
    long_message = packet(0x30, b"\x00\x01a" + bytes(300))
    short_message = packet(0x30, b"\x00\x01a\x00")
    too_large = packet(0x30, bytes(MAX_PACKET + 1))
    answer = CONNACK[version] + 3 * (long_message + short_message) + too_large
    with scripted(version, saying(answer)) as broker:
        fault, seconds = error_of(broker)
    assert fault is BrokerFault.UNACCEPTABLE, f"paho.Client._sock_recv: {UPSTREAM}"
    assert seconds < 5


@BOTH
@pytest.mark.parametrize("flags", [0x0, 0x1, 0x8, 0x9])
def test_a_message_of_qos_2_is_refused_with_any_flags(version: MqttVersion, flags: int) -> None:
    """DUP (0x8) or RETAIN (0x1): each has a number of its own, which paho keeps until it is released."""
    body = b"\x00\x01a\x00\x01" + (b"\x00" if version is MqttVersion.V5 else b"")
    at_most_once = packet(0x30 | flags & 0x1, b"\x00\x01a\x00")
    with scripted(version, saying(CONNACK[version] + at_most_once + packet(0x34 | flags, body))) as broker:
        fault, seconds = error_of(broker)

    assert fault is BrokerFault.UNACCEPTABLE
    assert seconds < 5


@BOTH
@pytest.mark.parametrize(
    ("said", "fault"),
    [
        (b"", BrokerFault.CLOSED_UNANSWERED),
        (b"\x20\x03", BrokerFault.CLOSED_UNANSWERED),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", BrokerFault.WEB_SERVER),
        (b"\x15\x03\x03\x00\x02\x02\x46", BrokerFault.WANTS_TLS),
    ],
)
def test_a_broker_that_hangs_up_is_named_at_once(
    version: MqttVersion, said: bytes, fault: BrokerFault, caplog: pytest.LogCaptureFixture
) -> None:
    with scripted(version, saying(said, hangs_up=True)) as broker:
        found, seconds = error_of(broker)

    assert (found, seconds < 5) == (fault, True)
    assert caplog.messages == []


# The end of the connection comes with CONNACK: noticed while connecting or after it, it is the same.
@BOTH
@pytest.mark.parametrize("after_connack", [b"", b"\xe0\x02"], ids=["nothing", "DISCONNECT without its body"])
def test_a_broker_that_hangs_up_after_it_accepted_us_has_closed_the_connection(
    version: MqttVersion, after_connack: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with scripted(version, saying(CONNACK[version] + after_connack, hangs_up=True)) as broker:
        fault, seconds = error_of(broker)

    assert (fault, seconds < 5) == (BrokerFault.CLOSED, True)
    assert caplog.messages == []


@pytest.mark.skipif(
    paho.mqtt.__version__.startswith("2.1."), reason="paho 2.1 ignores the broker's keep-alive"
)
def test_a_short_keep_alive_of_the_broker_is_obeyed() -> None:
    """A broker of MQTT 5 that wants a packet each second gets one before it gives up, after 1.5 s."""
    pings: list[bytes] = []

    def play(peer: socket.socket) -> None:
        peer.sendall(b"\x20\x06\x00\x00\x03\x13\x00\x01")  # CONNACK with the property Server Keep Alive
        peer.settimeout(6)  # ours come within 1.25 s on an idle machine; without the wish, each 12 s
        while len(pings) < 3:
            pings.append(peer.recv(2))
            peer.sendall(b"\xd0\x00")

    with scripted(MqttVersion.V5, play) as broker:
        assert error_of(broker)[0] == BrokerFault.CLOSED
    assert pings == [b"\xc0\x00"] * 3


def ended(code: int) -> bytes:
    """Return CONNACK, and DISCONNECT with a reason code (MQTT 5 §3.14.2.1) and a property."""
    # paho 2.1 reads no reason code without properties behind it.
    return CONNACK[MqttVersion.V5] + packet(0xE0, bytes([code]) + b"\x04\x1f\x00\x01x")


@pytest.mark.parametrize(
    ("version", "said", "fault"),
    [
        (MqttVersion.V3_1_1, b"\x20\x02\x00\x05", BrokerFault.NO_CREDENTIALS),
        (MqttVersion.V5, b"\x20\x03\x00\x87\x00", BrokerFault.NO_CREDENTIALS),
        (MqttVersion.V5, b"\x20\x03\x00\x85\x00", BrokerFault.CLIENT_ID),
        (MqttVersion.V5, b"\x20\x03\x00\x89\x00", BrokerFault.NOT_SERVED),
        (MqttVersion.V5, b"\x20\x02\x00\x01", BrokerFault.VERSION),
        (MqttVersion.V5, ended(0x8E), BrokerFault.TAKEN_OVER),
        (MqttVersion.V5, ended(0x00), BrokerFault.CLOSED),
    ],
)
def test_a_refusal_is_named_although_the_broker_hangs_up_with_it(
    version: MqttVersion, said: bytes, fault: BrokerFault
) -> None:
    """CONNACK or DISCONNECT with a code comes together with the end of the connection: the code counts."""
    with scripted(version, saying(said, hangs_up=True)) as broker:
        assert error_of(broker)[0] == fault


def send_in_two_pieces(peer: socket.socket, whole: bytes, first_length: int) -> None:
    """Send a packet so that its first bytes are read alone."""
    peer.sendall(whole[:first_length])
    time.sleep(0.1)  # until they are read
    peer.sendall(whole[first_length:])


@pytest.mark.parametrize("body_bytes", [1, 2])
@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        # Packet Too Large, as mosquitto sends it, although PUBACK does not allow it (MQTT 5 §3.4.2.1).
        (b"\x40\x03\x00\x01\x95", BrokerFault.REFUSES_LENGTH),
        # Not Authorized (MQTT 5 §3.5.2.1)
        (b"\x50\x03\x00\x01\x87", BrokerFault.REFUSES_TOPIC),
    ],
    ids=["PUBACK", "PUBREC"],
)
def test_a_refusal_of_a_message_is_understood_if_it_arrives_in_two_pieces(
    answer: bytes, fault: BrokerFault, body_bytes: int
) -> None:
    """The first piece has one or both bytes of the message's number, the second one the code."""

    def play(peer: socket.socket) -> None:
        peer.sendall(CONNACK[MqttVersion.V5])
        peer.recv(4096)  # PUBLISH
        send_in_two_pieces(peer, answer, 2 + body_bytes)  # the header has 2 bytes
        if peer.recv(4) == b"\x62\x02\x00\x01":  # PUBREL of message 1, which paho sends for any PUBREC
            peer.sendall(b"\x70\x02\x00\x01")  # PUBCOMP
            peer.recv(1)

    async def use(connection: Connection) -> None:
        qos = 1 if answer[0] == 0x40 else 2  # only QoS 2 is answered with PUBREC
        await connection.publish("a", b"b", qos=qos, retain=False)

    with scripted(MqttVersion.V5, play) as broker:
        assert error_of(broker, use)[0] == fault


def test_only_the_first_byte_of_a_disconnect_is_its_reason() -> None:
    """A length of the properties that begins with 0x8E is not Session Taken Over (MQTT 5 §3.14.2)."""
    reason_string = b"\x1f\x00\x8b" + b"x" * 0x8B
    properties = b"\x8e\x01" + reason_string  # 142 bytes
    disconnect = packet(0xE0, b"\x00" + properties)

    def play(peer: socket.socket) -> None:
        peer.sendall(CONNACK[MqttVersion.V5])
        send_in_two_pieces(peer, disconnect, 4)  # 3 bytes of header and the reason

    with scripted(MqttVersion.V5, play) as broker:
        assert error_of(broker)[0] == BrokerFault.CLOSED


@BOTH
def test_an_acknowledgement_counts_that_came_while_the_process_was_held_up(version: MqttVersion) -> None:
    def play(peer: socket.socket) -> None:
        peer.sendall(CONNACK[version])
        peer.recv(4096)
        assert held_up.wait(10)
        peer.sendall(packet(0x30, b"\x00\x01a\x00") * 5 + b"\x40\x02\x00\x01")
        sent.set()
        peer.recv(1)

    async def use(connection: Connection) -> None:
        publishing = asyncio.create_task(
            connection.publish("a", b"b", qos=1, retain=False, limit=0.05),
        )
        await asyncio.sleep(0.001)
        held_up.set()
        assert sent.wait(10)
        time.sleep(0.1)  # noqa: ASYNC251 - until the limit is over, too
        await publishing  # without a timeout: the acknowledgement is there
        raise BrokerError(BrokerFault.CLOSED, broker)  # ends the use

    held_up = threading.Event()
    sent = threading.Event()
    with scripted(version, play) as broker:
        assert error_of(broker, use)[0] == BrokerFault.CLOSED


def test_a_socket_that_is_closed_before_its_turn_is_not_registered(caplog: pytest.LogCaptureFixture) -> None:
    """A thread has opened it, the attempt is given up, and its descriptor is somebody else's by then."""

    async def scenario(port: int) -> None:
        aiomqtt_client = aiomqtt.Client("127.0.0.1", port)
        client = aiomqtt_client._client
        driver = PahoDriver(client, FIRST_TICKS)
        opening = threading.Thread(target=client.connect, args=("127.0.0.1", port))
        opening.start()
        opening.join()
        opened = client.socket()
        assert isinstance(opened, socket.socket)
        number = opened.fileno()
        driver.abort()
        with socket.socket() as other:
            assert other.fileno() == number
            await asyncio.sleep(0)
            loop = asyncio.get_running_loop()
            assert not loop.remove_reader(other)
            assert not loop.remove_writer(other)

    with socket.create_server(("127.0.0.1", 0)) as server:
        asyncio.run(scenario(server.getsockname()[1]))
    assert "Exception in callback" not in caplog.text


@pytest.mark.real
@BOTH
def test_a_block_that_ends_disconnects_and_one_that_fails_leaves_the_will(
    mosquitto: MosquittoBroker, version: MqttVersion
) -> None:
    """The broker sees a client that takes its leave, or one that is gone."""
    broker = replace(broker_at(mosquitto.port), version=version)

    async def scenario(error: Exception | None) -> None:
        with contextlib.suppress(LookupError):
            async with connect(broker, will_topic="will") as connection:
                assert await connection.subscribe("anything")
                if error is not None:
                    raise error

    with Subscriber(mosquitto.host, mosquitto.port, "will") as subscriber:
        asyncio.run(scenario(None))
        mosquitto.expect_log("Received DISCONNECT from teleinfo-test")
        assert subscriber.drain() == []
        asyncio.run(scenario(LookupError("a mistake of ours")))
        subscriber.expect("will", b"offline")


@pytest.mark.real
@pytest.mark.parametrize(
    ("version", "to_5", "spoken", "asked_again"),
    [
        (MqttVersion.AUTO, {}, MqttVersion.V5, MqttVersion.V5),
        (MqttVersion.AUTO, {"answer_to_5": REFUSES_5}, MqttVersion.V3_1_1, MqttVersion.V3_1_1),
        # Perhaps it was starting.
        (MqttVersion.AUTO, {"answer_to_5": b""}, MqttVersion.V3_1_1, MqttVersion.V5),
        (MqttVersion.AUTO, {"answer_to_5": b"", "holds_5": True}, MqttVersion.V3_1_1, MqttVersion.V3_1_1),
        (MqttVersion.V3_1_1, {}, MqttVersion.V3_1_1, MqttVersion.V3_1_1),
    ],
    ids=["speaks 5", "refuses 5", "hangs up at 5", "is silent to 5", "told"],
)
def test_the_version_is_found_out(
    mosquitto: MosquittoBroker,
    version: MqttVersion,
    to_5: dict[str, object],
    spoken: MqttVersion,
    asked_again: MqttVersion,
) -> None:
    """MQTT 5, and 3.1.1 where the broker refuses 5, hangs up at it or is silent; a refusal is remembered."""

    async def scenario(broker: Broker) -> list[MqttVersion]:
        versions = versions_of(broker)
        for _ in range(2):
            async with connect(broker, versions=versions) as connection:
                await connection.publish("a", b"b", qos=1, retain=False)
        return versions

    with Proxy(mosquitto.host, mosquitto.port) as proxy:
        vars(proxy).update(to_5)
        versions = asyncio.run(scenario(replace(broker_at(proxy.port), version=version)))

    # The number behind "p" of MQTT 3.1.1 is not the same in mosquitto 2.0 and in 2.1.
    numbers = re.findall(r"as teleinfo-test \(p(\d+),", mosquitto.log)
    assert [number == "5" for number in numbers] == [spoken is MqttVersion.V5] * 2
    assert versions[0] is asked_again
