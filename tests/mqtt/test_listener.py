"""The messages that the daemon receives, and a flood of them; in virtual time."""

from __future__ import annotations

import asyncio
import contextlib
import math
from typing import TYPE_CHECKING, cast

from teleinfo.mqtt.errors import BrokerError
from teleinfo.mqtt.faults import BrokerFault
from teleinfo.mqtt.listener import FLOOD, FLOOD_PAUSE, FLOOD_WITHIN, REFUSED_FOR, Listener
from tests.mqtt.running import broker_at
from tests.support import virtual

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from teleinfo.mqtt.client import Connection


class Scripted:
    """
    A connection on which `count` messages come after the subscriptions, one each `pause` seconds.

    The broker closes it at a subscription to the topic `denied`.
    """

    def __init__(self, count: int, pause: float, *, denied: str = "") -> None:
        self._count = count
        self._pause = pause
        self._denied = denied
        self.calls: list[tuple[str, ...]] = []

    async def subscribe(self, *topics: str) -> None:
        """Note the topics."""
        self.calls.append(("subscribe", *topics))
        if self._denied in topics:
            raise self.lost()

    def lost(self) -> BrokerError:
        """Return the error of the refusal."""
        return BrokerError(BrokerFault.REFUSES_SUBSCRIPTION, broker_at(1), topic=self._denied)

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
    assert (connection.calls, pauses) == ([("subscribe", "a"), ("subscribe", "b")], 0)


def test_in_a_flood_the_topics_are_left_for_a_minute() -> None:
    """Then they are subscribed to again, and the messages that may have been missed are assumed."""
    connection = Scripted(FLOOD, FLOOD_WITHIN / FLOOD / 2)
    before, pauses_before = heard(connection, FLOOD_PAUSE)
    calls = connection.calls[:]
    _messages, pauses = heard(connection, FLOOD_WITHIN + FLOOD_PAUSE)

    assert (len(before), pauses_before) == (FLOOD, 0)
    assert calls == [("subscribe", "a"), ("subscribe", "b"), ("unsubscribe", "a", "b")]
    assert pauses == 1


def test_a_topic_that_costs_the_connection_twice_is_left_out_for_an_hour() -> None:
    """The others are subscribed to. A refusal after the hour leaves it out for another hour."""

    def ignore(payload: bytes, *, is_retained: bool) -> None:
        pass

    listener = Listener({"a": ignore, "b": ignore})

    async def topics(*, denied: str) -> str:
        connection = Scripted(0, 0.0, denied=denied)
        with contextlib.suppress(BrokerError, TimeoutError):
            async with asyncio.timeout(1.0):
                await listener.listen(cast("Connection", connection))
        return "".join(topic for _call, topic in connection.calls)

    async def scenario() -> None:
        denied = [await topics(denied="a") for _ in range(3)]
        await asyncio.sleep(REFUSED_FOR)
        later = [await topics(denied="a") for _ in range(2)]
        await asyncio.sleep(REFUSED_FOR)
        allowed = [await topics(denied="-") for _ in range(2)]

        assert (denied, later, allowed) == (["a", "a", "b"], ["a", "b"], ["ab", "ab"])

    virtual.run(scenario())
