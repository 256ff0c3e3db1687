"""The publisher against a real mosquitto: messages, outages, the goodbye, and what goes wrong."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
import time
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

import pytest
from paho.mqtt import client as mqtt

from teleinfo.common.event_loop import DaemonThreadExecutor
from teleinfo.mqtt import publisher as publisher_module
from teleinfo.mqtt.client import connect
from teleinfo.mqtt.config import MqttVersion, Tls, Topics
from teleinfo.mqtt.errors import BrokerError
from teleinfo.mqtt.faults import BrokerFault
from teleinfo.mqtt.paho_driver import PahoDriver
from teleinfo.mqtt.publisher import Publisher
from tests.mqtt.running import (
    PASSWORD,
    READING,
    Log,
    RunningPublisher,
    broker_at,
)
from tests.support.broker import MosquittoBroker, limit
from tests.support.certificates import Certificate, make_authority, make_certificate
from tests.support.process import LIMIT
from tests.support.scenario import until
from tests.support.subscriber import Subscriber
from tests.support.tcp_ports import black_hole, free_port

if TYPE_CHECKING:
    import socket
    from pathlib import Path

    from paho.mqtt.client import SocketLike

pytestmark = pytest.mark.real

# What it publishes.


@pytest.mark.parametrize(("qos", "retain"), [(0, True), (1, False), (2, False)])
def test_readings_arrive_byte_for_byte_with_qos_and_retain_as_asked(
    mosquitto: MosquittoBroker, qos: int, *, retain: bool
) -> None:
    """Two readings of one moment are two messages, though the queue holds one."""
    with (
        Subscriber(mosquitto.host, mosquitto.port) as subscriber,
        RunningPublisher(broker_at(mosquitto.port), qos=qos, retain=retain) as running,
    ):
        subscriber.expect("teleinfo/status")
        running.read(b"first", READING)
        assert subscriber.expect("teleinfo").payload == b"first"
        received = subscriber.expect("teleinfo")
        with Subscriber(mosquitto.host, mosquitto.port, "teleinfo") as late:
            if retain:
                assert late.expect("teleinfo").payload == READING
            else:
                late.wait_subscribed()
                running.read(b"live")
                assert late.expect("teleinfo").payload == b"live"

    assert (received.payload, received.qos, received.retain) == (READING, min(qos, 1), False)


def test_a_message_that_the_socket_cannot_take_at_once_arrives_whole(tmp_path: Path) -> None:
    payload = b"x" * (16 << 20)  # more than the buffers of a connection take
    # Mosquitto 2.1 takes 2 MB if nothing is said.
    with (
        MosquittoBroker(tmp_path, more=[f"max_packet_size {2 * len(payload)}"]) as mosquitto,
        Subscriber(mosquitto.host, mosquitto.port) as subscriber,
        RunningPublisher(broker_at(mosquitto.port)) as running,
    ):
        subscriber.expect("teleinfo/status")
        until(running.is_idle)
        mosquitto.freeze()
        running.read(payload)  # returns once paho has written what the socket took
        mosquitto.thaw()
        assert subscriber.expect("teleinfo").payload == payload


def test_retained_topics_are_there_for_who_comes_later_and_after_a_restart(
    mosquitto: MosquittoBroker,
) -> None:
    """A broker without persistence forgets them: they are published again, the status first; we read none."""
    with RunningPublisher(broker_at(mosquitto.port)) as running:
        running.wait_connected()
        running.set("teleinfo/health", b"{}")
        for _ in range(2):
            until(running.is_idle)
            for topic in ("teleinfo/health", "teleinfo/status"):
                with Subscriber(mosquitto.host, mosquitto.port, topic) as late:
                    assert late.expect(topic).retain
            mosquitto.stop()
            running.wait_connected(connected=False)
            mosquitto.start()
            running.wait_connected()
        until(running.is_idle)
        log = mosquitto.log

    assert log.rindex("'teleinfo/status'") < log.rindex("'teleinfo/health'")
    assert "Received SUBSCRIBE from teleinfo-test" not in log


def test_the_status_alone_comes_again_once_a_connection_lasts(
    mosquitto: MosquittoBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that was given up may have left its will there after our own status."""
    monkeypatch.setattr(publisher_module, "STABLE_AFTER", 0.5)
    with (
        Subscriber(mosquitto.host, mosquitto.port) as subscriber,
        RunningPublisher(broker_at(mosquitto.port)) as running,
    ):
        running.set("teleinfo/health", b"{}")
        for topic in ("teleinfo/status", "teleinfo/health", "teleinfo/status"):
            subscriber.expect(topic)
        until(running.is_idle)
        running.read(READING)

        assert subscriber.messages.get(timeout=LIMIT).topic == "teleinfo"


def test_what_was_in_flight_when_the_broker_fell_silent_is_sent_again() -> None:
    """A process without processor time may see the silence before the end of the connection."""

    async def scenario() -> None:
        publisher = Publisher(
            broker_at(1), Topics("t"), qos=1, queue=1, lifetimes={}, rng=Random(1), heartbeat=lambda: None
        )
        publisher.publish(READING, retain=False)
        sent = publisher.outbox.pop()
        assert sent is not None

        async def answer() -> None:
            raise BrokerError(BrokerFault.SILENT, publisher.broker)

        await publisher._settle(sent, answer())
        publisher.outbox.restart()
        assert publisher.outbox.pop() == sent

    asyncio.run(scenario())


# The end.


def test_each_step_of_the_publisher_is_a_heartbeat(
    mosquitto: MosquittoBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """1. Five messages. 2. Nothing to send. 3. No broker. 4. A broker that does not answer: no heartbeat."""

    def goes_on() -> None:
        last = publisher.heartbeats
        until(lambda: publisher.heartbeats >= last + 3)

    with RunningPublisher(broker_at(mosquitto.port), queue_size=5) as publisher:
        publisher.wait_connected()
        until(publisher.is_idle)
        before = publisher.heartbeats
        publisher.read(*[READING] * 5)
        until(publisher.is_idle)
        assert publisher.heartbeats >= before + 5

        monkeypatch.setattr(publisher_module, "HEARTBEAT_INTERVAL", 0.05)
        publisher.read(READING)  # the wait so far was longer
        goes_on()

        publisher.hurry()
        mosquitto.stop()
        goes_on()

        mosquitto.start()
        publisher.wait_connected()
        until(publisher.is_idle)
        mosquitto.freeze()
        publisher.read(READING)
        last = publisher.heartbeats
        time.sleep(0.5)  # the case: ten times the interval
        assert publisher.heartbeats <= last + 1
        mosquitto.thaw()


def test_an_attempt_that_was_given_up_never_becomes_a_connection() -> None:
    """
    A connect that succeeds after we gave up says nothing: it would push our next connection out.

    1. The dial is stuck in a black hole, and is given up.
    2. The black hole opens, and the thread gets its connection.
    3. The connection is closed without a byte.
    """

    def first_words(listener: socket.socket) -> bytes:
        listener.settimeout(LIMIT)
        while True:
            caller, _ = listener.accept()
            with caller, contextlib.suppress(TimeoutError):  # those that only fill the backlog say nothing
                caller.settimeout(0.5)
                return caller.recv(100)

    async def scenario(listener: socket.socket) -> bytes:
        asyncio.get_running_loop().set_default_executor(DaemonThreadExecutor())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.2), connect(broker_at(listener.getsockname()[1])):
                pytest.fail("a black hole answers")
        return await asyncio.to_thread(first_words, listener)

    with black_hole() as listener:
        assert asyncio.run(scenario(listener)) == b""


def test_an_attempt_that_is_given_up_while_its_socket_opens_is_closed_once(
    mosquitto: MosquittoBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loop closes it, or the thread that opens it: if both did, the process ended with a traceback."""
    is_closing = threading.Event()
    was_opened = threading.Event()
    on_open = PahoDriver._on_socket_open
    disconnect = mqtt.Client.disconnect

    def open_late(driver: PahoDriver, client: mqtt.Client, data: object, sock: SocketLike) -> None:
        driver._loop.call_soon_threadsafe(driver.abort)
        assert is_closing.wait(LIMIT)
        try:
            on_open(driver, client, data, sock)
        finally:
            was_opened.set()

    def disconnect_late(client: mqtt.Client) -> object:
        is_closing.set()
        assert was_opened.wait(LIMIT)
        return disconnect(client)

    async def scenario() -> list[object]:
        errors: list[object] = []
        loop = asyncio.get_running_loop()
        loop.set_default_executor(DaemonThreadExecutor())
        loop.set_exception_handler(lambda _loop, context: errors.append(context))
        with pytest.raises(BrokerError):
            async with connect(broker_at(mosquitto.port)):
                pytest.fail("it was given up")
        return errors

    monkeypatch.setattr(PahoDriver, "_on_socket_open", open_late)
    monkeypatch.setattr(mqtt.Client, "disconnect", disconnect_late)
    assert asyncio.run(scenario()) == []


# What keeps it out of a broker, or spoils the connection, has a name in the log.


@pytest.mark.parametrize(
    ("login", "words"),
    [
        ("wrong-" + PASSWORD, "the broker refuses the user name or the password"),
        (None, "the broker wants a user name and a password"),
    ],
)
def test_a_broker_that_refuses_the_password_is_named_once(
    tmp_path: Path, log: Log, login: str | None, words: str
) -> None:
    """However often it refuses, one line says so, names the settings, and keeps the password to itself."""
    with MosquittoBroker(tmp_path, users={"meter": PASSWORD}) as mosquitto:
        broker = broker_at(mosquitto.port, login=login)
        with RunningPublisher(broker) as running:
            log.expect(words)
            running.hurry()
            until(lambda: mosquitto.log.count("not authorised") >= 2)

    [line] = log.containing(words)
    assert "TELEINFO_MQTT_PASSWORD" in line
    assert log.containing(PASSWORD) == []
    assert log.containing("connected to the broker") == []
    assert PASSWORD not in repr(broker)


def test_a_verified_tls_connection_carries_readings(tmp_path: Path, authority: Certificate) -> None:
    """With the right authority the connection is encrypted; a broker that wants our certificate gets it."""
    ours = make_certificate(tmp_path, authority, name="ours")
    tls = Tls(ca_file=str(authority.cert), cert_file=str(ours.cert), key_file=str(ours.key))
    certificate = make_certificate(tmp_path, authority)
    with (
        MosquittoBroker(tmp_path, certificate=certificate, clients=authority) as mosquitto,
        RunningPublisher(broker_at(mosquitto.port, tls=tls)) as running,
    ):
        running.wait_connected()
        running.read(READING)
        mosquitto.expect_log("'teleinfo'")


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("no certificate of ours", "It probably wants a certificate of ours: TELEINFO_MQTT_TLS_CERT_FILE="),
        ("unknown authority", "nobody that we trust vouches for the certificate"),
        ("another host", "the certificate is that of another machine than 127.0.0.1"),
        ("plain on TLS", "Does it want TLS on this port"),
        ("TLS on plain", "does not speak TLS, or not as we do"),
        ("no file", "cannot be used (absent.pem: No such file or directory)"),
        ("no PEM", "the files of TELEINFO_MQTT_TLS_… cannot be used"),
    ],
)
def test_what_is_wrong_with_tls_is_named(
    tmp_path: Path, authority: Certificate, log: Log, fault: str, words: str
) -> None:
    other = make_authority(tmp_path, name="other")
    san = "DNS:elsewhere.example" if fault == "another host" else "IP:127.0.0.1"
    certificate = None if fault == "TLS on plain" else make_certificate(tmp_path, authority, san=san)
    clients = authority if fault == "no certificate of ours" else None
    files = {"unknown authority": str(other.cert), "no file": "absent.pem", "no PEM": __file__}
    file = files.get(fault, str(authority.cert))
    tls = None if fault == "plain on TLS" else Tls(ca_file=file)
    with (
        MosquittoBroker(tmp_path, certificate=certificate, clients=clients) as mosquitto,
        RunningPublisher(broker_at(mosquitto.port, tls=tls)),
    ):
        log.expect(words)

        assert log.containing("connected to the broker") == []


def test_insecure_tls_trusts_anybody_and_says_so(tmp_path: Path, authority: Certificate, log: Log) -> None:
    """Verification can be switched off, at the price of a warning at each start."""
    certificate = make_certificate(tmp_path, authority, san="DNS:elsewhere.example")
    with (
        MosquittoBroker(tmp_path, certificate=certificate) as mosquitto,
        RunningPublisher(broker_at(mosquitto.port, tls=Tls(insecure=True))) as running,
    ):
        running.wait_connected()

        assert len(log.containing("TELEINFO_MQTT_TLS_INSECURE")) == 1


@pytest.mark.parametrize("host", ["nowhere.invalid", "a..b", "x" * 70])
def test_a_host_without_an_address_is_explained(log: Log, host: str) -> None:
    with RunningPublisher(broker_at(1883, host=host)):
        assert host in log.expect("TELEINFO_MQTT_HOST")


@pytest.mark.parametrize(
    ("version", "qos", "more", "words"),
    [
        ("auto", 1, "retain_available false", "the broker allows no retained messages"),
        ("auto", 1, "max_qos 0", "does not allow the quality of service"),
        # Mosquitto 2.0 answers HTTP to CONNECT; 2.1 closes the connection without a word.
        ("auto", 1, "protocol websockets", "websockets"),
        ("auto", 1, "message_size_limit 100", "takes no message as long as ours on teleinfo"),
        ("auto", 2, "message_size_limit 100", "takes no message as long as ours on teleinfo"),
        ("auto", 2, "acl_file {folder}/acl", "the broker does not let this user publish on teleinfo"),
        ("auto", 1, "max_packet_size 200", "takes no message as long as ours on teleinfo"),
        ("3.1.1", 1, "max_keepalive 10", "or our keep-alive of 12 s"),
        ("3.1.1", 1, "max_qos 0", "teleinfo doctor"),
        ("3.1.1", 1, "max_packet_size 100", "no message as long as ours (max_packet_size)"),
    ],
)
def test_a_broker_that_refuses_what_we_need_is_named(
    tmp_path: Path, log: Log, *, version: str, qos: int, more: str, words: str
) -> None:
    (tmp_path / "acl").write_text("topic write teleinfo/status\n")
    broker = MosquittoBroker(tmp_path, more=limit(more.format(folder=tmp_path), tmp_path))
    described = replace(broker_at(broker.port), version=MqttVersion(version))
    with broker, RunningPublisher(described, qos=qos) as running:
        running.read(bytes(200))
        log.expect(words)


def test_a_topic_that_the_broker_refuses_is_named_once_until_the_broker_takes_it(
    tmp_path: Path, log: Log
) -> None:
    """
    Our topics share a line, with the right that allows all of them; a refusal that comes back has another.

    1. The broker takes no message but the status. 2. It takes all of them. 3. It takes none but the status.
    """
    denied = "topic read #\ntopic write teleinfo/status\n"
    acl = tmp_path / "acl"
    acl.write_text(denied)
    with (
        MosquittoBroker(tmp_path, more=[f"acl_file {acl}"]) as mosquitto,
        RunningPublisher(broker_at(mosquitto.port)) as running,
    ):
        # Mosquitto may lose a signal that comes with its first connection.
        running.wait_connected()
        until(running.is_idle)
        for reloads, (rights, expected) in enumerate(((denied, 1), ("topic readwrite #\n", 1), (denied, 2))):
            acl.write_text(rights)
            mosquitto.process.send_signal(signal.SIGHUP)
            until(lambda: mosquitto.log.count("Reloading config.") > reloads)  # noqa: B023 - waited for here
            for number in range(3):
                running.read(b"%d" % number)
                for field in "ab":
                    running.set(f"teleinfo/state/{field}", f"{expected}{number}".encode())
                until(running.is_idle)
            refused = log.containing("the broker does not let this user publish on teleinfo")
            assert len(refused) == expected
        assert log.containing("no connection") == []

    assert all(line.endswith("topic readwrite teleinfo/#") for line in refused)


@pytest.mark.parametrize("version", [MqttVersion.V3_1_1, MqttVersion.V5])
def test_a_broker_that_is_restarted_twice_is_no_other_program(
    mosquitto: MosquittoBroker, log: Log, version: MqttVersion
) -> None:
    """Somebody configures it: it is back before the publisher connects again, which is never refused."""
    with RunningPublisher(replace(broker_at(mosquitto.port), version=version)) as running:
        for _ in range(2):
            running.wait_connected()
            until(running.is_idle)
            mosquitto.stop()
            mosquitto.start()
            running.wait_connected(connected=False)
        running.wait_connected()
        is_pushed_out = running.publisher.is_pushed_out(time.monotonic())

    assert not is_pushed_out
    assert log.containing("in a row") == []


def test_a_new_cause_for_which_the_user_must_act_is_one_more_line(tmp_path: Path, log: Log) -> None:
    """The broker comes later than the publisher, and then with another password."""
    port = free_port()
    with RunningPublisher(broker_at(port, login="wrong")) as running:
        log.expect(f"nothing listens at 127.0.0.1:{port}")
        running.hurry()
        with MosquittoBroker(tmp_path, port=port, users={"meter": PASSWORD}):
            log.expect(": the broker refuses the user name or the password")

    assert len(log.containing("no connection")) == 2
