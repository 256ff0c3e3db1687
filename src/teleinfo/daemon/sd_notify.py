"""
Tell systemd the state of the service, by sd_notify(3).

Outside systemd NOTIFY_SOCKET is not set, and nothing is sent.
"""

from __future__ import annotations

import contextlib
import os
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class Notifier:
    """
    The socket of the service manager, if there is one.

    `watchdog_interval`: seconds within which systemd expects a sign of life, None if it expects none.
    """

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        # A leading @ stands for the NUL of Linux' abstract namespace.
        self._address = environ.get("NOTIFY_SOCKET", "").replace("@", "\0", 1)
        self.watchdog_interval = _watchdog_interval(environ)

    def send(self, assignment: str) -> None:
        """Send an assignment such as `READY=1`; a service manager that does not listen is no error."""
        if self._address:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock, contextlib.suppress(OSError):
                sock.settimeout(0)
                sock.sendto(assignment.encode(), self._address)


def _watchdog_interval(environ: Mapping[str, str]) -> float | None:
    """Return WATCHDOG_USEC in seconds, if it is meant for this process (sd_watchdog_enabled(3))."""
    if environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    microseconds = environ.get("WATCHDOG_USEC", "")
    return int(microseconds) / 1e6 if microseconds.isdecimal() and int(microseconds) else None
