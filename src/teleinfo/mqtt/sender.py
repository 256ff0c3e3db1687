"""
Send what is in the outbox through a connection: states first, then readings.

A message waits for the broker's answer to the one before, so that of a broker that dies little is sent again
that it may have; but what comes at once is written at once. So each of several frames that come in one piece,
as after a hiccup of the network to a bridge, is a message. A reading is written when it is put into the
outbox, before the loop turns. Readings that the broker did not acknowledge go back into the outbox when the
connection ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple

from teleinfo.mqtt.outbox import State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from teleinfo.mqtt.client import Connection
    from teleinfo.mqtt.outbox import Outbox

AT_ONCE: Final = 0.1
"""What comes within so many seconds comes at once."""

WINDOW: Final = 16
"""Messages that may wait for the broker's answer; paho writes 20 and keeps the rest."""


class _UnderWay(NamedTuple):
    """A message, a state or a reading, that was written at the monotonic time `at`, and the answer to it."""

    message: State | bytes
    answer: asyncio.Future[None]
    at: float


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
        self._under_way: deque[_UnderWay] = deque()
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

    def write(self) -> asyncio.Future[None] | None:
        """
        Write what there is to send, as far as the window allows, and return the answer that is due next.

        The answer is that of `Connection.send`; None if nothing is under way.
        """
        while self._under_way and _has_it(self._under_way[0].answer):
            message = self._under_way.popleft().message
            if isinstance(message, State):
                self._outbox.state_sent(message)
        now = time.monotonic()
        while self._link is not None and self._has_room(now):
            written = self._write_next(self._link, now)
            if written is None:
                break
            self._under_way.append(written)
            if written.answer.done() and not _has_it(written.answer):
                break  # the connection is lost
        return self._under_way[0].answer if self._under_way else None

    def _has_room(self, now: float) -> bool:
        under_way = self._under_way
        return not under_way or (len(under_way) < WINDOW and now - under_way[0].at < AT_ONCE)

    def _write_next(self, link: Connection, now: float) -> _UnderWay | None:
        states = [one.message for one in self._under_way if isinstance(one.message, State)]
        state = self._outbox.next_state(but=states)
        # Of one topic only one is under way, or the last that the broker has might not be the latest; others
        # wait behind it, since their order means something. A reading does not.
        if state is not None and all(state.topic != other.topic for other in states):
            return _UnderWay(state, link.send(state.topic, state.payload, qos=1, retain=True), now)
        if (reading := self._outbox.take_reading()) is None:
            return None
        return _UnderWay(reading, link.send(self._topic, reading, qos=self._qos, retain=self._retain), now)

    def _hurry(self) -> None:
        """
        Write what comes next, now that there is a reading.

        That saves it the turns of the loop until the publisher is there. A state waits for that: it may not
        be the only one, nor the first.
        """
        self.write()
        self.news.set()

    def _give_back(self) -> None:
        left, self._under_way = self._under_way, deque()
        lost = [one.message for one in left if not _has_it(one.answer)]
        for message in reversed(lost):
            if isinstance(message, bytes):
                self._outbox.give_back(message)


def _has_it(answer: asyncio.Future[None]) -> bool:
    """Whether the broker has the message (QoS 0: whether it is written)."""
    return answer.done() and not answer.cancelled() and answer.exception() is None
