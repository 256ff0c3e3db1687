"""The real daemon, in a process of its own, and a meter that goes on sending the same bytes."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Self

from teleinfo.simulator.serial_line import SerialLine

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.broker import MosquittoBroker

LIMIT = 20.0
"""Seconds for what must happen, on a slow and busy machine."""


class Daemon:
    """
    `python -m teleinfo`, with `settings` as its TELEINFO_* variables and nothing else of the environment.

    It is started by `start` or on entering the block, and killed at its end if it still lives. `command` may
    be changed before it starts.
    """

    def __init__(self, folder: Path, **settings: object) -> None:
        self.command = [sys.executable, "-m", "teleinfo", "--env-file", os.devnull, "run"]
        self._environ = {"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1"}
        self._environ |= {f"TELEINFO_{name.upper()}": str(value) for name, value in settings.items()}
        self._log_path = folder / "teleinfo.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def environ(self) -> dict[str, str]:
        """What the process gets as its environment; may be changed before it starts."""
        return self._environ

    @property
    def log(self) -> str:
        """Everything it has written so far."""
        return self._log_path.read_text() if self._log_path.exists() else ""

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The process, which may have ended."""
        assert self._process is not None, "the daemon was not started"
        return self._process

    def start(self) -> None:
        """Start it; it may need a moment before it does anything."""
        assert self._process is None or self._process.poll() is not None, "it runs already"
        with self._log_path.open("ab") as log:
            self._process = subprocess.Popen(
                self.command,
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def expect_log(self, text: str, *, limit: float = LIMIT) -> None:
        """Return once `text` stands in the log."""
        end = time.monotonic() + limit
        while text not in self.log:
            assert time.monotonic() < end, f"no {text!r} within {limit} s in: {self.log}"
            assert self.process.poll() is None, f"it ended with {self.process.returncode}: {self.log}"
            time.sleep(0.02)

    def stop(self, number: signal.Signals = signal.SIGTERM, *, limit: float = LIMIT) -> tuple[int, float]:
        """Send a signal and return the exit status and how many seconds the end took."""
        began = time.monotonic()
        self.process.send_signal(number)
        return self.process.wait(limit), time.monotonic() - began

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None and self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGCONT)
            self._process.kill()
            self._process.wait(LIMIT)


def settings_for(broker: MosquittoBroker, line: SerialLine) -> dict[str, object]:
    """Return the settings that join the daemon to this broker and this line."""
    return {"serial_port": line.port, "mqtt_host": broker.host, "mqtt_port": broker.port}


class Meter:
    """
    A meter on a pseudo-terminal that sends `frame` again and again, every `period` seconds.

    `frame` may be changed at any time; None is silence. The reader flushes the port when it opens it, so that
    a single frame could be lost: this is why it goes on.
    """

    def __init__(self, frame: bytes | None, *, period: float = 0.2, link: Path | None = None) -> None:
        self.frame = frame
        self.line = SerialLine(link=link)
        self._period = period
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._send, name="meter", daemon=True)

    def _send(self) -> None:
        while not self._ended.wait(self._period):
            if self.frame is not None:
                with contextlib.suppress(OSError):  # the terminal is hung up at this moment
                    self.line.write(self.frame)

    def __enter__(self) -> Self:
        self.line.__enter__()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(LIMIT)
        self.line.close()
