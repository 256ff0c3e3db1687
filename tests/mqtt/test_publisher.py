"""The publisher against a real mosquitto: its messages, and a broker that goes and comes back."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
import threading
import time
from itertools import repeat
from random import Random
from typing import TYPE_CHECKING

import pytest

from teleinfo.common.executor import DaemonThreadExecutor
from teleinfo.mqtt.client import Connection
from teleinfo.mqtt.config import Topics
from teleinfo.mqtt.publisher import Publisher
from tests.mqtt.running import (
    READING,
    Log,
    RunningPublisher,
    black_hole,
    broker_at,
    descriptors,
    wait_until,
)
from tests.support.broker import MosquittoBroker
from tests.support.process import LIMIT
from tests.support.subscriber import Subscriber
from tests.support.tcp_ports import free_port

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.real


def test_a_reading_arrives_byte_for_byte_with_qos_1_and_not_retained(mosquitto: MosquittoBroker) -> None:
    """What was put into the outbox is what a subscriber gets."""
    with (
        Subscriber(mosquitto.host, mosquitto.port) as subscriber,
        RunningPublisher(broker_at(mosquitto.port)) as running,
    ):
        running.read(READING)
        received = subscriber.expect("teleinfo")

    assert (received.payload, received.qos, received.retain) == (READING, 1, False)


@pytest.mark.parametrize("qos", [0, 1, 2])
def test_readings_that_come_at_once_are_sent_at_once(mosquitto: MosquittoBroker, qos: int) -> None:
    """With room for one, two readings of one moment are both in flight, and written in the next turn."""
    with Subscriber(mosquitto.host, mosquitto.port) as subscriber:
        with RunningPublisher(broker_at(mosquitto.port), qos=qos) as running:
            subscriber.expect("teleinfo/status")
            wait_until(running.is_idle)

            async def read_two() -> tuple[int, bool]:
                running.publisher.publish(b"first", retain=False)
                running.publisher.publish(b"second", retain=False)
                in_flight = len(running.publisher._outbox._in_flight)
                await asyncio.sleep(0)
                return in_flight, running.paho().want_write()

            assert asyncio.run_coroutine_threadsafe(read_two(), running.loop).result(LIMIT) == (2, False)
            assert subscriber.expect("teleinfo").payload == b"first"
            assert subscriber.expect("teleinfo").payload == b"second"


def test_a_reading_that_was_in_flight_when_the_broker_died_comes_again(mosquitto: MosquittoBroker) -> None:
    """What was written and not acknowledged is written again, to the next connection."""
    with RunningPublisher(broker_at(mosquitto.port), retain=True) as running:
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


def test_a_message_that_the_socket_cannot_take_at_once_arrives_whole(tmp_path: Path) -> None:
    """What does not fit into the socket's buffer is written as soon as there is room."""
    payload = b"x" * (16 << 20)
    # Mosquitto 2.1 takes 2 MB if nothing is said.
    with (
        MosquittoBroker(tmp_path, more=[f"max_packet_size {2 * len(payload)}"]) as mosquitto,
        Subscriber(mosquitto.host, mosquitto.port) as subscriber,
    ):
        with RunningPublisher(broker_at(mosquitto.port)) as running:
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
        RunningPublisher(broker_at(mosquitto.port), qos=0, retain=True) as running,
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
        RunningPublisher(broker_at(mosquitto.port)) as running,
    ):
        subscriber.expect("teleinfo/status", b"online")
        running.loop.call_soon_threadsafe(running.publisher.set_state, "teleinfo/health", b"{}")
        subscriber.expect("teleinfo/health", b"{}")
        with Subscriber(mosquitto.host, mosquitto.port) as late:
            status = late.expect("teleinfo/status")

    assert (status.payload, status.retain) == (b"online", True)


def test_a_lost_connection_is_followed_by_the_will_and_by_a_new_one(
    mosquitto: MosquittoBroker, log: Log
) -> None:
    """
    A connection that dies without a goodbye makes the broker say offline; the publisher is back within 3 s.

    1. The socket is shut under the publisher.
    2. The subscriber sees "offline", then "online" again, then a reading.
    3. The log has two lines about it.
    """
    with (
        Subscriber(mosquitto.host, mosquitto.port) as subscriber,
        RunningPublisher(broker_at(mosquitto.port)) as running,
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
    """A clean end publishes "offline" itself, once: the will is not published."""
    with (
        Subscriber(mosquitto.host, mosquitto.port) as subscriber,
        RunningPublisher(broker_at(mosquitto.port)) as running,
    ):
        subscriber.expect("teleinfo/status", b"online")
        took = running.stop()
        offline = subscriber.expect("teleinfo/status", b"offline")

        assert took < 1
        assert not offline.retain  # seen live
        mosquitto.expect_log("Received DISCONNECT from teleinfo-test")
        assert [f"connected to the broker at 127.0.0.1:{mosquitto.port}"] == log.containing("broker")
    assert subscriber.drain() == []


def test_a_stop_with_a_frozen_broker_takes_at_most_2_s(mosquitto: MosquittoBroker) -> None:
    """Neither a waiting publish nor the goodbye holds the process up."""
    with RunningPublisher(broker_at(mosquitto.port)) as running:
        running.wait_connected()
        mosquitto.freeze()
        running.read(READING)
        took = running.stop()

    assert took < 2


def test_a_stop_without_a_broker_is_immediate() -> None:
    """In the middle of the back-off nothing is waited for."""
    with RunningPublisher(broker_at(free_port())) as running:
        wait_until(lambda: len(running.heartbeats) > 1)
        took = running.stop()

    assert took < 1


def test_a_stop_while_dialling_does_not_wait_for_the_thread() -> None:
    """
    A connect that is stuck does not hold the stop up.

    1. A listener whose backlog is full drops every further SYN.
    2. The publisher dials it and is stopped.
    """
    with black_hole() as listener, RunningPublisher(broker_at(listener.getsockname()[1])) as running:
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

    async def scenario(listener: socket.socket) -> bytes:
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
        assert asyncio.run(scenario(listener)) == b""


def test_a_frozen_broker_is_found_out_within_6_s_and_used_again_when_it_thaws(
    mosquitto: MosquittoBroker,
    log: Log,
) -> None:
    """A reading not acknowledged in 3.5 s means that the connection is dead; it is sent again later."""
    with (
        Subscriber(mosquitto.host, mosquitto.port) as subscriber,
        RunningPublisher(broker_at(mosquitto.port)) as running,
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


def test_an_idle_broker_that_freezes_is_found_out_by_its_keepalive(
    mosquitto: MosquittoBroker,
    log: Log,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With nothing to send, a ping that is not answered ends the connection; the keepalive is 2 s here."""
    monkeypatch.setattr("teleinfo.mqtt.client.KEEPALIVE", 2)
    with RunningPublisher(broker_at(mosquitto.port)) as running:
        running.wait_connected()
        # Idle is who has nothing left to send.
        wait_until(running.is_idle)
        mosquitto.freeze()
        running.wait_connected(connected=False)
        log.expect("it does not answer")


def test_after_an_outage_the_newest_reading_comes_first(tmp_path: Path) -> None:
    """With a queue of 1, what was read before the latest reading is gone."""
    mosquitto = MosquittoBroker(tmp_path)
    with RunningPublisher(broker_at(mosquitto.port)) as running:
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
    with RunningPublisher(broker_at(mosquitto.port), queue_size=3, retain=True) as running:
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
    with RunningPublisher(broker_at(mosquitto.port)) as running:
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
    with RunningPublisher(broker_at(mosquitto.port)) as running:
        running.read(READING)
        log.expect("nothing listens there")
        with mosquitto:
            running.wait_connected()

            assert len(log.containing("no connection")) == 1
            assert f"connected to the broker at 127.0.0.1:{mosquitto.port} again after" in log.expect("again")


def test_states_are_repeated_once_when_the_connection_is_stable(
    mosquitto: MosquittoBroker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The will of a connection that we gave up may speak after our "online": 30 s later we say it again."""
    monkeypatch.setattr("teleinfo.mqtt.publisher.STABLE_AFTER", 1.0)
    with (
        Subscriber(mosquitto.host, mosquitto.port) as subscriber,
        RunningPublisher(broker_at(mosquitto.port)),
    ):
        first = subscriber.expect("teleinfo/status", b"online")
        again = subscriber.expect("teleinfo/status", b"online")

        assert 0.9 < again.at - first.at < 5


def test_a_cancelled_publisher_lets_the_broker_publish_the_will(mosquitto: MosquittoBroker) -> None:
    """Cancelling closes the connection without a goodbye, and leaves no task behind."""

    async def scenario(subscriber: Subscriber) -> int:
        asyncio.get_running_loop().set_default_executor(DaemonThreadExecutor())
        connected = asyncio.Event()
        publisher = Publisher(
            broker_at(mosquitto.port),
            Topics("teleinfo"),
            queue=1,
            qos=1,
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
        assert asyncio.run(scenario(subscriber)) == 1


def test_bounces_leak_nothing(mosquitto: MosquittoBroker, log: Log) -> None:
    """After 20 losses there is one connection, and no descriptor or task more than after the first."""
    with RunningPublisher(broker_at(mosquitto.port)) as running:

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


def test_the_heartbeat_goes_on_in_every_state(mosquitto: MosquittoBroker) -> None:
    """
    The watchdog hears from the publisher at least every 5 s, whatever it waits for.

    1. Connected and idle until the next heartbeat.
    2. A frozen broker: a publish waits 3.5 s, then a connect waits 5 s for CONNACK.
    3. No broker: the back-off.
    """
    with RunningPublisher(broker_at(mosquitto.port)) as running:
        running.wait_connected()
        idle = len(running.heartbeats)
        wait_until(lambda: len(running.heartbeats) > idle)
        mosquitto.freeze()
        running.read(READING)
        running.wait_connected(connected=False)
        dialling = time.monotonic()
        wait_until(lambda: running.heartbeats[-1] > dialling + 4)
        mosquitto.kill()
        killed = time.monotonic()
        wait_until(lambda: running.heartbeats[-1] > killed + 3)
        gaps = [
            after - before for before, after in zip(running.heartbeats, running.heartbeats[1:], strict=False)
        ]

        assert max(gaps) < 5
