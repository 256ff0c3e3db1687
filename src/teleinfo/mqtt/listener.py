"""Receive the messages of a few topics, on one connection after another, and leave the topics in a flood."""

from __future__ import annotations

import asyncio
import math
from collections import Counter, deque
from typing import TYPE_CHECKING, Final, Protocol

from teleinfo.mqtt.errors import BrokerError
from teleinfo.mqtt.faults import BrokerFault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from teleinfo.mqtt.client import Connection

FLOOD: Final = 50
"""
Messages within `FLOOD_WITHIN` that are a flood: the topics are left for `FLOOD_PAUSE`.

A few come in an hour. Acknowledgements of our own messages would wait behind a flood of them.
"""

FLOOD_WITHIN: Final = 60.0  # seconds
FLOOD_PAUSE: Final = 60.0  # seconds

REFUSED_FOR: Final = 3600.0
"""Seconds for which we do without a topic after `REFUSALS`."""

REFUSALS: Final = 2
"""
Connections in a row that the broker closes at the subscription to a topic, until we do without the topic.

Most brokers answer that they refuse it; others (AWS IoT, EMQX if it is told to) close the connection.
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
        self._refusals = Counter[str]()
        self._refused_at: dict[str, float] = {}

    async def listen(self, connection: Connection) -> None:
        """Process the messages of a connection until cancelled."""
        while True:
            topics = await self._subscribe(connection)
            await self._receive_until_flood(connection)
            await connection.unsubscribe(*topics)
            # Drop the messages that were on their way. None that is retained comes after `unsubscribe`, so
            # that this ends after the pause.
            async for _ in connection.messages(quiet=FLOOD_PAUSE):
                pass
            self._on_pause()

    async def _subscribe(self, connection: Connection) -> list[str]:
        """Subscribe to each topic, but for those that cost `REFUSALS` connections; return the topics."""
        loop = asyncio.get_running_loop()
        subscribed = []
        for topic in self._handlers:
            is_refused = self._refusals[topic] >= REFUSALS
            if is_refused and loop.time() < self._refused_at[topic] + REFUSED_FOR:
                continue
            try:
                await connection.subscribe(topic)
            except (BrokerError, asyncio.CancelledError):  # a loss cancels the tasks of the connection
                if connection.lost().fault is BrokerFault.REFUSES_SUBSCRIPTION:
                    self._refusals[topic] += 1
                    self._refused_at[topic] = loop.time()
                raise
            self._refusals[topic] = 0
            subscribed.append(topic)
        return subscribed

    async def _receive_until_flood(self, connection: Connection) -> None:
        """Pass messages to their handlers; return if `FLOOD` of them came within `FLOOD_WITHIN`."""
        loop = asyncio.get_running_loop()
        times = deque([-math.inf] * FLOOD, maxlen=FLOOD)  # of the last messages
        async for topic, payload, is_retained in connection.messages():
            handler = self._handlers.get(topic)
            if handler is not None:
                handler(payload, is_retained=is_retained)
            times.append(loop.time())
            if times[-1] - times[0] < FLOOD_WITHIN:
                return
