"""The broker is away, refuses, freezes, or cannot be reached: the daemon finds out, waits, and comes back."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.support.broker import MosquittoBroker
from tests.support.proxy import Proxy
from tests.support.scenario import (
    PASSWORD,
    USER,
    BrokerScenario,
    measuring,
    next_index,
    observer,
    run_together,
    standard,
    until,
)
from tests.support.subscriber import Subscriber

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.figures import Figures

pytestmark = [pytest.mark.real, pytest.mark.long]

# CONNACK of MQTT 3.1.1 (§3.2.2.3) with the code 3: the server is unavailable.
UNAVAILABLE = b"\x20\x02\x00\x03"


def absent(folder: Path, figures: Figures) -> None:
    """Play a broker that starts after the daemon."""
    broker = MosquittoBroker(folder)
    with BrokerScenario(folder, broker, frame=standard) as scenario:
        scenario.expect_log("nothing listens there")
        began = time.monotonic()
        with broker, observer(broker) as subscriber:
            next_index(subscriber)
            figures.kept("broker absent at start: first reading", time.monotonic() - began, at_most=35)
            scenario.expect_back()
            scenario.assert_one_outage()


def wrong_password(folder: Path, _figures: Figures) -> None:
    """Play a broker that knows another password, and is restarted with ours."""
    wrong = MosquittoBroker(folder, users={USER: "other"})
    with BrokerScenario(folder, wrong) as scenario:
        with wrong:
            scenario.expect_log("refused the user name or the password")
            until(lambda: wrong.log.count("not authorised") >= 2)
        other = folder / "other"
        other.mkdir()
        right = MosquittoBroker(other, port=wrong.port, users={USER: PASSWORD})
        with right, Subscriber(right.host, right.port, username=USER, password=PASSWORD) as subscriber:
            next_index(subscriber)
            scenario.expect_back()
            scenario.assert_one_outage()


def full(folder: Path, _figures: Figures) -> None:
    """Play a broker that has as many clients as it takes, until one of them leaves."""
    with MosquittoBroker(folder, more=["max_connections 1"]) as broker, ExitStack() as others:
        others.enter_context(observer(broker))
        with BrokerScenario(folder, broker) as scenario:
            scenario.expect_log("it closed the connection without an answer")
            until(lambda: broker.log.count("denied: max_connections") >= 2)
            others.close()
            scenario.expect_back()
            until(lambda: "Received PUBLISH" in broker.log)
            scenario.assert_one_outage()


def unavailable(folder: Path, _figures: Figures) -> None:
    """Play a broker that says that it is unavailable, then takes us."""
    with MosquittoBroker(folder) as broker, Proxy(broker.host, broker.port) as proxy:
        proxy.answer = UNAVAILABLE
        with observer(broker) as subscriber, BrokerScenario(folder, proxy) as scenario:
            scenario.expect_log("it says that it is not available")
            until(lambda: proxy.accepted >= 2)
            proxy.answer = None
            next_index(subscriber)
            scenario.expect_back()
            scenario.assert_one_outage()


def silent(folder: Path, _figures: Figures) -> None:
    """Play a broker that accepts the connection and sends nothing for a while."""
    with MosquittoBroker(folder) as broker, Proxy(broker.host, broker.port) as proxy:
        proxy.stall()
        with observer(broker) as subscriber, BrokerScenario(folder, proxy) as scenario:
            scenario.expect_log("it does not answer")
            proxy.flow()
            next_index(subscriber)
            scenario.expect_back()
            scenario.assert_one_outage()


def test_a_broker_that_is_absent_refuses_or_hangs_up_is_only_waited_for(
    tmp_path: Path, figures: Figures
) -> None:
    """
    Whatever keeps us out at the start, the first reading follows its end, and nobody restarts the daemon.

    1. Play a broker that starts after the daemon.
    2. Play a broker that knows another password, and is restarted with ours.
    3. Play a broker that has as many clients as it takes, until one of them leaves.
    4. The broker says that it is unavailable (CONNACK 3), then takes us.
    5. Play a broker that accepts the connection and sends nothing for a while.
    """
    cases = (absent, wrong_password, full, unavailable, silent)
    run_together(tmp_path, *(measuring(case, figures) for case in cases))


def restarted(folder: Path, figures: Figures) -> None:
    """Kill the broker and start it again 1.5 s later."""
    with MosquittoBroker(folder) as broker, BrokerScenario(folder, broker) as scenario:
        with observer(broker) as subscriber:
            next_index(subscriber)
            broker.kill()
            killed = time.monotonic()
            scenario.expect_lost()
            seen = time.monotonic() - killed
            until(lambda: time.monotonic() > killed + 1.5)
            broker.start()
            began = time.monotonic()
            subscriber.drain()
            scenario.expect_back()
            figures.kept("broker back after 1.5 s: connected", time.monotonic() - began, at_most=3)
            next_index(subscriber)
            figures.kept("broker killed: found out", seen, at_most=6)
            scenario.assert_one_outage()


def cut(folder: Path, figures: Figures) -> None:
    """Cut every connection, with a reset, and accept others."""
    with MosquittoBroker(folder) as broker, Proxy(broker.host, broker.port) as proxy:
        with observer(broker) as subscriber, BrokerScenario(folder, proxy) as scenario:
            next_index(subscriber)
            proxy.cut(reset=True)
            began = time.monotonic()
            scenario.expect_lost()
            subscriber.drain()
            next_index(subscriber)
            figures.kept("connection reset: next reading", time.monotonic() - began, at_most=3)
            scenario.expect_back()
            scenario.assert_one_outage()


def test_a_blip_is_over_within_3_s(tmp_path: Path, figures: Figures) -> None:
    """
    A broker that was away for less than 2 s gets a reading at most 3 s after it listens again.

    1. Kill the broker and start it again 1.5 s later.
    2. The proxy before another broker cuts every connection, with a reset, and listens on.
    """
    cases = (restarted, cut)
    run_together(tmp_path, *(measuring(case, figures) for case in cases))


def test_a_slow_network_is_no_outage(tmp_path: Path) -> None:
    """
    A line that carries little carries fewer readings, each of them whole, and the connection stays.

    1. A proxy passes 400 bytes a second, each way; five readings come through it.
    2. The log has one line on the broker: that we are connected.
    """
    with MosquittoBroker(tmp_path) as broker, Proxy(broker.host, broker.port) as proxy:
        proxy.rate = 400
        with (
            observer(broker, "teleinfo") as subscriber,
            BrokerScenario(tmp_path, proxy, frame=standard) as scenario,
        ):
            seen = [next_index(subscriber) for _ in range(5)]

            assert seen == sorted(set(seen))
            assert len(scenario.broker_lines()) == 1, scenario.broker_lines()
