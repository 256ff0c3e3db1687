"""A service manager that hears what a process tells it on NOTIFY_SOCKET, and when."""

from __future__ import annotations

import secrets
import socket
import tempfile
import threading
import time
from pathlib import Path
from typing import Self

from tests.support.process import LIMIT


class NotifySocket:
    """Listens while its block runs; `watchdog` seconds are what WATCHDOG_USEC says."""

    def __init__(self, *, watchdog: float) -> None:
        # Not in the folder of the test, whose path may be longer than that of a socket can be.
        self._path = Path(tempfile.gettempdir(), f"notify-{secrets.token_hex(6)}")
        self._watchdog = watchdog
        self._heard: list[tuple[float, str]] = []
        self._news = threading.Condition()
        self._socket: socket.socket
        self._thread = threading.Thread(target=self._listen, name="notify", daemon=True)

    @property
    def environ(self) -> dict[str, str]:
        """The variables that systemd adds to the environment of the service."""
        return {"NOTIFY_SOCKET": str(self._path), "WATCHDOG_USEC": str(int(self._watchdog * 1e6))}

    @property
    def heard(self) -> list[str]:
        """Everything so far, oldest first."""
        with self._news:
            return [text for _, text in self._heard]

    def times(self, text: str) -> list[float]:
        """Return when exactly `text` came, in monotonic seconds."""
        with self._news:
            return [at for at, said in self._heard if said == text]

    def expect(self, part: str, *, limit: float = LIMIT, after: float = 0.0) -> float:
        """Return when something with `part` in it first came later than `after`; wait for it if need be."""
        with self._news:
            found = self._news.wait_for(lambda: self._find(part, after), timeout=limit)
        assert found is not None, f"no {part!r} within {limit} s in: {self.heard}"
        return found

    def _find(self, part: str, after: float) -> float | None:
        return next((at for at, text in self._heard if at > after and part in text), None)

    def _listen(self) -> None:
        while text := self._socket.recv(4096).decode():
            with self._news:
                self._heard.append((time.monotonic(), text))
                self._news.notify_all()

    def __enter__(self) -> Self:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self._path))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as last:
            last.sendto(b"", str(self._path))
        self._thread.join(LIMIT)
        self._socket.close()
        self._path.unlink()
