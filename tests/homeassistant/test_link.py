"""The announcer joined to the outbox, the birth message, and the hass page of the program."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from random import Random
from typing import TYPE_CHECKING

import pytest

from teleinfo.homeassistant import link
from teleinfo.homeassistant.link import HomeAssistant
from teleinfo.mqtt.config import Topics
from teleinfo.mqtt.outbox import Outbox
from teleinfo.tic.labels import Mode
from teleinfo.tic.reading import Reading

if TYPE_CHECKING:
    from pathlib import Path

FRAME = Reading(Mode.HISTORIQUE, {"ADCO": "041961123456", "PAPP": "00750"})
OTHER = Reading(Mode.HISTORIQUE, {"ADCO": "041961123456", "PAPP": "00800"})


def joined(outbox: Outbox) -> HomeAssistant:
    """Return a Home Assistant with the usual prefix."""
    topics = Topics("teleinfo")
    return HomeAssistant(
        prefix="homeassistant",
        topics=topics,
        exclude=frozenset(),
        language="fr",
        states=outbox,
        rng=Random(1),
    )


def sent(outbox: Outbox) -> dict[str, bytes]:
    """Return the states that are due, and take them."""
    taken = {}
    while (state := outbox.take(0.0)) is not None:
        taken[state.topic or ""] = state.payload
        outbox.acknowledged(state)
    return taken


def test_the_old_states_are_wiped_at_the_start() -> None:
    """Before any frame the retained states are those of nothing."""
    outbox = Outbox(1)
    joined(outbox)

    assert sent(outbox) == {"teleinfo/homeassistant": b"{}"}


def test_the_device_of_another_meter_is_removed() -> None:
    """An empty retained message on the topic of its announcement."""
    outbox = Outbox(1)
    hass = joined(outbox)
    sent(outbox)
    hass.forget("041961123456")

    ((topic, payload),) = sent(outbox).items()
    assert "041961123456" in topic
    assert payload == b""


def test_states_are_sent_when_they_are_due_and_the_message_when_it_is_new(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The announcement does not wait for the interval; the log says once that it was made."""
    caplog.set_level(logging.INFO)
    outbox = Outbox(1)
    hass = joined(outbox)
    hass.take(FRAME, now=0, due=True)
    assert json.loads(sent(outbox)["teleinfo/homeassistant"])["PAPP"] == 750
    hass.take(OTHER, now=1, due=False)
    assert set(sent(outbox)) == {"homeassistant/device/teleinfo_041961123456/config"}
    hass.take(OTHER, now=2, due=False)
    assert sent(outbox) == {}
    overrun = Reading(Mode.HISTORIQUE, FRAME.values | {"ADPS": "032"})
    hass.take(overrun, now=3, due=False)
    hass.take(overrun, now=4, due=False)

    assert b"ADPS" in sent(outbox)["homeassistant/device/teleinfo_041961123456/config"]
    assert [record.getMessage() for record in caplog.records] == [
        "Home Assistant is told of the meter: Linky monophasé 60 A (G3)"
    ]


def test_the_end_of_an_overrun_does_not_wait_for_the_interval() -> None:
    """It takes two frames to be sure of it, and only the first is news to the subscribers of readings."""
    outbox = Outbox(1)
    hass = joined(outbox)
    overrun = Reading(Mode.HISTORIQUE, FRAME.values | {"ADPS": "032"})
    for now, reading in enumerate([overrun, overrun, FRAME]):
        hass.take(reading, now=now, due=True)
    sent(outbox)
    hass.take(FRAME, now=3, due=False)
    assert json.loads(sent(outbox)["teleinfo/homeassistant"])["ADPS"] == "OFF"
    hass.take(FRAME, now=4, due=False)
    assert sent(outbox) == {}


def test_a_meter_that_was_replaced_is_not_announced_again() -> None:
    """Whoever removes the old one from the broker does so once."""
    outbox = Outbox(1)
    hass = joined(outbox)
    other = Reading(Mode.HISTORIQUE, FRAME.values | {"ADCO": "041961654321"})
    for now, reading in enumerate([FRAME, FRAME, other, other, other]):
        hass.take(reading, now=now, due=True)
    outbox.repeat_states()

    assert set(sent(outbox)) == {
        "teleinfo/homeassistant",
        "homeassistant/device/teleinfo_041961654321/config",
    }


def test_a_line_that_names_one_meter_after_the_other_is_a_line_of_the_log_an_hour(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Nor does it leave more behind than the last of them."""
    caplog.set_level(logging.INFO)
    outbox = Outbox(1)
    hass = joined(outbox)
    for number in range(100):
        reading = Reading(Mode.HISTORIQUE, FRAME.values | {"ADCO": f"0419611{number:05}"})
        for again in range(4):
            hass.take(reading, now=60 * number + again, due=True)
    outbox.repeat_states()

    assert len(caplog.records) == 2
    assert len(sent(outbox)) == 2


def test_a_birth_repeats_every_state_once_after_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Births that come before the answer share it; one that comes later has its own."""
    monkeypatch.setattr(link, "ANSWER_DELAY", (0.05, 0.1))

    filled = asyncio.Event()

    class Noticing(Outbox):
        """An outbox whose filling is noticed."""

        def repeat_states(self) -> None:
            """Note that it happens."""
            super().repeat_states()
            filled.set()

    async def births() -> list[int]:
        outbox = Noticing(1)
        hass = joined(outbox)
        sent(outbox)
        answers = []
        for _ in range(2):
            for payload in (b"offline", b"online", b"online"):
                hass.birth_message(payload)
            assert sent(outbox) == {}
            filled.clear()
            await asyncio.wait_for(filled.wait(), 10)
            answers.append(len(sent(outbox)))
            await asyncio.sleep(0.2)  # a second answer would be due by now
            assert sent(outbox) == {}
        return answers

    assert asyncio.run(births()) == [1, 1]


@pytest.mark.parametrize(
    ("lines", "origin"),
    [
        (["Project-URL: Homepage, https://example.org/teleinfo"], {"url": "https://example.org/teleinfo"}),
        (
            ["Project-URL: Source, https://example.org/git", "Project-URL: Homepage, https://example.org/"],
            {"url": "https://example.org/"},
        ),
        (["Project-URL: Source, https://example.org/git"], {"url": "https://example.org/git"}),
        ([], {}),
        (None, {}),
    ],
    ids=["homepage", "homepage of several", "another", "none", "no package"],
)
def test_the_message_has_the_address_that_the_installed_package_gives(
    lines: list[str] | None, origin: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line of pyproject's project.urls is enough; without it there is no key."""
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    if lines is not None:
        folder = tmp_path / "teleinfo_mqtt-1.0.dist-info"
        folder.mkdir()
        text = "\n".join(["Metadata-Version: 2.3", "Name: teleinfo-mqtt", "Version: 1.0", *lines])
        (folder / "METADATA").write_text(text + "\n")
    outbox = Outbox(1)
    hass = joined(outbox)
    for second in (0, 1):
        hass.take(FRAME, now=second, due=True)
    message = json.loads(sent(outbox)["homeassistant/device/teleinfo_041961123456/config"])
    shown = message["o"]
    del shown["name"], shown["sw"]

    assert shown == origin
