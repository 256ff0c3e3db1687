"""
The resident memory of each program at work, beside a process that imports the three libraries and waits.

One at a time, on a line in mode standard.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab.bench.rows import Row
from tests.lab.bench.stage import DAEMON, PROGRAMS, Subject, broker_in, recording
from tests.support.procfs import resident

if TYPE_CHECKING:
    from tests.lab.bench.scale import Scale

GOAL = 1.1
LIBRARIES = "serial_asyncio, aiomqtt, pydantic_settings"
WAITING = f"import {LIBRARIES}, sys; print(flush=True); sys.stdin.read()"


def rows(scale: Scale) -> list[Row]:
    """Measure each of the programs."""
    floor = _of_the_libraries()
    return [
        Row(
            what=f"RSS {name}",
            measured=_at_work(name, scale.settle),
            floor=floor,
            unit="MiB",
            goal=GOAL if name == DAEMON else None,
        )
        for name in PROGRAMS
    ]


def _at_work(name: str, settle: float) -> float:
    """Return the MiB of the program `name`, which reads a meter."""
    with tempfile.TemporaryDirectory(prefix="teleinfo-bench-") as folder, broker_in(Path(folder)) as broker:
        with Subject(name, "standard", folder=Path(folder), broker=broker) as subject:
            frames = recording("standard", frames=8)
            subject.until_it_works(frames[0])
            for frame in frames:
                subject.line.write(frame)
                time.sleep(settle / len(frames))
            return resident(subject.program.pid) / 1024


def _of_the_libraries() -> float:
    """Return the MiB of a process that imports LIBRARIES and waits."""
    with subprocess.Popen(
        [sys.executable, "-c", WAITING], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"\n"
        return resident(process.pid) / 1024
