"""The announcer joined to the outbox, the birth message."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import logging
from random import Random

import pytest

from teleinfo.homeassistant import adapter
from teleinfo.homeassistant.adapter import BIRTH, HomeAssistant
from teleinfo.homeassistant.discovery import MIGRATE, Discovery
from teleinfo.mqtt.config import Topics
from teleinfo.mqtt.outbox import Outbox, OutgoingMessage
from teleinfo.state.facts import STALE_AFTER
from teleinfo.state.memory import Memory
from teleinfo.tic.labels import Mode
from teleinfo.tic.reading import Reading
from tests.support.judged import JudgedTracker, moment
from tests.support.process import LIMIT
from tests.support.tcp_ports import HOST, free_port

FRAME = Reading(Mode.HISTORIQUE, {"ADCO": "041961123456", "PAPP": "00750"})
OTHER = Reading(Mode.HISTORIQUE, {"ADCO": "041961123456", "PAPP": "00800"})
OVERRUN = Reading(Mode.HISTORIQUE, dict(FRAME.values) | {"PEJP": "30"})
CONFIG = "homeassistant/device/teleinfo_041961123456/config"
STATES = "teleinfo/homeassistant"
NOTHING_KNOWN = {STATES: b'{"missing":""}'}
"""What `taken` returns of the message before the announcement."""
TIME = "2026-01-14T12:00:00+01:00"
MEMORY = Memory("041961123456", dt.datetime.fromisoformat(TIME), announced=frozenset({CONFIG}))


class Linked:
    """A tracker, and its adapter to Home Assistant; `restored`: the memory of an empty run was read."""

    def __init__(self, outbox: Outbox, *, hold: bool = True, restored: bool = True) -> None:
        self.tracker = JudgedTracker()
        discovery = Discovery("homeassistant", Topics("teleinfo"))
        self.hass = HomeAssistant(self.tracker, discovery, retained=outbox, rng=Random(1), hold=hold)
        if restored:
            self.hass.restore()

    def take(self, *readings: Reading, now: float) -> None:
        """Take these readings, a second apart, the first one at the monotonic time `now`."""
        for second, reading in enumerate(readings):
            self.tracker.update(reading, moment(now + second, TIME))
            self.hass.update(reading, moment(now + second))

    def announce(self, outbox: Outbox) -> None:
        """Let the broker take the announcement of the meter, and what comes before it."""
        self.take(FRAME, now=0)
        taken(outbox)
        self.take(OTHER, OTHER, now=1)
        assert CONFIG in taken(outbox)


def taken(outbox: Outbox) -> dict[str, bytes]:
    """Let the broker take the messages that are due; return the payloads by topic, in this order."""
    payloads = {}
    while (message := outbox.pop()) is not None:
        payloads[message.topic] = message.payload
        outbox.settle(message, delivered=True)
    return payloads


def sent(outbox: Outbox) -> dict[str, bytes]:
    """Do as `taken`; return the payloads without the empty ones, which clear their topics."""
    return {topic: payload for topic, payload in taken(outbox).items() if payload}


@pytest.mark.parametrize(("hold", "expected"), [(True, [1000, 1100]), (False, [1000, 1001, 1100, 1101])])
def test_a_state_is_sent_if_it_shows_something_new(*, hold: bool, expected: list[int]) -> None:
    outbox = Outbox(1)
    linked = Linked(outbox, hold=hold)
    linked.announce(outbox)
    payloads: list[bytes] = []
    for now, power in enumerate((1000, 1001, 1001, 1100, 1101)):
        linked.hass.show({"power": {"active": power}}, moment(now))
        payloads += taken(outbox).values()

    assert [json.loads(payload)["power_active"] for payload in payloads] == expected


def test_an_entity_that_was_taken_away_is_unknown_after_two_minutes() -> None:
    """By an excluded label, for example: its template reads `missing`, since the message lacks its state."""
    outbox = Outbox(1)
    linked = Linked(outbox)
    linked.announce(outbox)

    def missing(now: float) -> object:
        linked.hass.show({"mode": now}, moment(now))
        return json.loads(taken(outbox)[STATES])["missing"]

    assert missing(STALE_AFTER - 1) == ""
    assert missing(STALE_AFTER) is None


def test_nothing_is_published_before_the_memory_was_read() -> None:
    """It says which topics hold an earlier announcement."""
    outbox = Outbox(1)
    linked = Linked(outbox, restored=False)
    linked.take(FRAME, OTHER, now=0)
    assert sent(outbox) == {}
    linked.hass.restore()
    linked.take(OTHER, now=2)
    assert taken(outbox) == NOTHING_KNOWN
    linked.take(OTHER, OTHER, now=3)

    assert set(sent(outbox)) == {CONFIG}
    assert linked.hass.announced == {CONFIG}


def test_before_the_announcement_nothing_is_known_and_the_state_follows_it() -> None:
    """
    Home Assistant shows no word of an earlier run, which may be in another language, with the new options.

    The announcement waits until the broker has this message, however long it takes. The last state follows.
    """
    outbox = Outbox(1)
    linked = Linked(outbox)
    linked.hass.show({"power": {"active": 1000}}, moment(0))
    linked.take(FRAME, OTHER, OTHER, now=0)
    message = outbox.pop()
    assert message == OutgoingMessage(STATES, NOTHING_KNOWN[STATES])
    linked.take(OTHER, now=3)
    assert outbox.pop() is None
    outbox.settle(message, delivered=True)
    linked.hass.show({"power": {"active": 2000}}, moment(4))
    linked.take(OTHER, OTHER, now=4)

    payloads = taken(outbox)
    assert list(payloads) == [CONFIG, STATES]
    assert json.loads(payloads[STATES]) == {"power_active": 2000, "missing": ""}


@pytest.mark.parametrize("delivered", [True, False])
def test_the_new_announcement_waits_until_the_broker_has_taken_or_refused_the_end_of_the_last_one(
    *, delivered: bool
) -> None:
    """Else Home Assistant would get an empty message alone, and remove the entities."""
    outbox = Outbox(1)
    before = "homeassistant/sensor/teleinfo_041961123456_power/config"
    linked = Linked(outbox)
    linked.hass.restore(frozenset({before}))
    linked.take(FRAME, now=0)
    assert taken(outbox) == NOTHING_KNOWN
    linked.take(OTHER, OTHER, now=1)
    message = outbox.pop()
    assert message == OutgoingMessage(before, MIGRATE)
    linked.take(OTHER, now=3)
    assert outbox.pop() is None
    outbox.settle(message, delivered=delivered)
    linked.take(OTHER, now=4)

    assert taken(outbox).keys() == {before, CONFIG}


def test_the_health_follows_each_announcement() -> None:
    """Home Assistant ignores what an entity that expires got before it was announced."""
    outbox = Outbox(1)
    linked = Linked(outbox)
    outbox.set("teleinfo/health", b"{}")
    linked.take(FRAME, now=0)
    taken(outbox)
    linked.take(OTHER, OTHER, now=1)
    assert list(sent(outbox)) == [CONFIG, "teleinfo/health"]
    outbox.restart()

    assert list(sent(outbox)) == [STATES, CONFIG, "teleinfo/health"]


def test_the_message_is_sent_when_it_is_new(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    outbox = Outbox(1)
    linked = Linked(outbox)
    linked.take(FRAME, now=0)
    assert taken(outbox) == NOTHING_KNOWN
    linked.take(OTHER, OTHER, now=1)
    assert caplog.records == []
    assert set(sent(outbox)) == {CONFIG}
    linked.take(OTHER, now=2)
    assert taken(outbox) == {}
    linked.take(OVERRUN, OVERRUN, now=3)

    assert b"PEJP" in sent(outbox)[CONFIG]
    assert [record.getMessage() for record in caplog.records] == [
        "Home Assistant is told of the meter: Single-phase Linky 60 A (G3)"
    ]


def test_a_line_that_names_one_meter_after_the_other_leaves_only_the_last(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """
    The messages of a meter that was replaced are not repeated, and its device is removed.

    A hundred meters, each for five frames.
    """
    caplog.set_level(logging.INFO)
    outbox = Outbox(1)
    linked = Linked(outbox)
    at_broker: dict[str, bytes] = {}
    for number in range(100):
        reading = Reading(Mode.HISTORIQUE, dict(FRAME.values) | {"ADCO": f"0419611{number:05}"})
        for second in range(5):
            linked.take(reading, now=60 * number + second)
            at_broker |= taken(outbox)
    outbox.repeat()

    assert len(caplog.records) == 1
    assert list(sent(outbox)) == [topic for topic, payload in at_broker.items() if payload]


@pytest.mark.parametrize(("time", "expected"), [("12:04:58", True), ("12:02:30", False)])
def test_the_states_are_due_in_the_last_seconds_of_a_period_of_the_statistics(
    *, time: str, expected: bool
) -> None:
    """Home Assistant takes the last state of each five minutes into its statistics."""
    assert HomeAssistant.is_due(dt.datetime.fromisoformat(f"2026-01-14T{time}+01:00")) == expected


async def test_the_device_has_a_link_to_the_page_once_the_page_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """TELEINFO_WEB_LISTEN names an address also where no page runs."""
    monkeypatch.setattr(adapter, "LOOK_FOR_PAGE", 0.01)
    outbox = Outbox(1)
    port = free_port()
    linked = Linked(outbox)
    looking = asyncio.create_task(linked.hass.link_page("http://pi.local:8080/", HOST, port))
    linked.take(FRAME, now=0)
    taken(outbox)
    linked.take(OTHER, OTHER, now=1)
    assert b"configuration_url" not in taken(outbox)[CONFIG]
    async with await asyncio.start_server(lambda _reader, writer: writer.close(), HOST, port):
        await asyncio.wait_for(looking, LIMIT)
    linked.take(OTHER, now=3)

    message = json.loads(taken(outbox)[CONFIG])
    assert message["device"]["configuration_url"] == "http://pi.local:8080/"
    linked.take(OTHER, now=100)
    assert taken(outbox) == {}


async def test_all_is_repeated_once_a_moment_after_home_assistant_has_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Not at once, and not for each of several birth messages; again after the next start."""
    monkeypatch.setattr(adapter, "ANSWER_DELAY", (0.01, 0.05))
    outbox = Outbox(1)
    linked = Linked(outbox)
    outbox.set(STATES, b"{}")
    taken(outbox)
    assert linked.hass.birth_topic == "homeassistant/status"

    async def repeated_after(payload: bytes) -> list[str]:
        for is_retained in (False, True):
            linked.hass.on_birth(payload, is_retained=is_retained)
        assert taken(outbox) == {}
        topics: list[str] = []
        # The loop runs the timers of the answers first.
        _least, longest = adapter.ANSWER_DELAY
        end = asyncio.create_task(asyncio.sleep(longest))
        while not end.done():
            await asyncio.sleep(0)
            topics += taken(outbox)
        return topics

    assert await repeated_after(b"offline") == []
    assert await repeated_after(BIRTH) == [STATES]
    assert await repeated_after(BIRTH) == [STATES]
