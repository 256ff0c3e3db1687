"""
Send what is in the outbox through a connection, one message at a time: states first, then readings.

A reading that comes while nothing is under way is written at once, before the loop turns. One that the broker
did not acknowledge goes back into the outbox when the connection ends: the broker may have it, or not.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from teleinfo.mqtt.connection import Connection
    from teleinfo.mqtt.outbox import Outbox, State


class _UnderWay(NamedTuple):
    """A message that was written, a state or a reading, and the broker's answer to it."""

    message: State | bytes
    answer: asyncio.Future[None]


class Sender:
    """
    Takes the messages out of `outbox`.

    Readings go to `topic` with `qos` and `retain`; states are retained, QoS 1. `news` is set when there may
    be something to send.
    """

    def __init__(self, outbox: Outbox, *, topic: str, qos: int, retain: bool) -> None:
        self._outbox = outbox
        self._topic = topic
        self._qos = qos
        self._retain = retain
        self._link: Connection | None = None
        self._under_way: _UnderWay | None = None
        self.news = asyncio.Event()
        outbox.on_reading, outbox.on_state = self._hurry, self.news.set

    @contextlib.contextmanager
    def through(self, link: Connection) -> Iterator[None]:
        """Send through `link` while the block lasts."""
        self._link = link
        try:
            yield
        finally:
            self._link = None
            self._give_back()

    def begin(self) -> asyncio.Future[None] | None:
        """
        Write the next message, unless one is under way, and return the broker's answer to it.

        The answer is that of `Connection.send`; None if there is nothing to send. The message stays under way
        until `delivered`.
        """
        if self._under_way is None and self._link is not None:
            self._under_way = self._write(self._link)
        return None if self._under_way is None else self._under_way.answer

    def delivered(self) -> None:
        """Note that the broker has the message that was under way."""
        if self._under_way is not None and not isinstance(self._under_way.message, bytes):
            self._outbox.state_sent(self._under_way.message)
        self._under_way = None

    def _hurry(self) -> None:
        """
        Write what comes next, now that there is a reading.

        That saves it the turns of the loop until the publisher is there. A state waits for its turn: it may
        not be the only one, nor the first.
        """
        self.begin()
        self.news.set()

    def _write(self, link: Connection) -> _UnderWay | None:
        if (state := self._outbox.next_state()) is not None:
            return _UnderWay(state, link.send(state.topic, state.payload, qos=1, retain=True))
        if (reading := self._outbox.take_reading()) is None:
            return None
        return _UnderWay(reading, link.send(self._topic, reading, qos=self._qos, retain=self._retain))

    def _give_back(self) -> None:
        if self._under_way is None:
            return
        message, answer = self._under_way
        self._under_way = None
        has_it = answer.done() and not answer.cancelled() and answer.exception() is None
        if isinstance(message, bytes) and not has_it:
            self._outbox.give_back(message)
