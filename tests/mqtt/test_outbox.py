"""Messages that wait for the broker, and the one that is in flight."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from teleinfo.mqtt.outbox import BURST_SECONDS, MAX_BURST, MAX_EVENTS, Outbox, OutgoingMessage

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
        outbox.acknowledge()
        delivered.append((message.topic, message.payload))
    return delivered


def event(payload: bytes) -> OutgoingMessage:
    """Return an event as the publisher adds it."""
    return OutgoingMessage("teleinfo/event", payload, 1, retain=False)


def events(outbox: Outbox) -> list[bytes]:
    """Send everything, and return the events."""
    return [payload for topic, payload in deliver(outbox) if topic == "teleinfo/event"]


def readings(outbox: Outbox) -> list[bytes]:
    """Send everything, and return the readings."""
    return [payload for topic, payload in deliver(outbox) if topic == "teleinfo"]


@given(st.integers(1, 5), st.lists(st.binary(max_size=3), max_size=12))
def test_the_newest_readings_are_kept_in_order(queue: int, payloads: list[bytes]) -> None:
    """Of all that was put, the last `queue` come out, oldest first."""
    outbox = Outbox(queue)
    put(outbox, *payloads)

    assert payloads[-queue:] == readings(outbox)


@pytest.mark.parametrize("restarted", [False, True])
def test_readings_of_one_burst_are_all_kept_while_there_is_a_connection(*, restarted: bool) -> None:
    """Frames of one piece are a message each, up to a bound; without a broker the newest is kept."""
    outbox = Outbox(1)
    numbers = [b"%d" % number for number in range(MAX_BURST + 3)]
    put(outbox, *numbers, apart=0.09)
    if restarted:
        outbox.restart()

    assert readings(outbox) == (numbers[-1:] if restarted else numbers[-MAX_BURST - 1 :])


def test_readings_go_before_topics_and_topics_in_their_order() -> None:
    """A topic keeps its place when its payload changes; `last` goes behind all others."""
    outbox = Outbox(1, last="status")
    outbox.set("status", b"online")
    outbox.set("a", b"1")
    outbox.set("b", b"1")
    outbox.set("a", b"2")
    put(outbox, b"reading")

    assert deliver(outbox) == [("teleinfo", b"reading"), ("a", b"2"), ("b", b"1"), ("status", b"online")]


def test_events_go_between_readings_and_topics_and_wait_for_the_broker() -> None:
    """Each once and in order, whatever the queue of the readings; an event in flight is repeated."""
    outbox = Outbox(1)
    outbox.set("a", b"1")
    for payload in (b"began", b"ended"):
        outbox.add(event(payload))
    put(outbox, b"1", b"2")
    outbox.restart()
    assert deliver(outbox) == [
        ("teleinfo", b"2"),
        ("teleinfo/event", b"began"),
        ("teleinfo/event", b"ended"),
        ("a", b"1"),
    ]
    for payload in (b"began", b"ended"):
        outbox.add(event(payload))
    outbox.pop()
    outbox.restart()
    assert events(outbox) == [b"began", b"ended"]
    outbox.restart()
    assert events(outbox) == []


def test_the_newest_events_are_kept() -> None:
    """A broker that is away for days costs a bounded memory."""
    outbox, payloads = Outbox(1), [b"%d" % number for number in range(MAX_EVENTS + 2)]
    outbox.add(event(payloads[0]))
    outbox.pop()
    for payload in payloads[1:]:
        outbox.add(event(payload))
    outbox.restart()

    assert events(outbox) == payloads[2:]


def test_a_topic_is_due_again_only_when_its_payload_changes() -> None:
    """Also while the payload before is in flight: its acknowledgement does not cover the newer one."""
    outbox = Outbox(1)
    outbox.set("a", b"1")
    assert deliver(outbox) == [("a", b"1")]
    outbox.set("a", b"1")
    assert deliver(outbox) == []
    outbox.set("a", b"2")
    outbox.pop()
    outbox.set("a", b"3")
    outbox.acknowledge()

    assert deliver(outbox) == [("a", b"3")]


def test_a_forgotten_topic_is_sent_no_more() -> None:
    """Neither what was due nor what would be repeated; a message in flight is acknowledged all the same."""
    outbox = Outbox(1)
    outbox.set("a", b"1")
    outbox.set("b", b"1")
    outbox.pop()
    outbox.forget("a")
    outbox.acknowledge()
    outbox.set("c", b"1")
    outbox.forget("c")
    outbox.repeat()

    assert deliver(outbox) == [("b", b"1")]


@pytest.mark.parametrize(("queue", "left"), [(1, [b"2"]), (2, [b"1", b"2"])])
@pytest.mark.parametrize("apart", [0.0, BURST_SECONDS])
def test_newer_readings_win_over_one_that_was_not_acknowledged(
    queue: int, left: list[bytes], apart: float
) -> None:
    """A reading in flight goes back before what came later, if the queue can hold both."""
    outbox = Outbox(queue)
    outbox.put(reading(b"1"), NOW)
    outbox.pop()
    outbox.put(reading(b"2"), NOW + apart)
    outbox.restart()

    assert readings(outbox) == left


def test_what_was_cleared_is_not_repeated_once_the_broker_has_it() -> None:
    """An empty retained message leaves nothing at the broker; one that was not acknowledged is sent again."""
    outbox = Outbox(1)
    outbox.set("cleared", b"")
    outbox.pop()
    outbox.restart()
    assert deliver(outbox) == [("cleared", b"")]
    outbox.repeat()
    assert deliver(outbox) == []
    outbox.set("cleared", b"")
    outbox.pop()
    outbox.set("cleared", b"1")
    outbox.acknowledge()

    assert deliver(outbox) == [("cleared", b"1")]


def test_the_broker_has_a_topic_once_it_has_acknowledged_it() -> None:
    """Not while it waits or is in flight, and not after the connection was lost."""
    outbox = Outbox(1)
    found = [outbox.has("topic")]
    for act in (lambda: outbox.set("topic", b"1"), outbox.pop, outbox.acknowledge, outbox.restart):
        act()
        found.append(outbox.has("topic"))

    assert found == [False, False, False, True, False]


class AnyHistory(RuleBasedStateMachine):
    """Readings and topics come, are sent and acknowledged, and connections are lost."""

    def __init__(self) -> None:
        super().__init__()
        self.outbox = Outbox(3)
        self.numbers = itertools.count()
        self.in_flight: OutgoingMessage | None = None
        self.retained: dict[str, bytes] = {}
        self.wanted: dict[str, bytes] = {}
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

    @rule(acknowledged=st.booleans())
    def send(self, *, acknowledged: bool) -> None:
        """Send the next message, and let the broker have it, or not yet."""
        if self.in_flight is None:
            self.in_flight = self.outbox.pop()
        if acknowledged and self.in_flight is not None:
            self.outbox.acknowledge()
            self.receive(self.in_flight)
            self.in_flight = None

    def receive(self, message: OutgoingMessage) -> None:
        """Be the broker."""
        if message.is_reading:
            self.received.append(int(message.payload))
        else:
            self.retained[message.topic] = message.payload

    @rule(received=st.booleans())
    def lose(self, *, received: bool) -> None:
        """Lose the connection, and with it what the broker retained; it had the message in flight, or not."""
        if received and self.in_flight is not None:
            self.receive(self.in_flight)
        self.outbox.restart()
        self.in_flight = None
        self.retained.clear()

    def teardown(self) -> None:
        """Everything is sent: the broker has the latest of each topic, and readings in their order."""
        self.send(acknowledged=True)
        while self.in_flight is None and (message := self.outbox.pop()) is not None:
            self.outbox.acknowledge()
            self.receive(message)
        assert self.retained == self.wanted
        assert self.received == sorted(self.received)


test_any_history = AnyHistory.TestCase
