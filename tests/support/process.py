"""One process of a test: started, watched through what it writes, ended."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Self

from tests.support.procfs import waited_for_processor

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

LIMIT = 60.0
"""Seconds for what must happen, on a machine however busy: after them it hangs. No promise is held by it."""


class Process:
    """
    A program that writes to the file `log`, over all its lives.

    It is started by `start` or on entering the block, and killed at the end of the block if it still lives.
    An error that ends the block gets a note with the end of the log.
    `command` and `environ` (None: that of the test) may be changed before it starts.
    """

    def __init__(self, command: Sequence[str], log: Path, environ: dict[str, str] | None = None) -> None:
        self.command = list(command)
        self.environ = environ
        self._log_path = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        """Everything it has written so far."""
        return self._log_path.read_text() if self._log_path.exists() else ""

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The process, which may have ended."""
        assert self._process is not None, f"{self.command} was not started"
        return self._process

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self.process.pid

    @property
    def runs(self) -> bool:
        """True if it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it; it may need a moment before it does anything."""
        assert not self.runs, "it runs already"
        with self._log_path.open("ab") as log:
            self._process = subprocess.Popen(
                self.command, env=self.environ, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def expect_log(self, text: str, *, limit: float = LIMIT) -> None:
        """Return once `text` stands in the log."""
        end = time.monotonic() + limit
        while text not in self.log:
            assert time.monotonic() < end, f"no {text!r} within {limit} s in: {self.log}"
            assert self.runs, f"it ended with {self.process.returncode}: {self.log}"
            time.sleep(0.02)

    def stop(self, number: signal.Signals = signal.SIGTERM, *, limit: float = LIMIT) -> tuple[int, float]:
        """
        Send a signal, and return the exit status and how many seconds the end took.

        The time that the process and this thread waited for a processor is not counted: it is the machine's.
        """
        process = self.process
        descriptor = os.pidfd_open(process.pid)
        try:
            began = time.monotonic()
            waited = waited_for_processor(process.pid)
            process.send_signal(number)
            before = waited_for_processor()
            ended, _, _ = select.select([descriptor], [], [], limit)
            taken = time.monotonic() - began - (waited_for_processor() - before)
            assert ended, f"it has not ended {limit} s after {number.name}: {self.log}"
            # It is still in the table of processes, as nobody has asked for its exit status yet.
            taken -= waited_for_processor(process.pid) - waited
        finally:
            os.close(descriptor)
        return process.wait(limit), max(0.0, taken)

    def end(self, how: signal.Signals, *, limit: float = 5.0) -> None:
        """Send a signal, stopped or not, and return when it is gone: killed, after `limit` seconds."""
        if not self.runs:
            return
        process = self.process
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(how)
            process.send_signal(signal.SIGCONT)
        try:
            process.wait(limit)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(LIMIT)

    def kill(self) -> None:
        """End it by SIGKILL."""
        self.end(signal.SIGKILL)

    def freeze(self) -> None:
        """Stop it by SIGSTOP: connections stay open, nobody answers."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Continue it by SIGCONT."""
        os.kill(self.pid, signal.SIGCONT)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        ended = None if self._process is None else self._process.poll()
        self.kill()
        if len(error) > 1 and isinstance(error[1], BaseException):
            error[1].add_note(f"{self._log_path.name} (exit status {ended}) said: {self.log[-2000:]}")
