"""A connection that is lost again and again leaves nothing behind in the process."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

import pytest

from tests.lab.procfs import connections_of, descriptors, resident
from tests.lab.scenarios import BrokerScenario, next_index, observer
from tests.support.broker import MosquittoBroker
from tests.support.figures import promise
from tests.support.procfs import number
from tests.support.proxy import Proxy
from tests.support.scenario import until

if TYPE_CHECKING:
    from pathlib import Path


pytestmark = pytest.mark.real

# The back-off has tests of its own: 500 bounces would take hours with it.
IMPATIENT = (
    "import teleinfo.mqtt.publisher as publisher; publisher.FIRST_DELAY, publisher.LONGEST_DELAY = 0.01, 0.02"
)


@pytest.mark.parametrize("bounces", [50, pytest.param(500, marks=pytest.mark.soak)])
def test_bounces_leave_nothing_behind(tmp_path: Path, bounces: int) -> None:
    """
    Descriptors, threads, connections and memory are the same after many lost connections as after a few.

    1. A proxy cuts the connection, in turn with a reset and in good order, each time readings flow again.
    2. After 20 of them the process is measured, and again at the end; in between it is sampled.
    """
    with MosquittoBroker(tmp_path) as broker, Proxy(broker.host, broker.port) as proxy:
        with (
            observer(broker, "teleinfo") as subscriber,
            BrokerScenario(tmp_path, proxy, period=0.05, patch=IMPATIENT) as scenario,
        ):
            next_index(subscriber)

            def bounce(turn: int) -> None:
                accepted = proxy.accepted
                proxy.cut(reset=turn % 2 == 0)
                until(lambda: proxy.accepted > accepted, what="a new connection")
                subscriber.drain()
                next_index(subscriber)

            for turn in range(20):
                bounce(turn)
            files = len(descriptors(scenario.pid))
            threads = number(scenario.pid, "Threads")
            start = statistics.median(resident(scenario.pid) for _ in range(5))
            for turn in range(bounces):
                bounce(turn)
            growth = (resident(scenario.pid) - start) / 1024
            until(lambda: broker.connections() == 2, what="one connection of ours")

            promise(f"memory after {bounces} bounces", growth, at_most=1.5, unit="MiB more")
            until(
                lambda: (
                    len(descriptors(scenario.pid)) <= files and number(scenario.pid, "Threads") <= threads
                ),
                limit=10,
                what="the same descriptors and threads",
            )
            assert len(connections_of(scenario.pid)) == 1
            # One outage, because no connection became steady, and the hint at a shared client id.
            assert len(scenario.broker_lines()) <= 5, scenario.broker_lines()
