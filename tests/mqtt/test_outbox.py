"""Messages that wait for the broker, and the one that is in flight."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from teleinfo.mqtt.outbox import MAX_BURST, MAX_EVENTS, Outbox, OutgoingMessage

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = 1000.0


def reading(payload: bytes) -> OutgoingMessage:
    """Return a reading as the publisher puts it."""
    return OutgoingMessage("teleinfo", payload, 1, retain=False, is_reading=True)


def put(outbox: Outbox, *payloads: bytes, apart: float = 1.0) -> None:
    """Put readings, each so many seconds after the one before."""
    for number, payload in enumerate(payloads):
        outbox.put(reading(payload), NOW + number * apart)


def deliver(outbox: Outbox) -> list[tuple[str, bytes]]:
    """Send everything, each message acknowledged at once."""
    delivered = []
    while (message := outbox.pop()) is not None:
        outbox.settle(message, delivered=True)
        delivered.append((message.topic, message.payload))
    return delivered


def take(outbox: Outbox) -> OutgoingMessage:
    """Return the next message, which is in flight from now on."""
    message = outbox.pop()
    assert message is not None
    return message


def event(payload: bytes) -> OutgoingMessage:
    """Return an event as the publisher adds it."""
    return OutgoingMessage("teleinfo/event", payload, 1, retain=False)


@pytest.mark.parametrize("restarted", [False, True])
def test_readings_of_one_burst_are_all_kept_while_there_is_a_connection(*, restarted: bool) -> None:
    """Frames of one piece are a message each, up to a bound; without a broker the newest is kept."""
    outbox = Outbox(1)
    numbers = [b"%d" % number for number in range(MAX_BURST + 3)]
    put(outbox, *numbers, apart=0.09)
    if restarted:
        outbox.restart()

    expected = numbers[-1:] if restarted else numbers[-MAX_BURST - 1 :]
    assert deliver(outbox) == [("teleinfo", number) for number in expected]


def test_after_a_reading_it_is_the_turn_of_an_event_or_of_the_topic_that_has_waited_longest() -> None:
    outbox = Outbox(9, first=["status", "none", "b"])
    put(outbox, *(b"%d" % number for number in range(6)))
    for topic, payload in (("a", b"1"), ("b", b"1"), ("a", b"2"), ("status", b"online")):
        outbox.set(topic, payload)
    for payload in (b"began", b"ended"):
        outbox.add(event(payload))

    assert deliver(outbox) == [
        *(("teleinfo", b"0"), ("teleinfo/event", b"began"), ("teleinfo", b"1"), ("teleinfo/event", b"ended")),
        *(("teleinfo", b"2"), ("a", b"2"), ("teleinfo", b"3"), ("b", b"1"), ("teleinfo", b"4")),
        *(("status", b"online"), ("teleinfo", b"5")),
    ]
    outbox.repeat()
    assert deliver(outbox) == [("status", b"online"), ("b", b"1"), ("a", b"2")]


def test_what_was_in_flight_when_the_connection_was_lost_is_repeated_in_order() -> None:
    """Readings as many as the queue holds, the newest, and all events; what was acknowledged is not."""
    outbox = Outbox(3)
    put(outbox, b"1", b"2", b"3")
    for payload in (b"began", b"ended"):
        outbox.add(event(payload))
    messages = [take(outbox) for _ in range(5)]
    outbox.settle(messages[0], delivered=True)
    put(outbox, b"4", b"5")
    outbox.restart()

    assert sorted(deliver(outbox)) == [
        *(("teleinfo", b"3"), ("teleinfo", b"4"), ("teleinfo", b"5")),
        *(("teleinfo/event", b"began"), ("teleinfo/event", b"ended")),
    ]
    outbox.restart()
    assert deliver(outbox) == []


@pytest.mark.parametrize(
    "act",
    [
        lambda outbox: put(outbox, b"1"),
        lambda outbox: outbox.add(event(b"1")),
        lambda outbox: outbox.set("topic", b"2"),
        lambda outbox: outbox.repeat_last("topic"),
        lambda outbox: outbox.repeat(),
        lambda outbox: outbox.settle(outbox.in_flight[0], delivered=False),
    ],
    ids=["reading", "event", "topic", "a topic again", "all again", "an outcome"],
)
def test_whoever_waits_for_a_message_or_an_outcome_is_woken(act: Callable[[Outbox], None]) -> None:
    outbox = Outbox(1)
    outbox.set("topic", b"1")
    take(outbox)
    outbox.filled.clear()
    act(outbox)

    assert outbox.filled.is_set()


def test_the_newest_events_are_kept() -> None:
    """A broker that is away for days costs a bounded memory."""
    outbox = Outbox(1)
    payloads = [b"%d" % number for number in range(MAX_EVENTS + 2)]
    outbox.add(event(payloads[0]))
    outbox.pop()
    for payload in payloads[1:]:
        outbox.add(event(payload))
    outbox.restart()

    assert [payload for _topic, payload in deliver(outbox)] == payloads[2:]


def test_a_topic_is_due_again_only_when_its_payload_changes() -> None:
    outbox = Outbox(1)
    outbox.set("a", b"1")
    assert deliver(outbox) == [("a", b"1")]
    outbox.set("a", b"1")

    assert deliver(outbox) == []


def test_what_was_cleared_is_not_repeated_once_the_broker_has_it() -> None:
    outbox = Outbox(1)
    outbox.set("cleared", b"")
    outbox.pop()
    outbox.restart()
    outbox.settle(take(outbox), delivered=False)
    outbox.repeat()
    assert deliver(outbox) == [("cleared", b"")]
    outbox.repeat()
    assert deliver(outbox) == []
    outbox.set("cleared", b"")
    message = take(outbox)
    outbox.set("cleared", b"1")
    outbox.settle(message, delivered=True)

    assert deliver(outbox) == [("cleared", b"1")]


class AnyHistory(RuleBasedStateMachine):
    """Readings and topics come, are sent, acknowledged and refused, and connections are lost."""

    def __init__(self) -> None:
        super().__init__()
        self.outbox = Outbox(3)
        self.numbers = itertools.count()
        self.retained: dict[str, bytes] = {}
        self.wanted: dict[str, bytes] = {}
        self.refused: set[str] = set()
        self.received: list[int] = []

    @rule(apart=st.sampled_from([0.0, 1.0]))
    def put(self, apart: float) -> None:
        """Put a reading, each of another number."""
        number = next(self.numbers)
        self.outbox.put(reading(b"%d" % number), NOW + number * apart)

    @rule(topic=st.sampled_from("abc"), payload=st.sampled_from([b"on", b"off"]))
    def set(self, topic: str, payload: bytes) -> None:
        """Set a topic."""
        self.wanted[topic] = payload
        self.outbox.set(topic, payload)

    @rule()
    def send(self) -> None:
        """Send the next message."""
        self.outbox.pop()

    @rule(data=st.data())
    def refuse(self, data: st.DataObject) -> None:
        """Refuse any message in flight."""
        if self.outbox.in_flight:
            message = data.draw(st.sampled_from(self.outbox.in_flight))
            self.refused.add(message.topic)
            self.outbox.settle(message, delivered=False)

    @rule()
    def acknowledge(self) -> None:
        """Acknowledge the oldest message in flight."""
        if self.outbox.in_flight:
            self.receive(self.outbox.in_flight[0])
            self.outbox.settle(self.outbox.in_flight[0], delivered=True)

    def receive(self, message: OutgoingMessage) -> None:
        """Be the broker."""
        if message.is_reading:
            self.received.append(int(message.payload))
        else:
            self.retained[message.topic] = message.payload

    @rule(received=st.booleans())
    def lose(self, *, received: bool) -> None:
        """Lose the connection, and what the broker retained; it has all that was in flight, or nothing."""
        self.received += [int(each.payload) for each in self.outbox.in_flight if each.is_reading and received]
        self.outbox.restart()
        self.retained.clear()

    def teardown(self) -> None:
        """Everything is sent: the broker has each topic but what it refused, and readings in their order."""
        while self.outbox.in_flight:
            self.acknowledge()
        while self.outbox.pop() is not None:
            self.acknowledge()
        had = {topic for topic in self.wanted if self.outbox.has(topic)}
        assert self.wanted.keys() - self.refused <= had
        assert all(self.retained[topic] == self.wanted[topic] for topic in had)
        firsts = list(dict.fromkeys(self.received))
        assert firsts == sorted(firsts)


test_any_history = AnyHistory.TestCase


def test_a_forgotten_topic_is_sent_no_more() -> None:
    """Neither what was due nor what would be repeated; a message in flight is acknowledged all the same."""
    outbox = Outbox(1)
    outbox.set("a", b"1")
    outbox.set("b", b"1")
    message = take(outbox)
    outbox.forget("a")
    outbox.settle(message, delivered=True)
    outbox.set("c", b"1")
    outbox.forget("c")
    outbox.repeat()

    assert deliver(outbox) == [("b", b"1")]
