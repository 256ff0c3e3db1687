"""
Find the processes that have the serial port open.

An ordinary user may not see which files the processes of others have open, but may read the kernel's list of
locks; every teleinfo locks its port.
"""

from __future__ import annotations

import contextlib
import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from teleinfo.doctor.machine import Machine

# The major numbers of pseudo-terminals (devices.txt of the kernel).
_PTS = range(136, 144)


@dataclass(frozen=True, slots=True)
class PortUser:
    """A process that has the port open; `unit` is its service, "" where it is none."""

    pid: int
    words: tuple[str, ...]
    unit: str

    @property
    def name(self) -> str:
        """The name of its program."""
        return os.path.basename(self.words[0]) if self.words else "?"  # noqa: PTH119 - of a text

    @property
    def is_teleinfo(self) -> bool:
        """Whether it is a teleinfo."""
        if self.unit.startswith("teleinfo"):
            return True
        names = [os.path.basename(word) for word in self.words[:3]]  # noqa: PTH119 - of a text
        return "teleinfo" in names

    @property
    def is_login(self) -> bool:
        """Whether it is a login console."""
        return self.name in {"agetty", "getty", "login"} or "getty@" in self.unit


def port_users(machine: Machine, device: str) -> tuple[list[PortUser], bool]:
    """Return the processes that have `device` open, a real name, and whether all could be looked at."""
    pids, complete = _by_files(machine, device)
    pids |= _by_locks(machine, device)
    pids.discard(os.getpid())
    return [_port_user(machine, pid) for pid in sorted(pids)], complete


def _by_files(machine: Machine, device: str) -> tuple[set[int], bool]:
    pids, complete = set(), True
    wanted = _identity(machine.path(device))
    for name in machine.names("/proc"):
        if not name.isdecimal():
            continue
        folder = machine.path(f"/proc/{name}/fd")
        if not os.access(folder, os.R_OK | os.X_OK, effective_ids=True):
            complete = complete and not folder.exists()
        elif wanted is not None and any(_identity(file) == wanted for file in _files(folder)):
            pids.add(int(name))
    return pids, complete


def _files(folder: Path) -> list[Path]:
    with contextlib.suppress(OSError):  # it ended meanwhile
        return list(folder.iterdir())
    return []


def _identity(file: Path) -> tuple[int, int] | None:
    """
    Return a key that identifies the device of `file`, None where it is no character device.

    The key is the device number, which is the same under every name and in every container. Pseudo-terminals
    are numbered per file system: theirs holds the file system, too.
    """
    try:
        status = file.stat()
    except OSError:
        return None
    if not stat.S_ISCHR(status.st_mode):
        return None
    return status.st_rdev, status.st_dev if os.major(status.st_rdev) in _PTS else 0


def _by_locks(machine: Machine, device: str) -> set[int]:
    """Read /proc/locks: number, kind, advisory, access, process, major:minor:inode of the file system."""
    try:
        status = machine.path(device).stat()
    except OSError:
        return set()
    wanted = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    rows = [line.replace("->", "").split() for line in (machine.text("/proc/locks") or "").splitlines()]
    # A process of another container has no number here.
    return {int(row[4]) for row in rows if len(row) > 5 and row[5] == wanted and int(row[4]) > 0}  # noqa: PLR2004 - the columns above


def _port_user(machine: Machine, pid: int) -> PortUser:
    words = tuple((machine.text(f"/proc/{pid}/cmdline") or "").split("\0"))
    groups = (machine.text(f"/proc/{pid}/cgroup") or "").splitlines()
    parts = [part for line in groups for part in line.rpartition(":")[2].split("/")]
    unit = next((p for p in reversed(parts) if p.endswith(".service") and not p.startswith("user@")), "")
    return PortUser(pid, words, unit)
