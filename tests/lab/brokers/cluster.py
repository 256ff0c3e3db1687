"""The real daemon publishes to a real cluster of RabbitMQ, a node of which is stopped and started."""

from __future__ import annotations

import signal
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from tests.lab.brokers.rabbitmq import Cluster, LoadBalancer
from tests.lab.consumers.programs import RECONNECTION, program
from tests.lab.scenarios import index_of, next_index
from tests.support.daemon import Daemon
from tests.support.figures import promise
from tests.support.scenario import CountingMeter, historique, until
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


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=["stopped", "killed"])
def test_no_reading_is_lost_while_a_node_is_away(
    tmp_path: Path, cluster: Cluster, how: signal.Signals
) -> None:
    """
    A subscriber at another node gets each reading, and so does a durable session, whose own node is away.

    1. The daemon is connected to the first node, and a session was made there. 2. The node ends: the daemon
    connects to the second, within the promise. 3. The node starts again, and the session is asked for.
    """
    first, second, _ = cluster.nodes
    session = [program("mosquitto_sub", "mosquitto-clients"), "-h", HOST, "-c", "-i", how.name]
    session += ["-q", "1", "-t", "teleinfo"]
    subprocess.run([*session, "-W", "1", "-p", str(first.mqtt)], check=False, timeout=30)
    with (
        CountingMeter(period=0.2, frame=historique) as meter,
        LoadBalancer([first.mqtt, second.mqtt]) as balancer,
        Subscriber(HOST, second.mqtt, "teleinfo") as subscriber,
    ):
        settings = {"mqtt_host": HOST, "mqtt_port": balancer.port, "mqtt_qos": 1, "mqtt_queue": 1000}
        with Daemon(tmp_path, serial_port=meter.line.port, **settings) as daemon:
            seen = [next_index(subscriber) for _ in range(10)]
            daemon.expect_log(f"connected to the broker at {HOST}:{balancer.port}, MQTT 5")
            first.end(how)
            ended = time.monotonic()
            until(lambda: balancer.accepted > 1, what="a second connection", limit=RECONNECTION)
            reconnected = time.monotonic()
            while (message := subscriber.expect("teleinfo", limit=RECONNECTION)).at <= reconnected:
                seen.append(index_of(message.payload))
            seen.append(index_of(message.payload))
            lasted = time.monotonic() - ended
            promise("messages again after a node of a cluster ended", lasted, at_most=RECONNECTION)
            with Subscriber(HOST, second.mqtt, "teleinfo/status") as late:
                assert late.expect("teleinfo/status", b"online").retain
            first.start()
            first.ready()
            last = meter.pause()
            while last not in seen:
                seen.append(next_index(subscriber))
    command = [*session, "-W", "5", "-p", str(second.mqtt)]
    kept = subprocess.run(command, capture_output=True, check=False, timeout=30).stdout.splitlines()

    assert sorted(set(seen)) == list(range(seen[0], last + 1))
    assert set(seen) <= set(map(index_of, kept))
