"""A broker, and the programs that are compared, each with a line, a topic and a subscriber of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

from teleinfo.simulator.encode import with_parity
from teleinfo.simulator.serial_line import SerialLine
from tests.lab.bench import reference
from tests.lab.bench.streams import pieces
from tests.support.broker import MosquittoBroker
from tests.support.daemon import Daemon
from tests.support.subscriber import Subscriber

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BAUDRATES = {"historique": 1200, "standard": 9600}
REFERENCE = "reference"
DAEMON = "daemon"
HOMEASSISTANT = "daemon with Home Assistant"
DEFAULTS = "daemon with the defaults"
STATE = "daemon with the state on topics"
EVERYTHING = "daemon with everything on"
PROGRAMS = (DAEMON, HOMEASSISTANT, REFERENCE)
LIMIT = 20.0
PERIOD = 0.05
"""Seconds between two frames while a program starts: more than it takes for one."""


class Subject:
    """
    DEFAULTS, STATE, EVERYTHING or one of PROGRAMS on a line in `mode`, as long as its block.

    `line` is the far end. DAEMON publishes the readings alone, as the reference does. STATE publishes its
    state with each frame, the others at the default interval.
    """

    def __init__(self, name: str, mode: str, *, folder: Path, broker: MosquittoBroker) -> None:
        own = folder / name.replace(" ", "-")
        own.mkdir(exist_ok=True)
        self.name = name
        self.line = SerialLine(baudrate=BAUDRATES[mode], link=own / "meter")
        topic = f"bench-{name.replace(' ', '-')}"
        self.program = Daemon(
            own,
            serial_port=self.line.link,
            serial_mode=mode,
            mqtt_host=broker.host,
            mqtt_port=broker.port,
            mqtt_topic=topic,
            mqtt_client_id=topic,
            homeassistant=name in {HOMEASSISTANT, EVERYTHING},
            state=name != DAEMON,
            state_topics=name in {STATE, EVERYTHING},
            state_interval=0 if name == STATE else 10,
            prices="HC=0.1696 HP=0.2146 month=15.74" if name == EVERYTHING else "",
        )
        if name == REFERENCE:
            self.program.command = [sys.executable, reference.__file__]
        self.subscriber = Subscriber(broker.host, broker.port, topic)
        self._topic = topic
        self._stack = contextlib.ExitStack()

    def heard(self) -> float:
        """Return when the next reading came, in monotonic s."""
        return self.subscriber.expect(self._topic, limit=LIMIT).at

    def until_it_works(self, frame: bytes) -> None:
        """Send `frame` until a reading comes of it, and wait until no more come."""
        end = time.monotonic() + LIMIT
        while not self.subscriber.drain():
            assert time.monotonic() < end, f"{self.name} publishes nothing: {self.program.log}"
            assert self.program.runs, f"{self.name} ended: {self.program.log}"
            self.line.write(frame)
            time.sleep(PERIOD)
        time.sleep(5 * PERIOD)
        while self.subscriber.drain():
            time.sleep(5 * PERIOD)

    def __enter__(self) -> Self:
        self._stack.enter_context(self.line)
        self._stack.enter_context(self.subscriber)
        self._stack.enter_context(self.program)
        return self

    def __exit__(self, *_: object) -> None:
        # The program ends first, with its goodbye, before its line is hung up.
        if self.program.runs:
            self.program.stop(signal.SIGTERM if self.name != REFERENCE else signal.SIGKILL)
        self._stack.close()


@contextlib.contextmanager
def broker_in(folder: Path) -> Iterator[MosquittoBroker]:
    """Run a broker that writes no log: that would be its own work, and the disk's."""
    with MosquittoBroker(folder, more=["log_type none"]) as broker:
        yield broker


@contextlib.contextmanager
def playing(folder: Path, mode: str, names: Sequence[str] = PROGRAMS) -> Iterator[list[Subject]]:
    """Run the programs `names` on lines in `mode`, each of them at work when the block begins."""
    with broker_in(folder) as broker, contextlib.ExitStack() as stack:
        subjects = [stack.enter_context(Subject(name, mode, folder=folder, broker=broker)) for name in names]
        frame = recording(mode, frames=1)[0]
        for subject in subjects:
            subject.until_it_works(frame)
        yield subjects


def recording(mode: str, *, frames: int) -> list[bytes]:
    """Return so many frames as the line has them, with parity."""
    return [with_parity(frame) for frame in pieces(mode, count=frames, size=1)]


@contextlib.contextmanager
def feeding(
    folder: Path, mode: str, subjects: Sequence[Subject], *, frames: int
) -> Iterator[subprocess.Popen[str]]:
    """Play `frames` frames to all of `subjects` at the speed of the line; give the process of the feeder."""
    stream = folder / f"{mode}.tic"
    stream.write_bytes(b"".join(recording(mode, frames=frames)))
    lines = [subject.line.fileno() for subject in subjects]
    command = [sys.executable, "-m", "tests.lab.bench.feeder", str(stream), str(BAUDRATES[mode])]
    with subprocess.Popen(
        [*command, str(frames), ",".join(map(str, lines))],
        stdout=subprocess.PIPE,
        pass_fds=lines,
        text=True,
        cwd=Path(__file__).parents[3],
        env={"PATH": os.environ["PATH"]},
    ) as feeder:
        try:
            yield feeder
        finally:
            feeder.kill()
