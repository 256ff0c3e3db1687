"""
The picture of the demo that the README shows: its first readings on a terminal, as an SVG.

After a change that is meant, draw it again and look at it:

    python -m tests.demo.picture

The seed and the start of the demo are fixed and its line is without noise, so that the readings are known
beforehand; the messages of health are left out, since they hold times of the day.
"""

from __future__ import annotations

import argparse
import datetime as dt
import random
from pathlib import Path

from rich.text import Text

from teleinfo.demo.broker import LOOPBACK, MQTT_PORT
from teleinfo.demo.command import SEED, TIME_LAPSE, TOPIC, configure
from teleinfo.demo.screen import MessageFormat, heading
from teleinfo.mqtt.config import Broker
from teleinfo.simulator.catalogue import DEFAULT, build
from teleinfo.simulator.encode import BITS
from teleinfo.simulator.play import GAP
from teleinfo.state.payload import Options, encode
from teleinfo.tic.decoder import Decoder
from tests.support.picture import draw

PICTURE = Path(__file__).parents[2] / "docs/images/demo.svg"
START = dt.datetime(2026, 1, 14, 21, 45)  # noqa: DTZ001 - a meter knows local time only


def expected_readings(count: int, *, meter: str = DEFAULT, start: dt.datetime = START) -> list[str]:
    """Return the first readings of a demo as JSON, which depend on nothing but the arguments."""
    simulated = build(meter, start=start, rng=random.Random(SEED))
    elapsed, payloads = 0.0, []
    for _ in range(count):
        frame = simulated.emit(start + dt.timedelta(seconds=elapsed * TIME_LAPSE))
        elapsed += len(frame) * BITS / simulated.baudrate + GAP
        # Each by a decoder of its own, to which no index can be implausible.
        payloads += [encode(reading, Options(), now=0.0) for reading in Decoder().feed(frame)]
    return [payload.decode() for payload in payloads if payload is not None]


def picture() -> str:
    """Return the picture."""
    parser = argparse.ArgumentParser()
    configure(parser)
    head = heading(parser.parse_args([]), Broker(LOOPBACK, MQTT_PORT, "screen"), START)
    messages = MessageFormat(TOPIC, colour=True)
    lines = [*head.split("\n"), messages.line(f"{TOPIC}/status", "online")]
    lines += [messages.line(TOPIC, payload) for payload in expected_readings(12)]
    return draw(map(Text.from_ansi, lines), name="demo", columns=106)


if __name__ == "__main__":
    PICTURE.write_text(picture(), encoding="utf-8")
