"""A real mosquitto on a free loopback port, to be stopped, restarted, frozen and thawed."""

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

from tests.support.tcp_ports import HOST, free_port

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.support.certificates import Certificate

READY_LIMIT = 15.0
"""Seconds that mosquitto may take to listen on a busy machine."""


def mosquitto() -> str:
    """Return the path of mosquitto, or skip the test."""
    path = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if path is None:
        pytest.skip("mosquitto is not installed")
    return path


class MosquittoBroker:
    """
    A mosquitto without persistence: a restart forgets every retained message.

    `users` (name → password) closes it to everybody else; `certificate` makes it speak TLS; `clients` is the
    authority of the certificates that it wants from clients. `inside` is the beginning of its command, which
    puts it into a namespace, where it listens on `host`, and for the test on the socket `unix`. `more` are
    lines for its configuration. It listens from `start` to `stop`, always on the same port. As a context
    manager it starts, and ends in whatever state.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int | None = None,
        users: Mapping[str, str] | None = None,
        certificate: Certificate | None = None,
        clients: Certificate | None = None,
        host: str = HOST,
        inside: Sequence[str] = (),
        unix: Path | None = None,
        more: Sequence[str] = (),
    ) -> None:
        self.host = host
        self.port = port or free_port()
        self.unix = unix
        self._folder = folder
        self._command = [*inside, mosquitto()]
        self._process: subprocess.Popen[bytes] | None = None
        self._log_path = folder / f"mosquitto-{self.port}.log"
        self._config = folder / f"mosquitto-{self.port}.conf"
        self._config.write_text("\n".join([*self._lines(users, certificate, clients), *more]) + "\n")

    def _lines(
        self,
        users: Mapping[str, str] | None,
        certificate: Certificate | None,
        clients: Certificate | None,
    ) -> list[str]:
        lines = ["persistence false", "log_type all", "log_dest stderr"]
        # Started by root it would give up its rights, and could not read the folder of the test.
        lines.append("user root")
        if self.unix is not None:
            lines.append(f"listener 0 {self.unix}")
        lines.append(f"listener {self.port} {self.host}")
        if users is None:
            lines.append("allow_anonymous true")
        else:
            passwords = self._folder / f"passwords-{self.port}"
            passwords.write_text("".join(f"{name}:{password}\n" for name, password in users.items()))
            passwords.chmod(0o600)
            subprocess.run(["mosquitto_passwd", "-U", str(passwords)], check=True, timeout=30)
            lines += ["allow_anonymous false", f"password_file {passwords}"]
        if certificate is not None:
            lines += [f"certfile {certificate.cert}", f"keyfile {certificate.key}"]
        if clients is not None:
            lines += [f"cafile {clients.cert}", "require_certificate true"]
        return lines

    @property
    def log(self) -> str:
        """What mosquitto has logged so far, over all its lives."""
        return self._log_path.read_text() if self._log_path.exists() else ""

    @property
    def pid(self) -> int:
        """The process, while it runs."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it and return once it listens."""
        with self._log_path.open("ab") as log:
            self._process = subprocess.Popen([*self._command, "-c", str(self._config)], stderr=log)
        deadline = time.monotonic() + READY_LIMIT
        while time.monotonic() < deadline:
            assert self._process.poll() is None, f"mosquitto ended: {self.log}"
            with contextlib.suppress(OSError), self._dial():
                return
            time.sleep(0.02)
        raise AssertionError(f"mosquitto does not listen: {self.log}")

    def _dial(self) -> socket.socket:
        if self.unix is None:
            return socket.create_connection((self.host, self.port), timeout=1)
        dialled = socket.socket(socket.AF_UNIX)
        try:
            dialled.connect(str(self.unix))
        except OSError:
            dialled.close()
            raise
        return dialled

    def stop(self) -> None:
        """End it politely, frozen or not, and return when it is gone."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once, without a goodbye to anybody."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        process.send_signal(signal.SIGCONT)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)

    def freeze(self) -> None:
        """Stop it in its tracks: connections stay open, nobody answers."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        os.kill(self.pid, signal.SIGCONT)

    def connections(self) -> int:
        """Return how many TCP connections to the port are established, seen from the broker's side."""
        wanted = f":{self.port:04X}"
        rows = [row.split() for row in Path(f"/proc/{self.pid}/net/tcp").read_text().splitlines()[1:]]
        return sum(1 for row in rows if row[1].endswith(wanted) and row[3] == "01")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
