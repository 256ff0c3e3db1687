"""Two network namespaces joined by a wire that can be cut: the home, and the street where the broker is."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Self

import pytest

HOME, STREET = "10.77.0.1", "10.77.0.2"
NOBODY = "02:00:00:00:00:99"
"""An address of no card: what is sent there is lost without a word."""

LIMIT = 15.0


class Network:
    """
    A home (10.77.0.1) and a street (10.77.0.2), seen by nobody else, and gone when the block ends.

    `at_home` and `in_street` are beginnings of commands, which run the rest there. Where the system does not
    permit it, the test is skipped. `/etc/hosts` and `/etc/resolv.conf` at home are files of this network:
    `hosts` may be written at any time, and there is no other name server.
    """

    def __init__(self) -> None:
        missing = [name for name in ("ip", "unshare", "nsenter", "mount") if _program(name) is None]
        if missing:
            pytest.skip(f"no network namespace without these programs: {', '.join(missing)}")
        self._stack = contextlib.ExitStack()
        self.at_home: list[str] = []
        self.in_street: list[str] = []
        # Short, as the path of a socket must be.
        self.folder = Path(tempfile.mkdtemp(prefix="tic-"))
        self._stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
        self.hosts = self.folder / "hosts"
        self.hosts.write_text("127.0.0.1 localhost\n")
        (self.folder / "resolv.conf").write_text("nameserver 127.0.0.1\n")

    def cut(self) -> None:
        """Lose every packet, both ways: nobody is told, and nothing is refused."""
        for where, peer, card in ((self.at_home, STREET, "house"), (self.in_street, HOME, "street")):
            _run(*where, "ip", "neigh", "replace", peer, "lladdr", NOBODY, "dev", card, "nud", "permanent")

    def mend(self) -> None:
        """Let packets through again."""
        for where, peer, card in ((self.at_home, STREET, "house"), (self.in_street, HOME, "street")):
            _run(*where, "ip", "neigh", "del", peer, "dev", card)

    def unplug(self) -> None:
        """Pull the plug at the broker's end: there is no way to it any more."""
        _run(*self.in_street, "ip", "link", "set", "street", "down")

    def plug(self) -> None:
        """Put the plug in again."""
        _run(*self.in_street, "ip", "link", "set", "street", "up")

    def __enter__(self) -> Self:
        try:
            self._make()
        except BaseException:
            self._stack.close()
            raise
        return self

    def _make(self) -> None:
        user = () if os.geteuid() == 0 else ("--user", "--map-root-user")
        home = self._hold("unshare", *user, "--net", "--mount")
        into = ("--user", "--preserve-credentials") if user else ()
        enter_home = ["nsenter", "--target", str(home), *into, "--net", "--mount"]
        street = self._hold(*enter_home, "unshare", "--net")
        self.at_home = [*enter_home, "--"]
        self.in_street = ["nsenter", "--target", str(street), *into, "--net", "--"]
        wire = ("house", "type", "veth", "peer", "name", "street", "netns", str(street))
        _run(*self.at_home, "ip", "link", "set", "lo", "up")
        _run(*self.at_home, "ip", "link", "add", *wire, skip="no veth pair")
        for where, address, card in ((self.at_home, HOME, "house"), (self.in_street, STREET, "street")):
            _run(*where, "ip", "addr", "add", f"{address}/24", "dev", card)
            _run(*where, "ip", "link", "set", card, "up")
        for name in ("hosts", "resolv.conf"):
            _run(*self.at_home, "mount", "--bind", str(self.folder / name), f"/etc/{name}", skip="no mount")

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
