"""The broker is away, refuses, freezes, or cannot be reached: the daemon finds out, waits, and comes back."""

from __future__ import annotations

import functools
import os
import signal
import time
from typing import TYPE_CHECKING

import pytest

from teleinfo.mqtt.paho_driver import MAX_IN_FLIGHT
from tests.lab.scenarios import LONG, WILL, BrokerScenario, index_of, next_index, observer, run_together
from tests.support.broker import MosquittoBroker
from tests.support.figures import promise
from tests.support.proxy import Proxy
from tests.support.scenario import IDENTIFIER, historique, standard, until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.subscriber import Subscriber

pytestmark = pytest.mark.real

BLIP = 3.0
LONG_OUTAGE = 35.0
"""Seconds after which the daemon is at work again."""

# CONNACK with the reason code 0x88: the server is unavailable (MQTT 5 §3.2.2.2).
UNAVAILABLE = b"\x20\x03\x00\x88\x00"


def indexes(subscriber: Subscriber, *, to: int) -> list[int]:
    """Return the indexes of the readings that come, up to and with `to`."""
    seen = [next_index(subscriber)]
    while seen[-1] != to:
        seen.append(next_index(subscriber))
    return seen


# Faults at the start.


def hindered(folder: Path, *, answer: bytes, words: str) -> None:
    """Play a broker that at first says this alone, or nothing, which the log names, and then lets us in."""
    with MosquittoBroker(folder) as broker, Proxy(broker.host, broker.port) as proxy:
        proxy.answer = answer
        with observer(broker) as subscriber, BrokerScenario(folder, proxy) as scenario:
            scenario.expect_log(words)
            until(lambda: proxy.accepted >= 2)
            proxy.answer = None
            next_index(subscriber)
            scenario.expect_back()
            scenario.assert_one_outage()


def test_a_broker_that_refuses_or_is_silent_is_only_waited_for(tmp_path: Path) -> None:
    """One that is absent, or that wants another password, is a journey (rows 15 and 19)."""
    run_together(
        tmp_path,
        functools.partial(hindered, answer=UNAVAILABLE, words="gives the reason “Server unavailable”"),
        functools.partial(hindered, answer=b"", words="accepts connections, and does not answer"),
    )


# Interruptions.


def interruption(
    folder: Path,
    *,
    name: str,
    begin: Callable[[MosquittoBroker, Proxy], None],
    end: Callable[[MosquittoBroker, Proxy], None],
    back: float,
    frame: Callable[[int], bytes] = historique,
    period: float = 0.2,
) -> None:
    """Interrupt what lies between the daemon and the broker; both live on, and no reading is lost."""
    with MosquittoBroker(folder) as broker, Proxy(broker.host, broker.port) as proxy:
        with (
            observer(broker, "teleinfo") as subscriber,
            BrokerScenario(folder, proxy, period=period, mqtt_queue=200, frame=frame) as scenario,
        ):
            start = next_index(subscriber)
            began = time.monotonic()
            begin(broker, proxy)
            scenario.expect_lost()
            promise(f"{name}: found out", time.monotonic() - began, at_most=6)
            ended = time.monotonic()
            end(broker, proxy)
            scenario.expect_back()
            promise(f"{name}, and over: connected", time.monotonic() - ended, at_most=back)
            scenario.assert_one_outage()
            enough = scenario.meter.last + 3
            until(lambda: scenario.meter.last >= enough)
            last = scenario.meter.pause()
            seen = [start, *indexes(subscriber, to=last)]
            until(lambda: broker.connections() == 2, what="one connection of ours")
            seen += [index_of(message.payload) for message in subscriber.drain()]

    assert sorted(set(seen)) == list(range(start, last + 1))
    assert len(seen) - len(set(seen)) <= MAX_IN_FLIGHT, "only what was not acknowledged may come twice"


def test_no_reading_of_the_queue_is_lost_in_an_interruption(tmp_path: Path) -> None:
    """
    An interruption is found out in 6 s, and over 35 s after its end, 3 s after a cut; no reading is lost.

    1. The broker freezes just after a reading, of one in 1.7 s as of a real meter, and thaws after the daemon
    gave up the connection.
    2. A proxy holds every byte back, both ways, and passes it on later.
    3. A proxy loses every byte, and later none; the meter is one of mode standard.
    4. A proxy cuts every connection, with a reset, and listens on.
    """
    cases: dict[str, dict[str, object]] = {
        "broker frozen, readings": {
            "begin": lambda broker, _: broker.freeze(),
            "end": lambda broker, _: broker.thaw(),
            "back": LONG_OUTAGE,
            "period": 1.7,
        },
        "proxy stalled": {
            "begin": lambda _, proxy: proxy.stall(),
            "end": lambda _, proxy: proxy.flow(),
            "back": LONG_OUTAGE,
        },
        "proxy drops all": {
            "begin": lambda _, proxy: proxy.drop(),
            "end": lambda _, proxy: proxy.drop(on=False),
            "back": LONG_OUTAGE,
            "frame": standard,
        },
        "connection reset": {
            "begin": lambda _, proxy: proxy.cut(reset=True),
            "end": lambda _broker, _proxy: None,
            "back": BLIP,
        },
    }
    run_together(
        tmp_path,
        *(
            functools.partial(interruption, name=name, **case)  # type: ignore[arg-type]
            for name, case in cases.items()
        ),
    )


def idle(folder: Path) -> None:
    """Freeze the broker of a silent meter."""
    with MosquittoBroker(folder) as broker, BrokerScenario(folder, broker, sending=False) as scenario:
        with observer(broker) as subscriber:
            subscriber.expect("teleinfo/health")
            subscriber.expect("teleinfo/status", b"offline")
            broker.freeze()
            began = time.monotonic()
            scenario.expect_lost()
            promise("broker frozen, idle: found out", time.monotonic() - began, at_most=30)
            broker.thaw()
            scenario.expect_back()
            scenario.assert_one_outage()


def leftover_connections(folder: Path) -> None:
    """Freeze the broker until several attempts have left it a connection and a will each."""
    with MosquittoBroker(folder) as broker, BrokerScenario(folder, broker) as scenario:
        with observer(broker, "teleinfo/status") as subscriber:
            subscriber.expect("teleinfo/status", b"online")
            broker.freeze()
            scenario.expect_lost()
            frozen = time.monotonic()
            # Two versions of MQTT at least, tried for 5 s each, after waiting for 1 s.
            until(lambda: time.monotonic() > frozen + 15)
            broker.thaw()
            thawed = time.monotonic()
            scenario.expect_back()
            promise("broker frozen for 20 s: connected", time.monotonic() - thawed, at_most=LONG_OUTAGE)
            until(lambda: time.monotonic() > thawed + 35)
            with observer(broker, "teleinfo/status") as late:
                assert late.expect("teleinfo/status").payload == b"online"
            # The subscriber, and the daemon.
            assert broker.connections() == 2
            scenario.assert_one_outage()


def restarted(folder: Path, *, away: float, back: float) -> None:
    """Kill the broker and start it again so many seconds later."""
    with MosquittoBroker(folder) as broker, BrokerScenario(folder, broker) as scenario:
        until(lambda: "'teleinfo'" in broker.log)
        broker.kill()
        killed = time.monotonic()
        scenario.expect_lost()
        promise("broker killed: found out", time.monotonic() - killed, at_most=6)
        until(lambda: time.monotonic() > killed + away)
        broker.start()
        began = time.monotonic()
        with observer(broker, "teleinfo") as subscriber:
            next_index(subscriber)
        promise(f"broker away for {away:g} s: next reading", time.monotonic() - began, at_most=back)
        scenario.expect_back()
        scenario.assert_one_outage()


def daemon_itself(folder: Path) -> None:
    """Freeze the daemon."""
    with MosquittoBroker(folder) as broker, observer(broker, "teleinfo/status") as subscriber:
        with BrokerScenario(folder, broker) as scenario:
            subscriber.expect("teleinfo/status", b"online")
            with observer(broker, "teleinfo") as readings:
                next_index(readings)
            os.kill(scenario.pid, signal.SIGSTOP)
            began = time.monotonic()
            subscriber.expect("teleinfo/status", b"offline", limit=60)
            promise("daemon frozen: will", time.monotonic() - began, at_most=WILL)
            os.kill(scenario.pid, signal.SIGCONT)
            began = time.monotonic()
            subscriber.expect("teleinfo/status", b"online", limit=60)
            promise("daemon thawed: online", time.monotonic() - began, at_most=LONG_OUTAGE)
            scenario.expect_back()
            scenario.assert_one_outage()


def test_who_stops_answering_is_found_out_and_used_again(tmp_path: Path) -> None:
    cases = (
        idle,
        leftover_connections,
        functools.partial(restarted, away=1.5, back=BLIP),
        functools.partial(restarted, away=20, back=LONG_OUTAGE),
        daemon_itself,
    )
    run_together(tmp_path, *cases)


# The queue, and a slow broker.


def test_after_an_outage_the_newest_readings_arrive_in_order(tmp_path: Path) -> None:
    def outage(folder: Path, *, size: int) -> None:
        with MosquittoBroker(folder) as broker, Proxy(broker.host, broker.port) as proxy:
            with (
                observer(broker, "teleinfo") as subscriber,
                BrokerScenario(folder, proxy, mqtt_queue=size) as scenario,
            ):
                next_index(subscriber)
                proxy.refuse()
                proxy.cut(reset=True)
                scenario.expect_lost()
                subscriber.drain()
                enough = scenario.meter.last + 12
                until(lambda: scenario.meter.last >= enough)
                last = scenario.meter.pause()
                proxy.listen()

                assert indexes(subscriber, to=last) == list(range(last - size + 1, last + 1))

                scenario.expect_back()
                scenario.assert_one_outage()
                scenario.meter.sending = True

                assert [next_index(subscriber) for _ in range(3)] == [last + 1, last + 2, last + 3]

    run_together(tmp_path, functools.partial(outage, size=1), functools.partial(outage, size=5))


def test_a_broker_that_answers_late_gets_everything(tmp_path: Path) -> None:
    """
    With a frame a second and an answer 1.3 or 3 s later, nothing waits for the answer to something else.

    1. Status, states, and what Home Assistant is told come although there is always a reading to send.
    2. Every reading comes, in order, without a queue.
    """

    def late(folder: Path, *, delay: float) -> None:
        with MosquittoBroker(folder) as broker, Proxy(broker.host, broker.port) as proxy:
            proxy.delay = delay
            with (
                observer(broker) as subscriber,
                BrokerScenario(folder, proxy, period=1.0, state=True, homeassistant=True) as scenario,
            ):
                seen: list[int] = []
                wanted = {f"teleinfo/{name}" for name in ("status", "health", "state", "homeassistant")}
                wanted.add(f"homeassistant/device/teleinfo_{IDENTIFIER}/config")
                while wanted or len(seen) < 20:
                    received = subscriber.messages.get(timeout=LONG)
                    wanted.discard(received.topic)
                    if received.topic == "teleinfo":
                        seen.append(index_of(received.payload))
                        assert len(seen) < 45, wanted
                assert len(scenario.broker_lines()) == 1, scenario.broker_lines()

        assert seen == list(range(seen[0], seen[0] + len(seen)))

    run_together(tmp_path, *(functools.partial(late, delay=delay) for delay in (1.3, 3.0)))
