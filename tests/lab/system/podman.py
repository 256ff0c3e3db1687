"""
podman on a machine that may be a container itself, and podman-compose, in namespaces of their own.

They hold cgroups of version 2, which podman's runtime wants, for as long as the block lasts, and a network
without a way out for `Compose`.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
from typing import TYPE_CHECKING, Any, Self

from tests.homeassistant_app.programs import build as app
from tests.lab.system.roots import PROJECT, Recipe, run, tarball
from tests.support.procfs import catches
from tests.support.scenario import until

if TYPE_CHECKING:
    import signal
    from collections.abc import Mapping, Sequence
    from pathlib import Path

LIMIT = 60.0
"""Seconds for what should happen at once, on a slow and busy machine."""

IMAGE = "localhost/teleinfo:latest"
APP = "localhost/teleinfo-app:latest"
BASE = Recipe("trixie", ("apt",), variant="minbase")
"""In the place of Debian's slim image, which is made in the same way."""

BROKER = Recipe("trixie", ("apt", "mosquitto", "mosquitto-clients"), variant="minbase")
"""In the place of the image of mosquitto that compose.yaml names, but for the file that it begins with."""

_HOLD = "umount -R /sys/fs/cgroup 2>/dev/null; mount -t cgroup2 none /sys/fs/cgroup && echo ready && exec cat"
_HOLD_NETWORK = f"ip link set lo up && {_HOLD}"
# Without control groups that count processes, and without the right to more files than this machine allows.
_CONTAINERS_CONF = """\
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
pids_limit = 0
"""


def build_image(folder: Path) -> Path:
    """Build the image on `BASE`, with the package of this checkout, and return its archive."""
    environ = {"DIST": str(folder), "BASE": str(tarball(BASE))}
    run(str(PROJECT / "systemd/container/image.sh"), environ=environ)
    (archive,) = folder.glob("teleinfo-image_*.tar.gz")
    return archive


def build_app(folder: Path, package: Path) -> Path:
    """Build the image of the app for Home Assistant as its Supervisor does, and return its archive."""
    app.build(package, folder / "repository")
    archive = folder / "app.tar"
    run(
        *("buildah", "build", "--format", "docker", "--isolation", "chroot", "--layers=false", "--quiet"),
        *("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=4096:4096"),
        # image.sh has imported it.
        *("--build-arg", "BASE=localhost/teleinfo-base", "--tag", APP, str(folder / "repository/teleinfo")),
    )
    run("buildah", "push", "--quiet", APP, f"docker-archive:{archive}:{APP}")
    return archive


class Podman:
    """podman with a storage of its own in `folder`, which has the images of `archives`."""

    namespaces: tuple[str, ...] = ("--mount",)
    hold = _HOLD

    def __init__(self, folder: Path, *archives: Path) -> None:
        self._folder = folder
        self._archives = archives
        self._holder: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self._holder = subprocess.Popen(
            ["unshare", *self.namespaces, "--propagation", "private", "sh", "-c", self.hold],
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

    def run(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run podman with these arguments; it must exit 0 if `check`."""
        return self._inside(*self._podman, *arguments, check=check)

    @property
    def _podman(self) -> tuple[str, ...]:
        storage = ("--root", str(self._folder / "storage"), "--runroot", str(self._folder / "run"))
        return ("/usr/bin/podman", *storage, "--cgroup-manager", "cgroupfs")

    def _inside(self, *command: str, check: bool = True, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the namespaces, with more variables in its environment."""
        assert self._holder is not None
        done = subprocess.run(
            ["nsenter", *self.namespaces, "--target", str(self._holder.pid), *command],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=LIMIT,
            env=os.environ | {"PODMAN_IGNORE_CGROUPSV1_WARNING": "1"} | more,
        )  # fmt: skip
        assert done.returncode == 0 or not check, f"{command}: {done.stdout}{done.stderr}"
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


class Compose(Podman):
    """podman-compose in a copy of systemd/container, with the image of mosquitto that compose.yaml names."""

    namespaces = ("--mount", "--net")
    hold = _HOLD_NETWORK

    def __enter__(self) -> Self:
        super().__enter__()
        self._checkout = self._folder / "container"
        shutil.copytree(PROJECT / "systemd/container", self._checkout)
        self._conf = self._folder / "containers.conf"
        self._conf.write_text(_CONTAINERS_CONF)
        # podman-compose calls this podman.
        wrapper = self._folder / "bin/podman"
        wrapper.parent.mkdir()
        wrapper.write_text(f'#!/bin/sh\nexec {shlex.join(self._podman)} "$@"\n')
        wrapper.chmod(0o755)
        image = self._folder / "mosquitto.tar"
        shutil.copy(tarball(BROKER), image)
        (self._folder / "mosquitto-no-auth.conf").write_text("listener 1883\nallow_anonymous true\n")
        run("tar", "-rf", str(image), "-C", str(self._folder), "mosquitto-no-auth.conf")
        self.run("import", "--quiet", str(image), "docker.io/library/eclipse-mosquitto:2")
        image.unlink()
        return self

    def write_port(self, port: Path) -> None:
        """Write the port of the meter where docs/containers.md says."""
        file = self._checkout / "compose.yaml"
        text = file.read_text(encoding="utf-8")
        file.write_text(re.sub("(TELEINFO_SERIAL_PORT:).*", rf"\1 {port}", text), encoding="utf-8")

    def type_in(self, line: str, more: str = "") -> str:
        """Type a line of docs/containers.md, with podman-compose for Docker's, and return what it said."""
        command = f"cd {self._checkout} && {line.replace('docker compose', 'podman-compose')} {more}"
        path = f"{self._folder / 'bin'}:{os.environ['PATH']}"
        done = self._inside("sh", "-c", command, PATH=path, CONTAINERS_CONF_OVERRIDE=str(self._conf))
        return done.stdout + done.stderr


_WITHOUT_CGROUPS = ("--cgroups", "disabled", "--network", "host")
# As in compose.yaml and teleinfo.container, without the options that need control groups.
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
        """The log of the container so far."""
        done = self._podman.run("logs", self._name)
        return done.stdout + done.stderr

    def state(self) -> dict[str, Any]:
        """Return what podman says of its process."""
        found: dict[str, Any] = json.loads(self._podman.run("inspect", self._name).stdout)[0]["State"]
        return found

    def expect_log(self, text: str) -> None:
        """Return once `text` stands in its log."""
        until(lambda: text in self.log, what=text)

    def inside(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the container, as its user."""
        return self._podman.run("exec", self._name, *command, check=False)

    def is_healthy(self) -> bool:
        """Run the image's health check once, and return what it says."""
        return self._podman.run("healthcheck", "run", self._name, check=False).returncode == 0

    def wait_for_handler(self, number: signal.Signals) -> None:
        """Return as soon as its process has a handler for this signal."""
        pid = self.state()["Pid"]
        until(lambda: catches(pid, number), what=f"a handler for {number.name}")

    def stop(self) -> int:
        """Stop it as Docker does, which sends SIGTERM and kills after ten seconds; return its exit status."""
        self._podman.run("stop", "--time", "10", self._name)
        return int(self._podman.run("wait", self._name).stdout)
