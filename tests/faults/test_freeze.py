"""One side stops answering and closes nothing: the broker, what lies between, or the daemon itself."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.broker import MosquittoBroker
from tests.support.proxy import Proxy
from tests.support.scenario import (
    WILL,
    BrokerScenario,
    measuring,
    next_index,
    observer,
    run_together,
    standard,
    until,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.figures import Figures

pytestmark = [pytest.mark.real, pytest.mark.long]


def flowing(folder: Path, figures: Figures) -> None:
    """Freeze the broker just after a reading, at the pace of a real meter."""
    with MosquittoBroker(folder) as broker, BrokerScenario(folder, broker, period=1.7) as scenario:
        with observer(broker, "teleinfo") as subscriber:
            next_index(subscriber)
            next_index(subscriber)
            broker.freeze()
            began = time.monotonic()
            scenario.expect_lost()
            figures.kept("broker frozen, readings: found out", time.monotonic() - began, at_most=6)
            assert "it does not answer" in scenario.broker_lines()[-1]
            broker.thaw()
            began = time.monotonic()
            scenario.expect_back()
            figures.kept("broker thawed: connected", time.monotonic() - began, at_most=35)
            scenario.assert_one_outage()


def idle(folder: Path, figures: Figures) -> None:
    """Freeze the broker of a silent meter."""
    with MosquittoBroker(folder) as broker, BrokerScenario(folder, broker, sending=False) as scenario:
        with observer(broker) as subscriber:
            subscriber.expect("teleinfo/status", b"offline")
            subscriber.expect("teleinfo/health")
            broker.freeze()
            began = time.monotonic()
            scenario.expect_lost()
            figures.kept("broker frozen, idle: found out", time.monotonic() - began, at_most=30)
            broker.thaw()
            scenario.expect_back()
            scenario.assert_one_outage()


def leftover_connections(folder: Path, figures: Figures) -> None:
    """Freeze the broker until several attempts have left it a connection and a will each."""
    with MosquittoBroker(folder) as broker, BrokerScenario(folder, broker) as scenario:
        with observer(broker, "teleinfo/status") as subscriber:
            subscriber.expect("teleinfo/status", b"online")
            broker.freeze()
            scenario.expect_lost()
            frozen = time.monotonic()
            # Two attempts at least: of 5 s each, after waiting for 1 s, and for 1 to 2 s.
            until(lambda: time.monotonic() > frozen + 15)
            broker.thaw()
            thawed = time.monotonic()
            scenario.expect_back()
            figures.kept("broker frozen for 20 s: connected", time.monotonic() - thawed, at_most=35)
            until(lambda: time.monotonic() > thawed + 35)
            with observer(broker, "teleinfo/status") as late:
                assert late.expect("teleinfo/status").payload == b"online"
            # The subscriber, and one of ours.
            assert broker.connections() == 2
            scenario.assert_one_outage()


def stalled(folder: Path, figures: Figures) -> None:
    """Hold back every byte, both ways, and pass them on later."""
    with MosquittoBroker(folder) as broker, Proxy(broker.host, broker.port) as proxy:
        with observer(broker, "teleinfo") as subscriber, BrokerScenario(folder, proxy) as scenario:
            next_index(subscriber)
            proxy.stall()
            began = time.monotonic()
            scenario.expect_lost()
            figures.kept("proxy stalled: found out", time.monotonic() - began, at_most=6)
            proxy.flow()
            scenario.expect_back()
            scenario.assert_one_outage()
            until(lambda: broker.connections() == 2)


def dropped(folder: Path, figures: Figures) -> None:
    """Lose every byte, and later none."""
    with MosquittoBroker(folder) as broker, Proxy(broker.host, broker.port) as proxy:
        with (
            observer(broker, "teleinfo") as subscriber,
            BrokerScenario(folder, proxy, frame=standard) as scenario,
        ):
            next_index(subscriber)
            proxy.drop()
            began = time.monotonic()
            scenario.expect_lost()
            figures.kept("proxy drops all: found out", time.monotonic() - began, at_most=6)
            proxy.drop(on=False)
            scenario.expect_back()
            scenario.assert_one_outage()
            until(lambda: broker.connections() == 2)


def stopped(folder: Path, figures: Figures) -> None:
    """Stop the broker for 20 s."""
    with MosquittoBroker(folder) as broker, BrokerScenario(folder, broker) as scenario:
        until(lambda: "Received PUBLISH" in broker.log)
        broker.stop()
        gone = time.monotonic()
        scenario.expect_lost()
        until(lambda: time.monotonic() > gone + 20)
        began = time.monotonic()
        broker.start()
        with observer(broker, "teleinfo") as subscriber:
            next_index(subscriber)
            figures.kept("broker away for 20 s: next reading", time.monotonic() - began, at_most=35)
        scenario.expect_back()
        scenario.assert_one_outage()


def daemon_itself(folder: Path, figures: Figures) -> None:
    """Freeze the daemon."""
    with MosquittoBroker(folder) as broker, observer(broker, "teleinfo/status") as subscriber:
        with BrokerScenario(folder, broker) as scenario:
            subscriber.expect("teleinfo/status", b"online")
            with observer(broker, "teleinfo") as readings:
                next_index(readings)
            os.kill(scenario.pid, signal.SIGSTOP)
            began = time.monotonic()
            subscriber.expect("teleinfo/status", b"offline", limit=60)
            figures.kept("daemon frozen: will", time.monotonic() - began, at_most=WILL)
            os.kill(scenario.pid, signal.SIGCONT)
            began = time.monotonic()
            subscriber.expect("teleinfo/status", b"online", limit=60)
            figures.kept("daemon thawed: online", time.monotonic() - began, at_most=35)
            scenario.assert_one_outage()


def test_who_stops_answering_is_found_out_and_used_again(tmp_path: Path, figures: Figures) -> None:
    """
    A frozen broker is found out within 6 s while readings flow and 30 s when idle, and used again in time.

    1. Readings flow at the pace of a real meter, one in 1.7 s; the broker freezes just after one.
    2. Freeze the broker of a silent meter. It thaws, and is used again.
    3. The broker is frozen through several attempts, each of which leaves it a connection and a will. It
       thaws: one connection of ours is left, and 35 s later the retained status is "online".
    4. Hold back every byte, both ways, and pass them on later.
    5. Lose every byte, and later none.
    6. Stop the broker for 20 s.
    """
    cases = (flowing, idle, leftover_connections, stalled, dropped, stopped, daemon_itself)
    run_together(tmp_path, *(measuring(case, figures) for case in cases))
