"""Programs of others: found or the test is skipped, started in a process group of their own, and ended."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pytest

from tests.support.tcp_ports import HOST

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

RECONNECTION = 35.0
"""Seconds within which messages come again, as promised."""
LIMIT = 30.0
"""Seconds for a program to start, and for what must happen, on a slow and busy machine."""


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


def eventually(true: Callable[[], object], what: str, *, limit: float = LIMIT) -> None:
    """Return once `true()` holds; raise AssertionError with `what` when it does not in so many seconds."""
    end = time.monotonic() + limit
    while not true():
        assert time.monotonic() < end, f"not within {limit} s: {what}"
        time.sleep(0.05)


class Process:
    """A program that runs inside the block; its output goes to `log`, and all its children end with it."""

    def __init__(
        self, command: Sequence[str], log: Path, *, environ: Mapping[str, str] | None = None
    ) -> None:
        self._command = [*command]
        self._log = log
        self._environ = {**os.environ, **(environ or {})}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        """Its output so far, since its first start."""
        return self._log.read_text(encoding="utf-8", errors="replace") if self._log.exists() else ""

    def start(self) -> None:
        """Start it; it may need a moment before it does anything."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def expect(self, text: str, *, times: int = 1, limit: float = LIMIT) -> None:
        """Return once `text` stands in the log so many times."""
        eventually(lambda: self.log.count(text) >= times, f"{text!r} in {self._log}", limit=limit)

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End it and its children, and return when it is gone."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, how)
        try:
            process.wait(LIMIT)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
