"""The daemon's process, and what the system says of it."""

from __future__ import annotations

import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tests.support.daemon import Daemon


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


@dataclass(frozen=True, slots=True)
class Sample:
    """What the system says of a process: memory in KiB, `written` to disk in bytes since it began."""

    descriptors: int
    threads: int
    rss: int
    pss: int
    written: int


def sample(pid: int) -> Sample:
    """Look at the process `pid` (proc(5)); raise OSError where it is gone."""
    folder = Path(f"/proc/{pid}")
    facts: dict[str, str] = {}
    for name in ("status", "smaps_rollup", "io"):
        pairs = (line.partition(":") for line in (folder / name).read_text().splitlines())
        facts |= {key: value.strip().removesuffix(" kB") for key, _, value in pairs}
    return Sample(
        descriptors=len(list((folder / "fd").iterdir())),
        threads=int(facts["Threads"]),
        rss=int(facts["VmRSS"]),
        pss=int(facts["Pss"]),
        written=int(facts["write_bytes"]),
    )
