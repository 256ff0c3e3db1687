"""
Read the machine: its files below /dev, /sys, /proc, /boot, /etc and /run, and the output of its programs.

Everything is looked up below `root`, so that the tests can use a tree of files in place of a Raspberry Pi.
Nothing is changed. A file that cannot be read is None or empty, never an exception.
"""

from __future__ import annotations

import asyncio
import contextlib
import grp
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

PROGRAM_TIMEOUT = 5.0
"""Seconds that systemctl and journalctl may take."""

_MOST_LINKS = 10
_PROGRAMS = ("usr/local/bin", "usr/bin", "bin", "usr/sbin", "sbin")


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine whose files are below `root`."""

    root: Path = Path("/")

    def path(self, name: str) -> Path:
        """Return the path below `root` of the file `name`, which is absolute on the machine."""
        return self.root / name.lstrip("/")

    def text(self, name: str) -> str | None:
        """Return the contents of a small file without trailing NUL and white space, or None."""
        try:
            return self.path(name).read_bytes().decode(errors="replace").strip("\0\n ")
        except OSError:
            return None

    def names(self, folder: str) -> list[str]:
        """Return the names in `folder`, sorted; none where it is not there or must not be read."""
        try:
            return sorted(os.listdir(self.path(folder)))  # noqa: PTH208 - the names are wanted
        except OSError:
            return []

    def link(self, name: str) -> str | None:
        """Return the target of the link `name`, as it is written, or None."""
        try:
            return str(self.path(name).readlink())
        except OSError:
            return None

    def real(self, name: str) -> str:
        """Return the absolute name of the file to which the link `name` leads in the end, else `name`."""
        for _ in range(_MOST_LINKS):
            target = self.link(name)
            if target is None:
                break
            name = os.path.normpath(Path(name).parent / target)
        return name

    @property
    def model(self) -> str:
        """The model of the board as its device tree has it, "" where there is none."""
        return self.text("/proc/device-tree/model") or ""

    @property
    def is_raspberry(self) -> bool:
        """True if this is a Raspberry Pi."""
        return "Raspberry Pi" in self.model

    async def run(self, program: str, *arguments: str) -> str | None:
        """
        Return the output of `program`, standard error included.

        None: it is not installed, takes too long, or fails.
        """
        where = shutil.which(program, path=":".join(str(self.root / folder) for folder in _PROGRAMS))
        if where is None:
            return None
        process = await asyncio.create_subprocess_exec(
            where,
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, "LC_ALL": "C", "SYSTEMD_COLORS": "0", "SYSTEMD_PAGER": ""},
        )
        try:
            async with asyncio.timeout(PROGRAM_TIMEOUT):
                output, _ = await process.communicate()
        except TimeoutError:
            return None
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        return None if process.returncode else output.decode(errors="replace").strip()


def group_of(number: int) -> tuple[str, list[str]]:
    """Return the name of a group, its number where it has none, and the names of its members."""
    try:
        group = grp.getgrgid(number)
    except KeyError:
        return str(number), []
    return group.gr_name, group.gr_mem
