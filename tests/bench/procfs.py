"""What the system says of a process (proc(5))."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Work:
    """What a process had done by the monotonic time `at`: CPU in s, and how often it woke up."""

    at: float
    cpu: float
    wakes: int


def work(pid: int) -> Work:
    """
    Return the work of the threads of `pid` that live; a short-lived one between two looks is not seen.

    The CPU is in ns in schedstat, where `stat` has ticks of 10 ms. To wake up one must have slept: those are
    the voluntary context switches.
    """
    cpu = wakes = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # the thread ended
            spent = int((task / "schedstat").read_text().split()[0])
            slept = _field(task / "status", "voluntary_ctxt_switches")
            cpu, wakes = cpu + spent, wakes + slept
    return Work(at=time.monotonic(), cpu=cpu / 1e9, wakes=wakes)


def memory(pid: int) -> tuple[float, float]:
    """Return RSS and PSS of `pid` in MiB."""
    rollup = Path(f"/proc/{pid}/smaps_rollup")
    return _field(rollup, "Rss") / 1024, _field(rollup, "Pss") / 1024


def _field(path: Path, name: str) -> int:
    """Return the number behind `name` in a file of lines `name: number unit`; raise KeyError without it."""
    for line in path.read_text().splitlines():
        key, _, value = line.partition(":")
        if key == name:
            return int(value.split()[0])
    raise KeyError(name)
