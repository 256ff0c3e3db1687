"""What we listen to at the broker: a topic, and once what it retained of an earlier run."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

QUIET: Final = 1.0
"""Seconds without a retained message after which there is no further one: MQTT has no word for the last."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """A topic to listen to: `on_message` gets the payload of each message."""

    topic: str
    on_message: Callable[[bytes], None]


@dataclass(frozen=True, slots=True)
class Recall:
    """
    Reads once what the broker retains on `topic` and below it: `on_done` gets the payloads by topic.

    They are none for a broker that does not let us read there.
    """

    topic: str
    on_done: Callable[[dict[str, bytes]], None]
    _found: dict[str, bytes] = field(default_factory=dict)

    @property
    def filter(self) -> str:
        """What to subscribe to (MQTT 3.1.1 §4.7.1.2: `#` includes the level above it)."""
        return f"{self.topic}/#"

    def begin(self) -> None:
        """Forget what came on a connection that was lost."""
        self._found.clear()

    def take(self, topic: str, payload: bytes) -> None:
        """Note a retained message, if it is one of these."""
        if topic == self.topic or topic.startswith(f"{self.topic}/"):
            self._found[topic] = payload

    async def complete(self) -> None:
        """Return when no further message has come for `QUIET` seconds."""
        count = -1
        while count != len(self._found):
            count = len(self._found)
            await asyncio.sleep(QUIET)

    def finish(self) -> None:
        """Hand over what was found."""
        self.on_done(self._found)
