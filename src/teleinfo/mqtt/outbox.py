"""
Messages that wait for the broker: the newest readings and events, and the payload of each retained topic.

One message is in flight at a time. Readings go first, then events, in order, each once. Retained topics are
sent again on each new connection, because a broker that restarts without persistence has forgotten them. The
memory is bounded by the lengths of the queues and by the number of topics. No I/O and no clock; for use in
one event loop.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from dataclasses import dataclass
from typing import Final

BURST_SECONDS: Final = 0.1
MAX_BURST: Final = 16
"""Readings less than `BURST_SECONDS` apart are a burst; `MAX_BURST` of them are kept beyond the queue."""

MAX_EVENTS: Final = 100
"""The most events that wait: those of some days without a broker."""


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """A message to publish: a reading, an event, or the payload of a retained topic."""

    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = True
    is_reading: bool = False


class Outbox:
    """
    Holds at most `queue` waiting readings, one payload for each retained topic, and the message in flight.

    Of all waiting topics, `last` is sent last. The readings of a burst, as after a pause of the network to a
    bridge, are sent one by one, even if the `queue` is shorter. `filled` is set when a message is added.
    """

    def __init__(self, queue: int, *, last: str = "") -> None:
        self._queue = queue
        self._readings: deque[OutgoingMessage] = deque(maxlen=queue + MAX_BURST)
        self._newest = -math.inf
        self._events: deque[OutgoingMessage] = deque(maxlen=MAX_EVENTS)
        self._retained: dict[str, bytes] = {}
        self._due: dict[str, None] = {}  # an ordered set of topics
        self._last = last
        self._in_flight: OutgoingMessage | None = None
        self.filled = asyncio.Event()

    def set(self, topic: str, payload: bytes) -> None:
        """Publish `payload` on `topic` unless it is unchanged; repeat it on each new connection."""
        if self._retained.get(topic) != payload:
            self._retained[topic] = payload
            self._due[topic] = None
            self.filled.set()

    def forget(self, topic: str) -> None:
        """Publish nothing more on `topic`; the broker keeps the payload that it has."""
        self._retained.pop(topic, None)
        self._due.pop(topic, None)

    def repeat_last(self, topic: str) -> None:
        """Publish this topic again, now and at each repetition after the topics that were set before."""
        if topic in self._retained:
            self._retained[topic] = self._retained.pop(topic)
            self._due.pop(topic, None)
            self._due[topic] = None
            self.filled.set()

    def repeat(self) -> None:
        """Publish every topic again."""
        self._due = dict.fromkeys(self._retained)
        self.filled.set()

    def has(self, topic: str) -> bool:
        """Return True if the broker has acknowledged the latest payload of `topic`."""
        is_in_flight = self._in_flight is not None and self._in_flight.topic == topic
        return topic in self._retained and topic not in self._due and not is_in_flight

    def put(self, reading: OutgoingMessage, now: float) -> None:
        """Add a reading of the monotonic time `now`; if the queue is full, drop the oldest reading."""
        if now - self._newest >= BURST_SECONDS:
            self._keep_newest(self._queue - 1)
        self._newest = now
        self._readings.append(reading)
        self.filled.set()

    def add(self, event: OutgoingMessage) -> None:
        """Add an event; if `MAX_EVENTS` wait, drop the oldest event."""
        self._events.append(event)
        self.filled.set()

    def pop(self) -> OutgoingMessage | None:
        """Return the next message, which is then in flight; None if nothing waits."""
        if self._readings:
            self._in_flight = self._readings.popleft()
        elif self._events:
            self._in_flight = self._events.popleft()
        elif self._due:
            topic = next((topic for topic in self._due if topic != self._last), self._last)
            del self._due[topic]
            self._in_flight = OutgoingMessage(topic, self._retained[topic])
        return self._in_flight

    def acknowledge(self) -> None:
        """Note that the broker has acknowledged the message in flight (QoS 0: that it was written)."""
        message, self._in_flight = self._in_flight, None
        if message is not None and not message.payload and self._retained.get(message.topic) == b"":
            # No need to repeat it: a broker that has forgotten everything retains nothing there either.
            self.forget(message.topic)

    def restart(self) -> None:
        """Repeat the topics on a new connection, and what is in flight if its queue is not full."""
        self._keep_newest(self._queue)
        message, self._in_flight = self._in_flight, None
        if message is not None and message.is_reading:
            if len(self._readings) < self._queue:
                self._readings.appendleft(message)
        elif message is not None and not message.retain and len(self._events) < MAX_EVENTS:
            self._events.appendleft(message)
        self.repeat()

    def _keep_newest(self, count: int) -> None:
        while len(self._readings) > count:
            self._readings.popleft()
