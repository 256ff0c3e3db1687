"""A machine with a real systemd, in a container of this one: systemd-nspawn, without a network."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import subprocess
import time
from pathlib import Path
from typing import Self

from tests.lab.system.roots import PROJECT, Recipe, unpack
from tests.support.process import Process
from tests.support.procfs import facts

LIMIT = 60.0
"""Seconds for what should happen at once, on a slow and busy machine."""

_HERE = Path(__file__).parent
_SCRIPT = ("unshare", "--mount", "--propagation", "private", "sh", str(_HERE / "container.sh"))
_REBOOT = 133
"""Exit status of systemd-nspawn when the system inside reboots."""
# Mosquitto loses a SIGTERM that comes just after its first connection (2.0.21: 1 of 400): systemd then waits
# for 90 s, and no wait here is that long. When it ends is no matter of these tests.
_BROKER = "[Service]\nTimeoutStopSec=5\n"


class Container:
    """
    A system of `recipe`, booted on entering the block and gone with all its files at the end.

    The checkout is in /opt/checkout, read-only; the service `meter@ttyAMA0` plays a meter on /dev/ttyAMA0.
    """

    def __init__(self, recipe: Recipe, folder: Path) -> None:
        self._recipe = recipe
        self.root = folder / "root"
        self._group = f"teleinfo-test-{os.getpid()}"
        started = [*_SCRIPT, "boot", str(self.root), str(PROJECT), self._group]
        self._nspawn = Process(started, folder / "console.log")

    def __enter__(self) -> Self:
        unpack(self._recipe, self.root)
        shutil.copy(_HERE / "meter@.service", self.root / "etc/systemd/system")
        dropped = self.root / "etc/systemd/system/mosquitto.service.d"
        dropped.mkdir()
        (dropped / "end.conf").write_text(_BROKER)
        (self.root / "etc/hostname").write_text("meterhouse\n")
        (self.root / "etc/hosts").write_text("127.0.0.1 localhost\n::1 localhost\n127.0.1.1 meterhouse\n")
        self._start()
        self.run("systemctl enable --now meter@ttyAMA0")
        return self

    def _start(self) -> None:
        """Boot it, and return once it is up."""
        self._nspawn.start()
        self.until("systemctl is-system-running --wait | grep -q -e running -e degraded")

    def reboot(self) -> None:
        """Reboot it from inside, and return once it is up again."""
        self.run("systemctl --no-block reboot")
        # With --keep-unit, systemd-nspawn only exits with this status: we start it again.
        assert self._nspawn.process.wait(LIMIT) == _REBOOT
        self._start()

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(AssertionError, subprocess.SubprocessError):
            self.run("systemctl --no-block poweroff", check=False)
            self._nspawn.process.wait(30)
        self._nspawn.kill()
        subprocess.run([*_SCRIPT, "clean", self._group], check=False, timeout=60, capture_output=True)
        subprocess.run(["rm", "-rf", "--one-file-system", str(self.root)], check=False, timeout=120)

    def _init(self) -> int:
        """Return the process that has the number 1 inside; a reboot changes it."""
        assert self._nspawn.runs, f"the container ended: {self._nspawn.log[-2000:]}"
        for task in Path(f"/proc/{self._nspawn.pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                # Its numbers in each process namespace that it is in, the innermost one last.
                numbers = facts(int(child))["NSpid"].split()
                if numbers[-1] == "1":
                    return int(child)
        raise AssertionError("the container has no first process (yet)")

    def run(self, script: str, *, check: bool = True, limit: float = LIMIT) -> str:
        """
        Run a shell script as root and return what it said, on both outputs; it must exit 0 if `check`.

        It has `limit` seconds.
        """
        # All namespaces, the root and the working directory of the first process inside.
        inside = ["nsenter", "-t", str(self._init()), "-m", "-u", "-i", "-n", "-p", "-C", "-r", "-w"]
        path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"
        environ = [f"PATH={path}", "HOME=/root", "LC_ALL=C.UTF-8", "DEBIAN_FRONTEND=noninteractive"]
        result = subprocess.run(
            [*inside, "env", "-i", *environ, "sh", "-c", script],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=limit,
        )
        assert result.returncode == 0 or not check, f"{script}: {result.returncode}: {result.stdout[-3000:]}"
        return result.stdout

    def until(self, script: str) -> None:
        """Return once the script exits 0."""
        end = time.monotonic() + LIMIT
        while True:
            try:
                self.run(script)
            except (AssertionError, subprocess.TimeoutExpired, OSError):
                if time.monotonic() > end:
                    raise
                time.sleep(0.2)
            else:
                return

    def property(self, name: str, unit: str = "teleinfo") -> str:
        """Return a property of a unit, as `systemctl show` says it; empty if it is not set."""
        return self.run(f"systemctl show --value -p {name} {shlex.quote(unit)}").strip()

    def exposure(self, unit: str) -> float:
        """Return the exposure of a service, of 10 at most, that `systemd-analyze security` finds."""
        # Such as: → Overall exposure level for teleinfo.service: 1.1 OK
        said = self.run(f"systemd-analyze security --no-pager {unit} | tail -n 1")
        _words, _colon, verdict = said.partition(":")
        return float(verdict.split()[0])

    def journal(self) -> str:
        """Return the journal of the service, with the lines of systemd about it."""
        return self.run("journalctl -o cat --no-pager -u teleinfo")

    def message(self, topic: str = "teleinfo") -> str:
        """Return the next message of a topic, or its retained one, as `mosquitto_sub` prints it."""
        return self.run(f"mosquitto_sub -t '{topic}' -C 1 -W {LIMIT:.0f}", limit=LIMIT + 10).strip()

    def expect(self, topic: str, message: str) -> None:
        """Return once this is the retained message of the topic."""
        self.until(f"mosquitto_sub -t '{topic}' -C 1 -W 2 | grep -q -x '{message}'")

    def settings(self, *lines: str, name: str = "teleinfo") -> None:
        """Write these lines at the end of a settings file, as a household would."""
        with (self.root / f"etc/teleinfo/{name}.env").open("a") as file:
            file.writelines(f"{line}\n" for line in lines)

    def without_settings(self, *names: str) -> None:
        """Take the lines of these variables out of the settings file again."""
        path = self.root / "etc/teleinfo/teleinfo.env"
        kept = [line for line in path.read_text().splitlines() if not line.startswith(names)]
        path.write_text("\n".join(kept) + "\n")
