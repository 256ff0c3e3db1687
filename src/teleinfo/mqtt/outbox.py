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
        self._newest_time = -math.inf  # of the newest reading, monotonic
        self._events: deque[OutgoingMessage] = deque(maxlen=MAX_EVENTS)
        self._retained: dict[str, bytes] = {}
        self._due: dict[str, None] = {}  # an ordered set of topics, the one that waits longest first
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
            payload = self._retained.pop(topic)
            self._retained[topic] = payload  # behind all others
            self._due.pop(topic, None)
            self._make_due(topic)

    def repeat(self) -> None:
        """Publish every topic again."""
        self._due.clear()
        for topic in self._first:
            if topic in self._retained:
                self._make_due(topic)
        for topic in self._retained:
            self._make_due(topic)  # the first ones keep their place

    def _make_due(self, topic: str) -> None:
        """Publish this topic; one that is due already keeps its place."""
        self._due[topic] = None
        self._delivered.discard(topic)
        self.filled.set()

    def has(self, topic: str) -> bool:
        """Return True if the broker has acknowledged the latest payload of `topic`, and not refused it."""
        return topic in self._delivered

    def is_settled(self, topic: str) -> bool:
        """Return True if the broker has taken or refused the latest payload of `topic`."""
        is_in_flight = any(message.topic == topic for message in self.in_flight)
        return topic not in self._due and not is_in_flight

    def put(self, reading: OutgoingMessage, now: float) -> None:
        """Add a reading of the monotonic time `now`; if the queue is full, drop the oldest reading."""
        is_of_burst = now - self._newest_time < BURST_SECONDS
        if not is_of_burst:
            self._keep_newest(self._queue - 1)  # with this one, the queue is full again
        self._newest_time = now
        self._readings.append(reading)
        self.filled.set()

    def add(self, event: OutgoingMessage) -> None:
        """Add an event; if `MAX_EVENTS` wait, drop the oldest event."""
        self._events.append(event)
        self.filled.set()

    def pop(self, *, only_reading: bool = False) -> OutgoingMessage | None:
        """Return the next message or reading, which is then in flight, or None."""
        may_send_other = bool(self._events or self._due) and not only_reading
        is_turn_of_other = self._reading_was_last or not self._readings
        if may_send_other and is_turn_of_other:
            message = self._pop_event_or_topic()
        elif self._readings:
            message = self._readings.popleft()
        else:
            return None
        self._reading_was_last = message.is_reading
        self.in_flight.append(message)
        return message

    def _pop_event_or_topic(self) -> OutgoingMessage:
        """Return the oldest event, else the topic that has waited longest; one of them must wait."""
        if self._events:
            return self._events.popleft()
        topic = next(iter(self._due))  # the first
        del self._due[topic]
        return OutgoingMessage(topic, self._retained[topic])

    def settle(self, message: OutgoingMessage, *, delivered: bool) -> None:
        """Note that the broker has acknowledged `message` (QoS 0: that it was written), or has refused it."""
        self.in_flight.remove(message)
        self.filled.set()
        # False if a newer payload is due or in flight.
        is_latest = message.topic not in self._due and self._retained.get(message.topic) == message.payload
        if delivered and is_latest:
            self._delivered.add(message.topic)
            if not message.payload:
                # No need to repeat it: a broker that has forgotten everything retains nothing there either.
                self.forget(message.topic)

    def restart(self) -> None:
        """Repeat the topics on a new connection, and what was in flight while the queues are not full."""
        self._keep_newest(self._queue)
        # The oldest is put in front last. A retained topic is repeated with its latest payload, by `repeat`.
        for message in reversed(self.in_flight):
            if message.is_reading and len(self._readings) < self._queue:
                self._readings.appendleft(message)
            elif not message.is_reading and not message.retain and len(self._events) < MAX_EVENTS:
                self._events.appendleft(message)
        self.in_flight.clear()
        self.filled.set()
        self.repeat()

    def _keep_newest(self, count: int) -> None:
        """Drop the oldest waiting readings until `count` are left."""
        while len(self._readings) > count:
            self._readings.popleft()
