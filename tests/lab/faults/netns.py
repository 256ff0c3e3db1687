"""Two hosts, network namespaces joined by a link that can be cut: one of the daemon, one of the broker."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Self

import pytest

from tests.support.process import LIMIT

DAEMON_HOST, BROKER_HOST = "10.77.0.1", "10.77.0.2"
NOBODY = "02:00:00:00:00:99"
"""The address of no interface: what is sent there is lost, and nobody answers that it is."""


class Network:
    """
    A host for the daemon (10.77.0.1) and one for the broker (10.77.0.2), which exist as long as the block.

    `on_daemon_host` and `on_broker_host` are beginnings of commands, which run the rest there. Where the
    system does not permit it, the test is skipped. `/etc/hosts` and `/etc/resolv.conf` of the daemon's host
    are files of this network: `hosts` may be written at any time, and there is no name server.
    """

    def __init__(self) -> None:
        missing = [name for name in ("ip", "unshare", "nsenter", "mount") if _program(name) is None]
        if missing:
            pytest.skip(f"no network namespace without these programs: {', '.join(missing)}")
        self._stack = contextlib.ExitStack()
        self.on_daemon_host: list[str] = []
        self.on_broker_host: list[str] = []
        # Short, as the path of a socket must be.
        self.folder = Path(tempfile.mkdtemp(prefix="tic-"))
        self._stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
        self.hosts = self.folder / "hosts"
        self.hosts.write_text("127.0.0.1 localhost\n")
        (self.folder / "resolv.conf").write_text("nameserver 127.0.0.1\n")

    def cut(self) -> None:
        """Lose every packet, both ways: no error is reported, and nothing is refused."""
        self._neighbours("replace", "lladdr", NOBODY, "nud", "permanent")

    def repair(self) -> None:
        """Let packets through again."""
        self._neighbours("del")

    def _neighbours(self, action: str, *more: str) -> None:
        neighbour = ("ip", "neigh", action)
        _run(*self.on_daemon_host, *neighbour, BROKER_HOST, "dev", "veth-daemon", *more)
        _run(*self.on_broker_host, *neighbour, DAEMON_HOST, "dev", "veth-broker", *more)

    def __enter__(self) -> Self:
        try:
            self._make()
        except BaseException:
            self._stack.close()
            raise
        return self

    def _make(self) -> None:
        user = () if os.geteuid() == 0 else ("--user", "--map-root-user")
        daemon_host = self._hold("unshare", *user, "--net", "--mount")
        into = ("--user", "--preserve-credentials") if user else ()
        enter_daemon_host = ["nsenter", "--target", str(daemon_host), *into, "--net", "--mount"]
        broker_host = self._hold(*enter_daemon_host, "unshare", "--net")
        self.on_daemon_host = [*enter_daemon_host, "--"]
        self.on_broker_host = ["nsenter", "--target", str(broker_host), *into, "--net", "--"]
        pair = ("veth-daemon", "type", "veth", "peer", "name", "veth-broker", "netns", str(broker_host))
        _run(*self.on_daemon_host, "ip", "link", "set", "lo", "up")
        _run(*self.on_daemon_host, "ip", "link", "add", *pair, skip="no veth pair")
        for where, address, interface in (
            (self.on_daemon_host, DAEMON_HOST, "veth-daemon"),
            (self.on_broker_host, BROKER_HOST, "veth-broker"),
        ):
            _run(*where, "ip", "addr", "add", f"{address}/24", "dev", interface)
            _run(*where, "ip", "link", "set", interface, "up")
        for name in ("hosts", "resolv.conf"):
            mount = ("mount", "--bind", str(self.folder / name), f"/etc/{name}")
            _run(*self.on_daemon_host, *mount, skip="no mount")

    def _hold(self, *command: str) -> int:
        """Keep a namespace alive, as long as the block lasts, by a process that sleeps in it."""
        holder = subprocess.Popen(
            [*command, "sh", "-c", "echo ready; exec sleep 900"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=_environ(),
        )
        self._stack.callback(_end, holder)
        assert holder.stdout is not None
        assert holder.stderr is not None
        if holder.stdout.readline() != b"ready\n":
            pytest.skip(f"no network namespace here: {holder.stderr.read().decode().strip()}")
        return holder.pid

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def _program(name: str) -> str | None:
    return shutil.which(name, path=_environ()["PATH"])


def _environ() -> dict[str, str]:
    return {"PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"}


def _run(*command: str, skip: str = "") -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LIMIT, env=_environ())
    if done.returncode and skip:
        pytest.skip(f"{skip} here: {done.stderr.strip()}")
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.communicate(timeout=LIMIT)
