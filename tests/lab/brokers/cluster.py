"""The real daemon publishes to a real cluster of RabbitMQ, a node of which is stopped and started."""

from __future__ import annotations

import signal
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from tests.cli.test_run import FRAME
from tests.lab.brokers.rabbitmq import Cluster, LoadBalancer
from tests.lab.consumers.programs import RECONNECTION, program
from tests.support.daemon import Daemon, Meter
from tests.support.figures import promise
from tests.support.scenario import until
from tests.support.subscriber import Subscriber
from tests.support.tcp_ports import HOST

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Yield three nodes, running."""
    with Cluster(tmp_path_factory.mktemp("rabbitmq")) as running:
        yield running


def daemon_at(balancer: LoadBalancer, meter: Meter, folder: Path) -> Daemon:
    """Return a daemon that publishes at QoS 1, each message with its own timestamp."""
    settings = {"mqtt_host": HOST, "mqtt_port": balancer.port, "mqtt_qos": 1, "payload_timestamp": True}
    return Daemon(folder, serial_port=meter.line.port, **settings)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=["stopped", "killed"])
def test_nothing_acknowledged_is_lost_while_a_node_is_away(
    tmp_path: Path, cluster: Cluster, how: signal.Signals
) -> None:
    first, second, _ = cluster.nodes
    with Meter(FRAME) as meter, LoadBalancer([first.mqtt, second.mqtt], "teleinfo") as balancer:
        received: dict[bytes, float] = {}

        def arrived_since(moment: float) -> bool:
            received.update((message.payload, message.at) for message in subscriber.drain())
            return any(at > moment for at in received.values())

        with (
            Subscriber(HOST, second.mqtt, "teleinfo") as subscriber,
            daemon_at(balancer, meter, tmp_path) as daemon,
        ):
            until(lambda: len(balancer.acknowledged) >= 10, what="ten messages")
            daemon.expect_log(f"connected to the broker at {HOST}:{balancer.port}, MQTT 5")
            first.end(how)
            ended = time.monotonic()
            until(lambda: balancer.accepted > 1, what="a second connection", limit=RECONNECTION)
            reconnected = time.monotonic()
            until(lambda: arrived_since(reconnected), what="a message by the other node", limit=RECONNECTION)
            lasted = time.monotonic() - ended
            promise("messages again after a node of a cluster ended", lasted, at_most=RECONNECTION)
            with Subscriber(HOST, second.mqtt, "teleinfo/status") as late:
                assert late.expect("teleinfo/status", b"online").retain
            first.start()
            first.ready()
            count = len(balancer.acknowledged)
            until(lambda: len(balancer.acknowledged) >= count + 10, what="ten more messages")
            daemon.stop()
            last = balancer.acknowledged[-1]
            until(lambda: arrived_since(0) and last in received, what="the last message")

    assert set(balancer.acknowledged) - received.keys() == set()


def test_a_durable_session_loses_nothing_acknowledged(tmp_path: Path, cluster: Cluster) -> None:
    """While its node is stopped, another node keeps the messages for it; the session then gets them all."""
    session = [program("mosquitto_sub", "mosquitto-clients"), "-h", HOST, "-c", "-i", "collector"]
    session += ["-q", "1", "-t", "teleinfo", "-W"]
    with Meter(FRAME) as meter:
        first, second, _ = cluster.nodes
        subprocess.run([*session, "1", "-p", str(first.mqtt)], check=False, timeout=30)
        with LoadBalancer([first.mqtt, second.mqtt], "teleinfo") as balancer:
            with daemon_at(balancer, meter, tmp_path) as daemon:
                until(lambda: len(balancer.acknowledged) >= 10, what="ten messages")
                first.end(signal.SIGTERM)
                count = len(balancer.acknowledged)
                until(
                    lambda: len(balancer.acknowledged) >= count + 10,
                    what="ten by the other",
                    limit=RECONNECTION,
                )
                daemon.stop()
            kept = subprocess.run(
                [*session, "5", "-p", str(second.mqtt)], capture_output=True, check=False, timeout=30
            )

    assert balancer.accepted >= 2
    assert set(balancer.acknowledged) - set(kept.stdout.splitlines()) == set()
