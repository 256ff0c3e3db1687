"""The daemon under attack: what the system and the service manager see of it."""

from __future__ import annotations

import itertools
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tests.support.daemon import Daemon
from tests.support.notify import NotifySocket

if TYPE_CHECKING:
    from tests.support.figures import Figures

WATCHDOG = 9.0
"""Seconds after which the service manager would kill it."""

ROOM = 8 * 1024
"""KiB that it may take for an attack: buffers of the kernel's size, and what Python does not give back."""


class Victim:
    """
    The real daemon with `settings`, watched from `calm` on.

    Memory is that of its process (proc(5)), in KiB: the most that it ever had, so that no peak is missed.
    """

    def __init__(self, folder: Path, **settings: object) -> None:
        self.daemon = Daemon(folder, **settings)
        self._manager = NotifySocket(watchdog=WATCHDOG)
        self.daemon.environ.update(self._manager.environ)
        self._stack = ExitStack()
        self._before = 0
        self._lines = 0
        self._since = 0.0

    def calm(self) -> None:
        """Say that all is well: from here on is measured."""
        self._manager.expect("WATCHDOG=1")
        self._before = self._peak()
        self._lines = len(self.daemon.log.splitlines())
        self._since = time.monotonic()

    def assert_unmoved(self, name: str, figures: Figures, *, lines: int) -> None:
        """Require that memory is bounded, the log quiet, and that the watchdog was fed all the time."""
        assert self.daemon.process.poll() is None, self.daemon.log
        grown = self._peak() - self._before
        figures.kept(f"attack, {name}: memory grows", grown / 1024, at_most=ROOM / 1024, unit="MiB")
        said = self.daemon.log.splitlines()[self._lines :]
        assert len(said) <= lines, "\n".join([f"{len(said)} lines", *said[:20]])
        assert "Traceback" not in self.daemon.log
        fed = [at for at in self._manager.times("WATCHDOG=1") if at >= self._since]
        gaps = [later - at for at, later in itertools.pairwise([self._since, *fed, time.monotonic()])]
        assert max(gaps) < WATCHDOG, f"the watchdog was fed after {gaps} s"

    def _peak(self) -> int:
        status = Path(f"/proc/{self.daemon.process.pid}/status").read_text()
        return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))

    def __enter__(self) -> Self:
        self._stack.enter_context(self._manager)
        self._stack.enter_context(self.daemon)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()
