"""Memory, processor, descriptors and connections of a process (proc(5))."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from pathlib import Path

from tests.support.procfs import number


def resident(pid: int) -> int:
    """Return the resident memory of a process in KiB."""
    return number(pid, "VmRSS")


def descriptors(pid: int) -> list[str]:
    """Return the files behind the open descriptors of a process; none if it has ended."""
    files = []
    with contextlib.suppress(OSError):
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):  # closed in the meantime
                files.append(str(descriptor.readlink()))
    return files


def connections_of(pid: int) -> list[str]:
    """Return the remote end of every TCP connection of a process, in whatever state but closed."""
    ours = descriptors(pid)
    try:
        rows = [row.split() for row in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]]
    except OSError:  # the process has ended
        return []
    # By inode: a row that moves while the table is read may be in it twice.
    remote = {row[9]: row[2] for row in rows if f"socket:[{row[9]}]" in ours and row[3] != "07"}
    return list(remote.values())


@dataclass(frozen=True, slots=True)
class Work:
    """Work of a process until the monotonic time `at`: seconds of CPU, and how often it woke up."""

    at: float
    cpu: float
    wakes: int


def work(pid: int) -> Work:
    """
    Return the work of the threads of `pid` that live; a short-lived one between two looks is not seen.

    The CPU is in ns in schedstat, where `stat` has ticks of 10 ms. A thread that wakes up has slept before:
    those are the voluntary context switches.
    """
    cpu = wakes = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # the thread ended
            spent = int((task / "schedstat").read_text().split()[0])
            slept = number(int(task.name), "voluntary_ctxt_switches")
            cpu = cpu + spent
            wakes = wakes + slept
    return Work(at=time.monotonic(), cpu=cpu / 1e9, wakes=wakes)
