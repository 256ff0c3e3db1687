"""The daemon's process, with its log in a pipe."""

from __future__ import annotations

import subprocess
import threading
from typing import IO, TYPE_CHECKING

from tests.support.daemon import Daemon

if TYPE_CHECKING:
    from pathlib import Path


class PipedDaemon(Daemon):
    """The daemon with its log in a pipe, as journald has it: a log in a file counts as written to disk."""

    def __init__(self, folder: Path, **settings: object) -> None:
        super().__init__(folder, **settings)
        self.environ["PYTHONDONTWRITEBYTECODE"] = "1"
        self.lines: list[str] = []

    @property
    def log(self) -> str:
        """Everything it has written so far."""
        return "".join(self.lines)

    def start(self) -> None:
        """Start it; it may need a moment before it does anything."""
        self._process = subprocess.Popen(
            self.command,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert self._process.stdout is not None
        threading.Thread(target=self._collect, args=(self._process.stdout,), daemon=True).start()

    def _collect(self, pipe: IO[bytes]) -> None:
        self.lines.extend(line.decode() for line in pipe)
