"""Facts of a process (proc(5))."""

from __future__ import annotations

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


def catches(pid: int, signal_number: signal.Signals) -> bool:
    """Return True if a process has a handler of its own for a signal."""
    return bool(int(facts(pid)["SigCgt"], 16) >> (signal_number - 1) & 1)


def waited_for_processor(pid: int | None = None) -> float:
    """Return for how many seconds the first thread of a process, or this one, was ready and had to wait."""
    path = "/proc/thread-self/schedstat" if pid is None else f"/proc/{pid}/schedstat"
    return int(Path(path).read_text("ascii").split()[1]) / 1e9
