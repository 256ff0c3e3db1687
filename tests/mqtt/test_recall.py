"""What the broker retains of an earlier run is read once; one that does not show it is no obstacle."""

from __future__ import annotations

import contextlib
import queue
import socket
import threading
from typing import TYPE_CHECKING

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from teleinfo.mqtt.subscription import Recall
from tests.mqtt.running import RunningPublisher, broker_at
from tests.support.process import LIMIT
from tests.support.subscriber import Subscriber
from tests.support.tcp_ports import HOST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.broker import MosquittoBroker

pytestmark = pytest.mark.real

CONNACK = b"\x20\x02\x00\x00"
SUBSCRIBE = 0x82
"""The first byte of the packet, MQTT 3.1.1 §3.8.1."""


@contextlib.contextmanager
def broker_that_closes_at_a_subscription() -> Iterator[tuple[int, queue.Queue[bytes]]]:
    """Yield its port, and the packets that came on a connection on which nobody subscribed."""
    packets: queue.Queue[bytes] = queue.Queue()

    def serve(listener: socket.socket) -> None:
        with contextlib.suppress(OSError):  # closed: the test is over
            while True:
                connection, _ = listener.accept()
                with connection:
                    connection.recv(1000)
                    connection.sendall(CONNACK)
                    while (packet := connection.recv(1000)) and packet[0] != SUBSCRIBE:
                        packets.put(packet)

    with socket.create_server((HOST, 0)) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        yield listener.getsockname()[1], packets


def test_all_that_is_retained_below_the_topic_is_handed_over_once(mosquitto: MosquittoBroker) -> None:
    """A whole state with its fields comes in one burst; what is beside the topic is not asked for."""
    earlier = {f"teleinfo/state/{number}": b"%d" % number for number in range(200)}
    earlier["teleinfo/state"] = b"{}"
    client = Client(CallbackAPIVersion.VERSION2)
    client.connect(mosquitto.host, mosquitto.port)
    client.loop_start()
    for topic, payload in (earlier | {"teleinfo/other": b"x", "teleinfo/states": b"x"}).items():
        client.publish(topic, payload, qos=1, retain=True).wait_for_publish(LIMIT)
    client.disconnect()
    client.loop_stop()
    found: queue.Queue[dict[str, bytes]] = queue.Queue()
    recall = Recall("teleinfo/state", lambda retained: found.put(dict(retained)))
    with RunningPublisher(broker_at(mosquitto.port), recall=recall) as running:
        assert found.get(timeout=LIMIT) == earlier
        running.wait_connected()
        mosquitto.stop()
        mosquitto.start()
        running.wait_connected()
        with Subscriber(mosquitto.host, mosquitto.port) as subscriber:
            subscriber.expect("teleinfo/status")

    assert found.empty()


def test_a_broker_that_closes_at_a_subscription_gets_our_messages_all_the_same() -> None:
    """Some do so to a client that has no right to read: then nothing is known of an earlier run."""
    found: queue.Queue[dict[str, bytes]] = queue.Queue()
    recall = Recall("teleinfo/state", lambda retained: found.put(dict(retained)))
    with (
        broker_that_closes_at_a_subscription() as (port, packets),
        RunningPublisher(broker_at(port), recall=recall),
    ):
        assert found.get(timeout=LIMIT) == {}
        assert b"teleinfo/status" in packets.get(timeout=LIMIT)
