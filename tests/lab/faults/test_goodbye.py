"""A signal to stop comes while the broker or the port makes difficulties: the daemon ends in time."""

from __future__ import annotations

import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.lab.scenarios import Address, BrokerScenario, observer
from tests.support.broker import MosquittoBroker
from tests.support.figures import promise
from tests.support.procfs import catches, waited_for_processor
from tests.support.proxy import Proxy
from tests.support.scenario import until
from tests.support.tcp_ports import HOST, black_hole, free_port

if TYPE_CHECKING:
    from pathlib import Path


pytestmark = pytest.mark.real

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

AT_ONCE = 1.0
FROZEN = 3.0
"""Seconds that a stop may take, and with a frozen broker."""


QUICK = ("connected", "connecting", "unanswered", "in a TLS handshake", "backing off", "starting")
SLOW = ("frozen", "publishing")


def brought_to(moment: str, folder: Path, stack: ExitStack) -> tuple[BrokerScenario, MosquittoBroker]:
    """Return a daemon at this moment of its life, and its broker; both live until `stack` is closed."""
    place = folder / moment.replace(" ", "-")
    place.mkdir()
    broker = stack.enter_context(MosquittoBroker(place))
    proxy = stack.enter_context(Proxy(broker.host, broker.port))
    where: MosquittoBroker | Proxy | Address = broker
    if moment == "connecting":  # its SYN is dropped, by the full backlog of a listener
        where = Address(HOST, stack.enter_context(black_hole()).getsockname()[1])
    elif moment in {"backing off", "starting"}:
        where = Address(HOST, free_port())
    elif moment in {"unanswered", "in a TLS handshake"}:
        proxy.stall()
        where = proxy
    tls = moment == "in a TLS handshake"
    scenario = stack.enter_context(BrokerScenario(place, where, sending=moment != "frozen", mqtt_tls=tls))
    match moment:
        case "connecting":
            scenario.expect_log("reading a meter")
        case "backing off":
            scenario.expect_log("no connection to the broker")
        case "starting":
            scenario.expect_log("has started")
        case "unanswered" | "in a TLS handshake":
            until(lambda: proxy.open == 1)
        case "frozen":
            until(lambda: "'teleinfo/health'" in broker.log)
        case _:
            until(lambda: "'teleinfo'" in broker.log)
    return scenario, broker


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_at_any_moment_of_the_connection_ends_it_in_time(
    tmp_path: Path, number: signal.Signals
) -> None:
    """
    A signal ends the daemon within 1 s at any moment, and within 3 s if the broker is frozen.

    1. One daemon is connected, one gets no answer to its SYN, one waits for CONNACK, one for TLS, one for its
       next attempt, and one has only just started.
    2. The brokers of two others are frozen: one has nothing to send, one waits for an acknowledgement.
    3. Each gets the signal: exit status 0, and two lines on the broker at most.
    """

    def stop(moment: str, scenario: BrokerScenario, broker: MosquittoBroker) -> None:
        if moment in SLOW:  # only now: a broker that does not answer is given up after some seconds
            broker.freeze()
        if moment == "publishing":
            sent = scenario.meter.last
            until(lambda: scenario.meter.last > sent + 2)
        status, seconds = scenario.stop(number)
        assert status == 0, scenario.log
        assert "teleinfo has stopped" in scenario.log
        assert moment != "frozen" or "stopped without a goodbye" in scenario.log
        assert len(scenario.broker_lines()) <= 2, scenario.log
        promise(f"{number.name} while {moment}", seconds, at_most=FROZEN if moment in SLOW else AT_ONCE)

    with ExitStack() as stack, ThreadPoolExecutor(8) as pool:
        scenarios = list(pool.map(lambda moment: brought_to(moment, tmp_path, stack), QUICK + SLOW))
        for moment, (scenario, broker) in zip(QUICK, scenarios, strict=False):
            stop(moment, scenario, broker)
        list(pool.map(stop, SLOW, *zip(*scenarios[len(QUICK) :], strict=True)))


def test_a_daemon_that_is_killed_leaves_its_will(tmp_path: Path) -> None:
    """The broker says "offline" for it within 1 s, and keeps that for later subscribers."""
    status = "teleinfo/status"
    with (
        MosquittoBroker(tmp_path) as broker,
        observer(broker, status) as subscriber,
        BrokerScenario(tmp_path, broker) as scenario,
    ):
        subscriber.expect(status, b"online")
        scenario.process.send_signal(signal.SIGKILL)
        killed = time.monotonic()
        will = subscriber.expect(status, b"offline")
        promise("daemon killed: will", max(0.0, will.at - killed), at_most=AT_ONCE)
        with observer(broker, status) as late:
            late.expect(status, b"offline")


def test_a_second_signal_does_not_wait_for_the_goodbye(tmp_path: Path) -> None:
    """
    A second signal ends the process at once.

    1. The broker freezes, and the daemon is told to stop: it waits for the goodbye to be acknowledged.
    2. It is told again: the system ends it, since it catches the signal no longer. How soon that is so is
       promised; how soon the system ends its threads is not ours.
    """
    with MosquittoBroker(tmp_path) as broker, BrokerScenario(tmp_path, broker) as scenario:
        until(lambda: "'teleinfo'" in broker.log)
        broker.freeze()
        began = time.monotonic() - waited_for_processor() - waited_for_processor(scenario.pid)
        scenario.process.send_signal(signal.SIGTERM)
        until(lambda: not catches(scenario.pid, signal.SIGTERM))
        seconds = time.monotonic() - waited_for_processor() - waited_for_processor(scenario.pid) - began
        scenario.notify.expect("STOPPING=1")
        status, _seconds = scenario.stop()

        assert status == -signal.SIGTERM
        assert "teleinfo has stopped" not in scenario.log
        promise("stop: a second signal", seconds, at_most=AT_ONCE)
