"""
From the ETX on the line to the callback of a subscriber, through the real process and a real broker.

At full speed one frame is written, and the next one when its message is there: the programs take turns. At
the speed of the line each byte comes when a UART would hand it over, the ETX at its own moment, and the
programs are a part of a frame apart from one another. A processor that was halted takes its time to wake: a
program that lets it sleep between two frames pays for that there, and one that wakes it every 8 ms does not.
"""

from __future__ import annotations

import bisect
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab.bench.rows import Row, quantile
from tests.lab.bench.stage import (
    DAEMON,
    HOMEASSISTANT,
    PROGRAMS,
    REFERENCE,
    STATE,
    feeding,
    playing,
    recording,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.lab.bench.scale import Scale
    from tests.lab.bench.stage import Subject

MEDIAN_GOAL = 1.5
P99_GOAL = 2.0
MORE_GOAL = 1.1
"""Of a daemon that does more with a reading, against one that does not: the reading goes first."""


def rows(scale: Scale) -> list[Row]:
    """Measure at both speeds."""
    found = []
    for mode in scale.modes:
        with (
            tempfile.TemporaryDirectory(prefix="teleinfo-bench-") as folder,
            playing(Path(folder), mode, (*PROGRAMS, STATE)) as subjects,
        ):
            found += _rows(f"{mode}, full speed", _at_full_speed(subjects, mode, scale.frames))
            what = f"{mode}, speed of the line"
            found += _rows(what, _at_the_lines_speed(Path(folder), subjects, mode, scale.paced))
    return found


def _rows(what: str, latencies: Mapping[str, Sequence[float]]) -> list[Row]:
    """Return median and p99 of the daemon, and medians of one that does more; `latencies` are in s."""
    figures = [
        (DAEMON, REFERENCE, "median", 0.5, MEDIAN_GOAL),
        (DAEMON, REFERENCE, "p99", 0.99, P99_GOAL),
        (HOMEASSISTANT, DAEMON, "median", 0.5, MORE_GOAL),
        (STATE, DAEMON, "median", 0.5, MORE_GOAL),
    ]
    return [
        Row(
            f"latency {name}, {what}, {figure}",
            1e3 * quantile(latencies[name], share),
            "ms",
            floor=1e3 * quantile(latencies[floor], share),
            goal=goal,
            remark=f"{len(latencies[name])} frames",
        )
        for name, floor, figure, share, goal in figures
    ]


def _at_full_speed(subjects: Sequence[Subject], mode: str, frames: int) -> dict[str, list[float]]:
    latencies: dict[str, list[float]] = {subject.name: [] for subject in subjects}
    for number, frame in enumerate(recording(mode, frames=frames)):
        first = number % len(subjects)  # nobody always comes behind the same one
        for subject in (*subjects[first:], *subjects[:first]):
            began = time.monotonic()
            assert subject.line.write(frame) == len(frame), f"{subject.name} does not read"
            latencies[subject.name].append(subject.heard() - began)
    assert not any(subject.subscriber.drain() for subject in subjects), "there are more messages than frames"
    return latencies


def _at_the_lines_speed(
    folder: Path, subjects: Sequence[Subject], mode: str, frames: int
) -> dict[str, list[float]]:
    with feeding(folder, mode, subjects, frames=frames) as feeder:
        report, _ = feeder.communicate()
    time.sleep(0.2)  # many times what the last message takes
    latencies = {}
    lines = report.splitlines()
    for subject in subjects:
        sent = [int(at) / 1e9 for line, at in map(str.split, lines) if int(line) == subject.line.fileno()]
        heard = [message.at for message in subject.subscriber.drain()]
        assert len(sent) == len(heard) == frames, f"{subject.name}: {len(heard)} of {frames} frames came"
        # Each message came before the ETX of the next frame, and belongs to the ETX before it.
        assert [bisect.bisect(sent, at) for at in heard] == list(range(1, frames + 1)), "messages were late"
        latencies[subject.name] = [at - etx for etx, at in zip(sent, heard, strict=True)]
    return latencies
