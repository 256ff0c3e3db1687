"""The state is published at its interval, news at once, and each field on its own topic when it changed."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from teleinfo.daemon.field_topics import plain
from teleinfo.daemon.state_publisher import StatePublisher
from teleinfo.mqtt.outbox import Outbox
from teleinfo.state.facts import STALE_AFTER
from teleinfo.state.import_total import ImportTotal
from teleinfo.state.memory import Memory
from teleinfo.state.prices import Prices
from teleinfo.tic.judge import CERTAIN_FRAMES
from teleinfo.tic.reading import Reading
from teleinfo.vocabulary.words import Language
from tests.state.documents import VALIDATOR
from tests.state.golden import TIME, tracker
from tests.state.test_tracker import NUMBER, standard
from tests.support.judged import moment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from teleinfo.state.fields import Json
    from teleinfo.state.tracker import StateTracker


class Broker(Outbox):
    """Notes what is published."""

    def __init__(self) -> None:
        super().__init__(1)
        self.messages: list[tuple[str, bytes]] = []
        self.events: list[bytes] = []

    def set(self, topic: str, payload: bytes) -> None:
        """Note a message."""
        self.messages.append((topic, payload))
        super().set(topic, payload)

    def take(self) -> list[tuple[str, bytes]]:
        """Return what was published since the last call."""
        taken = self.messages
        self.messages = []
        return taken


def publisher(
    broker: Broker,
    *,
    fields: bool = False,
    memory: Memory | None = None,
    restored: bool = True,
    prices: Prices | None = None,
    bands: Mapping[str, float] | None = None,
    followed: StateTracker | None = None,
) -> StatePublisher:
    """Return a publisher with an interval of 10 s, to which an earlier run left this memory."""
    published = StatePublisher(
        followed or tracker(prices=prices),
        broker,
        topic="teleinfo/state",
        meta_topic="teleinfo/meta",
        language=Language.FR,
        interval=10.0,
        fields=fields,
        bands=bands or {},
        on_state=lambda *_: None,
        on_event=broker.events.append,
    )
    if restored:
        published.restore(memory)
    return published


def powers(messages: list[tuple[str, bytes]]) -> list[int | None]:
    """Return the apparent power of each state among the messages, in VA; None if it is unknown."""
    states = [payload for topic, payload in messages if topic == "teleinfo/state"]
    return [json.loads(payload)["power"]["apparent_import"] for payload in states]


def test_a_state_is_published_at_most_once_in_the_interval_and_news_at_once() -> None:
    """An overrun does not wait for the interval, and the interval begins anew."""
    broker = Broker()
    published = publisher(broker)
    for second in range(21):
        overrun_begins = 3
        stge = "003A0081" if second >= overrun_begins else "003A0001"
        power = 100 + second  # VA
        published.update(standard(STGE=stge, SINSTS=f"{power:05}"), moment(float(second), TIME))

    # At 0 s, 3 s and 13 s.
    assert powers(broker.messages) == [100, 103, 113]


def test_a_period_without_a_price_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """With the first state in which the index has risen: those of 0, 10, 20 and 30 s have the first index."""
    published = publisher(Broker(), prices=Prices({"HC": 0.1}))

    def feed(seconds: range, energy: int) -> None:
        index = f"{1_000_000 + energy:09}"
        for second in seconds:
            published.update(standard(EAST=index, EASF01=index), moment(float(second), TIME))

    feed(range(0, 32, 2), energy=0)
    feed(range(32, 40, 2), energy=2)
    assert caplog.messages == []
    feed(range(40, 60, 2), energy=10)

    assert caplog.messages == ["there is no price for the index TH: the cost is unknown"]


@pytest.mark.parametrize(
    ("days", "lines"),
    [
        pytest.param((0, 2, 0, 0), 1, id="ahead for one reading"),
        pytest.param((2, 0, 1, 1), 0, id="ahead at the first start"),
    ],
)
def test_a_clock_that_was_ahead_is_logged_once(
    caplog: pytest.LogCaptureFixture, days: tuple[int, ...], lines: int
) -> None:
    """
    `days` is by how many the clock differs from noon of the first day, for a reading each real day.

    A clock that was ahead at the very first start is not logged: a day later, its days are given up.
    """
    published = publisher(Broker())
    noon = datetime.fromisoformat(TIME)
    for number, day in enumerate(days):
        at = noon + timedelta(days=day, seconds=10 * number)
        published.update(standard(), moment(86_400.0 * number, at.isoformat()))

    assert len(caplog.messages) == lines


def test_each_field_has_a_topic_and_is_published_when_it_changed() -> None:
    """After the whole state come its fields, and later only those that are different."""
    broker = Broker()
    published = publisher(broker, fields=True)
    published.update(standard(), moment(0.0, TIME))
    first = dict(broker.take())
    published.update(standard(SINSTS="00500"), moment(10.0, TIME))
    second = dict(broker.take())

    assert first["teleinfo/state/power/apparent_net"] == b"460"
    assert first["teleinfo/state/tariff/name"] == b"Toutes heures"
    assert first["teleinfo/state/alerts/overrun/active"] == b"false"
    assert second.keys() - {"teleinfo/meta"} == {
        "teleinfo/state",
        "teleinfo/state/power/apparent_import",
        "teleinfo/state/power/apparent_net",
        "teleinfo/state/headroom/power",
        "teleinfo/state/headroom/current/l1",
    }


def test_a_number_within_its_dead_band_is_not_published_again() -> None:
    """It is compared with the number published last, so that a slow rise is not missed; others are exact."""
    broker = Broker()
    published = publisher(broker, fields=True, bands={"power.apparent_import": 20})
    for number, power in enumerate((460, 479, 480, 461, 460)):
        published.update(standard(SINSTS=f"{power:05}"), moment(10.0 * number, TIME))
    published.check(moment(300.0))  # the power is too old: unknown
    published.update(standard(SINSTS="00461"), moment(310.0, TIME))
    sent = broker.take()
    with_band = [payload for topic, payload in sent if topic == "teleinfo/state/power/apparent_import"]
    without_band = [payload for topic, payload in sent if topic == "teleinfo/state/power/apparent_net"]

    assert with_band == [b"460", b"480", b"460", b"", b"461"]
    assert without_band == [b"460", b"479", b"480", b"461", b"460", b"", b"461"]
    assert powers(sent) == [460, 479, 480, 461, 460, None, 461]


def test_the_number_of_an_earlier_run_has_no_dead_band() -> None:
    broker = Broker()
    published = publisher(broker, fields=True, memory=left(), bands={"power.apparent_import": 20})
    published.update(standard(), moment(0.0, TIME))

    assert dict(broker.take())["teleinfo/state/power/apparent_import"] == b"460"


def test_an_unknown_field_and_one_that_is_gone_are_removed_from_the_broker() -> None:
    """An empty retained message removes what the broker kept; it is sent once."""
    broker = Broker()
    published = publisher(broker, fields=True)
    published.update(standard(), moment(0.0, TIME))
    broker.take()
    other = {"ADSC": "041961654321", "EAST": "000000001"}
    for now in (10.0, 20.0, 30.0):
        published.update(Reading(standard().mode, other), moment(now, TIME))
    sent = broker.take()

    assert [payload for topic, payload in sent if topic == "teleinfo/state/voltage/l1"] == [b""]


def left(scope: str = NUMBER) -> Memory:
    """Return the memory of an earlier run: a meter that had a voltage on phase 3."""
    return Memory(
        scope, datetime.fromisoformat(TIME), fields=frozenset({"voltage/l3", "power/apparent_import"})
    )


@pytest.mark.parametrize("late", [False, True])
def test_nothing_is_published_before_the_memory_was_read_and_a_late_one_still_counts(*, late: bool) -> None:
    """Else a total without its offset would be seen for a moment."""
    broker = Broker()
    published = publisher(broker, fields=True, restored=late)
    published.update(standard(), moment(0.0, TIME))
    published.check(moment(1.0))
    assert bool(broker.take()) is late
    at = datetime.fromisoformat(TIME)
    published.restore(Memory(NUMBER, at, ImportTotal("EAST", 1_000_500, 5, at)))
    published.check(moment(2.0))
    assert broker.messages == []
    published.update(standard(), moment(10.0, TIME))

    assert dict(broker.messages)["teleinfo/state/energy/import_total"] == b"1000505"


def test_the_fields_of_another_meter_are_removed_with_the_first_state() -> None:
    """It was replaced while nobody followed it: what only that one had is cleared at once."""
    broker = Broker()
    published = publisher(broker, fields=True, memory=left("041961654321"))
    for second in range(CERTAIN_FRAMES):
        published.update(standard(), moment(float(second), TIME))
    sent = dict(broker.take())

    assert sent["teleinfo/state/voltage/l3"] == b""


def test_the_fields_of_the_same_meter_are_removed_when_they_did_not_come() -> None:
    """They are remembered until the broker has the empty message."""
    broker = Broker()
    published = publisher(broker, fields=True, memory=left())
    published.update(standard(), moment(0.0, TIME))
    memory = published.memory()
    assert "teleinfo/state/voltage/l3" not in dict(broker.take())
    assert memory is not None
    assert {"voltage/l3", "voltage/l1", "power/apparent_import"} <= memory.fields
    published.update(standard(), moment(STALE_AFTER, TIME))
    assert dict(broker.take())["teleinfo/state/voltage/l3"] == b""
    assert published.memory() == memory
    while (message := broker.pop()) is not None:
        broker.settle(message, delivered=True)
    memory = published.memory()

    assert memory is not None
    assert "voltage/l3" not in memory.fields


def test_what_an_earlier_run_left_is_unknown_after_two_minutes_without_a_frame() -> None:
    """The machine was started anew and the meter is unplugged: nobody takes the old power for a new one."""
    broker = Broker()
    published = publisher(broker, fields=True, memory=left())
    published.check(moment(1000.0))
    assert broker.take() == []
    published.check(moment(1000.0 + STALE_AFTER))
    sent = broker.take()
    published.check(moment(2000.0))
    assert broker.take() == []
    published.update(standard(), moment(2001.0, TIME))

    assert sorted(sent) == [
        ("teleinfo/state", b'{"time":null,"meter":{"id":null}}'),
        ("teleinfo/state/power/apparent_import", b""),
        ("teleinfo/state/voltage/l3", b""),
    ]
    VALIDATOR.validate(json.loads(sent[0][1]))
    assert dict(broker.take())["teleinfo/state/power/apparent_import"] == b"460"


def test_fields_that_are_no_longer_asked_for_are_removed() -> None:
    broker = Broker()
    publisher(broker, memory=left()).update(standard(), moment(0.0, TIME))

    assert dict(broker.take()).keys() == {
        "teleinfo/state",
        "teleinfo/state/voltage/l3",
        "teleinfo/state/power/apparent_import",
        "teleinfo/meta",
    }


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
