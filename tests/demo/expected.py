"""
The first lines of the demo, which are known beforehand.

Its seed and its start are fixed and its line is without noise; the messages of health are left out, since
they hold times of the day.
"""

from __future__ import annotations

import argparse
import datetime as dt

from rich.text import Text

from teleinfo.demo.broker import LOOPBACK
from teleinfo.demo.command import TIME_LAPSE, TOPIC, configure, heading, message_line
from teleinfo.demo.past import after_a_year
from teleinfo.mqtt.config import Broker
from teleinfo.payload import Options, encode
from teleinfo.simulator.catalogue import DEFAULT
from teleinfo.simulator.encode import BITS
from teleinfo.simulator.play import SILENCE
from teleinfo.tic.decoder import Decoder

PAGE = "http://127.0.0.1:8080/"
START = dt.datetime(2026, 1, 14, 21, 45)  # noqa: DTZ001 - a meter knows local time only


def expected_readings(count: int) -> list[str]:
    """Return the first readings of a demo as JSON, which depend on nothing but the arguments."""
    simulated, _past = after_a_year(DEFAULT, start=START)
    elapsed = 0.0
    payloads = []
    for _ in range(count):
        frame = simulated.emit(START + dt.timedelta(seconds=elapsed * TIME_LAPSE))
        elapsed += len(frame) * BITS / simulated.baudrate + SILENCE
        # Each by a decoder of its own, to which no index can be implausible.
        payloads += [encode(reading, Options(), now=0.0) for reading in Decoder().feed(frame)]
    return [payload.decode() for payload in payloads if payload is not None]


def demo_lines() -> list[Text]:
    """Return the first lines on a terminal."""
    parser = argparse.ArgumentParser()
    configure(parser)
    head = heading(parser.parse_args([]), Broker(LOOPBACK, 1883, "screen"), START, PAGE)
    lines = [*head.split("\n"), message_line(f"{TOPIC}/status", "online")]
    lines += [message_line(TOPIC, payload) for payload in expected_readings(12)]
    return [Text(line) for line in lines]
