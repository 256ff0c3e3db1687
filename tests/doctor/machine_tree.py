"""A tree of files that stands for a Raspberry Pi, and ways to look at findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from teleinfo.doctor.machine import Machine

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from teleinfo.doctor.findings import Finding

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

    def raspberry(self, *, model: str = PI_4, config: str = "", command_line: str = "console=tty1") -> None:
        """Make it a Raspberry Pi, with nothing on its serial port."""
        self.file("/proc/device-tree/model", f"{model}\0")
        self.file("/proc/cmdline", command_line)
        self.file("/boot/firmware/cmdline.txt", command_line)
        self.file("/boot/firmware/config.txt", config)


def by_check(findings: Iterable[Finding]) -> dict[str, Finding]:
    """Return the findings by their name."""
    return {one.check: one for one in findings}
