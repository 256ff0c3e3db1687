"""What is written when, and what becomes of it; the connection is one whose answers are given by hand."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, cast

import pytest

from teleinfo.mqtt.client import Connection, wait_puback
from teleinfo.mqtt.errors import closed
from teleinfo.mqtt.outbox import Outbox
from teleinfo.mqtt.sender import AT_ONCE, WINDOW, Sender

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


class Link:
    """A connection that notes what is sent, and whose broker answers when it is told to."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.answers: list[asyncio.Future[None]] = []
        self.lost = False

    def send(self, _topic: str, payload: bytes, *, qos: int, retain: bool) -> asyncio.Future[None]:
        """Note it; states are retained, readings are not."""
        assert retain is payload.startswith(b"state")
        answer = asyncio.get_running_loop().create_future()
        self.sent.append(payload)
        self.answers.append(answer)
        if self.lost:
            answer.set_exception(closed())
        elif qos == 0:
            answer.set_result(None)
        return answer

    def answer(self, *numbers: int) -> None:
        """Let the broker have the messages with these numbers."""
        for number in numbers:
            self.answers[number].set_result(None)


class Bench:
    """A sender, its outbox for `queue` readings, and a connection."""

    def __init__(self, *, queue: int = 1, qos: int = 1) -> None:
        self.outbox = Outbox(queue)
        self.sender = Sender(self.outbox, topic="teleinfo", qos=qos, retain=False)
        self.link = Link()

    def read(self, *payloads: bytes) -> None:
        """Let readings come."""
        for payload in payloads:
            self.outbox.put_reading(payload)

    def left(self) -> list[bytes]:
        """Take the readings that the outbox still holds."""
        found = []
        while (reading := self.outbox.take_reading()) is not None:
            found.append(reading)
        return found


def play(story: Callable[[Bench], Awaitable[None]], **options: int) -> None:
    """Play a story on a bench whose connection is open."""

    async def whole() -> None:
        bench = Bench(**options)
        with bench.sender.through(cast("Connection", bench.link)):
            await story(bench)

    asyncio.run(whole())


@pytest.mark.parametrize("qos", [0, 1, 2])
def test_readings_that_come_at_once_are_all_written_at_once(qos: int) -> None:
    """The room of the outbox is for the time without a broker."""

    async def story(bench: Bench) -> None:
        bench.read(b"1", b"2", b"3", b"4")
        assert bench.link.sent == [b"1", b"2", b"3", b"4"]

    play(story, qos=qos)


def test_what_comes_later_waits_for_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a broker that dies little is sent again that it may have had."""

    async def story(bench: Bench) -> None:
        now = 1000.0
        monkeypatch.setattr(time, "monotonic", lambda: now)
        bench.read(b"1")
        now += AT_ONCE
        bench.read(b"2")
        assert bench.link.sent == [b"1"]
        bench.link.answer(0)
        bench.sender.write()
        assert bench.link.sent == [b"1", b"2"]

    play(story)


def test_so_many_wait_for_their_answer_and_no_more() -> None:
    """A broker that is slow does not fill the memory; what it answers makes room."""

    async def story(bench: Bench) -> None:
        numbers = [b"%d" % number for number in range(WINDOW + 3)]
        bench.read(*numbers)
        assert bench.link.sent == numbers[:WINDOW]
        bench.link.answer(0)
        bench.sender.write()
        assert bench.link.sent == [*numbers[:WINDOW], numbers[-1]]

    play(story)


def test_states_come_first_and_in_order() -> None:
    """A reading that hurries takes along what is due."""

    async def story(bench: Bench) -> None:
        bench.outbox.set_state("a", b"state a")
        bench.outbox.set_state("b", b"state b")
        assert bench.link.sent == []
        bench.read(b"1")
        assert bench.link.sent == [b"state a", b"state b", b"1"]

    play(story)


def test_of_one_topic_only_one_state_is_under_way() -> None:
    """The last one that the broker gets is the latest, also where that is the first one again."""

    async def story(bench: Bench) -> None:
        bench.outbox.set_state("a", b"state on")
        bench.sender.write()
        bench.outbox.set_state("a", b"state off")
        bench.outbox.set_state("b", b"state b")
        bench.read(b"1")
        assert bench.link.sent == [b"state on", b"1"]
        bench.outbox.set_state("a", b"state on")
        bench.sender.write()
        assert bench.link.sent == [b"state on", b"1", b"state b"]
        bench.link.answer(0, 1, 2)
        assert bench.sender.write() is None
        bench.outbox.set_state("a", b"state off")
        bench.sender.write()
        assert bench.link.sent[3:] == [b"state off"]

    play(story)


def test_the_answer_that_is_due_next_is_that_of_the_oldest() -> None:
    """Whoever waits for it learns of a broker that answers none."""

    async def story(bench: Bench) -> None:
        bench.read(b"1", b"2")
        assert bench.sender.write() is bench.link.answers[0]
        bench.link.answer(1)
        assert bench.sender.write() is bench.link.answers[0]
        bench.link.answer(0)
        assert bench.sender.write() is None

    play(story)


@pytest.mark.parametrize(("queue", "left"), [(1, [b"3"]), (2, [b"2", b"3"]), (5, [b"2", b"3"])])
def test_what_was_not_answered_goes_back_in_its_order(queue: int, left: list[bytes]) -> None:
    """Of what the outbox has no room for, the newest are kept."""

    async def whole() -> list[bytes]:
        bench = Bench(queue=queue)
        with bench.sender.through(cast("Connection", bench.link)):
            bench.read(b"1", b"2", b"3")
            bench.link.answer(0)
        return bench.left()

    assert asyncio.run(whole()) == left


def test_on_a_lost_connection_one_message_is_tried() -> None:
    """The rest stays where it is."""

    async def whole() -> tuple[list[bytes], list[bytes]]:
        bench = Bench(queue=5)
        bench.read(b"1", b"2", b"3")
        bench.link.lost = True
        with bench.sender.through(cast("Connection", bench.link)):
            bench.sender.write()
        return bench.link.sent, bench.left()

    assert asyncio.run(whole()) == ([b"1"], [b"1", b"2", b"3"])


def test_an_answer_that_comes_in_the_turn_of_the_limit_is_an_answer() -> None:
    """The process was held up: the answer was in the socket all the while."""

    async def whole() -> None:
        answer = asyncio.get_running_loop().create_future()
        waiting = asyncio.create_task(wait_puback(answer, limit=0.01))
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_later(0.005, answer.set_result, None)

        time.sleep(0.05)  # noqa: ASYNC251 - nobody has a turn until both are due
        await waiting

    asyncio.run(whole())
