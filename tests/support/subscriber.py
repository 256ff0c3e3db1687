"""A subscriber with a thread of its own, which keeps every message until a test asks for it."""

from __future__ import annotations

import queue
import secrets
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from tests.support.process import LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Received:
    """One message; `at` is in monotonic seconds."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    at: float


class Subscriber:
    """Subscribes to `topics` (QoS 1) at host:port, again after every connection."""

    def __init__(
        self,
        host: str,
        port: int,
        topics: str = "#",
        *,
        username: str | None = None,
        password: str | None = None,
        ca_file: str | None = None,
    ) -> None:
        self.messages: queue.Queue[Received] = queue.Queue()
        self._address = (host, port)
        self._topics = topics
        self._subscribed = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_disconnect = lambda *_: self._subscribed.clear()
        self._client.on_message = self._on_message
        if username is not None:
            self._client.username_pw_set(username, password)
        if ca_file is not None:
            self._client.tls_set(ca_file)

    def _on_connect(self, *_: Any) -> None:  # noqa: ANN401 - paho's callbacks
        self._client.subscribe(self._topics, qos=1)

    def _on_message(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        self.messages.put(
            Received(message.topic, bytes(message.payload), message.qos, message.retain, time.monotonic()),
        )

    def wait_subscribed(self) -> None:
        """Return once the broker has taken the subscription, after a restart as well."""
        assert self._subscribed.wait(LIMIT), "the subscriber has no connection"

    def expect(
        self,
        topic: str,
        payload: bytes | None = None,
        *,
        predicate: Callable[[Received], bool] | None = None,
        limit: float = LIMIT,
    ) -> Received:
        """Return the next message on `topic` that is `payload` and fulfils `predicate`; drop all before."""
        deadline = time.monotonic() + limit
        passed: list[Received] = []
        while (left := deadline - time.monotonic()) > 0:
            try:
                received = self.messages.get(timeout=left)
            except queue.Empty:
                break
            passed.append(received)
            fits = received.topic == topic and payload in (None, received.payload)
            if fits and (predicate is None or predicate(received)):
                return received
        raise AssertionError(f"no {payload!r} on {topic} within {limit} s, but {passed[-3:]}")

    def publish(self, topic: str, payload: bytes) -> None:
        """Publish a message, which is not retained, and return once the broker has it."""
        self._client.publish(topic, payload, qos=1).wait_for_publish(LIMIT)

    def drain(self) -> list[Received]:
        """Return what has come and was not asked for."""
        drained = []
        while True:
            try:
                drained.append(self.messages.get_nowait())
            except queue.Empty:
                return drained

    def retained(self) -> dict[str, bytes]:
        """Return what the broker retains on `topics`: payloads by topic. Drop what else came before."""
        # MQTT does not mark the last retained message. The broker keeps the order: this comes behind it.
        last = f"last/{secrets.token_hex(8)}"
        found = dict[str, bytes]()
        self._client.subscribe(last, qos=1)
        self._client.publish(last, qos=1)
        while (received := self.messages.get(timeout=LIMIT)).topic != last:
            if received.retain:
                found[received.topic] = received.payload
        return found

    def __enter__(self) -> Self:
        self._client.connect(*self._address)
        self._client.loop_start()
        self.wait_subscribed()
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        self._client._reset_sockets()  # paho leaves those that wake its thread to the garbage collector
