"""The publisher against a real mosquitto: every message, and every way in which a broker can fail."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import queue
import socket
import subprocess
import threading
import time
from itertools import repeat
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Self

import pytest

from teleinfo.common.executor import DaemonThreadExecutor
from teleinfo.mqtt.client import Connection
from teleinfo.mqtt.config import Broker, Tls, Topics
from teleinfo.mqtt.publisher import Publisher, Subscription
from tests.support.broker import MosquittoBroker
from tests.support.certificates import make_authority, make_certificate
from tests.support.subscriber import Subscriber
from tests.support.tcp_ports import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from paho.mqtt.client import Client as PahoClient

    from tests.support.certificates import Certificate

pytestmark = pytest.mark.real

LIMIT = 15.0
"""Seconds to wait for what must come, on a slow and busy machine."""

PASSWORD = "canary-7c1f"
READING = b'{"ADCO":"012345678901","PAPP":"01940"}'


def wait_until(true: Callable[[], bool], *, limit: float = LIMIT) -> None:
    """Return once `true` is, and fail after `limit` seconds."""
    deadline = time.monotonic() + limit
    while not true():
        assert time.monotonic() < deadline, f"not within {limit} s"
        time.sleep(0.01)


def descriptors() -> int:
    """Return how many files this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


@contextlib.contextmanager
def black_hole() -> Iterator[socket.socket]:
    """Listen with a full backlog, so that the kernel swallows every further SYN until somebody accepts."""
    with contextlib.ExitStack() as sockets:
        listener = sockets.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            filler = sockets.enter_context(socket.socket())
            filler.setblocking(False)  # noqa: FBT003 - has no keyword
            filler.connect_ex(listener.getsockname())
        yield listener


class Running:
    """A publisher in an event loop of its own, in another thread, as the daemon would run it."""

    def __init__(
        self,
        broker: Broker,
        *,
        queue_size: int = 1,
        qos: int = 1,
        retain: bool = False,
        subscription: Subscription | None = None,
    ) -> None:
        self._broker = broker
        self._queue_size = queue_size
        self._qos = qos
        self._retain = retain
        self._subscription = subscription
        self.beats: list[float] = []
        self.connections: queue.Queue[bool] = queue.Queue()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), daemon=True)
        self.loop: asyncio.AbstractEventLoop
        self.publisher: Publisher

    async def _main(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.loop.set_default_executor(DaemonThreadExecutor())
        self.publisher = Publisher(
            self._broker,
            Topics("teleinfo"),
            queue=self._queue_size,
            qos=self._qos,
            retain=self._retain,
            rng=Random(1),
            heartbeat=lambda: self.beats.append(time.monotonic()),
            on_connection=self.connections.put,
            subscription=self._subscription,
        )
        self.publisher.set_state("teleinfo/status", b"online")
        self._ready.set()
        await self.publisher.run()

    def paho(self) -> PahoClient:
        """Return what aiomqtt has below it, of the present connection."""
        session = self.publisher._session
        assert session is not None
        return session.connection._client._client

    def is_idle(self) -> bool:
        """Return whether nothing is in flight."""
        return not self.publisher._outbox._in_flight

    def read(self, *payloads: bytes) -> None:
        """Put readings into the outbox."""
        for payload in payloads:
            self.loop.call_soon_threadsafe(self.publisher.publish, payload)

    def wait_connected(self, *, connected: bool = True) -> None:
        """Return at the next change to `connected`."""
        while self.connections.get(timeout=40) is not connected:
            pass

    def tasks(self) -> int:
        """Return how many tasks the loop has, the question's own left out."""

        async def count() -> int:
            return len(asyncio.all_tasks()) - 1

        return asyncio.run_coroutine_threadsafe(count(), self.loop).result(LIMIT)

    def stop(self) -> float:
        """Ask for the goodbye and return the seconds that it took."""
        asked = time.monotonic()
        self.loop.call_soon_threadsafe(self.publisher.stop)
        self._thread.join(LIMIT)
        assert not self._thread.is_alive(), "the publisher does not stop"
        return time.monotonic() - asked

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(LIMIT)
        return self

    def __exit__(self, *_: object) -> None:
        if self._thread.is_alive():
            self.stop()


class Log:
    """The log of the publisher; a fault test ends with a look for secrets in it."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        self._caplog = caplog
        caplog.set_level(logging.INFO)

    def containing(self, part: str) -> list[str]:
        """Return the lines with `part` in them."""
        return [line for line in map(logging.LogRecord.getMessage, self._caplog.records) if part in line]

    def expect(self, part: str, *, limit: float = LIMIT) -> str:
        """Return the first line with `part` in it, waiting for it."""
        wait_until(lambda: bool(self.containing(part)), limit=limit)
        return self.containing(part)[0]


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Log:
    """Read the log."""
    return Log(caplog)


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[MosquittoBroker]:
    """Run a broker that takes anybody."""
    with MosquittoBroker(tmp_path) as broker:
        yield broker


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """Make an authority that nobody else trusts."""
    return make_authority(tmp_path_factory.mktemp("authority"))


def broker_at(
    port: int, *, host: str = "127.0.0.1", login: str | None = None, tls: Tls | None = None
) -> Broker:
    """Describe a broker; `login` is the password of the user `meter`."""
    username = None if login is None else "meter"
    return Broker(host, port, "teleinfo-test", username=username, password=login, tls=tls)


def test_a_reading_arrives_byte_for_byte_with_qos_1_and_not_retained(mosquitto: MosquittoBroker) -> None:
    """What was put into the outbox is what a subscriber gets."""
    with (
        Subscriber(mosquitto.host, mosquitto.port) as subscriber,
        Running(broker_at(mosquitto.port)) as running,
    ):
        running.read(READING)
        received = subscriber.expect("teleinfo")

    assert (received.payload, received.qos, received.retain) == (READING, 1, False)


@pytest.mark.parametrize("qos", [0, 1, 2])
def test_readings_that_come_at_once_are_sent_at_once(mosquitto: MosquittoBroker, qos: int) -> None:
    """With room for one, two readings of one moment are both in flight, and written in the next turn."""
    with Subscriber(mosquitto.host, mosquitto.port) as subscriber:
        with Running(broker_at(mosquitto.port), qos=qos) as running:
            subscriber.expect("teleinfo/status")
            wait_until(running.is_idle)

            async def read_two() -> tuple[int, bool]:
                running.publisher.publish(b"first")
                running.publisher.publish(b"second")
                in_flight = len(running.publisher._outbox._in_flight)
                await asyncio.sleep(0)
                return in_flight, running.paho().want_write()

            assert asyncio.run_coroutine_threadsafe(read_two(), running.loop).result(LIMIT) == (2, False)
            assert subscriber.expect("teleinfo").payload == b"first"
            assert subscriber.expect("teleinfo").payload == b"second"


def test_a_reading_that_was_under_way_when_the_broker_died_comes_again(mosquitto: MosquittoBroker) -> None:
    """What was written and not acknowledged is written again, to the next connection."""
    with Running(broker_at(mosquitto.port), retain=True) as running:
        with Subscriber(mosquitto.host, mosquitto.port) as subscriber:
            subscriber.expect("teleinfo/status")
        wait_until(running.is_idle)
        mosquitto.freeze()
        running.read(READING)
        wait_until(lambda: not running.is_idle())
        mosquitto.kill()
        running.wait_connected(connected=False)
        mosquitto.start()
        running.wait_connected()
        with Subscriber(mosquitto.host, mosquitto.port) as subscriber:
            assert subscriber.expect("teleinfo").payload == READING


def test_a_message_that_the_socket_cannot_take_at_once_arrives_whole(mosquitto: MosquittoBroker) -> None:
    """What does not fit into the socket's buffer is written as soon as there is room."""
    payload = b"x" * (16 << 20)
    with Subscriber(mosquitto.host, mosquitto.port) as subscriber:
        with Running(broker_at(mosquitto.port)) as running:
            subscriber.expect("teleinfo/status")
            paho = running.paho()
            wait_until(running.is_idle)
            mosquitto.freeze()
            running.read(payload)
            wait_until(paho.want_write)
            mosquitto.thaw()
            assert subscriber.expect("teleinfo").payload == payload


def test_readings_are_retained_with_qos_0_when_asked(mosquitto: MosquittoBroker) -> None:
    """QoS and retain of the readings are the user's choice."""
    with (
        Subscriber(mosquitto.host, mosquitto.port) as first,
        Running(broker_at(mosquitto.port), qos=0, retain=True) as running,
    ):
        running.read(READING)
        live = first.expect("teleinfo")
        with Subscriber(mosquitto.host, mosquitto.port) as late:
            kept = late.expect("teleinfo")

    assert (live.qos, kept.payload, kept.retain) == (0, READING, True)


def test_states_come_before_readings_and_are_retained(mosquitto: MosquittoBroker) -> None:
    """A subscriber that comes later finds the latest state of each topic."""
    with (
        Subscriber(mosquitto.host, mosquitto.port) as subscriber,
        Running(broker_at(mosquitto.port)) as running,
    ):
        subscriber.expect("teleinfo/status", b"online")
        running.loop.call_soon_threadsafe(running.publisher.set_state, "teleinfo/health", b"{}")
        subscriber.expect("teleinfo/health", b"{}")
        with Subscriber(mosquitto.host, mosquitto.port) as late:
            status = late.expect("teleinfo/status")

    assert (status.payload, status.retain) == (b"online", True)


def test_a_dropped_connection_is_told_by_the_will_and_mended(mosquitto: MosquittoBroker, log: Log) -> None:
    """
    A connection that dies without a goodbye makes the broker say offline; the publisher is back within 3 s.

    1. The socket is shut under the publisher.
    2. The subscriber sees "offline", then "online" again, then a reading.
    3. The log has two lines about it.
    """
    with (
        Subscriber(mosquitto.host, mosquitto.port) as subscriber,
        Running(broker_at(mosquitto.port)) as running,
    ):
        subscriber.expect("teleinfo/status", b"online")
        sock = running.paho().socket()
        assert isinstance(sock, socket.socket)
        sock.shutdown(socket.SHUT_RDWR)
        lost = subscriber.expect("teleinfo/status", b"offline")
        back = subscriber.expect("teleinfo/status", b"online")
        running.read(READING)
        subscriber.expect("teleinfo", READING)

        assert back.at - lost.at < 3
        assert len(log.containing("it closed the connection")) == 1
        assert len(log.containing("again after")) == 1


def test_a_stop_says_offline_and_disconnects_within_1_s(mosquitto: MosquittoBroker, log: Log) -> None:
    """A polite end publishes "offline" itself, once: the will stays in the drawer."""
    with (
        Subscriber(mosquitto.host, mosquitto.port) as subscriber,
        Running(broker_at(mosquitto.port)) as running,
    ):
        subscriber.expect("teleinfo/status", b"online")
        took = running.stop()
        offline = subscriber.expect("teleinfo/status", b"offline")

        assert took < 1
        assert not offline.retain  # seen live
        assert "Client teleinfo-test disconnected" in mosquitto.log
        assert [f"connected to the broker at 127.0.0.1:{mosquitto.port}"] == log.containing("broker")
    assert subscriber.drain() == []


def test_a_stop_with_a_frozen_broker_takes_at_most_2_s(mosquitto: MosquittoBroker) -> None:
    """Neither a waiting publish nor the goodbye holds the process up."""
    with Running(broker_at(mosquitto.port)) as running:
        running.wait_connected()
        mosquitto.freeze()
        running.read(READING)
        took = running.stop()

    assert took < 2


def test_a_stop_without_a_broker_is_immediate() -> None:
    """In the middle of the back-off nothing is waited for."""
    with Running(broker_at(free_port())) as running:
        wait_until(lambda: len(running.beats) > 1)
        took = running.stop()

    assert took < 1


def test_a_stop_while_dialling_does_not_wait_for_the_thread() -> None:
    """
    A connect that is stuck does not hold the stop up.

    1. A listener whose backlog is full swallows every further SYN.
    2. The publisher dials it and is stopped.
    """
    with black_hole() as listener, Running(broker_at(listener.getsockname()[1])) as running:
        wait_until(lambda: any(thread.name == "teleinfo.worker" for thread in threading.enumerate()))
        took = running.stop()

    assert took < 1


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

    async def story(listener: socket.socket) -> bytes:
        asyncio.get_running_loop().set_default_executor(DaemonThreadExecutor())
        link = Connection(broker_at(listener.getsockname()[1]), "teleinfo/status")
        entering = asyncio.create_task(link.connect())
        await asyncio.wait({entering}, timeout=0.2)
        assert not entering.done()
        entering.cancel()
        await asyncio.wait({entering})
        link.abort()
        return await asyncio.to_thread(first_words, listener)

    with black_hole() as listener:
        assert asyncio.run(story(listener)) == b""


def test_a_frozen_broker_is_found_out_within_6_s_and_used_again_when_it_thaws(
    mosquitto: MosquittoBroker,
    log: Log,
) -> None:
    """A reading not acknowledged in 3.5 s means that the connection is dead; it is sent again later."""
    with (
        Subscriber(mosquitto.host, mosquitto.port) as subscriber,
        Running(broker_at(mosquitto.port)) as running,
    ):
        running.wait_connected()
        mosquitto.freeze()
        frozen = time.monotonic()
        running.read(READING)
        running.wait_connected(connected=False)
        took = time.monotonic() - frozen
        log.expect("it does not answer")
        mosquitto.thaw()
        running.wait_connected()
        subscriber.expect("teleinfo", READING)

        assert took < 6


def test_an_idle_broker_that_freezes_is_found_out_by_its_silence(
    mosquitto: MosquittoBroker,
    log: Log,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With nothing to send, the ping that is not answered tells; times are a tenth of the real ones."""
    monkeypatch.setattr("teleinfo.mqtt.client.KEEPALIVE", 2)
    with Running(broker_at(mosquitto.port)) as running:
        running.wait_connected()
        # Idle is who has nothing left to send.
        wait_until(running.is_idle)
        mosquitto.freeze()
        running.wait_connected(connected=False)
        log.expect("it does not answer")


def test_after_an_outage_the_newest_reading_comes_first(tmp_path: Path) -> None:
    """With a queue of 1, what was read before the latest reading is gone."""
    mosquitto = MosquittoBroker(tmp_path)
    with Running(broker_at(mosquitto.port)) as running:
        running.read(b"1", b"2", b"3")
        with mosquitto, Subscriber(mosquitto.host, mosquitto.port, "teleinfo") as subscriber:
            running.wait_connected()
            running.read(b"4")
            # The publisher may be faster than the subscriber: then 3 is gone before anybody listens.
            seen = subscriber.expect("teleinfo").payload
            if seen == b"3":
                seen = subscriber.expect("teleinfo").payload

            assert seen == b"4"


def test_after_an_outage_the_queue_arrives_in_order(mosquitto: MosquittoBroker) -> None:
    """
    With a queue of 3 the newest three readings survive, oldest first.

    1. The broker is restarted while the publisher holds five readings.
    2. They are retained, so that a late subscriber sees the last; the log of the broker has them all.
    """
    with Running(broker_at(mosquitto.port), queue_size=3, retain=True) as running:
        running.wait_connected()
        mosquitto.stop()
        running.wait_connected(connected=False)
        running.read(*(b"x" * size for size in range(11, 16)))
        mosquitto.start()
        with Subscriber(mosquitto.host, mosquitto.port) as subscriber:
            subscriber.expect("teleinfo", b"x" * 15)
        lines = [line for line in mosquitto.log.splitlines() if "Received PUBLISH" in line]
        sizes = [line.rsplit("(", 1)[1] for line in lines if "'teleinfo'" in line]

        assert sizes == ["13 bytes))", "14 bytes))", "15 bytes))"]


def test_states_are_published_again_after_a_restart_of_the_broker(
    mosquitto: MosquittoBroker, log: Log
) -> None:
    """A broker without persistence forgets; a new subscriber finds the state all the same."""
    with Running(broker_at(mosquitto.port)) as running:
        running.wait_connected()
        mosquitto.stop()
        running.wait_connected(connected=False)
        mosquitto.start()
        running.wait_connected()
        with Subscriber(mosquitto.host, mosquitto.port) as subscriber:
            status = subscriber.expect("teleinfo/status")

        assert status.payload == b"online"
        assert len(log.containing("no connection")) == 1
        assert len(log.containing("again after")) == 1


def test_a_broker_that_comes_late_is_found(tmp_path: Path, log: Log) -> None:
    """The order of starting does not matter; the log says why there is no connection, once."""
    mosquitto = MosquittoBroker(tmp_path)
    with Running(broker_at(mosquitto.port)) as running:
        running.read(READING)
        log.expect("nothing listens there")
        with mosquitto:
            running.wait_connected()

            assert len(log.containing("no connection")) == 1
            assert f"connected to the broker at 127.0.0.1:{mosquitto.port} again after" in log.expect("again")


def test_the_right_password_lets_in(tmp_path: Path) -> None:
    """A broker with users takes who has the password."""
    with (
        MosquittoBroker(tmp_path, users={"meter": PASSWORD}) as mosquitto,
        Running(broker_at(mosquitto.port, login=PASSWORD)) as running,
    ):
        running.wait_connected()


@pytest.mark.parametrize(
    ("login", "words"),
    [
        ("wrong-" + PASSWORD, "refused the user name or the password"),
        (None, "wants a user name and a password"),
    ],
)
def test_a_broker_that_refuses_the_password_is_named_once(
    tmp_path: Path,
    log: Log,
    login: str | None,
    words: str,
) -> None:
    """However often it refuses, one line says so, names the settings, and keeps the password to itself."""
    with (
        MosquittoBroker(tmp_path, users={"meter": PASSWORD}) as mosquitto,
        Running(broker_at(mosquitto.port, login=login)) as running,
    ):
        log.expect(words)
        wait_until(lambda: mosquitto.log.count("not authorised") >= 2)
        running.stop()

        assert len(log.containing(words)) == 1
        assert "TELEINFO_MQTT_PASSWORD" in log.containing(words)[0]
        assert log.containing(PASSWORD) == []
        assert running.connections.empty()
    assert PASSWORD not in repr(broker_at(1, login=PASSWORD))


def test_a_verified_tls_connection_carries_readings(tmp_path: Path, authority: Certificate) -> None:
    """With the right authority the connection is encrypted and works like any other."""
    ca_file = str(authority.cert)
    with (
        MosquittoBroker(tmp_path, certificate=make_certificate(tmp_path, authority)) as mosquitto,
        Subscriber(mosquitto.host, mosquitto.port, ca_file=ca_file) as subscriber,
        Running(broker_at(mosquitto.port, tls=Tls(ca_file=ca_file))) as running,
    ):
        running.read(READING)
        subscriber.expect("teleinfo", READING)

        assert running.stop() < 1


def test_a_broker_that_wants_a_certificate_of_ours_gets_it(tmp_path: Path, authority: Certificate) -> None:
    """A client certificate signed by the broker's authority lets in."""
    certificate = make_certificate(tmp_path, authority)
    ours = make_certificate(tmp_path, authority, name="ours")
    tls = Tls(ca_file=str(authority.cert), cert_file=str(ours.cert), key_file=str(ours.key))
    with (
        MosquittoBroker(tmp_path, certificate=certificate, clients=authority) as mosquitto,
        Running(broker_at(mosquitto.port, tls=tls)) as running,
    ):
        running.wait_connected()


def test_a_missing_certificate_of_ours_is_explained(tmp_path: Path, authority: Certificate, log: Log) -> None:
    """A broker that hangs up because it wants a client certificate gets a hint in the log."""
    certificate = make_certificate(tmp_path, authority)
    with (
        MosquittoBroker(tmp_path, certificate=certificate, clients=authority) as mosquitto,
        Running(broker_at(mosquitto.port, tls=Tls(ca_file=str(authority.cert)))) as running,
    ):
        log.expect("does it want a client certificate?")

        assert running.connections.empty()


def test_an_unknown_authority_is_not_trusted(tmp_path: Path, authority: Certificate, log: Log) -> None:
    """A certificate that nobody we know vouches for ends the attempt, and the log says what to set."""
    with MosquittoBroker(tmp_path, certificate=make_certificate(tmp_path, authority)) as mosquitto:
        other = make_authority(tmp_path, name="other")
        with Running(broker_at(mosquitto.port, tls=Tls(ca_file=str(other.cert)))) as running:
            line = log.expect("certificate is not trusted")

            assert "TELEINFO_MQTT_TLS_CA_FILE" in line
            assert running.connections.empty()


def test_a_certificate_for_another_host_is_not_trusted(
    tmp_path: Path, authority: Certificate, log: Log
) -> None:
    """The name in the certificate must be the one that we dialled."""
    certificate = make_certificate(tmp_path, authority, san="DNS:elsewhere.example")
    with (
        MosquittoBroker(tmp_path, certificate=certificate) as mosquitto,
        Running(broker_at(mosquitto.port, tls=Tls(ca_file=str(authority.cert)))) as running,
    ):
        log.expect("it is not made out to 127.0.0.1")

        assert running.connections.empty()


def test_insecure_tls_trusts_anybody_and_says_so(tmp_path: Path, authority: Certificate, log: Log) -> None:
    """Verification can be switched off, at the price of a warning at each start."""
    certificate = make_certificate(tmp_path, authority, san="DNS:elsewhere.example")
    with (
        MosquittoBroker(tmp_path, certificate=certificate) as mosquitto,
        Running(broker_at(mosquitto.port, tls=Tls(insecure=True))) as running,
    ):
        running.wait_connected()

        assert len(log.containing("TELEINFO_MQTT_TLS_INSECURE")) == 1


def test_a_missing_authority_file_is_named(log: Log) -> None:
    """A TLS file that cannot be read is an outage like others: it may appear later."""
    with Running(broker_at(free_port(), tls=Tls(ca_file="absent.pem"))):
        line = log.expect("absent.pem")

        assert "TELEINFO_MQTT_TLS_CA_FILE" in line


def test_plain_mqtt_on_a_tls_port_is_explained(tmp_path: Path, authority: Certificate, log: Log) -> None:
    """A broker that hangs up on us without a word gets a hint in the log."""
    with (
        MosquittoBroker(tmp_path, certificate=make_certificate(tmp_path, authority)) as mosquitto,
        Running(broker_at(mosquitto.port)),
    ):
        log.expect("does it expect TLS on this port?", limit=4)


@pytest.mark.parametrize("host", ["nowhere.invalid", "a..b", "x" * 70])
def test_a_host_without_an_address_is_explained(log: Log, host: str) -> None:
    """A name that does not resolve, or is no name, never ends the publisher."""
    with Running(broker_at(1883, host=host)) as running:
        line = log.expect("TELEINFO_MQTT_HOST", limit=40)

        assert host in line
        assert running.stop() < 1


def test_states_are_repeated_once_when_the_connection_is_steady(
    mosquitto: MosquittoBroker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The will of a connection that we gave up may speak after our "online": 30 s later we say it again."""
    monkeypatch.setattr("teleinfo.mqtt.publisher.STABLE_AFTER", 1.0)
    with Subscriber(mosquitto.host, mosquitto.port) as subscriber, Running(broker_at(mosquitto.port)):
        first = subscriber.expect("teleinfo/status", b"online")
        again = subscriber.expect("teleinfo/status", b"online")

        assert 0.9 < again.at - first.at < 5


def test_a_cancelled_publisher_leaves_the_last_word_to_the_will(mosquitto: MosquittoBroker) -> None:
    """Cancelling closes the connection without a goodbye, and leaves no task behind."""

    async def story(subscriber: Subscriber) -> int:
        asyncio.get_running_loop().set_default_executor(DaemonThreadExecutor())
        connected = asyncio.Event()
        publisher = Publisher(
            broker_at(mosquitto.port),
            Topics("teleinfo"),
            queue=1,
            qos=1,
            retain=False,
            rng=Random(1),
            heartbeat=lambda: None,
            on_connection=lambda _: connected.set(),
        )
        running = asyncio.create_task(publisher.run())
        await asyncio.wait_for(connected.wait(), LIMIT)
        running.cancel()
        await asyncio.wait({running})
        await asyncio.to_thread(subscriber.expect, "teleinfo/status", b"offline")
        return len(asyncio.all_tasks())

    with Subscriber(mosquitto.host, mosquitto.port) as subscriber:
        assert asyncio.run(story(subscriber)) == 1


def test_two_clients_with_one_id_are_named_once(mosquitto: MosquittoBroker, log: Log) -> None:
    """
    Three connections in a row that last less than 5 s mean that somebody shares our id.

    1. Each time the publisher connects, another client takes its id over, until the warning is there.
    2. Two more rounds add nothing.
    """
    with Running(broker_at(mosquitto.port)) as running:
        for _ in range(5):
            # The back-off is tested elsewhere.
            running.publisher._delays = repeat(0.05)
            running.wait_connected()
            # CONNECT of MQTT 3.1.1 with the id of the publisher, clean session, keepalive 60 s.
            client_id = b"teleinfo-test"
            variable = b"\x00\x04MQTT\x04\x02\x00\x3c" + len(client_id).to_bytes(2, "big") + client_id
            with socket.create_connection((mosquitto.host, mosquitto.port)) as thief:
                thief.sendall(b"\x10" + bytes([len(variable)]) + variable)
                running.wait_connected(connected=False)

        assert len(log.containing("same client id, teleinfo-test")) == 1
        # Outage of the first loss, and one for the unsteady rest: not one for each.
        assert len(log.containing("no connection")) <= 2


@pytest.mark.parametrize(
    ("more", "dropped"),
    [
        ([], None),
        (["message_size_limit 100"], "published on teleinfo, but"),
        (["acl_file {folder}/acl"], "published on teleinfo and teleinfo/status, but"),
    ],
    ids=["all is well", "long messages", "no right to write"],
)
def test_a_broker_that_drops_what_it_acknowledges_is_named(
    tmp_path: Path, log: Log, monkeypatch: pytest.MonkeyPatch, more: list[str], dropped: str | None
) -> None:
    """The first message on the topics of status and readings has to come back."""
    monkeypatch.setattr("teleinfo.mqtt.publisher.STABLE_AFTER", 1.0)
    (tmp_path / "acl").write_text("topic read #\n")
    more = [line.format(folder=tmp_path) for line in more]
    with MosquittoBroker(tmp_path, more=more) as mosquitto, Running(broker_at(mosquitto.port)) as running:
        running.wait_connected()
        running.read(b"x" * 200)
        if dropped is None:
            # After STABLE_AFTER the states are repeated: what there was to say has been said.
            wait_until(lambda: mosquitto.log.count("'teleinfo/status'") >= 4)
            assert log.containing("deliver") == []
            wait_until(lambda: "Received UNSUBSCRIBE" in mosquitto.log)
        else:
            assert dropped in log.expect("did not deliver it to us")


def test_a_broker_that_takes_no_long_packet_is_named(tmp_path: Path, log: Log) -> None:
    """It closes the connection at the message: nobody shares our client id."""
    with (
        MosquittoBroker(tmp_path, more=["max_packet_size 200"]) as mosquitto,
        Running(broker_at(mosquitto.port)) as running,
    ):
        running.publisher._delays = repeat(0.05)
        running.read(b"x" * 300)

        assert "a message of 300 bytes was published on teleinfo" in log.expect("max_packet_size")


def test_an_oversized_message_on_a_topic_that_we_read_is_named(tmp_path: Path, log: Log) -> None:
    """Such as a birth message of Home Assistant of 300 KB: it is not the client id."""
    (tmp_path / "long").write_bytes(bytes(300_000))
    with MosquittoBroker(tmp_path) as mosquitto:
        publish = ["mosquitto_pub", "-p", str(mosquitto.port), "-h", mosquitto.host, "-r", "-t", "birth"]
        subprocess.run([*publish, "-f", str(tmp_path / "long")], check=True, timeout=30)
        with Running(broker_at(mosquitto.port), subscription=Subscription("birth", lambda _: None)):
            log.expect("of more than 256 KiB")


@pytest.mark.parametrize("more", ["max_keepalive 10", "retain_available false", "max_qos 0"])
def test_a_broker_that_refuses_what_we_need_is_named(tmp_path: Path, log: Log, more: str) -> None:
    """MQTT 3.1.1 has no code for it: what it may be is said, and who finds out."""
    words = {
        "max_keepalive 10": "or allow the keepalive (max_keepalive)",
        "retain_available false": "does it refuse QoS 1, what is retained",
        "max_qos 0": "does it refuse QoS 1",
    }
    with MosquittoBroker(tmp_path, more=[more]) as mosquitto, Running(broker_at(mosquitto.port)):
        log.expect(words[more])


def test_tls_on_a_plain_port_is_explained(mosquitto: MosquittoBroker, log: Log) -> None:
    """A broker without TLS closes the connection in the handshake: it wants no certificate of ours."""
    with Running(broker_at(mosquitto.port, tls=Tls(insecure=True))):
        log.expect("during the TLS handshake: does it speak TLS on this port?")


def test_bounces_leak_nothing(mosquitto: MosquittoBroker, log: Log) -> None:
    """After 20 losses there is one connection, and no descriptor or task more than after the first."""
    with Running(broker_at(mosquitto.port)) as running:

        def bounce() -> None:
            # As often as wanted: the back-off is tested elsewhere.
            running.publisher._delays = repeat(0.01)
            sock = running.paho().socket()
            assert isinstance(sock, socket.socket)
            sock.shutdown(socket.SHUT_RDWR)
            running.wait_connected()

        running.wait_connected()
        bounce()
        gc.collect()
        wait_until(lambda: mosquitto.connections() == 1)
        before, tasks = descriptors(), running.tasks()
        for _ in range(20):
            running.read(READING)
            bounce()
        gc.collect()

        wait_until(lambda: mosquitto.connections() == 1)
        wait_until(lambda: descriptors() <= before)
        wait_until(lambda: running.tasks() <= tasks)
        assert log.containing("Exception in callback") == []


def test_the_beat_goes_on_in_every_state(mosquitto: MosquittoBroker) -> None:
    """
    The watchdog hears from the publisher at least every 5 s, whatever it waits for.

    1. Connected and idle for one beat.
    2. A frozen broker: a publish waits 3.5 s, then a connect waits 5 s for CONNACK.
    3. No broker: the back-off.
    """
    with Running(broker_at(mosquitto.port)) as running:
        running.wait_connected()
        idle = len(running.beats)
        wait_until(lambda: len(running.beats) > idle)
        mosquitto.freeze()
        running.read(READING)
        running.wait_connected(connected=False)
        dialling = time.monotonic()
        wait_until(lambda: running.beats[-1] > dialling + 4)
        mosquitto.kill()
        killed = time.monotonic()
        wait_until(lambda: running.beats[-1] > killed + 3)
        gaps = [after - before for before, after in zip(running.beats, running.beats[1:], strict=False)]

        assert max(gaps) < 5
