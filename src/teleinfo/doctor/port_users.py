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
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from teleinfo.doctor.machine import Machine

# The major numbers of pseudo-terminals (devices.txt of the kernel).
_PTS = range(136, 144)
_LOCK_COLUMNS = 6  # number, kind, advisory, access, process, major:minor:inode of the file; then the range


@dataclass(frozen=True, slots=True)
class PortUser:
    """A process that has the port open; `unit` is its service, "" where it is none."""

    pid: int
    words: tuple[str, ...]
    unit: str

    @property
    def name(self) -> str:
        """The name of its program."""
        return Path(self.words[0]).name or "?"

    @property
    def is_teleinfo(self) -> bool:
        """True if it is a teleinfo, of a service or started by hand."""
        return self.unit.startswith("teleinfo") or "teleinfo" in {Path(word).name for word in self.words[:3]}

    @property
    def is_login(self) -> bool:
        """True if it is a login console."""
        return self.name in {"agetty", "getty", "login"} or "getty@" in self.unit


def port_users(machine: Machine, device: str) -> tuple[list[PortUser], bool]:
    """
    Return the processes that have `device`, a real name, open.

    The truth value is False if some processes could not be looked at.
    """
    pids, complete = _by_files(machine, device)
    pids |= _by_locks(machine, device)
    pids.discard(os.getpid())
    return [_port_user(machine, pid) for pid in sorted(pids)], complete


def _by_files(machine: Machine, device: str) -> tuple[set[int], bool]:
    pids, complete = set(), True
    wanted = _identity(machine.path(device))
    for name in filter(str.isdecimal, machine.names("/proc")):
        folder = machine.path(f"/proc/{name}/fd")
        if not os.access(folder, os.R_OK | os.X_OK, effective_ids=True):
            complete = complete and not folder.exists()
            continue
        with contextlib.suppress(OSError):  # it ended meanwhile
            if wanted is not None and wanted in map(_identity, folder.iterdir()):
                pids.add(int(name))
    return pids, complete


def _identity(file: Path) -> tuple[int, int] | None:
    """
    Return a key that identifies the device of `file`, None where it is no character device.

    The key is the device number, which is the same under every name and in every container. Pseudo-terminals
    are numbered per file system: their key holds the file system, too.
    """
    try:
        status = file.stat()
    except OSError:
        return None
    if not stat.S_ISCHR(status.st_mode):
        return None
    return status.st_rdev, status.st_dev if os.major(status.st_rdev) in _PTS else 0


def _by_locks(machine: Machine, device: str) -> set[int]:
    """Return the processes that lock `device`, from /proc/locks (proc(5))."""
    try:
        status = machine.path(device).stat()
    except OSError:
        return set()
    wanted = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    rows = [line.replace("->", "").split() for line in (machine.text("/proc/locks") or "").splitlines()]
    # A process of another container has no number here.
    return {int(row[4]) for row in rows if row[5:_LOCK_COLUMNS] == [wanted] and int(row[4]) > 0}


def _port_user(machine: Machine, pid: int) -> PortUser:
    words = tuple((machine.text(f"/proc/{pid}/cmdline") or "").split("\0"))
    groups = (machine.text(f"/proc/{pid}/cgroup") or "").splitlines()
    parts = [part for line in groups for part in line.rpartition(":")[2].split("/")]
    units = [part for part in parts if part.endswith(".service") and not part.startswith("user@")]
    return PortUser(pid, words, units[-1] if units else "")
