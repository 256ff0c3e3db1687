"""
The whole discovery message of each simulated meter, and the states that go with it, as files to read.

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
from teleinfo.homeassistant.announcer import Announcer
from teleinfo.homeassistant.discovery import Sources
from teleinfo.mqtt.config import Topics
from teleinfo.simulator.catalogue import METERS, build
from teleinfo.tic.decoder import Decoder

if TYPE_CHECKING:
    from collections.abc import Iterable

    from teleinfo.state.words import Language
    from teleinfo.tic.reading import Reading

FOLDER = Path(__file__).parent / "golden"
# 2026-01-14 is a Wednesday, between a white day and a red one.
START = dt.datetime(2026, 1, 14, 12)  # noqa: DTZ001 - a meter knows local time only
PERIOD = 1.5
"""Seconds from one frame to the next."""
FRAMES = 100


def announcer(
    *, topic: str = "teleinfo", exclude: Iterable[str] = (), language: Language = "fr"
) -> Announcer:
    """Return an announcer with the default prefix."""
    topics = Topics(topic)
    return Announcer(
        prefix="homeassistant",
        base=topic,
        sources=Sources(states=topics.homeassistant, status=topics.status, health=topics.health),
        exclude=frozenset(exclude),
        language=language,
    )


def readings_of(meter: str, *, frames: int = FRAMES, start: dt.datetime = START) -> list[Reading]:
    """Return what the first frames of a simulated meter say."""
    simulated = build(meter, start=start, rng=random.Random(7))
    decoder = Decoder()
    times = (start + dt.timedelta(seconds=PERIOD * number) for number in range(frames))
    return [reading for now in times for reading in decoder.feed(simulated.emit(now))]


def feed(device: Announcer, readings: Iterable[Reading], *, now: float = 0.0) -> float:
    """Give readings to an announcer, the first at `now`, and return the time of the next."""
    for reading in readings:
        device.take(reading, now=now)
        now += PERIOD
    return now


def message_of(device: Announcer) -> dict[str, Any]:
    """Return the discovery message as it stands."""
    assert device.announcement is not None, "nothing was announced"
    message: dict[str, Any] = json.loads(device.announcement[1])
    return message


def content(meter: str) -> str:
    """Return what the file of a meter has to say: its topic, its message, its states, a component a line."""
    device = announcer()
    feed(device, readings_of(meter))
    message = message_of(device)
    # Or every release would change every file.
    assert message["o"].pop("sw") == __version__
    assert message["dev"].pop("sw") == f"teleinfo {__version__}"
    assert device.announcement is not None
    components = message.pop("cmps")
    lines = [f'"topic": {_line(device.announcement[0])}']
    lines += [f"{_line(key)}: {_line(value)}" for key, value in message.items()]
    lines += [f'"cmps": {_block(components)}', f'"states": {_block(json.loads(device.states))}']
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _block(items: dict[str, object]) -> str:
    return "{\n" + ",\n".join(f"  {_line(key)}: {_line(value)}" for key, value in items.items()) + "\n}"


def main() -> None:
    """Write every file anew."""
    for meter in METERS:
        (FOLDER / f"{meter}.json").write_text(content(meter), encoding="utf-8")


if __name__ == "__main__":
    main()
