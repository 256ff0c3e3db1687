"""
Tell systemd the state of the service, by sd_notify(3).

Outside systemd NOTIFY_SOCKET is not set, and nothing is sent.
"""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class Notifier:
    """The socket of the service manager, if there is one."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        # A leading @ stands for the NUL of Linux' abstract namespace.
        self._address = environ.get("NOTIFY_SOCKET", "").replace("@", "\0", 1)
        self._interval = _watchdog_interval(environ)

    @property
    def watchdog_interval(self) -> float | None:
        """Seconds within which systemd wants a sign of life, or None where it does not watch."""
        return self._interval

    def ready(self) -> None:
        """Say that the settings are valid and the daemon works, with or without meter and broker."""
        self._send("READY=1")

    def stopping(self) -> None:
        """Say that the daemon is about to end."""
        self._send("STOPPING=1")

    def alive(self) -> None:
        """Say that every task makes progress."""
        self._send("WATCHDOG=1")

    def status(self, text: str) -> None:
        """Show `text` in `systemctl status`: one line."""
        self._send(f"STATUS={text}")

    def _send(self, message: str) -> None:
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.settimeout(0)
            try:
                sock.sendto(message.encode(), self._address)
            except OSError:
                # systemd is not listening: no reason to stop reading the meter.
                return


def _watchdog_interval(environ: Mapping[str, str]) -> float | None:
    """Return WATCHDOG_USEC in seconds, if it is meant for this process (sd_watchdog_enabled(3))."""
    if environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    microseconds = environ.get("WATCHDOG_USEC", "")
    return int(microseconds) / 1e6 if microseconds.isdecimal() and int(microseconds) else None
