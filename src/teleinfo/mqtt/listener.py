"""Receive the messages of a few topics, on one connection after another, and leave the topics in a flood."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from teleinfo.mqtt.client import Connection

FLOOD: Final = 50
FLOOD_WITHIN: Final = 60.0
FLOOD_PAUSE: Final = 60.0
"""
Messages within so many seconds after which the topics are left, and for how many seconds.

A few come in an hour. Acknowledgements of our own messages would wait behind a flood of them.
"""


class Handler(Protocol):
    """Function that is called with a message: its payload, and True if the broker had retained it."""

    def __call__(self, payload: bytes, *, is_retained: bool) -> None:
        """Process the message."""


class Listener:
    """
    Passes each message of a topic to its handler among `handlers`.

    `on_pause` is called after a pause, in which messages may have been missed.
    """

    def __init__(
        self, handlers: Mapping[str, Handler], *, on_pause: Callable[[], None] = lambda: None
    ) -> None:
        self._handlers = handlers
        self._on_pause = on_pause

    async def listen(self, connection: Connection) -> None:
        """Process the messages of a connection until cancelled."""
        while True:
            await connection.subscribe(*self._handlers)
            await self._receive(connection)
            await connection.unsubscribe(*self._handlers)
            async for _ in connection.messages(quiet=FLOOD_PAUSE):
                pass  # those that were on their way
            self._on_pause()

    async def _receive(self, connection: Connection) -> None:
        """Process messages until too many come."""
        loop = asyncio.get_running_loop()
        times = deque([-math.inf] * FLOOD, maxlen=FLOOD)
        async for topic, payload, is_retained in connection.messages():
            handler = self._handlers.get(topic)
            if handler is not None:
                handler(payload, is_retained=is_retained)
            times.append(loop.time())
            if times[-1] - times[0] < FLOOD_WITHIN:
                return
