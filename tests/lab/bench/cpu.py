"""
The CPU, the wake-ups and the memory of the programs, all of them at the same time, at the speed of the line.

They share nothing but the broker, and none of them is busy for more than a few percent of a core. Beside the
memory stands that of a process that imports the libraries of the daemon and waits.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab.bench.rows import Row
from tests.lab.bench.sent import BITS, GAP
from tests.lab.bench.stage import (
    BAUDRATES,
    DAEMON,
    DEFAULTS,
    EVERYTHING,
    HOMEASSISTANT,
    PROGRAMS,
    REFERENCE,
    feeding,
    playing,
    recording,
)
from tests.lab.procfs import resident, work

if TYPE_CHECKING:
    from tests.lab.bench.scale import Scale

HOUR = 3600.0
CPU_GOALS = {("standard", DAEMON): 0.5}
MORE_GOAL = 1.25
"""Of a daemon that derives the state and Home Assistant's entities, against one that reads and publishes."""
MEMORY_GOAL = 48 * 1000 * 1000 / (1 << 20)
"""MiB (48 MB) of the daemon with everything on."""
WAITING = "import serial_asyncio, aiomqtt, pydantic_settings, sys; print(flush=True); sys.stdin.read()"


def rows(scale: Scale) -> list[Row]:
    """Measure each mode."""
    return [row for mode in scale.modes for row in _rows(mode, scale)]


def _rows(mode: str, scale: Scale) -> list[Row]:
    length = len(recording(mode, frames=1)[0]) * BITS / BAUDRATES[mode] + GAP
    frames = int((scale.seconds + scale.settle) / length) + 5
    with (
        tempfile.TemporaryDirectory(prefix="teleinfo-bench-") as folder,
        playing(Path(folder), mode, (*PROGRAMS, DEFAULTS, EVERYTHING)) as subjects,
        feeding(Path(folder), mode, subjects, frames=frames) as feeder,
    ):
        for subject in subjects:
            subject.heard()
        time.sleep(scale.settle)
        before = [work(subject.program.pid) for subject in subjects]
        time.sleep(scale.seconds)
        after = [work(subject.program.pid) for subject in subjects]
        memory = {subject.name: resident(subject.program.pid) / 1024 for subject in subjects}
        assert feeder.poll() is None, "the line fell silent before the end"
        for subject in subjects:
            subject.heard()  # it still works
    cpu = {}
    wakes = {}
    for subject, a, b in zip(subjects, before, after, strict=True):
        cpu[subject.name] = HOUR * (b.cpu - a.cpu) / (b.at - a.at)
        wakes[subject.name] = (b.wakes - a.wakes) / (b.at - a.at)
    libraries = _of_the_libraries()
    found = []
    for name in (DAEMON, DEFAULTS, HOMEASSISTANT):
        what = f"{name}, {mode}"
        cpu_goal = CPU_GOALS.get((mode, name))
        found += [
            Row(f"CPU {what}", cpu[name], "s/h", floor=cpu[REFERENCE], goal=cpu_goal),
            Row(f"wake-ups {what}", wakes[name], "/s", floor=wakes[REFERENCE]),
            Row(f"RSS {what}", memory[name], "MiB", floor=libraries),
        ]
    most = memory[EVERYTHING]
    found.append(Row(f"RSS {EVERYTHING}, {mode}", most, "MiB", goal=MEMORY_GOAL, promise=True))
    what = f"CPU {HOMEASSISTANT} against {DAEMON}, {mode}"
    more = Row(what, cpu[HOMEASSISTANT], "s/h", floor=cpu[DAEMON], goal=MORE_GOAL)
    return [*found, more]


def _of_the_libraries() -> float:
    """Return the MiB of a process that imports the libraries and waits."""
    with subprocess.Popen(
        [sys.executable, "-c", WAITING], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"\n"
        return resident(process.pid) / 1024
