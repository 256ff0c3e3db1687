"""
Read the machine: its files below /dev, /sys, /proc, /boot, /etc and /run, its programs and its processes.

Everything is looked up below `root`, so that the tests can use a tree of files in place of a Raspberry Pi.
Nothing is changed. A file that cannot be read gives None or an empty value, and raises nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import grp
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

PROGRAM_TIMEOUT = 5.0
"""Seconds that systemctl and journalctl may take."""

# The major numbers of pseudo-terminals (devices.txt of the kernel).
_PTS = range(136, 144)
_UNITS = re.compile(r"teleinfo(@.*)?\.service")
_PROGRAMS = ("usr/local/bin", "usr/bin", "bin", "usr/sbin", "sbin")


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine whose files are below `root`."""

    root: Path = Path("/")

    def path(self, name: str) -> Path:
        """Return the path below `root` of `name`, an absolute path on the machine."""
        return self.root / name.lstrip("/")

    def text(self, name: str) -> str | None:
        """Return the text of a small file, stripped of NUL and blanks; None if it cannot be read."""
        try:
            return self.path(name).read_bytes().decode(errors="replace").strip("\0\n ")
        except OSError:
            return None

    def names(self, folder: str) -> list[str]:
        """Return the sorted names in `folder`; an empty list if it is missing or may not be read."""
        try:
            return sorted(os.listdir(self.path(folder)))  # noqa: PTH208 - the names are wanted
        except OSError:
            return []

    def real(self, name: str) -> str:
        """Return `name` as an absolute path on the machine, with all links resolved."""
        return f"/{os.path.relpath(os.path.realpath(self.path(name)), os.path.realpath(self.root))}"

    @property
    def model(self) -> str:
        """The model of the board from the device tree; "" if the machine has no device tree."""
        return self.text("/proc/device-tree/model") or ""

    @property
    def is_raspberry(self) -> bool:
        """True if this is a Raspberry Pi."""
        return "Raspberry Pi" in self.model

    async def run(self, program: str, *arguments: str) -> str | None:
        """Return all output of `program`; None if it is not installed, takes too long, or fails."""
        folders = [str(self.root / folder) for folder in _PROGRAMS]
        path = shutil.which(program, path=":".join(folders))
        if path is None:
            return None
        run = functools.partial(
            subprocess.run, [path, *arguments], check=True, encoding="utf-8", errors="replace",
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env={**os.environ, "LC_ALL": "C", "SYSTEMD_COLORS": "0", "SYSTEMD_PAGER": ""},
            timeout=PROGRAM_TIMEOUT,
        )  # fmt: skip
        try:
            done = await asyncio.to_thread(run)
        except (OSError, subprocess.SubprocessError):
            return None
        return done.stdout.strip()


def group_of(number: int) -> str:
    """Return the name of a group, its number if it has no name."""
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


class PortUser(NamedTuple):
    """A process that has the port open, and its systemd `unit` or its `container` of Docker, "" if none."""

    pid: int
    name: str
    unit: str
    container: str
    is_teleinfo: bool


def port_users(machine: Machine, device: str) -> tuple[list[PortUser], bool]:
    """
    Return the processes that have `device` (a path without links) open, and True if all were inspected.

    An ordinary user cannot see which files the processes of other users have open.
    """
    users = []
    were_all_inspected = True
    identity = _identity(machine.path(device))
    for name in machine.names("/proc"):
        if not name.isdecimal() or int(name) == os.getpid():
            continue
        folder = machine.path(f"/proc/{name}/fd")
        if not os.access(folder, os.R_OK | os.X_OK, effective_ids=True):
            if folder.exists():
                were_all_inspected = False
            continue
        with contextlib.suppress(OSError):  # the process has ended meanwhile
            if any(_identity(file) == identity for file in folder.iterdir()):
                users.append(_port_user(machine, int(name)))
    return users, were_all_inspected


def _identity(file: Path) -> object:
    """Return a key that identifies a device, whatever its path; None if there is no such file."""
    try:
        status = file.stat()
    except OSError:
        return None
    # The number of a device is the same in every container; that of a pseudo-terminal is not.
    if status.st_rdev and os.major(status.st_rdev) not in _PTS:
        return status.st_rdev
    return status.st_dev, status.st_ino


def _port_user(machine: Machine, pid: int) -> PortUser:
    command_line = machine.text(f"/proc/{pid}/cmdline") or ""
    words = [Path(word).name for word in command_line.split("\0")]
    control_groups = machine.text(f"/proc/{pid}/cgroup") or ""
    unit = ""
    for line in control_groups.splitlines():
        _hierarchy, _colon, path = line.rpartition(":")
        for part in path.split("/"):
            # The programs of a user are below the service `user@`, which is not theirs.
            if part.endswith(".service") and not part.startswith("user@"):
                unit = part
    docker = re.search(r"/docker[-/]([0-9a-f]{12})", control_groups)
    container = docker[1] if docker else ""
    # Before the name of the program may stand that of Python and its options.
    is_teleinfo = _UNITS.fullmatch(unit) is not None or "teleinfo" in words[:4]
    name = "teleinfo" if is_teleinfo else words[0] or "?"
    return PortUser(pid, name, unit, container, is_teleinfo)
