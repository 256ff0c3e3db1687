"""
The picture of the demo that the README shows: its first readings on a terminal, as an SVG.

After a change that is meant, draw it again and look at it:

    python -m tests.demo.picture

That runs the real demo on a pseudo-terminal. Its seed and start are fixed and its line is without noise, so
that the readings are known beforehand (`expected_lines`); the messages of health are left out, since they
hold times of the day.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import datetime as dt
import itertools
import os
import pty
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from teleinfo.demo.command import SEED, TIME_LAPSE, TOPIC, configure
from teleinfo.demo.parts import LOOPBACK, MQTT_PORT
from teleinfo.demo.screen import MessageFormat, heading
from teleinfo.mqtt.config import Broker
from teleinfo.simulator.catalogue import DEFAULT, build
from teleinfo.simulator.encode import BITS
from teleinfo.simulator.play import play
from teleinfo.simulator.serial_line import SerialLine
from teleinfo.state.payload import Options, encode
from teleinfo.tic.decoder import Decoder
from tests.support.picture import draw

if TYPE_CHECKING:
    from collections.abc import Generator

PICTURE = Path(__file__).parents[2] / "docs/images/demo.svg"
START = dt.datetime(2026, 1, 14, 21, 45)  # noqa: DTZ001 - a meter knows local time only
READINGS = 12
COLUMNS = 106


class _CollectingLine(SerialLine):
    """A line without a pseudo-terminal and without waits, which keeps what is sent."""

    def __init__(self, *, baudrate: int) -> None:
        super().__init__(baudrate=baudrate, speed=0)
        self.sent: list[bytes] = []

    async def send(self, data: bytes, *, encoded: bool = False) -> None:
        """Keep the frame, and let its time pass."""
        del encoded
        self.sent.append(data)
        await self.idle(len(data) * BITS / self.baudrate)


def expected_readings(
    count: int, *, meter: str = DEFAULT, start: dt.datetime = START, seed: int = SEED
) -> list[str]:
    """Return the first readings of a demo as JSON, which depend on nothing but the arguments."""
    simulated = build(meter, start=start, rng=random.Random(seed))
    line = _CollectingLine(baudrate=simulated.baudrate)
    asyncio.run(play(simulated, line, start=start, time_lapse=TIME_LAPSE, frames=count))
    # Each by a decoder of its own, to which no index can be implausible.
    readings = [reading for frame in line.sent for reading in Decoder().feed(frame)]
    payloads = [encode(reading, Options(), now=0.0) for reading in readings]
    return [payload.decode() for payload in payloads if payload is not None]


def expected_lines() -> list[str]:
    """Return the lines of the picture, with the escape sequences of their colours."""
    broker = Broker(LOOPBACK, MQTT_PORT, "screen")
    parser = argparse.ArgumentParser()
    configure(parser)
    head = heading(parser.parse_args([]), broker, START)
    messages = MessageFormat(TOPIC, colour=True)
    lines = [*head.split("\n"), messages.line(f"{TOPIC}/status", "online")]
    return lines + [messages.line(TOPIC, payload) for payload in expected_readings(READINGS)]


def shown_lines() -> Generator[str, None, None]:
    """Yield the lines that the real demo prints on a terminal, without those that hold times of the day."""
    far, near = pty.openpty()
    options = ["--start", START.isoformat(), "--port", str(MQTT_PORT)]
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "teleinfo", "demo", *options],
        stdout=near,
        env=os.environ | {"LC_ALL": "C.UTF-8"},
    )
    os.close(near)
    with os.fdopen(far, encoding="utf-8", newline="\r\n") as screen:
        try:
            for ended in screen:
                line = ended.removesuffix("\r\n")
                plain = Text.from_ansi(line).plain.split()
                if plain[:1] != [f"{TOPIC}/health"] and plain != [f"{TOPIC}/status", "offline"]:
                    yield line
        finally:
            process.send_signal(signal.SIGINT)
            with contextlib.suppress(OSError):  # which is how a pseudo-terminal ends
                screen.read()
            process.wait(20)


def picture(lines: list[str]) -> str:
    """Return an SVG of the lines on a terminal of `COLUMNS` columns."""
    return draw(map(Text.from_ansi, lines), name="demo", columns=COLUMNS)


def main() -> int:
    """Draw the picture anew from the real demo; return 1 if that did not show what was expected."""
    expected = expected_lines()
    with contextlib.closing(shown_lines()) as lines:
        shown = list(itertools.islice(lines, len(expected)))
    if [Text.from_ansi(line).plain for line in shown] != [Text.from_ansi(line).plain for line in expected]:
        sys.stderr.write("\n".join(["The demo showed something else:", *shown, ""]))
        return 1
    PICTURE.write_text(picture(shown), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
