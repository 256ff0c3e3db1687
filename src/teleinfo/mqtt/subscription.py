"""What we listen to at the broker."""

from __future__ import annotations

from dataclasses import dataclass
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
