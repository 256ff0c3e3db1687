"""
Messages that wait for the broker: the newest readings and events, and the payload of each retained topic.

Readings and events are sent in order, each once. Retained topics are sent again on each new connection,
because a broker that restarts without persistence has forgotten them. After a reading it is the turn of
another message: of the oldest event, else of the topic that has waited longest. So readings and topics do not
delay each other for long if the broker answers slowly.

A message that was taken with `pop` is in flight until one of three outcomes: the broker has it (`settle`,
delivered), the broker refuses it (`settle`, not delivered), or the connection is lost (`restart`). The memory
is bounded by the lengths of the queues and by the number of topics. No I/O and no clock; for use in one event
loop.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

BURST_SECONDS: Final = 0.1
MAX_BURST: Final = 16
"""Readings less than `BURST_SECONDS` apart are a burst; `MAX_BURST` of them are kept beyond the queue."""

MAX_EVENTS: Final = 100
"""The most events that wait: those of some days without a broker."""


class OutgoingMessage(NamedTuple):
    """A message to publish: a reading, an event, or the payload of a retained topic."""

    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = True
    is_reading: bool = False


class Outbox:
    """
    Holds at most `queue` waiting readings, one payload for each retained topic, and the messages in flight.

    The topics in `first` are the first of those that are repeated, in their order.
    The readings of a burst, as after a pause of the network to a bridge, are sent one by one, even if the
    `queue` is shorter. `filled` is set when a message is added or settled.
    """

    def __init__(self, queue: int, *, first: Iterable[str] = ()) -> None:
        self._queue = queue
        self._readings: deque[OutgoingMessage] = deque(maxlen=queue + MAX_BURST)
        self._newest = -math.inf
        self._events: deque[OutgoingMessage] = deque(maxlen=MAX_EVENTS)
        self._retained: dict[str, bytes] = {}
        self._due: dict[str, None] = {}  # an ordered set of topics
        self._delivered: set[str] = set()  # topics whose latest payload the broker has
        self._first = tuple(first)
        self._reading_was_last = False
        self.in_flight: list[OutgoingMessage] = []
        self.filled = asyncio.Event()

    def set(self, topic: str, payload: bytes) -> None:
        """Publish `payload` on `topic` unless it is unchanged; repeat it on each new connection."""
        if self._retained.get(topic) != payload:
            self._retained[topic] = payload
            self._make_due(topic)

    def forget(self, topic: str) -> None:
        """Publish nothing more on `topic`; the broker keeps the payload that it has."""
        self._retained.pop(topic, None)
        self._due.pop(topic, None)

    def repeat_last(self, topic: str) -> None:
        """Publish this topic again, now and at each repetition after the topics that were set before."""
        if topic in self._retained:
            self._retained[topic] = self._retained.pop(topic)
            self._due.pop(topic, None)
            self._make_due(topic)

    def repeat(self) -> None:
        """Publish every topic again."""
        self._due.clear()
        self._make_due(*(topic for topic in self._first if topic in self._retained), *self._retained)

    def _make_due(self, *topics: str) -> None:
        self._due |= dict.fromkeys(topics)
        self._delivered -= set(topics)
        self.filled.set()

    def has(self, topic: str) -> bool:
        """Return True if the broker has acknowledged the latest payload of `topic`, and not refused it."""
        return topic in self._delivered

    def is_settled(self, topic: str) -> bool:
        """Return True if the broker has taken or refused the latest payload of `topic`."""
        return topic not in self._due and all(topic != sent.topic for sent in self.in_flight)

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

    def pop(self, *, only_reading: bool = False) -> OutgoingMessage | None:
        """Return the next message or reading, which is then in flight, or None."""
        has_other = bool(self._events or self._due) and not only_reading
        is_reading = bool(self._readings) and not (self._reading_was_last and has_other)
        if is_reading:
            message = self._readings.popleft()
        elif not has_other:
            return None
        elif self._events:
            message = self._events.popleft()
        else:
            topic = next(iter(self._due))
            del self._due[topic]
            message = OutgoingMessage(topic, self._retained[topic])
        self._reading_was_last = is_reading
        self.in_flight.append(message)
        return message

    def settle(self, message: OutgoingMessage, *, delivered: bool) -> None:
        """Note that the broker has acknowledged `message` (QoS 0: that it was written), or has refused it."""
        self.in_flight.remove(message)
        self.filled.set()
        is_latest = message.topic not in self._due and self._retained.get(message.topic) == message.payload
        if delivered and is_latest:
            self._delivered.add(message.topic)
            if not message.payload:
                # No need to repeat it: a broker that has forgotten everything retains nothing there either.
                self.forget(message.topic)

    def restart(self) -> None:
        """Repeat the topics on a new connection, and what was in flight while the queues are not full."""
        self._keep_newest(self._queue)
        for message in reversed(self.in_flight):
            if message.is_reading and len(self._readings) < self._queue:
                self._readings.appendleft(message)
            elif not message.is_reading and not message.retain and len(self._events) < MAX_EVENTS:
                self._events.appendleft(message)
        self.in_flight.clear()
        self.repeat()

    def _keep_newest(self, count: int) -> None:
        while len(self._readings) > count:
            self._readings.popleft()
