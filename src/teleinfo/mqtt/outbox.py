"""
Messages for the broker: readings, of which the newest win, and the payloads of the retained topics.

One message is in flight at a time. Readings go first, in order, once each. Retained topics are sent again
after every connection, because a broker that restarts without persistence has forgotten them. Bounded by the
number of readings asked for and by the number of topics. No I/O and no clock; to be used in one event loop.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from dataclasses import dataclass
from typing import Final, Protocol

BURST_SECONDS: Final = 0.1
MAX_BURST: Final = 16
"""Readings that come within `BURST_SECONDS` of the one before are all kept, up to so many."""


class RetainedTopics(Protocol):
    """The retained topics of the broker, as those see them who fill them: the `Outbox`."""

    def set(self, topic: str, payload: bytes) -> None:
        """Publish `payload` on `topic`, retained, unless it is there already; again after each connection."""

    def forget(self, topic: str) -> None:
        """Publish no more what was set on `topic`; the broker keeps it."""

    def repeat(self) -> None:
        """Publish every topic again."""

    def has(self, topic: str) -> bool:
        """Return True if the broker has acknowledged what was set on `topic`."""


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """A message as it is published; `is_reading`: it was put, not set."""

    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = True
    is_reading: bool = False


class Outbox:
    """
    Holds at most `queue` readings that wait, one payload for each retained topic, and the message in flight.

    Several frames that come in one piece, as after a pause of the network to a bridge, are a message each,
    whatever the `queue`. Of retained topics `last` goes last. `filled` is set when something comes to wait.
    """

    def __init__(self, queue: int, *, last: str = "") -> None:
        if queue < 1:
            raise ValueError(f"an outbox holds at least 1 reading, not {queue}")
        self._queue = queue
        self._readings: deque[OutgoingMessage] = deque(maxlen=queue + MAX_BURST)
        self._newest = -math.inf
        self._retained: dict[str, bytes] = {}
        self._due: dict[str, None] = {}  # an ordered set of topics
        self._last = last
        self._in_flight: OutgoingMessage | None = None
        self.filled = asyncio.Event()

    def put(self, reading: OutgoingMessage, now: float) -> None:
        """Keep a reading of the monotonic time `now` until it is sent; the oldest are dropped for it."""
        if now - self._newest >= BURST_SECONDS:
            self._keep_newest(self._queue - 1)
        self._newest = now
        self._readings.append(reading)
        self.filled.set()

    def set(self, topic: str, payload: bytes) -> None:
        """Publish `payload` on `topic`, retained, unless it is there already; again after each connection."""
        if self._retained.get(topic) != payload:
            self._retained[topic] = payload
            self._due[topic] = None
            self.filled.set()

    def forget(self, topic: str) -> None:
        """Publish no more what was set on `topic`; the broker keeps it."""
        self._retained.pop(topic, None)
        self._due.pop(topic, None)

    def repeat(self) -> None:
        """Publish every topic again."""
        self._due = dict.fromkeys(self._retained)
        self.filled.set()

    def has(self, topic: str) -> bool:
        """Return True if the broker has acknowledged what was set on `topic`."""
        is_in_flight = self._in_flight is not None and self._in_flight.topic == topic
        return topic in self._retained and topic not in self._due and not is_in_flight

    def pop(self) -> OutgoingMessage | None:
        """Put the next message into flight and return it; None if nothing waits."""
        if self._readings:
            self._in_flight = self._readings.popleft()
        elif self._due:
            topic = next((topic for topic in self._due if topic != self._last), self._last)
            del self._due[topic]
            self._in_flight = OutgoingMessage(topic, self._retained[topic])
        return self._in_flight

    def acknowledge(self) -> None:
        """Note that the broker has the message in flight (QoS 0: that it is written)."""
        message, self._in_flight = self._in_flight, None
        if message is not None and not message.payload and self._retained.get(message.topic) == b"":
            # It retains nothing there, and neither does one that has forgotten all.
            self.forget(message.topic)

    def restart(self) -> None:
        """Prepare for a new connection: repeat what is not acknowledged, unless newer readings came."""
        self._keep_newest(self._queue)
        if self._in_flight is not None and self._in_flight.is_reading and len(self._readings) < self._queue:
            self._readings.appendleft(self._in_flight)
        self._in_flight = None
        self.repeat()

    def _keep_newest(self, count: int) -> None:
        while len(self._readings) > count:
            self._readings.popleft()
