"""
A meter that means harm, or a cable that catches everything: megabytes a second of what is no frame.

The memory of the daemon is bounded, its log quiet, the watchdog fed; the next good frame is published, and it
stops at once, in the middle of it.
"""

from __future__ import annotations

import itertools
import random
import threading
import time
from typing import TYPE_CHECKING, Self

import pytest

from teleinfo.simulator.encode import encode_frame, with_parity
from teleinfo.simulator.serial_line import SerialLine
from teleinfo.tic.labels import Group, Mode
from tests.lab.scenarios import AttackScenario, run_together
from tests.support.broker import MosquittoBroker
from tests.support.figures import promise
from tests.support.scenario import historique, standard
from tests.support.subscriber import Subscriber
from tests.support.tcp_ports import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


pytestmark = pytest.mark.real

SECONDS = 4.0
"""Seconds that an attack lasts."""

FASTEST = 11_520
"""Bytes a second of the fastest serial line that a meter may have, 115200 baud: all but a flood is slower."""

LINES = 6
"""That an attack may cost in the log: a silence and its end."""

BLOCK = 1 << 16
RNG = random.Random(3)


def frames_that_are_sound() -> Iterator[bytes]:
    """Yield good frames, a thousand times faster than any meter, all different."""
    for index in itertools.count(10_000):
        yield historique(index % 1_000_000_000)


def frames_that_are_long() -> Iterator[bytes]:
    """Yield good frames of one line that is as long as a frame may be, all different, to be remembered."""
    for index in itertools.count(10_000):
        yield with_parity(frame(("NEW", f"{index:010}".ljust(8000, "A"))))


def frames_of_new_labels() -> Iterator[bytes]:
    """Yield good frames of étiquettes that nobody knows, all different."""
    labels = (f"N{index}" for index in itertools.count())
    made = [frame(*((label, "0") for label in itertools.islice(labels, 400))) for _ in range(50)]
    yield from itertools.cycle(made)


def frame(*groups: tuple[str, str]) -> bytes:
    """Return a frame of mode historique without parity."""
    return encode_frame(Group(label, value, None, Mode.HISTORIQUE) for label, value in groups)


def again_and_again(*blocks: bytes) -> Callable[[], Iterator[bytes]]:
    """Return an attack of these blocks, one after the other for ever."""
    return lambda: itertools.cycle(blocks)


ATTACKS: dict[str, Callable[[], Iterator[bytes]]] = {
    "noise": again_and_again(*(RNG.randbytes(BLOCK) for _ in range(16))),
    "an endless frame": lambda: itertools.chain([b"\x02"], itertools.repeat(b"\nPAPP 00750 -\r" * 4096)),
    "nothing but STX": again_and_again(b"\x02" * BLOCK),
    "nothing but ETX": again_and_again(b"\x03" * BLOCK),
    "empty frames": again_and_again(b"\x02\r\x03\x02a\r\x03\x02\na\x03\x02\x04\x03" * 4096),
    "frames of damaged lines": again_and_again((b"\x02" + b"\na\r" * 2600 + b"\x03") * 8),
    "frames that are sound": frames_that_are_sound,
    "frames that are long": frames_that_are_long,
    "frames of new labels": frames_of_new_labels,
    # No document limits the length of a value here.
    "frames of long numbers": again_and_again(
        frame(("PAPP", "9" * 5000)),
        frame(("PAPP", "9" * 400)),
        frame(("OPTARIF", "HC.."), ("HCHC", "9" * 5000), ("HCHP", "1")),
    ),
    "frames of two modes": again_and_again(historique(1) + standard(1)),
}


class Flood:
    """Puts what `attack` yields on the line, as fast as it is read; `sent` counts bytes."""

    def __init__(self, line: SerialLine, attack: Callable[[], Iterator[bytes]]) -> None:
        self.sent = 0
        self._line = line
        self._blocks = attack()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._flood, name="flood", daemon=True)

    def _flood(self) -> None:
        for block in self._blocks:
            rest = block
            while rest:
                if self._over.is_set():
                    return
                put = self._line.write(rest)
                self.sent += put
                rest = rest[put:]
                if not put:
                    self._over.wait(0.0005)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(20)


@pytest.mark.parametrize("number", range(0, len(ATTACKS), 4))
def test_a_meter_that_means_harm_does_none(number: int, tmp_path: Path) -> None:
    """Each attack lasts for seconds and has a daemon of its own; four run together."""
    run_together(tmp_path, *(case(name) for name in [*ATTACKS][number : number + 4]))


def case(name: str) -> Callable[[Path], None]:
    """Return the case of an attack."""
    attack = ATTACKS[name]
    port = free_port()

    def run(folder: Path) -> None:
        with (
            MosquittoBroker(folder, port=port) as broker,
            SerialLine() as line,
            AttackScenario(
                folder,
                broker,
                line.port,
                serial_mode="historique",
                payload_numbers="quantities",
                homeassistant="true",
            ) as scenario,
        ):
            expect_reading(broker, line)
            scenario.measure()
            with Flood(line, attack) as flood:
                time.sleep(SECONDS)
            assert flood.sent > SECONDS * FASTEST, "that was no flood"
            expect_reading(broker, line)
            scenario.assert_unharmed(name, lines=LINES)
            with Flood(line, attack):
                time.sleep(0.5)
                status, took = scenario.stop()
            assert status == 0
            promise("attack, by the meter: stop in the middle of it", took, at_most=1)

    return run


def expect_reading(broker: MosquittoBroker, line: SerialLine) -> None:
    """Send one frame again and again until it is published."""
    payload = b'"BASE":4711'
    with Subscriber(broker.host, broker.port, "teleinfo") as subscriber:
        end = time.monotonic() + 60
        while not any(payload in received.payload for received in subscriber.drain()):
            assert time.monotonic() < end, "no reading comes"
            line.write(b"\x03" + historique(4711))
            time.sleep(0.1)
