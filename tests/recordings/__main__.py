"""
Write the recordings of simulated meters: `python -m tests.recordings`. The decoder is tested on these files.

The files are as `teleinfo record --anonymize` writes them: with parity, from the middle of a frame, and with
zeros for identifiers. One has noise and lost bytes; one has a silence of an hour, which only its times tell.
"""

from __future__ import annotations

import datetime as dt
import random
from typing import TYPE_CHECKING

from teleinfo.common.recording_times import SUFFIX
from teleinfo.record.anonymise import Anonymiser
from teleinfo.simulator.catalogue import build
from teleinfo.simulator.encode import BITS, flip_bits, with_parity
from tests.recordings import FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterator

START = dt.datetime(2026, 1, 14, 18, 30)  # noqa: DTZ001 - a meter knows local time only
WALL_CLOCK = 1768411800.0  # the same in France
HOUR = 3600
FRAMES = {
    "historique-base": ("base", 4),
    "historique-hc": ("hc", 6),
    "historique-tempo": ("tempo", 4),
    "standard": ("standard", 4),
    "standard-tri": ("standard-tri", 3),
    "standard-producer": ("standard-producer", 3),
    "damaged": ("hc", 16),
    "silence": ("base", 6),
}
"""The name of each recording: its meter, and the number of its frames."""


def frames(name: str) -> Iterator[tuple[float, bytes]]:
    """Yield the frames as they come, and the seconds since the beginning at which each ends."""
    meter, number = FRAMES[name]
    simulated = build(meter, start=START, rng=random.Random(7))
    rng = random.Random(11)
    seconds = 0.0
    for count in range(number):
        wire = with_parity(simulated.emit(START + dt.timedelta(seconds=seconds)))
        if name == "damaged":
            wire = flip_bits(wire, 0.001, rng)
            lost = rng.randrange(len(wire)) if count % 5 == 4 else len(wire)
            wire = wire[:lost] + wire[lost + 6 :]
        seconds += len(wire) * BITS / simulated.baudrate
        yield seconds, wire if count else wire[len(wire) // 2 :]
        if name == "silence" and count == number // 2:
            seconds += HOUR


def files() -> dict[str, bytes]:
    """Return the content of every file."""
    written = {}
    for name in FRAMES:
        anonymiser = Anonymiser()
        data = b""
        times = ""
        for seconds, wire in frames(name):
            times += f"{len(data)} {WALL_CLOCK + seconds:.3f}\n"
            data += anonymiser.feed(wire)
        data += anonymiser.close()
        written[f"{name}.tic"] = data
        if name == "silence":
            written[f"{name}.tic{SUFFIX}"] = f"{times}{len(data)} {WALL_CLOCK + seconds:.3f}\n".encode()
    return written


def main() -> None:
    """Write every file."""
    for name, content in files().items():
        (FOLDER / name).write_bytes(content)


if __name__ == "__main__":
    main()
