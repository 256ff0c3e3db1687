"""
What waits for the broker: readings, of which the newest win, and states, of which the latest counts.

Readings are sent in order, once each; states (the retained topics) are sent again after every connection,
because a broker that restarts without persistence has forgotten them. Bounded by the number of readings asked
for and by the number of topics. No I/O; to be used from the thread of one event loop.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Container


class RetainedStates(Protocol):
    """The retained topics of the broker, as those see them who fill them: the `Publisher`."""

    def set_state(self, topic: str, payload: bytes) -> None:
        """Publish `payload` on `topic`, retained, unless it is there already; again after each connection."""

    def forget_state(self, topic: str) -> None:
        """Publish what was the state of `topic` no more; the broker keeps it."""

    def repeat_states(self) -> None:
        """Publish every state again."""


@dataclass(frozen=True, slots=True)
class State:
    """The latest payload of one retained topic."""

    topic: str
    payload: bytes


class Outbox:
    """
    Holds at most `queue` readings and one payload for each state topic.

    `on_reading` is called when there is a reading to send, `on_state` when there is a state.
    """

    def __init__(self, queue: int) -> None:
        if queue < 1:
            raise ValueError(f"an outbox holds at least 1 reading, not {queue}")
        self._readings: deque[bytes] = deque(maxlen=queue)
        self._states: dict[str, bytes] = {}
        self._due: set[str] = set()
        self.on_reading: Callable[[], None] = _nobody
        self.on_state: Callable[[], None] = _nobody

    def put_reading(self, payload: bytes) -> None:
        """Keep `payload` until it can be sent; the oldest reading makes room for it."""
        self._readings.append(payload)
        self.on_reading()

    def set_state(self, topic: str, payload: bytes) -> None:
        """Keep `payload` as the state of `topic`, to be sent at once if it differs from the one before."""
        if self._states.get(topic) != payload:
            self._states[topic] = payload
            self._due.add(topic)
            self.on_state()

    def forget_state(self, topic: str) -> None:
        """Send what was the state of `topic` no more; the broker keeps it."""
        self._states.pop(topic, None)
        self._due.discard(topic)

    def repeat_states(self) -> None:
        """Make every state due again, as after a connection."""
        self._due.update(self._states)
        if self._due:
            self.on_state()

    def next_state(self, *, but: Container[object] = ()) -> State | None:
        """
        Return the first state that is due, and not one of those in `but`, or None.

        It stays due until `state_sent`. States come in the order in which their topics first appeared.
        """
        due = (State(topic, payload) for topic, payload in self._states.items() if topic in self._due)
        return next((state for state in due if state not in but), None)

    def state_sent(self, state: State) -> None:
        """Note that the broker has `state`; the topic stays due if it changed in the meantime."""
        if self._states.get(state.topic) == state.payload:
            self._due.discard(state.topic)

    def take_reading(self) -> bytes | None:
        """Remove and return the oldest reading, or return None."""
        return self._readings.popleft() if self._readings else None

    def give_back(self, payload: bytes) -> None:
        """Put back in front a reading that was not acknowledged, unless newer ones fill the room."""
        if len(self._readings) != self._readings.maxlen:
            self._readings.appendleft(payload)
            self.on_reading()


def _nobody() -> None:
    """Tell nobody: whoever sends will look by itself."""
