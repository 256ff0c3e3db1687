"""The network between the daemon and the broker is cut, or does not know the broker's name."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.lab.faults.netns import BROKER_HOST, Network
from tests.lab.scenarios import WILL, next_index, observer
from tests.support.broker import MosquittoBroker
from tests.support.scenario import BrokerScenario, until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.figures import Figures

pytestmark = pytest.mark.real


def broker_on_its_host(folder: Path, network: Network) -> MosquittoBroker:
    """Return a broker on a host of its own, with a socket for the test."""
    return MosquittoBroker(
        folder, port=1883, host=BROKER_HOST, inside=network.on_broker_host, unix=network.folder / "mosquitto"
    )


def test_a_link_that_loses_every_packet_is_an_outage_like_others(tmp_path: Path, figures: Figures) -> None:
    with Network() as network, broker_on_its_host(tmp_path, network) as broker:
        with observer(broker, "teleinfo/status") as subscriber:
            with BrokerScenario(tmp_path, broker, inside=network.on_daemon_host) as scenario:
                subscriber.expect("teleinfo/status", b"online")
                network.cut()
                began = time.monotonic()
                scenario.expect_lost()
                figures.kept("link cut: found out", time.monotonic() - began, at_most=6)
                subscriber.expect("teleinfo/status", b"offline", limit=60)
                figures.kept("link cut: will", time.monotonic() - began, at_most=WILL)
                network.repair()
                began = time.monotonic()
                subscriber.expect("teleinfo/status", b"online", limit=60)
                figures.kept("link repaired: online", time.monotonic() - began, at_most=35)
                scenario.expect_back()
                scenario.assert_one_outage()
                until(lambda: broker.connections() == 1)


def test_a_name_that_does_not_resolve_is_named_and_used_once_it_does(
    tmp_path: Path, figures: Figures
) -> None:
    """
    The name of the broker is asked for at each attempt.

    1. No name server answers: one line says so, and what to check.
    2. It becomes known: readings flow.
    """
    with (
        Network() as network,
        broker_on_its_host(tmp_path, network) as broker,
        observer(broker) as subscriber,
    ):
        with BrokerScenario(
            tmp_path, broker, inside=network.on_daemon_host, mqtt_host="broker.home"
        ) as scenario:
            scenario.expect_log("no name server of this machine answers for broker.home")
            network.hosts.write_text(f"{BROKER_HOST} broker.home\n")
            began = time.monotonic()
            next_index(subscriber)
            figures.kept("name resolves: first reading", time.monotonic() - began, at_most=35)
            scenario.expect_back()
            scenario.assert_one_outage()
