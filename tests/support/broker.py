"""A real mosquitto on a free loopback port, to be stopped, restarted, frozen and thawed."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.process import LIMIT, Process
from tests.support.tcp_ports import HOST, free_port

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.support.certificates import Certificate


def mosquitto() -> str:
    """Return the path of mosquitto, or skip the test."""
    path = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if path is None:
        pytest.skip("mosquitto is not installed")
    return path


def limit(line: str, folder: Path) -> list[str]:
    """Return the lines of mosquitto.conf for this limit, or skip the test where it has no effect."""
    shown = subprocess.run(
        [mosquitto(), "-h"], capture_output=True, text=True, check=False, timeout=LIMIT
    ).stdout
    version = tuple(int(part) for part in re.findall(r"\d+", shown.partition("\n")[0]))
    if line.startswith("max_keepalive") and version < (2, 0, 12):
        pytest.skip("mosquitto before 2.0.12 does not apply max_keepalive to MQTT 3.1.1")
    # Mosquitto before 2.0.12 does not start with a listener for websockets alone.
    return [line, f"listener 0 {folder}/beside"] if line == "protocol websockets" else [line]


class MosquittoBroker(Process):
    """
    A mosquitto without persistence: a restart forgets every retained message.

    `users` (name → password) closes it to everybody else; `certificate` makes it speak TLS; `clients` is the
    authority of the certificates that it wants from clients. `more` are lines for its configuration.
    It listens from `start` to `stop`, always on the same port.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int | None = None,
        users: Mapping[str, str] | None = None,
        certificate: Certificate | None = None,
        clients: Certificate | None = None,
        more: Sequence[str] = (),
    ) -> None:
        self.host = HOST
        self.port = port or free_port()
        self._folder = folder
        config = folder / f"mosquitto-{self.port}.conf"
        config.write_text("\n".join([*self._lines(users, certificate, clients), *more]) + "\n")
        super().__init__([mosquitto(), "-c", str(config)], folder / f"mosquitto-{self.port}.log")

    def _lines(
        self,
        users: Mapping[str, str] | None,
        certificate: Certificate | None,
        clients: Certificate | None,
    ) -> list[str]:
        lines = ["persistence false", "log_type all", "log_dest stderr"]
        # Started by root it would give up its rights, and could not read the folder of the test.
        lines.append("user root")
        lines.append(f"listener {self.port} {self.host}")
        if users is None:
            lines.append("allow_anonymous true")
        else:
            passwords = self._folder / f"passwords-{self.port}"
            passwords.write_text("".join(f"{name}:{password}\n" for name, password in users.items()))
            passwords.chmod(0o600)
            subprocess.run(["mosquitto_passwd", "-U", str(passwords)], check=True, timeout=LIMIT)
            lines += ["allow_anonymous false", f"password_file {passwords}"]
        if certificate is not None:
            lines += [f"certfile {certificate.cert}", f"keyfile {certificate.key}"]
        if clients is not None:
            lines += [f"cafile {clients.cert}", "require_certificate true"]
        return lines

    def start(self) -> None:
        """Start it and return once it listens."""
        super().start()
        deadline = time.monotonic() + LIMIT
        while time.monotonic() < deadline:
            assert self.runs, f"mosquitto ended: {self.log}"
            with contextlib.suppress(OSError), socket.create_connection((HOST, self.port), timeout=1):
                return
            time.sleep(0.02)
        raise AssertionError(f"mosquitto does not listen: {self.log}")

    def connections(self) -> int:
        """Return how many TCP connections to the port are established, seen from the broker's side."""
        wanted = f":{self.port:04X}"
        rows = [row.split() for row in Path(f"/proc/{self.pid}/net/tcp").read_text().splitlines()[1:]]
        return sum(1 for row in rows if row[1].endswith(wanted) and row[3] == "01")

    def stop(self, number: signal.Signals = signal.SIGTERM, *, limit: float = 5.0) -> tuple[int, float]:
        """
        End it: repeat the signal each second, and kill it after `limit` seconds.

        Mosquitto 2.0.11 (Debian 12) loses a SIGTERM that comes within a millisecond of its first connection.
        """
        began = time.monotonic()
        while self.runs and time.monotonic() < began + limit:
            self.process.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(1.0)
        self.kill()
        return self.process.wait(LIMIT), time.monotonic() - began

    def __exit__(self, *_: object) -> None:
        if self.runs:
            self.thaw()
            self.stop()
