"""The messages that the daemon receives, and a flood of them; in virtual time."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, cast

from teleinfo.mqtt.listener import FLOOD, FLOOD_PAUSE, FLOOD_WITHIN, Listener
from tests.support import virtual

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from teleinfo.mqtt.client import Connection


class Scripted:
    """A connection on which `count` messages come after each subscription, one each `pause` seconds."""

    def __init__(self, count: int, pause: float) -> None:
        self._count = count
        self._pause = pause
        self.calls: list[tuple[str, ...]] = []

    async def subscribe(self, *topics: str) -> None:
        """Note the topics."""
        self.calls.append(("subscribe", *topics))

    async def unsubscribe(self, *topics: str) -> None:
        """Note the topics."""
        self.calls.append(("unsubscribe", *topics))

    async def messages(self, quiet: float = math.inf) -> AsyncIterator[tuple[str, bytes, bool]]:
        """Yield the messages; end when none came for `quiet` seconds."""
        if math.isinf(quiet):
            for number in range(self._count):
                await asyncio.sleep(self._pause)
                yield "a", b"%d" % number, number == 0
            yield "elsewhere", b"", False
        await asyncio.sleep(quiet)


def heard(connection: Scripted, seconds: float) -> tuple[list[tuple[bytes, bool]], int]:
    """Return the messages that the handler of a gets within so many seconds, and the number of pauses."""
    messages: list[tuple[bytes, bool]] = []
    pauses: list[None] = []

    def handle(payload: bytes, *, is_retained: bool) -> None:
        messages.append((payload, is_retained))

    async def scenario() -> None:
        listener = Listener({"a": handle, "b": handle}, on_pause=lambda: pauses.append(None))
        listening = asyncio.create_task(listener.listen(cast("Connection", connection)))
        await asyncio.sleep(seconds)
        listening.cancel()

    virtual.run(scenario())
    return messages, len(pauses)


def test_each_message_reaches_the_handler_of_its_topic() -> None:
    """A message each minute, for an hour and a half, is no flood."""
    connection = Scripted(90, 60.0)
    messages, pauses = heard(connection, 2 * 3600.0)

    assert messages == [(b"%d" % number, number == 0) for number in range(90)]
    assert (connection.calls, pauses) == ([("subscribe", "a", "b")], 0)


def test_in_a_flood_the_topics_are_left_for_a_minute() -> None:
    """Then they are subscribed to again, and the messages that may have been missed are assumed."""
    connection = Scripted(FLOOD, FLOOD_WITHIN / FLOOD / 2)
    before, pauses_before = heard(connection, FLOOD_PAUSE)
    calls = connection.calls[:]
    _messages, pauses = heard(connection, FLOOD_WITHIN + FLOOD_PAUSE)

    assert (len(before), pauses_before) == (FLOOD, 0)
    assert calls == [("subscribe", "a", "b"), ("unsubscribe", "a", "b")]
    assert pauses == 1
