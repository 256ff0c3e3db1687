"""
The file systems of Debian, made once by mmdebstrap and kept in the user's cache.

A recipe that changes gives another file. What is in the cache is never refreshed: apt works there without a
network, with the package lists and the packages of the day when it was made.
"""

from __future__ import annotations

import errno
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

PROJECT = Path(__file__).parents[3]
PROBE = Path(__file__).with_name("probe.py")
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
REPOSITORY = Path("/srv/teleinfo.git")
"""The place of the repository in the root of a user."""
# An hour would not be too long on a slow line; forever would.
LIMIT = 1200


@dataclass(frozen=True, slots=True)
class Recipe:
    """
    Debian's `suite` with `installed` packages, and the archives of `offered` ones, to install later.

    An empty `architecture` is that of this machine; `variant` is one of mmdebstrap.
    """

    suite: str
    installed: tuple[str, ...]
    offered: tuple[str, ...] = ()
    architecture: str = ""
    variant: str = "apt"


def cache(name: str) -> Path:
    """Return a path in the cache of this project's system tests, whose folder exists."""
    folder = CACHE / "teleinfo" / "system-tests"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / name


def tarball(recipe: Recipe) -> Path:
    """Return the file system of `recipe` as a tar file; making it takes half a minute and the network."""
    options = _options(recipe)
    path = cache(f"{recipe.suite}-{_key(repr(options))}.tar")
    if not path.exists():
        # Whole or not at all, whatever ends this process.
        partial = path.with_suffix(f".{os.getpid()}.tar")
        run("mmdebstrap", *options, recipe.suite, str(partial), _mirror())
        partial.rename(path)
    return path


def _mirror() -> str:
    """Return where the apt of this machine, a Debian, has its packages from."""
    lists_of_main = ("Created-By: Packages", "Component: main")
    uris = run("apt-get", "indextargets", "--format", "$(REPO_URI)", *lists_of_main).split()
    # The archive of security updates has only some of the packages.
    mirrors = [uri for uri in uris if uri.startswith("http") and "security" not in uri]
    assert mirrors, "apt has no list of packages: apt-get update brings it"
    return mirrors[0]


def _options(recipe: Recipe) -> list[str]:
    """Return the options of mmdebstrap for a recipe."""
    options = [
        f"--variant={recipe.variant}",
        f"--include={','.join(recipe.installed)}",
        "--format=tar",
        "--quiet",
        '--aptopt=Acquire::Check-Valid-Until "false"',
        "--dpkgopt=path-exclude=/usr/share/locale/*",
    ]
    if recipe.architecture:
        options.append(f"--architectures={recipe.architecture}")
    if recipe.offered:
        download = "apt-get install -y -qq --download-only -o APT::Install-Recommends=true"
        options += [
            # Without the lists and the archives apt would want the network.
            "--skip=cleanup/apt/lists,cleanup/apt/cache",
            f"--customize-hook=APT_CONFIG=$MMDEBSTRAP_APT_CONFIG {download} {' '.join(recipe.offered)}",
            '--customize-hook=echo "Acquire::Check-Valid-Until false;" > "$1/etc/apt/apt.conf.d/99cached"',
        ]
    return options


def wheels(python: str) -> Path:
    """Return a folder with what pip needs to install a checkout offline, for `python`, such as "3.11"."""
    table = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    project = table["project"]
    extras = project["optional-dependencies"]
    # `make install` brings the screen and the page of `watch`.
    wanted = [*project["dependencies"], *extras["watch"], *extras["web"], *table["build-system"]["requires"]]
    tested = PROJECT / "systemd" / "constraints.txt"
    key = _key(repr(wanted) + tested.read_text(encoding="utf-8"))
    folder = cache(f"wheels-{python}-{key}")
    if not folder.exists():
        # A folder of this process: others may be downloading the same wheels, or those of another Python.
        partial = folder.with_name(f"{folder.name}.{os.getpid()}")
        run(
            *(sys.executable, "-m", "pip", "download", "--quiet", "--dest", str(partial)),
            *("--constraint", str(tested), "--only-binary=:all:", "--python-version", python),
            *("--platform", f"manylinux2014_{platform.machine()}"),
            *wanted,
        )
        try:
            partial.rename(folder)
        except OSError as error:
            if error.errno != errno.ENOTEMPTY:
                raise
            # Another process was faster, with the same wheels.
            shutil.rmtree(partial)
    return folder


def package(folder: Path, checkout: Path = PROJECT) -> Path:
    """Build the Debian package of `checkout` into `folder`, which may have others, and return it."""
    before = set(folder.glob("*.deb"))
    run(str(checkout / "systemd" / "deb.sh"), environ={"DIST": str(folder)})
    [package] = set(folder.glob("*.deb")) - before
    return package


def unpack(recipe: Recipe, root: Path) -> None:
    """Unpack the file system of `recipe` into `root`, a folder that is made if it is not there."""
    root.mkdir(exist_ok=True)
    root.chmod(0o755)
    run("tar", "-xf", str(tarball(recipe)), "-C", str(root))


def carry_network(root: Path) -> None:
    """Let `root` have the resolver of this machine, and the certificates that it trusts."""
    for name in ("etc/resolv.conf", "etc/hosts", "etc/ssl/certs/ca-certificates.crt"):
        here = Path("/", name)
        there = root / name
        if here.exists():
            there.parent.mkdir(parents=True, exist_ok=True)
            there.unlink(missing_ok=True)  # it may be a link, which a copy would follow
            shutil.copy(here, there)


def add_user(root: Path, user: str) -> None:
    """Make an ordinary user of `root`, who may use sudo and clone what is committed from REPOSITORY."""
    repository = root / REPOSITORY.relative_to("/")
    run("git", "clone", "--quiet", "--bare", str(PROJECT), str(repository))
    (root / "etc/sudoers.d" / user).write_text(f"{user} ALL=(ALL) NOPASSWD: ALL\n")
    script = f"useradd --create-home --shell /bin/bash {user} && chown -R {user}: {REPOSITORY}"
    run("chroot", str(root), "sh", "-c", f"PATH=/usr/sbin:/usr/bin; {script}")


def enter(root: Path, *command: str, folders: Sequence[Path] = ()) -> list[str]:
    """
    Return the line that runs a command, such as chroot, beside `root` in mount and process namespaces.

    They end with whoever runs the line. The root has these folders of this machine at their places.
    """
    namespaces = ("unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child")
    shared = " ".join(str(folder) for folder in folders)
    script = ("sh", str(Path(__file__).with_name("enter.sh")), str(root), shared)
    return ["setpriv", "--pdeathsig=KILL", *namespaces, *script, *command]


def run(*command: str, environ: dict[str, str] | None = None) -> str:
    """Run a command, which must exit 0, and return its standard output."""
    result = subprocess.run(
        command,
        env=os.environ | (environ or {}),
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT,
        stdin=subprocess.DEVNULL,
    )
    assert result.returncode == 0, f"{' '.join(command)}: {result.stdout[-2000:]}{result.stderr[-2000:]}"
    return result.stdout


def _key(text: str) -> str:
    """Return a short text that differs where `text` differs, for the name of a file."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]
