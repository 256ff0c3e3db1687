"""
The memory of each program at work, beside a process that imports the three libraries and waits.

One at a time: pages that programs share are divided among them in PSS.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.rows import Row
from tests.bench.stage import DAEMON, PROGRAMS, Subject, broker_in, recording
from tests.support.procfs import number

if TYPE_CHECKING:
    from tests.bench.scale import Scale

GOAL = 1.1
LIBRARIES = "serial_asyncio, aiomqtt, pydantic_settings"
WAITING = f"import {LIBRARIES}, sys; print(flush=True); sys.stdin.read()"


def rows(scale: Scale) -> list[Row]:
    """Measure RSS and PSS in mode standard."""
    floor = _of_the_libraries()
    found = []
    for name in PROGRAMS:
        at_work = _at_work(name, scale.settle)
        for kind, measured in at_work.items():
            goal = GOAL if name == DAEMON and kind == "RSS" else None
            found.append(
                Row(what=f"{kind} {name}", measured=measured, floor=floor[kind], unit="MiB", goal=goal)
            )
    return found


def _at_work(name: str, settle: float) -> dict[str, float]:
    """Return RSS and PSS in MiB of the program `name`, which reads a meter in mode standard."""
    with tempfile.TemporaryDirectory(prefix="teleinfo-bench-") as folder, broker_in(Path(folder)) as broker:
        with Subject(name, "standard", folder=Path(folder), broker=broker) as subject:
            frames = recording("standard", frames=8)
            subject.until_it_works(frames[0])
            for frame in frames:
                subject.line.write(frame)
                time.sleep(settle / len(frames))
            return _memory(subject.pid)


def _of_the_libraries() -> dict[str, float]:
    """Return RSS and PSS in MiB of a process that imports LIBRARIES and waits."""
    with subprocess.Popen(
        [sys.executable, "-c", WAITING], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"\n"
        return _memory(process.pid)


def _memory(pid: int) -> dict[str, float]:
    return {kind: number(pid, kind.title(), "smaps_rollup") / 1024 for kind in ("RSS", "PSS")}
