"""What waits for the broker, and what is in flight."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from teleinfo.mqtt.outbox import BATCH_SECONDS, MAX_IN_FLIGHT, Outbox, OutgoingMessage

NOW = 1000.0


def send(outbox: Outbox, *, now: float = NOW) -> list[OutgoingMessage]:
    """Put into flight what may be."""
    return list(iter(lambda: outbox.take(now), None))


def sent(outbox: Outbox, *, now: float = NOW) -> list[bytes | tuple[str, bytes]]:
    """Put into flight what may be, and return it: readings, and states with their topics."""
    return [
        message.payload if message.topic is None else (message.topic, message.payload)
        for message in send(outbox, now=now)
    ]


def deliver(outbox: Outbox) -> list[bytes | tuple[str, bytes]]:
    """Send everything, each message acknowledged at once."""
    delivered: list[bytes | tuple[str, bytes]] = []
    while (message := outbox.take(NOW)) is not None:
        outbox.acknowledged(message)
        delivered.append(message.payload if message.topic is None else (message.topic, message.payload))
    return delivered


def test_an_outbox_without_room_is_refused() -> None:
    """A queue of 0 readings is a mistake of the caller."""
    with pytest.raises(ValueError, match="at least 1"):
        Outbox(0)


@given(st.integers(1, 5), st.lists(st.binary(max_size=3), max_size=12))
def test_the_newest_readings_are_kept_in_order(queue: int, payloads: list[bytes]) -> None:
    """Of all that was put, the last `queue` come out, oldest first."""
    outbox = Outbox(queue)
    for payload in payloads:
        outbox.put_reading(payload, retain=False)

    assert payloads[-queue:] == deliver(outbox)


def test_readings_that_come_at_once_go_into_flight_at_once() -> None:
    """The room of the queue is for the time without a broker."""
    outbox = Outbox(1)
    taken = []
    for payload in (b"1", b"2", b"3", b"4"):
        outbox.put_reading(payload, retain=False)
        taken += sent(outbox)

    assert taken == [b"1", b"2", b"3", b"4"]


def test_what_comes_later_waits_for_the_acknowledgement() -> None:
    """Of what a broker that ends may have had, little is sent again."""
    outbox = Outbox(1)
    outbox.put_reading(b"1", retain=False)
    [first] = send(outbox)
    outbox.put_reading(b"2", retain=False)
    assert sent(outbox, now=NOW + BATCH_SECONDS) == []

    outbox.acknowledged(first)
    assert sent(outbox, now=NOW + BATCH_SECONDS) == [b"2"]


def test_so_many_are_in_flight_and_no_more() -> None:
    """A broker that is slow does not fill the memory; what it acknowledges makes room."""
    outbox = Outbox(1)
    numbers = [b"%d" % number for number in range(MAX_IN_FLIGHT + 3)]
    taken: list[OutgoingMessage] = []
    for number in numbers:
        outbox.put_reading(number, retain=False)
        taken += send(outbox)
    assert [message.payload for message in taken] == numbers[:MAX_IN_FLIGHT]

    outbox.acknowledged(taken[0])
    assert sent(outbox) == numbers[-1:]


def test_states_come_first_in_the_order_of_their_first_appearance_with_their_latest_payload() -> None:
    """A topic keeps its place when its payload changes, and goes before a reading."""
    outbox = Outbox(1)
    outbox.set_state("a", b"1")
    outbox.set_state("b", b"1")
    outbox.set_state("a", b"2")
    outbox.put_reading(b"reading", retain=False)

    assert sent(outbox) == [("a", b"2"), ("b", b"1"), b"reading"]


def test_a_state_is_due_again_only_when_it_changes() -> None:
    """The same payload again is not sent."""
    outbox = Outbox(1)
    outbox.set_state("a", b"1")
    assert deliver(outbox) == [("a", b"1")]

    outbox.set_state("a", b"1")
    assert deliver(outbox) == []

    outbox.set_state("a", b"2")
    assert deliver(outbox) == [("a", b"2")]


def test_a_state_that_changed_while_it_was_in_flight_is_sent_again() -> None:
    """The acknowledgement of an older payload does not cover the newer one."""
    outbox = Outbox(1)
    outbox.set_state("a", b"1")
    [message] = send(outbox)
    outbox.set_state("a", b"2")
    outbox.acknowledged(message)

    assert deliver(outbox) == [("a", b"2")]


def test_of_one_topic_only_one_state_is_in_flight() -> None:
    """The last one that the broker gets is the latest, also where that is the first one again."""
    outbox = Outbox(1)
    outbox.set_state("a", b"on")
    messages = send(outbox)
    outbox.set_state("a", b"off")
    outbox.set_state("b", b"b")
    outbox.put_reading(b"1", retain=False)
    messages += send(outbox)
    assert [message.payload for message in messages] == [b"on", b"1"]

    outbox.set_state("a", b"on")
    messages += send(outbox)
    assert [message.payload for message in messages] == [b"on", b"1", b"b"]

    for message in messages:
        outbox.acknowledged(message)
    assert send(outbox) == []

    outbox.set_state("a", b"off")
    assert sent(outbox) == [("a", b"off")]


def test_a_forgotten_state_is_sent_no_more() -> None:
    """Neither what was due nor what would be repeated; one that is in flight is acknowledged all the same."""
    outbox = Outbox(1)
    outbox.set_state("a", b"1")
    outbox.set_state("b", b"1")
    [message, _] = send(outbox)
    outbox.forget_state("a")
    outbox.acknowledged(message)
    outbox.set_state("c", b"1")
    outbox.forget_state("c")
    outbox.repeat_states()

    assert deliver(outbox) == []
    outbox.connection_lost()
    assert deliver(outbox) == [("b", b"1")]


@pytest.mark.parametrize("again", ["repeat_states", "connection_lost"])
def test_every_state_is_due_again_after_a_connection(again: str) -> None:
    """A broker that restarted has forgotten what it retained."""
    outbox = Outbox(1)
    outbox.set_state("a", b"1")
    outbox.set_state("b", b"1")
    deliver(outbox)
    getattr(outbox, again)()

    assert deliver(outbox) == [("a", b"1"), ("b", b"1")]


@pytest.mark.parametrize(("queue", "left"), [(1, [b"3"]), (2, [b"2", b"3"]), (5, [b"2", b"3"])])
def test_what_was_not_acknowledged_goes_back_in_its_order(queue: int, left: list[bytes]) -> None:
    """Of what the outbox has no room for, the newest are kept."""
    outbox = Outbox(queue)
    for payload in (b"1", b"2", b"3"):
        outbox.put_reading(payload, retain=False)
        if payload == b"1":
            [first] = send(outbox)
        else:
            send(outbox)
    outbox.acknowledged(first)
    outbox.connection_lost()

    assert deliver(outbox) == left


@pytest.mark.parametrize(("queue", "left"), [(1, [b"2"]), (2, [b"1", b"2"])])
def test_newer_readings_win_over_one_that_was_not_acknowledged(queue: int, left: list[bytes]) -> None:
    """What goes back comes before what came later, where there is room for both."""
    outbox = Outbox(queue)
    outbox.put_reading(b"1", retain=False)
    send(outbox)
    outbox.put_reading(b"2", retain=False)
    outbox.connection_lost()

    assert deliver(outbox) == left


class AnyHistory(RuleBasedStateMachine):
    """Readings and states come, are sent, acknowledged in any order, and connections are lost."""

    def __init__(self) -> None:
        super().__init__()
        self.outbox = Outbox(3)
        self.now = NOW
        self.count = 0
        self.in_flight: list[OutgoingMessage] = []
        self.at_broker: dict[str, bytes] = {}
        self.states: dict[str, bytes] = {}

    @rule()
    def reading(self) -> None:
        """Put a reading, each of another text."""
        self.count += 1
        self.outbox.put_reading(b"%d" % self.count, retain=False)

    @rule(topic=st.sampled_from("abc"), payload=st.sampled_from([b"on", b"off"]))
    def state(self, topic: str, payload: bytes) -> None:
        """Set a state."""
        self.states[topic] = payload
        self.outbox.set_state(topic, payload)

    @rule(seconds=st.sampled_from([0.0, 0.05, 0.1]))
    def send(self, seconds: float) -> None:
        """Put into flight what may be."""
        self.now += seconds
        self.in_flight += send(self.outbox, now=self.now)

    @rule(data=st.data())
    def acknowledge(self, data: st.DataObject) -> None:
        """Let the broker have one of the messages in flight."""
        if self.in_flight:
            message = self.in_flight.pop(data.draw(st.integers(0, len(self.in_flight) - 1)))
            self.outbox.acknowledged(message)
            if message.topic is not None:
                self.at_broker[message.topic] = message.payload

    @rule()
    def lose(self) -> None:
        """Lose the connection, and with it what the broker had retained."""
        self.outbox.connection_lost()
        self.in_flight.clear()
        self.at_broker.clear()

    @invariant()
    def bounded(self) -> None:
        """Few messages are in flight, of each topic one at most, within the time of a batch."""
        topics = [message.topic for message in self.in_flight if message.topic is not None]
        assert len(self.in_flight) <= MAX_IN_FLIGHT
        assert len(topics) == len(set(topics))

    def teardown(self) -> None:
        """In the end the broker has the latest of every state."""
        self.in_flight += send(self.outbox, now=self.now)
        while self.in_flight:
            message = self.in_flight.pop(0)
            self.outbox.acknowledged(message)
            if message.topic is not None:
                self.at_broker[message.topic] = message.payload
            self.in_flight += send(self.outbox, now=self.now)
        assert self.at_broker == self.states


test_any_history = AnyHistory.TestCase


def test_the_broker_has_a_state_once_it_has_acknowledged_it() -> None:
    """Not while it waits or is in flight, and not after the connection was lost."""
    outbox = Outbox(1)
    found = [outbox.has_state("topic")]
    outbox.set_state("topic", b"1")
    found.append(outbox.has_state("topic"))
    [message] = send(outbox)
    found.append(outbox.has_state("topic"))
    outbox.acknowledged(message)
    found.append(outbox.has_state("topic"))
    outbox.connection_lost()
    found.append(outbox.has_state("topic"))

    assert found == [False, False, False, True, False]


def test_what_was_cleared_is_not_repeated() -> None:
    """An empty retained message leaves nothing at the broker, and neither does one that forgets all."""
    outbox = Outbox(1)
    outbox.set_state("cleared", b"")
    outbox.set_state("kept", b"1")
    for expected in ("cleared", "kept"):
        message = outbox.take(0.0)
        assert message is not None
        assert message.topic == expected
        outbox.acknowledged(message)
    outbox.repeat_states()
    message = outbox.take(1.0)

    assert message is not None
    assert message.topic == "kept"
    assert outbox.take(1.0) is None


def test_what_was_cleared_and_not_acknowledged_is_sent_again() -> None:
    """The broker may retain it still; and it may be set to something else meanwhile."""
    outbox = Outbox(1)
    outbox.set_state("topic", b"")
    first = outbox.take(0.0)
    outbox.connection_lost()
    second = outbox.take(1.0)
    assert first is not None
    assert second is not None
    assert (first.payload, second.payload) == (b"", b"")
    outbox.set_state("topic", b"1")
    outbox.acknowledged(second)
    third = outbox.take(2.0)

    assert third is not None
    assert third.payload == b"1"


def test_the_last_topic_is_sent_behind_the_others() -> None:
    """Who sees `online` finds the state that goes with it."""
    outbox = Outbox(1, last="status")
    outbox.set_state("status", b"online")
    outbox.set_state("state", b"{}")
    topics = [message.topic for message in (outbox.take(0.0), outbox.take(0.0)) if message is not None]

    assert topics == ["state", "status"]
