"""
The memory of each program at work, how long it takes to begin, and what its imports cost.

One at a time: pages that programs share are divided among them in PSS.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.procfs import memory
from tests.bench.rows import Row, median
from tests.bench.stage import DAEMON, HOMEASSISTANT, PROGRAMS, REFERENCE, Subject, broker_in, recording
from tests.support.daemon import Meter
from tests.support.notify import NotifySocket

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.scale import Scale

MEMORY_GOAL, START_GOAL = 1.1, 1.5
LIBRARIES = "serial_asyncio, aiomqtt, pydantic_settings"
PERIOD = 0.01  # s from one frame to the next while a program starts

# Prints, for the interpreter and then for each import after those before it: its name, MiB, and ms.
_IMPORTS = """
import sys, time
def rss():
    with open("/proc/self/smaps_rollup") as file:
        return int(next(line for line in file if line.startswith("Rss")).split()[1]) / 1024
before = rss()
print("python", before, 0.0)
for name in sys.argv[1:]:
    began = time.perf_counter()
    __import__(name)
    spent, now = time.perf_counter() - began, rss()
    print(name, now - before, 1e3 * spent)
    before = now
"""
_IMPORTED = (
    "ssl", "asyncio", "serial_asyncio", "paho.mqtt.client", "aiomqtt", "pydantic_settings",
    "teleinfo.cli.main", "teleinfo.cli.run", "teleinfo.homeassistant.adapter",
)  # fmt: skip


def rows(scale: Scale) -> list[Row]:
    """Measure the memory, the starts and the imports. Programs that ran already find the caches full."""
    return [*_memories(scale.settle), *_starts(scale.starts), *_imports(scale.starts)]


def _memories(settle: float) -> list[Row]:
    found = {name: _memory_at_work(name, settle) for name in PROGRAMS}
    floor = _memory_of_the_libraries()
    rows = []
    for name in PROGRAMS:
        for number, kind in enumerate(("RSS", "PSS")):
            goal = MEMORY_GOAL if name == DAEMON and kind == "RSS" else None
            rows.append(
                Row(
                    what=f"{kind} {name}",
                    measured=found[name][number],
                    floor=floor[number],
                    unit="MiB",
                    goal=goal,
                )
            )
    return rows


def _memory_at_work(name: str, settle: float) -> tuple[float, float]:
    """Return RSS and PSS in MiB of the program `name`, which reads a meter in standard mode."""
    with tempfile.TemporaryDirectory(prefix="teleinfo-bench-") as folder, broker_in(Path(folder)) as broker:
        with Subject(name, "standard", folder=Path(folder), broker=broker) as subject:
            frames = recording("standard", frames=8)
            subject.until_it_works(frames[0])
            for frame in frames:
                subject.line.put(frame)
                time.sleep(settle / len(frames))
            return memory(subject.pid)


def _memory_of_the_libraries() -> tuple[float, float]:
    """Return RSS and PSS in MiB of a process that imports LIBRARIES and waits."""
    with _importer() as process:
        return memory(process.pid)


@contextmanager
def _importer() -> Iterator[subprocess.Popen[bytes]]:
    """Run a process that has imported LIBRARIES when the block begins, and waits."""
    program = f"import {LIBRARIES}, sys; print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"\n"
        yield process


def _starts(count: int) -> list[Row]:
    """Return from the beginning of the process to READY=1 and to the first message."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in PROGRAMS}
    imported: list[float] = []
    with tempfile.TemporaryDirectory(prefix="teleinfo-bench-") as folder, broker_in(Path(folder)) as broker:
        for _ in range(count):
            for name in PROGRAMS:
                spent = _start(Subject(name, "standard", folder=Path(folder), broker=broker))
                times[name].append(spent)
            began = time.monotonic()
            with _importer():
                imported.append(time.monotonic() - began)
    figures = [
        (f"start to {end}, {name}", [spent[number] for spent in times[name]], number, goal)
        for name, goal in ((DAEMON, START_GOAL), (HOMEASSISTANT, None))
        for number, end in enumerate(("READY=1", "the first message"))
    ]
    # What no daemon with these libraries can do without.
    figures.append(("start to the three libraries, nothing else", imported, 1, None))
    return [
        Row(
            what=what,
            measured=1e3 * median(spent),
            floor=1e3 * median([reference[number] for reference in times[REFERENCE]]),
            unit="ms",
            goal=goal,
            remark=f"median of {count}",
        )
        for what, spent, number, goal in figures
    ]


def _start(subject: Subject) -> tuple[float, float]:
    """Return after how many s it was ready, and after how many its first message came."""
    frame = recording("standard", frames=1)[0]
    with ExitStack() as stack:
        manager = stack.enter_context(NotifySocket(watchdog=None))
        subject.program.environ.update(manager.environ)
        subject.plug_in()
        stack.push(subject.__exit__)
        meter = stack.enter_context(Meter(frame, period=PERIOD, link=subject.line.link))
        began = time.monotonic()
        subject.program.start()
        message = subject.heard()
        ready = manager.expect("READY=1")
        meter.frame = None
    return ready - began, message - began


def _imports(count: int) -> list[Row]:
    """Return what each import costs after those before it, in memory and time: medians."""
    runs = []
    for _ in range(count):
        done = subprocess.run(
            [sys.executable, "-c", _IMPORTS, *_IMPORTED], check=True, capture_output=True, text=True
        )
        runs.append([line.split() for line in done.stdout.splitlines()])
    python = median([float(run[0][1]) for run in runs])
    return [
        Row(
            what=f"import {runs[0][number][0]}",
            measured=median([float(run[number][1]) for run in runs]),
            floor=python,
            unit="MiB",
            remark=f"{median([float(run[number][2]) for run in runs]):.1f} ms; floor: Python alone",
        )
        for number in range(1, len(_IMPORTED) + 1)
    ]
