"""Cases for the doctor, a tree of files that stands for a Raspberry Pi, and a way to look at findings."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from teleinfo.doctor.case import Case
from teleinfo.doctor.command import CHECKS
from teleinfo.doctor.machine import Machine
from teleinfo.doctor.report import Screen
from tests.support.settings import settings_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from teleinfo.doctor.finding import Finding

PI_4 = "Raspberry Pi 4 Model B Rev 1.4"
PI_5 = "Raspberry Pi 5 Model B Rev 1.0"


class Tree:
    """Files below `root`; `machine` looks at them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.machine = Machine(root)

    def file(self, name: str, text: str = "", *, mode: int = 0o660) -> Path:
        """Write a file, and the folders above it."""
        path = self.root / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
        return path

    def link(self, name: str, target: str) -> None:
        """Make a link, which may dangle."""
        path = self.root / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(target)

    def program(self, name: str, *lines: str) -> None:
        """Make a program that prints these lines."""
        text = "".join(f"{line}\n" for line in lines)
        self.file(f"/usr/bin/{name}", f"#!/bin/sh\ncat <<'END'\n{text}END\n", mode=0o755)

    def case(self, port: str) -> Case:
        """Return a case with this machine and this serial port."""
        return case_of(self.machine, serial_port=port)

    def hold(self, device: str, pid: int, command: str = "", cgroup: str = "") -> None:
        """Have a process open `device`."""
        self.link(f"/proc/{pid}/fd/3", str(self.file(device)))
        self.file(f"/proc/{pid}/cmdline", command)
        self.file(f"/proc/{pid}/cgroup", cgroup)

    def raspberry(self, *, model: str = PI_4, config: str = "", command_line: str = "console=tty1") -> None:
        """Make it a Raspberry Pi, with nothing on its serial port."""
        self.file("/proc/device-tree/model", f"{model}\0")
        self.file("/proc/cmdline", command_line)
        self.file("/boot/firmware/config.txt", config)


def case_of(machine: Machine | None = None, /, **settings: object) -> Case:
    """Return a case with these settings, which are valid and known, and a screen that shows nothing."""
    read = settings_of({f"TELEINFO_{name.upper()}": str(value) for name, value in settings.items()})
    return Case(machine or Machine(), Screen(quiet=True), valid_settings=read)


def findings_of(area: str, case: Case) -> dict[str, Finding]:
    """Make the checks of an area, and return their findings by name, in their order."""

    async def made() -> list[Finding]:
        return [one for check in CHECKS[area][1] async for one in check(case)]

    return by_check(asyncio.run(made()))


def by_check(findings: Iterable[Finding]) -> dict[str, Finding]:
    """Return the findings by their name."""
    return {one.check: one for one in findings}
