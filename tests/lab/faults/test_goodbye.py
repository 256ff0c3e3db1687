"""A signal to stop comes while the broker or the port makes difficulties: the daemon ends in time."""

from __future__ import annotations

import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.lab.faults.port_faults import hang
from tests.lab.scenarios import observer, run_together
from tests.support.broker import MosquittoBroker
from tests.support.daemon import Meter
from tests.support.procfs import catches
from tests.support.proxy import Proxy
from tests.support.scenario import Address, BrokerScenario, Scenario, historique, until
from tests.support.subscriber import Subscriber
from tests.support.tcp_ports import HOST, black_hole, free_port

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.figures import Figures

pytestmark = pytest.mark.real

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

AT_ONCE, FROZEN = 1.0, 3.0
"""Seconds that a stop may take, and with a frozen broker."""


class Moments:
    """Daemons, each brought to another moment of its life, that live until `stack` is closed."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack

    def _place(self, name: str) -> Path:
        place = self._folder / name
        place.mkdir()
        return place

    def _daemon(
        self, place: Path, broker: MosquittoBroker | Proxy | Address, **settings: object
    ) -> BrokerScenario:
        return self._stack.enter_context(BrokerScenario(place, broker, **settings))  # type: ignore[arg-type]

    def _unanswered(self, name: str, **settings: object) -> BrokerScenario:
        place = self._place(name)
        broker = self._stack.enter_context(MosquittoBroker(place))
        proxy = self._stack.enter_context(Proxy(broker.host, broker.port))
        proxy.stall()
        scenario = self._daemon(place, proxy, **settings)
        until(lambda: proxy.open == 1)
        return scenario

    def _without_a_broker(self, name: str, *, until_logged: str) -> BrokerScenario:
        scenario = self._daemon(self._place(name), Address(HOST, free_port()))
        scenario.expect_log(until_logged)
        return scenario

    def _at_work(
        self, name: str, *, topic: str = "teleinfo", **settings: object
    ) -> tuple[BrokerScenario, MosquittoBroker]:
        place = self._place(name)
        broker = self._stack.enter_context(MosquittoBroker(place))
        scenario = self._daemon(place, broker, **settings)
        until(lambda: f"'{topic}'" in broker.log)
        return scenario, broker

    def connected(self) -> BrokerScenario:
        """Return a daemon that is connected, and sends readings."""
        return self._at_work("connected")[0]

    def connecting(self) -> BrokerScenario:
        """Return a daemon whose SYN is dropped, by the full backlog of a listener."""
        listener = self._stack.enter_context(black_hole())
        scenario = self._daemon(self._place("connecting"), Address(HOST, listener.getsockname()[1]))
        scenario.expect_log("reading a meter")
        return scenario

    def unanswered(self) -> BrokerScenario:
        """Return a daemon that waits for CONNACK."""
        return self._unanswered("unanswered")

    def in_tls_handshake(self) -> BrokerScenario:
        """Return a daemon that waits for the answer in a TLS handshake."""
        return self._unanswered("in_tls_handshake", mqtt_tls=True)

    def backing_off(self) -> BrokerScenario:
        """Return a daemon that waits for its next attempt."""
        return self._without_a_broker("backing_off", until_logged="no connection to the broker")

    def starting(self) -> BrokerScenario:
        """Return a daemon that has only just started."""
        return self._without_a_broker("starting", until_logged="has started")

    def frozen(self) -> BrokerScenario:
        """Return a daemon whose broker froze while no message was on its way."""
        scenario, broker = self._at_work("frozen", topic="teleinfo/health", sending=False)
        broker.freeze()
        return scenario

    def publishing(self) -> BrokerScenario:
        """Return a daemon whose broker does not acknowledge the messages that are on their way."""
        scenario, broker = self._at_work("publishing")
        broker.freeze()
        sent = scenario.meter.last
        until(lambda: scenario.meter.last > sent + 2)
        return scenario


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_at_any_moment_of_the_connection_ends_it_in_time(
    tmp_path: Path, figures: Figures, number: signal.Signals
) -> None:
    """
    A signal ends the daemon within 1 s at any moment, and within 3 s if the broker is frozen.

    1. One daemon is connected, one gets no answer to its SYN, one waits for CONNACK, one for TLS, one for its
       next attempt, and one has only just started.
    2. The brokers of two others are frozen: one has nothing to send, one waits for an acknowledgement.
    3. Each gets the signal: exit status 0, and two lines on the broker at most.
    """

    def stop(make: Callable[[], BrokerScenario], scenario: BrokerScenario, at_most: float) -> None:
        status, seconds = scenario.stop(number)
        assert status == 0, scenario.log
        assert "teleinfo has stopped" in scenario.log
        assert make.__name__ != "frozen" or "stopped without a goodbye" in scenario.log
        assert len(scenario.broker_lines()) <= 2, scenario.log
        figures.kept(f"{number.name} while {make.__name__}", seconds, at_most=at_most)

    with ExitStack() as stack, ThreadPoolExecutor(8) as pool:
        moments = Moments(tmp_path, stack)
        quick = [
            moments.connected,
            moments.connecting,
            moments.unanswered,
            moments.in_tls_handshake,
            moments.backing_off,
            moments.starting,
        ]
        slow = [moments.frozen, moments.publishing]
        scenarios = list(pool.map(lambda make: make(), [*quick, *slow]))
        for make, scenario in zip(quick, scenarios, strict=False):
            stop(make, scenario, AT_ONCE)
        list(pool.map(stop, slow, scenarios[len(quick) :], [FROZEN] * len(slow)))


def test_a_daemon_that_is_killed_leaves_its_will(tmp_path: Path, figures: Figures) -> None:
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
        figures.kept("daemon killed: will", max(0.0, will.at - killed), at_most=AT_ONCE)
        with observer(broker, status) as late:
            late.expect(status, b"offline")


def test_a_second_signal_does_not_wait_for_the_goodbye(tmp_path: Path, figures: Figures) -> None:
    """
    A second signal ends the process at once.

    1. The broker freezes, and the daemon is told to stop: it waits for the goodbye to be acknowledged.
    2. It is told again.
    """
    with MosquittoBroker(tmp_path) as broker, BrokerScenario(tmp_path, broker) as scenario:
        until(lambda: "'teleinfo'" in broker.log)
        broker.freeze()
        scenario.process.send_signal(signal.SIGTERM)
        scenario.notify.expect("STOPPING=1")
        until(lambda: not catches(scenario.pid, signal.SIGTERM))
        status, seconds = scenario.stop()

        assert status == -signal.SIGTERM
        assert "teleinfo has stopped" not in scenario.log
        figures.kept("stop: a second signal", seconds, at_most=AT_ONCE)


def test_every_signal_ends_a_daemon_whose_port_hangs(tmp_path: Path, figures: Figures) -> None:
    """
    1. The driver does not come back from open; the broker is there.

    2. SIGTERM, SIGINT, SIGHUP: `offline` is delivered, exit status 0, within 1 s.
    """

    def case(place: Path, broker: MosquittoBroker, number: signal.Signals) -> None:
        flag, _, patch = hang(place)
        flag.touch()
        topic = number.name
        with (
            Subscriber(broker.host, broker.port, f"{topic}/status") as subscriber,
            Meter(historique(1), link=place / "meter"),
            Scenario(
                place, broker, place / "meter", patch=patch, mqtt_topic=topic, mqtt_client_id=topic
            ) as scenario,
        ):
            scenario.notify.expect("; connected to the broker")
            subscriber.expect(f"{topic}/status", b"offline")
            status, seconds = scenario.stop(number)
            subscriber.expect(f"{topic}/status", b"offline")
            assert status == 0
            assert "STOPPING=1" in scenario.notify.heard
            figures.kept("stop: any signal while the port hangs in open", seconds, at_most=AT_ONCE)

    with MosquittoBroker(tmp_path) as broker:
        run_together(tmp_path, *(partial(case, broker=broker, number=number) for number in SIGNALS))
