"""Programs of others: found or the test is skipped, started in a process group of their own, and ended."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.process import LIMIT, Process
from tests.support.tcp_ports import HOST

if TYPE_CHECKING:
    from collections.abc import Sequence

RECONNECTION = 35.0
"""Seconds within which messages come again, as promised."""


def program(name: str, package: str) -> str:
    """Return the path of a program, or skip the test."""
    path = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if path is None:
        pytest.skip(f"{name} is not installed: it is in the Debian package {package}")
    return path


def npm_folder(package: str) -> Path:
    """Return where npm put its packages (the verbs of make say where), or skip the test."""
    folder = Path(os.environ.get("TELEINFO_TEST_NPM", "")) / "node_modules"
    if not (folder / package).is_dir():
        pytest.skip(f"the npm package {package} is not installed: use make test-consumers or test-brokers")
    return folder


def listens(port: int) -> bool:
    """Return True if somebody accepts connections."""
    with contextlib.suppress(OSError), socket.create_connection((HOST, port), timeout=5):
        return True
    return False


def output(command: Sequence[str], text: str = "") -> str:
    """Return the output of a program for this input, within a minute."""
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True, timeout=60).stdout


class Program(Process):
    """A program in a process group of its own: all its children end with it."""

    def __init__(self, command: Sequence[str], log: Path, **environ: str) -> None:
        super().__init__(["setsid", *command], log, {**os.environ, **environ})

    def end(self, how: signal.Signals, *, limit: float = LIMIT) -> None:
        """Send the signal to the group, and return when the program is gone; then kill what is left."""
        process = self._process
        self._process = None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, how)
        try:
            process.wait(limit)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
