"""How Home Assistant is joined to the house: the outbox, its birth, and where the program is at home."""

from __future__ import annotations

import asyncio
import json
import logging
from email.message import Message
from importlib import metadata
from random import Random
from typing import TYPE_CHECKING

from teleinfo.homeassistant import link
from teleinfo.homeassistant.link import HomeAssistant
from teleinfo.mqtt.outbox import Outbox
from teleinfo.tic.labels import Mode
from teleinfo.tic.reading import Reading
from teleinfo.topics import Topics

if TYPE_CHECKING:
    import pytest

FRAME = Reading(Mode.HISTORIQUE, {"ADCO": "041961123456", "PAPP": "00750"})
OTHER = Reading(Mode.HISTORIQUE, {"ADCO": "041961123456", "PAPP": "00800"})


def joined(outbox: Outbox) -> HomeAssistant:
    """Return a Home Assistant with the usual prefix."""
    topics = Topics("teleinfo")
    return HomeAssistant(
        prefix="homeassistant", topics=topics, exclude=frozenset(), outbox=outbox, rng=Random(1)
    )


def sent(outbox: Outbox) -> dict[str, bytes]:
    """Return the states that are due, and take them."""
    taken = {}
    while (state := outbox.next_state()) is not None:
        taken[state.topic] = state.payload
        outbox.state_sent(state)
    return taken


def test_the_old_states_are_wiped_at_the_start() -> None:
    """Before any frame the retained states are those of nothing."""
    outbox = Outbox(1)
    joined(outbox)

    assert sent(outbox) == {"teleinfo/homeassistant": b"{}"}


def test_states_are_sent_when_they_are_due_and_the_message_when_it_is_new(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The announcement does not wait for the interval; the log says once that it was made."""
    caplog.set_level(logging.INFO)
    outbox = Outbox(1)
    home = joined(outbox)
    home.take(FRAME, now=0, due=True)
    assert json.loads(sent(outbox)["teleinfo/homeassistant"])["PAPP"] == 750
    home.take(OTHER, now=1, due=False)
    assert set(sent(outbox)) == {"homeassistant/device/teleinfo_041961123456/config"}
    home.take(OTHER, now=2, due=False)
    assert sent(outbox) == {}
    overrun = Reading(Mode.HISTORIQUE, FRAME.values | {"ADPS": "032"})
    home.take(overrun, now=3, due=False)
    home.take(overrun, now=4, due=False)

    assert b"ADPS" in sent(outbox)["homeassistant/device/teleinfo_041961123456/config"]
    assert [record.getMessage() for record in caplog.records] == [
        "Home Assistant is told of the meter: Linky monophasé 60 A (G3)"
    ]


def test_a_birth_repeats_every_state_once_after_the_jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Births that come before the answer share it; one that comes later has its own."""
    monkeypatch.setattr(link, "JITTER", (0.05, 0.1))

    async def births() -> list[int]:
        outbox = Outbox(1)
        home = joined(outbox)
        sent(outbox)
        answers = []
        for _ in range(2):
            for payload in (b"offline", b"online", b"online"):
                home.subscription.on_message(payload)
            assert sent(outbox) == {}
            await asyncio.wait_for(outbox.wait(), 10)
            answers.append(len(sent(outbox)))
            await asyncio.sleep(0.2)  # a second answer would be due by now
            assert sent(outbox) == {}
        return answers

    assert asyncio.run(births()) == [1, 1]


def test_the_birth_is_heard_under_the_prefix() -> None:
    """`homeassistant/status`, as Home Assistant has it by default."""
    assert joined(Outbox(1)).subscription.topic == "homeassistant/status"


def test_the_home_of_the_program_is_what_its_package_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first of pyproject's addresses; none where there is no package, or no address."""
    described = Message()
    monkeypatch.setattr(metadata, "metadata", lambda _: described)
    assert link._home() is None
    described["Project-URL"] = "Source, https://example.org/teleinfo"
    assert link._home() == "https://example.org/teleinfo"

    def missing(_: str) -> Message:
        raise metadata.PackageNotFoundError

    monkeypatch.setattr(metadata, "metadata", missing)
    assert link._home() is None
