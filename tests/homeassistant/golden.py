"""
The discovery message of each simulated meter and of each family that nobody simulates, as files to read.

Their states are in tests/state/golden.

After a change that is meant, write them anew and read the difference:

    python -m tests.homeassistant.golden
"""

from __future__ import annotations

import datetime as dt
import json
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

from teleinfo import __version__
from teleinfo.common.i18n import in_words, use_language
from teleinfo.homeassistant.announcer import Announcer
from teleinfo.homeassistant.discovery import Discovery, DiscoveryForm
from teleinfo.homeassistant.entities import entities_of
from teleinfo.homeassistant.tables import SHORT_KEYS
from teleinfo.mqtt.config import Topics
from teleinfo.simulator.catalogue import METERS, build
from teleinfo.state.declaration import FIELDS
from teleinfo.state.field_entry import ANY_LABEL
from teleinfo.state.tracker import StateTracker
from teleinfo.tic.decoder import Decoder
from teleinfo.tic.labels import Mode
from teleinfo.vocabulary.codes import Contract
from teleinfo.vocabulary.words import Language
from tests.state.families import FAMILIES, family_readings
from tests.support.judged import moment

if TYPE_CHECKING:
    from collections.abc import Iterable

    from teleinfo.state.field_entry import Field, FieldPath
    from teleinfo.state.fields import Json
    from teleinfo.tic.reading import Reading

FOLDER = Path(__file__).parent / "golden"
# 2026-01-14 is a Wednesday, between a white day and a red one.
START = dt.datetime(2026, 1, 14, 12)  # noqa: DTZ001 - a meter knows local time only
PERIOD = 1.5
"""Seconds from one frame to the next."""
FRAMES = 100
ALL = (*METERS, *FAMILIES)
LONG_KEYS = {short: key for key, short in SHORT_KEYS.items()} | {"p": "platform"}


def read(payload: bytes) -> dict[str, Any]:
    """Return a message with the keys of its components in full."""
    message: dict[str, Any] = json.loads(payload)
    for key, component in message.get("components", {}).items():
        message["components"][key] = {LONG_KEYS.get(name, name): value for name, value in component.items()}
    return message


class Followed:
    """A meter that is followed and announced, as the daemon does it."""

    def __init__(
        self,
        *,
        topic: str = "teleinfo",
        exclude: Iterable[str] = (),
        language: Language = Language.FR,
        form: DiscoveryForm = "device",
        meter_name: str | None = None,
    ) -> None:
        self._language = language
        topics = Topics(topic)
        self.tracker = StateTracker(topic=topic, exclude=frozenset(exclude))
        self.announcer = Announcer(
            Discovery("homeassistant", topics, form=form, language=language, meter_name=meter_name),
            self.tracker,
        )
        self.now = 0.0

    def feed(self, readings: Iterable[Reading]) -> None:
        """Feed readings, each `PERIOD` after the one before; the broker takes each message at once."""
        for reading in readings:
            time = (START + dt.timedelta(seconds=self.now)).isoformat() + "+01:00"
            self.tracker.update(reading, moment(self.now, time))
            self.announcer.update(reading, moment(self.now))
            self.announcer.delivered(self.announcer.messages)
            self.now += PERIOD

    @property
    def state(self) -> dict[str, Any]:
        """The state as it would be published now."""
        with use_language(self._language):
            return in_words(self.tracker.state(moment(self.now)))

    @property
    def announced(self) -> dict[str, dict[str, Any]]:
        """The messages that are not empty, by topic."""
        return {topic: read(payload) for topic, payload in self.announcer.messages.items() if payload}

    @property
    def message(self) -> dict[str, Any]:
        """The one message for the device."""
        messages = list(self.announced.values())
        assert len(messages) == 1, messages
        return messages[0]


def readings_of(meter: str, *, frames: int = FRAMES, start: dt.datetime = START) -> list[Reading]:
    """Return the readings of the first frames of a simulated meter."""
    simulated = build(meter, start=start, rng=random.Random(7))
    decoder = Decoder()
    readings: list[Reading] = []
    for number in range(frames):
        now = start + dt.timedelta(seconds=PERIOD * number)
        readings += decoder.feed(simulated.emit(now))
    return readings


def followed(meter: str, *, frames: int = FRAMES, **options: Any) -> Followed:  # noqa: ANN401 - those of Followed
    """Return a simulated meter, or one of a family that nobody simulates, after its first frames."""
    device = Followed(**options)
    if meter in FAMILIES:
        device.feed(family_readings(meter, frames=frames))
    else:
        device.feed(readings_of(meter, frames=frames))
    return device


def every_entity() -> list[Field]:
    """Return the entity of every field that has one, of a meter of three phases with the contract EJP."""
    values: dict[FieldPath, Json] = {field.parts: None for field in FIELDS if field.parts[-1] != ANY_LABEL}
    values |= {("meter", "phases"): 3, ("contract", "code"): Contract.EJP}
    return list(entities_of(values, Mode.STANDARD).values())


def content(meter: str) -> str:
    """Return the text of the file of a meter: its topic, and its message, a component a line."""
    device = followed(meter)
    [(topic, payload)] = device.announcer.messages.items()
    message = json.loads(payload)
    # With the version in it, every release would change every file.
    assert message["origin"].pop("sw_version") == __version__
    assert message["device"].pop("sw_version") == f"teleinfo {__version__}"
    components = message.pop("components")
    lines = [f'"topic": {_line(topic)}']
    lines += [f"{_line(key)}: {_line(value)}" for key, value in message.items()]
    lines += [f'"components": {_block(components)}']
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _block(items: dict[str, object]) -> str:
    return "{\n" + ",\n".join(f"  {_line(key)}: {_line(value)}" for key, value in items.items()) + "\n}"


def main() -> None:
    """Write every file anew."""
    for meter in ALL:
        (FOLDER / f"{meter}.json").write_text(content(meter), encoding="utf-8")


if __name__ == "__main__":
    main()
