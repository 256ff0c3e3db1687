"""
What waits for the broker, and what is in flight: readings, of which the newest win, and states.

Readings are sent in order, once each; states (the retained topics) are sent again after every connection,
because a broker that restarts without persistence has forgotten them. Bounded by the number of readings asked
for and by the number of topics. No I/O and no clock; to be used from the thread of one event loop.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final, Protocol

BATCH_SECONDS: Final = 0.1
"""What comes within so many seconds goes into flight together."""

MAX_IN_FLIGHT: Final = 16
"""Messages that may wait for their acknowledgement; paho writes 20 and keeps the rest."""


class RetainedStates(Protocol):
    """The retained topics of the broker, as those see them who fill them: the `Publisher`."""

    def set_state(self, topic: str, payload: bytes) -> None:
        """Publish `payload` on `topic`, retained, unless it is there already; again after each connection."""

    def forget_state(self, topic: str) -> None:
        """Publish what was the state of `topic` no more; the broker keeps it."""

    def repeat_states(self) -> None:
        """Publish every state again."""

    def has_state(self, topic: str) -> bool:
        """Return True if the broker has acknowledged the present state of `topic`."""


@dataclass(frozen=True, slots=True, eq=False)
class OutgoingMessage:
    """A message in flight since the monotonic time `since`: a reading, or the state of `topic`."""

    topic: str | None
    payload: bytes
    retain: bool
    since: float


class Outbox:
    """
    Holds at most `queue` readings that wait, one payload for each state topic, and the messages in flight.

    One batch is in flight at a time, which limits what is sent twice after a broker has crashed: the messages
    within `BATCH_SECONDS` of its first one, up to `MAX_IN_FLIGHT`. So several frames that come in one piece,
    as after a pause of the network to a bridge, are a message each, whatever the `queue`.
    """

    def __init__(self, queue: int, *, last: str = "") -> None:
        if queue < 1:
            raise ValueError(f"an outbox holds at least 1 reading, not {queue}")
        self._readings: deque[tuple[bytes, bool]] = deque(maxlen=queue)  # payload, retain
        self._states: dict[str, bytes] = {}
        self._last = last
        self._due: set[str] = set()
        self._in_flight: list[OutgoingMessage] = []

    def put_reading(self, payload: bytes, *, retain: bool) -> None:
        """Keep `payload` until it can be sent; the oldest reading is dropped for it."""
        self._readings.append((payload, retain))

    def set_state(self, topic: str, payload: bytes) -> None:
        """Keep `payload` as the state of `topic`; it is due if it differs from what was last sent."""
        if self._states.get(topic) == payload:
            return
        self._states[topic] = payload
        if any((message.topic, message.payload) == (topic, payload) for message in self._in_flight):
            self._due.discard(topic)
        else:
            self._due.add(topic)

    def forget_state(self, topic: str) -> None:
        """Send what was the state of `topic` no more."""
        self._states.pop(topic, None)
        self._due.discard(topic)

    def repeat_states(self) -> None:
        """Make every state due again."""
        self._due.update(self._states)

    def has_state(self, topic: str) -> bool:
        """Return True if the broker has acknowledged the present state of `topic`."""
        waits = topic in self._due or any(message.topic == topic for message in self._in_flight)
        return topic in self._states and not waits

    def take(self, now: float) -> OutgoingMessage | None:
        """
        Put the next message into flight and return it; None if nothing waits, or has to wait for the batch.

        States come first, in the order in which their topics first appeared, and that of the topic `last`
        behind them. Of one topic only one is in flight, or the last that the broker has might not be the
        latest; later topics wait behind it.
        """
        batch = self._in_flight
        if batch and (len(batch) >= MAX_IN_FLIGHT or now - batch[0].since >= BATCH_SECONDS):
            return None
        topic = next((topic for topic in self._states if topic in self._due and topic != self._last), None)
        if topic is None and self._last in self._due:
            topic = self._last
        if topic is not None and all(message.topic != topic for message in batch):
            self._due.discard(topic)
            message = OutgoingMessage(topic, self._states[topic], retain=True, since=now)
        elif self._readings:
            payload, retain = self._readings.popleft()
            message = OutgoingMessage(None, payload, retain=retain, since=now)
        else:
            return None
        batch.append(message)
        return message

    def acknowledged(self, message: OutgoingMessage) -> None:
        """Note that the broker has `message` (QoS 0: that it is written)."""
        self._in_flight.remove(message)
        if message.topic is not None and not message.payload and self._states.get(message.topic) == b"":
            # It retains nothing there, and neither does one that has forgotten all.
            self.forget_state(message.topic)

    @property
    def in_flight(self) -> int:
        """How many messages are in flight."""
        return len(self._in_flight)

    @property
    def longest_in_flight(self) -> OutgoingMessage | None:
        """The longest message in flight."""
        return max(self._in_flight, key=lambda message: len(message.payload), default=None)

    def connection_lost(self) -> None:
        """Put back what is in flight: readings in front, unless newer ones came meanwhile; states are due."""
        for message in reversed(self._in_flight):
            if message.topic is None and len(self._readings) != self._readings.maxlen:
                self._readings.appendleft((message.payload, message.retain))
        self._in_flight.clear()
        self.repeat_states()
