"""The real daemon publishes to a real cluster of two RabbitMQ nodes, one of which is stopped and started."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import pytest

from tests.cli.test_run import FRAME
from tests.consumers.programs import eventually
from tests.consumers.rabbitmq import Cluster, LoadBalancer
from tests.support.daemon import Daemon, Meter
from tests.support.subscriber import Subscriber
from tests.support.tcp_ports import HOST

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.figures import Figures

RECONNECTION = 35.0
"""Seconds within which messages come again, as promised."""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Yield both nodes, running."""
    with Cluster(tmp_path_factory.mktemp("rabbitmq")) as running:
        yield running


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=["stopped", "killed"])
def test_nothing_acknowledged_is_lost_while_a_node_is_away(
    tmp_path: Path, cluster: Cluster, how: signal.Signals, figures: Figures
) -> None:
    """
    The node of the meter ends and comes back while it publishes at QoS 1.

    A subscriber at the other node has each message that a node acknowledged, and messages again in 35 s.
    """
    first, second = cluster.nodes
    with Meter(FRAME) as meter, LoadBalancer([first.mqtt, second.mqtt], "teleinfo") as balancer:
        settings = {
            "serial_port": meter.line.port,
            "mqtt_host": HOST,
            "mqtt_port": balancer.port,
            "mqtt_qos": 1,
            "payload_timestamp": True,
        }
        received: dict[bytes, float] = {}

        def arrived_since(moment: float) -> bool:
            received.update((message.payload, message.at) for message in subscriber.drain())
            return any(at > moment for at in received.values())

        with Subscriber(HOST, second.mqtt, "teleinfo") as subscriber, Daemon(tmp_path, **settings) as daemon:
            eventually(lambda: len(balancer.acknowledged) >= 10, "ten messages")
            first.end(how)
            ended = time.monotonic()
            eventually(lambda: balancer.accepted > 1, "a second connection", limit=RECONNECTION)
            reconnected = time.monotonic()
            eventually(lambda: arrived_since(reconnected), "a message by the other node", limit=RECONNECTION)
            figures.kept(
                "messages again after a node of a cluster ended",
                time.monotonic() - ended,
                at_most=RECONNECTION,
            )
            first.start()
            first.ready()
            count = len(balancer.acknowledged)
            eventually(lambda: len(balancer.acknowledged) >= count + 10, "ten more messages")
            daemon.stop()
            last = balancer.acknowledged[-1]
            eventually(lambda: arrived_since(0) and last in received, "the last message")

    assert set(balancer.acknowledged) - received.keys() == set()
