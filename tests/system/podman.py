"""
podman on a machine that may be a container itself: without control groups of its own, on the host's network.

A mount namespace holds cgroups of version 2, which podman's runtime wants, for as long as the block lasts.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from tests.homeassistant_app.programs import build as app
from tests.support.process import waited_for_processor
from tests.system.roots import PROJECT, Recipe, tarball

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LIMIT = 60.0
"""Seconds for what should happen at once, on a slow and busy machine."""

IMAGE = "localhost/teleinfo:latest"
APP = "localhost/teleinfo-app:latest"
BASE = Recipe("trixie", ("apt",), variant="minbase")
"""In the place of Debian's slim image, which is made in the same way."""

_HOLD = "umount -R /sys/fs/cgroup 2>/dev/null; mount -t cgroup2 none /sys/fs/cgroup && echo ready && exec cat"


def build_image(folder: Path) -> Path:
    """Build the image on `BASE`, with the package of this checkout, and return its archive."""
    environ = os.environ | {"DIST": str(folder), "BASE": str(tarball(BASE))}
    done = subprocess.run(
        [PROJECT / "systemd/container/image.sh"],
        env=environ, capture_output=True, text=True, check=False, timeout=1200,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    (archive,) = folder.glob("teleinfo-image_*.tar.gz")
    return archive


def build_app(folder: Path, package: Path) -> Path:
    """Build the image of the app for Home Assistant as its Supervisor does, and return its archive."""
    app.build(package, folder / "repository")
    archive = folder / "app.tar"
    _run(
        *("buildah", "build", "--format", "docker", "--isolation", "chroot", "--layers=false", "--quiet"),
        *("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=4096:4096"),
        # image.sh has imported it.
        *("--build-arg", "BASE=localhost/teleinfo-base", "--tag", APP, str(folder / "repository/teleinfo")),
    )
    _run("buildah", "push", "--quiet", APP, f"docker-archive:{archive}:{APP}")
    return archive


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, f"{command}: {done.stdout[-2000:]}{done.stderr[-2000:]}"


class Podman:
    """podman with a storage of its own in `folder`, which has the images of `archives`."""

    def __init__(self, folder: Path, *archives: Path) -> None:
        self._folder = folder
        self._archives = archives
        self._holder: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self._holder = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", "sh", "-c", _HOLD],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self._holder.stdout is not None
        assert self._holder.stdout.readline() == "ready\n"
        for archive in self._archives:
            self.run("load", "--quiet", "--input", str(archive))
        return self

    def __exit__(self, *_: object) -> None:
        assert self._holder is not None
        self.run("rm", "--all", "--force", "--time", "0", check=False)
        # Its layers belong to other users, and are mounted in the namespace.
        self.run("system", "reset", "--force", check=False)
        self._holder.communicate(timeout=LIMIT)

    def run(
        self, *arguments: str, check: bool = True, limit: float = LIMIT
    ) -> subprocess.CompletedProcess[str]:
        """Run podman with these arguments; it must exit 0 if `check`."""
        assert self._holder is not None
        done = subprocess.run(
            [
                *("nsenter", "--mount", "--target", str(self._holder.pid), "podman"),
                *("--root", str(self._folder / "storage"), "--runroot", str(self._folder / "run")),
                *("--cgroup-manager", "cgroupfs", *arguments),
            ],
            capture_output=True, text=True, check=False, timeout=limit,
            env=os.environ | {"PODMAN_IGNORE_CGROUPSV1_WARNING": "1"},
        )  # fmt: skip
        assert done.returncode == 0 or not check, f"podman {arguments}: {done.stdout}{done.stderr}"
        return done

    def once(self, *arguments: str, options: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
        """Run one command of the image to its end."""
        return self.run("run", "--rm", *_CONFINED, *options, IMAGE, *arguments, check=False)

    def start(self, settings: Mapping[str, object], *, options: Sequence[str] = ()) -> Running:
        """Start the daemon with these settings in its environment."""
        variables = [f"--env=TELEINFO_{name.upper()}={value}" for name, value in settings.items()]
        done = self.run("run", "--detach", *_CONFINED, *variables, *options, IMAGE)
        return Running(self, done.stdout.strip())

    def start_app(self, *options: str) -> Running:
        """Start the app for Home Assistant, as root, with the capabilities of every container."""
        done = self.run("run", "--detach", *_WITHOUT_CGROUPS, *options, APP)
        return Running(self, done.stdout.strip())


_WITHOUT_CGROUPS = ("--cgroups", "disabled", "--network", "host")
# As in compose.yaml and teleinfo.container, but for what takes control groups.
_CONFINED = (
    *_WITHOUT_CGROUPS,
    *("--read-only", "--read-only-tmpfs=false"),
    *("--cap-drop", "all", "--security-opt", "no-new-privileges"),
)


class Running:
    """A container that was started; it is removed at the end of the block."""

    def __init__(self, podman: Podman, name: str) -> None:
        self._podman = podman
        self._name = name

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._podman.run("rm", "--force", "--time", "0", self._name, check=False)

    @property
    def log(self) -> str:
        """What it has said."""
        done = self._podman.run("logs", self._name)
        return done.stdout + done.stderr

    def state(self) -> dict[str, Any]:
        """Return what podman says of its process."""
        found: dict[str, Any] = json.loads(self._podman.run("inspect", self._name).stdout)[0]["State"]
        return found

    def expect_log(self, text: str) -> None:
        """Return once `text` stands in its log."""
        end = time.monotonic() + LIMIT
        while text not in self.log:
            assert time.monotonic() < end, f"no {text!r} in: {self.log}"
            time.sleep(0.1)

    def inside(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the container, as its user."""
        return self._podman.run("exec", self._name, *command, check=False)

    def is_healthy(self) -> bool:
        """Run the image's health check once, and return what it says."""
        return self._podman.run("healthcheck", "run", self._name, check=False).returncode == 0

    def wait_for_handler(self, number: signal.Signals) -> None:
        """Return as soon as its process has a handler for this signal (proc_pid_status(5), SigCgt)."""
        path = Path(f"/proc/{self.state()['Pid']}/status")
        end = time.monotonic() + LIMIT
        while time.monotonic() < end:
            caught = next(line for line in path.read_text().splitlines() if line.startswith("SigCgt:"))
            if int(caught.split()[1], 16) >> (number - 1) & 1:
                return
        raise AssertionError(f"no handler for {number.name}: {self.log}")

    def stop(self) -> tuple[int, float]:
        """
        Send SIGTERM to its process; return its exit status and after how many seconds it was gone.

        As in `Process.stop`, the time that it waited for a processor is the machine's, and is not counted.
        """
        pid = self.state()["Pid"]
        descriptor = os.pidfd_open(pid)
        try:
            waited = before = waited_for_processor(pid)
            began = time.monotonic()
            signal.pidfd_send_signal(descriptor, signal.SIGTERM)
            while not select.select([descriptor], [], [], 0.01)[0]:
                assert time.monotonic() < began + LIMIT, (
                    f"it has not ended {LIMIT} s after SIGTERM: {self.log}"
                )
                with contextlib.suppress(OSError):  # it has ended meanwhile
                    waited = waited_for_processor(pid)
            taken = time.monotonic() - began - (waited - before)
        finally:
            os.close(descriptor)
        return int(self._podman.run("wait", self._name).stdout), taken
