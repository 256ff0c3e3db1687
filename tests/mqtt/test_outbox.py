"""What waits for the broker."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo.mqtt.outbox import Outbox, State


def readings(outbox: Outbox) -> list[bytes]:
    """Take every reading."""
    return list(iter(outbox.take_reading, None))


def send_states(outbox: Outbox) -> list[State]:
    """Send every state that is due."""
    sent = []
    while (state := outbox.next_state()) is not None:
        outbox.state_sent(state)
        sent.append(state)
    return sent


@given(st.integers(1, 5), st.lists(st.binary(max_size=3), max_size=12))
def test_the_newest_readings_are_kept_in_order(queue: int, payloads: list[bytes]) -> None:
    """Of all that was put, the last `queue` come out, oldest first."""
    outbox = Outbox(queue)
    for payload in payloads:
        outbox.put_reading(payload)

    assert payloads[-queue:] == readings(outbox)


def test_an_outbox_without_room_is_refused() -> None:
    """A queue of 0 readings is a mistake of the caller."""
    with pytest.raises(ValueError, match="at least 1"):
        Outbox(0)


def test_a_reading_given_back_comes_first_again() -> None:
    """What was not acknowledged is sent before what came later."""
    outbox = Outbox(2)
    outbox.put_reading(b"1")
    taken = outbox.take_reading()
    outbox.put_reading(b"2")
    outbox.give_back(taken or b"")

    assert readings(outbox) == [b"1", b"2"]


def test_a_reading_given_back_to_a_full_outbox_is_dropped() -> None:
    """Newer readings win over one that was not acknowledged."""
    outbox = Outbox(1)
    outbox.put_reading(b"1")
    taken = outbox.take_reading()
    outbox.put_reading(b"2")
    outbox.give_back(taken or b"")

    assert readings(outbox) == [b"2"]


def test_states_come_in_the_order_of_their_first_appearance_with_their_latest_payload() -> None:
    """A topic keeps its place when its payload changes."""
    outbox = Outbox(1)
    outbox.set_state("a", b"1")
    outbox.set_state("b", b"1")
    outbox.set_state("a", b"2")

    assert [State("a", b"2"), State("b", b"1")] == send_states(outbox)


def test_a_state_is_due_again_only_when_it_changes() -> None:
    """The same payload again is no news."""
    outbox = Outbox(1)
    outbox.set_state("a", b"1")
    send_states(outbox)
    outbox.set_state("a", b"1")

    assert outbox.next_state() is None

    outbox.set_state("a", b"2")

    assert [State("a", b"2")] == send_states(outbox)


def test_a_state_that_changed_while_it_was_sent_stays_due() -> None:
    """The acknowledgement of an older payload does not cover the newer one."""
    outbox = Outbox(1)
    outbox.set_state("a", b"1")
    sent = outbox.next_state()
    outbox.set_state("a", b"2")
    assert sent is not None
    outbox.state_sent(sent)

    assert State("a", b"2") == outbox.next_state()


def test_every_state_is_due_again_after_a_connection() -> None:
    """A broker that restarted has forgotten what it retained."""
    outbox = Outbox(1)
    outbox.set_state("a", b"1")
    outbox.set_state("b", b"1")
    send_states(outbox)
    outbox.repeat_states()

    assert [State("a", b"1"), State("b", b"1")] == send_states(outbox)


@pytest.mark.parametrize("put", ["reading", "state", "repeat", "give back"])
def test_anything_to_send_is_told(put: str) -> None:
    """`on_reading` and `on_state` are called when a reading or a state is there, and it is there by then."""
    outbox = Outbox(1)
    outbox.set_state("a", b"1")
    send_states(outbox)
    found: list[State | bytes | None] = []
    outbox.on_state = lambda: found.append(outbox.next_state())
    outbox.on_reading = lambda: found.append(outbox.take_reading())

    match put:
        case "reading":
            outbox.put_reading(b"1")
        case "state":
            outbox.set_state("a", b"1")
            outbox.set_state("a", b"2")
        case "repeat":
            outbox.repeat_states()
        case _:
            outbox.give_back(b"1")

    expected = {"state": State("a", b"2"), "repeat": State("a", b"1")}
    assert found == [expected.get(put, b"1")]
