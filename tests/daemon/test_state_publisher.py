"""The state is published at its interval, news at once, and each field on its own topic when it changed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from teleinfo.daemon.state_publisher import StatePublisher, plain
from teleinfo.state.tracker import STALE_AFTER, encode
from teleinfo.tic.reading import Reading
from tests.state.golden import TIME, tracker
from tests.state.test_golden import VALIDATOR
from tests.state.test_tracker import NUMBER, standard

if TYPE_CHECKING:
    from teleinfo.state.fields import Json


class Broker:
    """Notes what is published."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, bytes]] = []
        self.replaced: list[str] = []

    def set_state(self, topic: str, payload: bytes) -> None:
        """Note a message."""
        self.messages.append((topic, payload))

    def forget_state(self, topic: str) -> None:
        """Nothing here is forgotten."""
        raise NotImplementedError(topic)

    def repeat_states(self) -> None:
        """Nothing here repeats the states."""
        raise NotImplementedError

    def take(self) -> list[tuple[str, bytes]]:
        """Return what was published since the last call."""
        taken, self.messages = self.messages, []
        return taken


def publisher(
    broker: Broker, *, fields: bool = False, retained: dict[str, bytes] | None = None
) -> StatePublisher:
    """Return a publisher with an interval of 10 s, to which an earlier run left `retained`."""
    published = StatePublisher(
        tracker(),
        broker,
        topic="teleinfo/state",
        interval=10.0,
        fields=fields,
        on_replaced=broker.replaced.append,
    )
    published.recall(retained or {})
    return published


def powers(messages: list[tuple[str, bytes]]) -> list[int]:
    """Return the apparent power of each message."""
    return [json.loads(payload)["power"]["apparent"] for _, payload in messages]


def test_a_state_is_published_at_most_once_in_the_interval() -> None:
    """The first reading is published at once, then one of those that come within 10 s."""
    broker = Broker()
    published = publisher(broker)
    for second in range(21):
        published.update(standard(SINSTS=f"{100 + second:05}"), now=float(second), time=TIME)

    assert powers(broker.messages) == [100, 110, 120]


def test_news_is_published_at_once() -> None:
    """An overrun does not wait for the interval, and the interval begins anew."""
    broker = Broker()
    published = publisher(broker)
    published.update(standard(), now=0.0, time=TIME)
    published.update(standard(STGE="003A0081", SINSTS="07000"), now=3.0, time=TIME)
    published.update(standard(STGE="003A0081", SINSTS="07001"), now=11.0, time=TIME)

    assert powers(broker.messages) == [460, 7000]


def test_what_became_too_old_is_published_without_a_reading() -> None:
    """A silent meter has a state in which everything is unknown."""
    broker = Broker()
    published = publisher(broker)
    published.update(standard(), now=0.0, time=TIME)
    published.check(130.0)

    assert powers(broker.messages) == [460, None]


def test_nothing_is_published_of_a_meter_that_was_never_heard() -> None:
    """There is no state before the first reading."""
    broker = Broker()
    publisher(broker).check(100.0)

    assert broker.messages == []


def test_each_field_has_a_topic_and_is_published_when_it_changed() -> None:
    """After the whole state come its fields, and later only those that are different."""
    broker = Broker()
    published = publisher(broker, fields=True)
    published.update(standard(), now=0.0, time=TIME)
    first = dict(broker.take())
    published.update(standard(SINSTS="00500"), now=10.0, time=TIME)
    second = dict(broker.take())

    assert first["teleinfo/state/power/net"] == b"460"
    assert first["teleinfo/state/tariff/name"] == b"Toutes heures"
    assert first["teleinfo/state/alerts/overrun/active"] == b"false"
    assert second.keys() == {
        "teleinfo/state",
        "teleinfo/state/power/apparent",
        "teleinfo/state/power/net",
    }


def test_an_unknown_field_and_one_that_is_gone_are_removed_from_the_broker() -> None:
    """An empty retained message removes what the broker kept; it is sent once."""
    broker = Broker()
    published = publisher(broker, fields=True)
    published.update(standard(), now=0.0, time=TIME)
    broker.take()
    other = {"ADSC": "041961654321", "EAST": "000000001"}
    for now in (10.0, 20.0, 30.0):
        published.update(Reading(standard().mode, other), now=now, time=TIME)
    sent = broker.take()

    assert [payload for topic, payload in sent if topic == "teleinfo/state/voltage/1"] == [b""]


def left(**meter: Json) -> dict[str, bytes]:
    """Return what an earlier run retained: a state, and the fields of a meter with a voltage on phase 3."""
    return {
        "teleinfo/state": json.dumps({"meter": meter}).encode(),
        "teleinfo/state/voltage/3": b"231",
        "teleinfo/state/power/apparent": b"460",
    }


def test_nothing_is_published_before_it_is_known_what_was_retained() -> None:
    """Else a total without its offset would be seen for a moment."""
    broker = Broker()
    published = StatePublisher(
        tracker(), broker, topic="t", interval=0.0, fields=True, on_replaced=broker.replaced.append
    )
    published.update(standard(), now=0.0, time=TIME)
    published.check(1.0)
    assert broker.messages == []
    earlier = {"import_counter": "BASE", "import_index": 2_000_000, "import_offset": 5}
    published.recall({"t": json.dumps({"time": TIME, "meter": {"id": NUMBER}, "energy": earlier}).encode()})
    published.check(2.0)
    assert broker.messages == []
    published.update(standard(), now=3.0, time=TIME)

    assert dict(broker.messages)["t/energy/import_total"] == b"2000005"


def test_the_fields_of_another_meter_are_removed_with_the_first_state() -> None:
    """It was replaced while nobody followed it: what only that one had is cleared at once."""
    broker = Broker()
    published = publisher(broker, fields=True, retained=left(id="041961654321"))
    published.update(standard(), now=0.0, time=TIME)
    sent = dict(broker.take())

    assert sent["teleinfo/state/voltage/3"] == b""
    assert broker.replaced == ["041961654321"]


def test_the_fields_of_the_same_meter_are_removed_when_they_did_not_come() -> None:
    """The first frame may be a short one; after two minutes what is no field is gone."""
    broker = Broker()
    published = publisher(broker, fields=True, retained=left(id=NUMBER))
    published.update(standard(), now=0.0, time=TIME)
    assert "teleinfo/state/voltage/3" not in dict(broker.take())
    published.update(standard(), now=STALE_AFTER, time=TIME)

    assert dict(broker.take())["teleinfo/state/voltage/3"] == b""
    assert broker.replaced == []


def test_a_frame_without_a_number_is_of_no_other_meter() -> None:
    """The group of the number may be damaged in the first frame: nothing is removed for that."""
    broker = Broker()
    published = publisher(broker, fields=True, retained=left(id=NUMBER))
    nameless = {label: value for label, value in standard().values.items() if label != "ADSC"}
    published.update(Reading(standard().mode, nameless), now=0.0, time=TIME)
    published.update(standard(), now=10.0, time=TIME)

    assert "teleinfo/state/voltage/3" not in dict(broker.take())
    assert broker.replaced == []


def test_what_an_earlier_run_left_is_unknown_after_two_minutes_without_a_frame() -> None:
    """The machine was started anew and the meter is unplugged: nobody takes the old power for a new one."""
    followed = tracker()
    followed.update(standard(), now=0.0, time=TIME)
    state = followed.state(now=0.0)
    retained = {f"teleinfo/state/{path}": payload for path, payload in plain(state).items()}
    broker = Broker()
    published = publisher(broker, fields=True, retained=retained | {"teleinfo/state": encode(state)})
    published.check(1000.0)
    assert broker.take() == []
    published.check(1000.0 + STALE_AFTER)
    sent = dict(broker.take())
    published.check(2000.0)

    assert json.loads(sent["teleinfo/state"])["meter"] == state["meter"]
    assert json.loads(sent["teleinfo/state"])["power"]["net"] is None
    assert json.loads(sent["teleinfo/state"])["energy"]["import_offset"] == 0
    assert sent["teleinfo/state/power/net"] == b""
    assert broker.take() == []
    VALIDATOR.validate(json.loads(sent["teleinfo/state"]))


def test_fields_that_are_no_longer_asked_for_are_removed() -> None:
    """TELEINFO_STATE_TOPICS was true once."""
    broker = Broker()
    publisher(broker, retained=left(id=NUMBER)).update(standard(), now=0.0, time=TIME)

    assert dict(broker.take()).keys() == {
        "teleinfo/state",
        "teleinfo/state/voltage/3",
        "teleinfo/state/power/apparent",
    }


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"[]",
        b"{",
        b"[" * 100_000,
        b'{"meter":' * 900 + b"1" + b"}" * 900,
        b'{"meter":{"id":"#"}}',
        b"\xff",
    ],
)
def test_anything_may_be_retained(payload: bytes) -> None:
    """Anybody can publish on the topic."""
    broker = Broker()
    publisher(broker, retained={"teleinfo/state": payload}).update(standard(), now=0.0, time=TIME)
    silent = publisher(Broker(), fields=True, retained={"teleinfo/state": payload})
    silent.check(0.0)
    silent.check(STALE_AFTER)

    assert powers(broker.messages) == [460]
    assert broker.replaced == []


def test_the_payload_of_a_field_is_plain() -> None:
    """Numbers, texts, true and false, and nothing for what is unknown."""
    state: dict[str, Json] = {"a": 1, "b": {"c": True, "d": "é", "e": None, "f": -2}, "g": [{"h": None}]}

    assert plain(state) == {
        "a": b"1",
        "b/c": b"true",
        "b/d": "é".encode(),
        "b/e": b"",
        "b/f": b"-2",
        "g": b'[{"h":null}]',
    }
