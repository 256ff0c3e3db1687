"""Memory, processor, descriptors and connections of a process (proc(5))."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import signal


def facts(pid: int, name: str = "status") -> dict[str, str]:
    """Return the lines `name: value` of a file of a process."""
    pairs = (line.partition(":") for line in Path(f"/proc/{pid}/{name}").read_text().splitlines())
    return {key: value.strip() for key, _, value in pairs}


def number(pid: int, key: str, name: str = "status") -> int:
    """Return the number of such a line: KiB of memory, a count, bytes; raise KeyError without the line."""
    return int(facts(pid, name)[key].split()[0])


def resident(pid: int) -> int:
    """Return the resident memory of a process in KiB."""
    return number(pid, "VmRSS")


def catches(pid: int, signal_number: signal.Signals) -> bool:
    """Return True if a process has a handler of its own for a signal."""
    return bool(int(facts(pid)["SigCgt"], 16) >> (signal_number - 1) & 1)


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


def waited_for_processor(pid: int | None = None) -> float:
    """Return for how many seconds the first thread of a process, or this one, was ready and had to wait."""
    path = "/proc/thread-self/schedstat" if pid is None else f"/proc/{pid}/schedstat"
    return int(Path(path).read_text("ascii").split()[1]) / 1e9


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
            cpu, wakes = cpu + spent, wakes + slept
    return Work(at=time.monotonic(), cpu=cpu / 1e9, wakes=wakes)
