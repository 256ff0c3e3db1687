"""
The two commands of the README on bare systems: `python -m tests.lab.system.newcomer [SUITE …]`, as root.

Each root, of Debian 13 and of Debian 12, or of the suites that are named, has git, make, python3-venv and
sudo, and nothing else. An ordinary user, who may use sudo, clones the repository and types the commands as
they stand in README.md and docs/CONTRIBUTING.md, in an empty environment. What apt and pip of this machine
need to reach their registries (configuration, certificates, proxies) is carried in.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.lab.system import roots
from tests.lab.system.roots import PROJECT, Recipe

SUITES = ("trixie", "bookworm")
PACKAGES = ("git", "make", "python3-venv", "sudo")
LIMIT = 1500.0
"""Seconds for all of one root, on a slow network and beside other work."""

USER = "newcomer"
PIP_OPTIONS = ("index-url", "extra-index-url", "cert", "trusted-host", "proxy", "default-timeout")
VARIABLES = ("http_proxy", "https_proxy", "no_proxy", "SSL_CERT_FILE")

# In namespaces of its own: when this ends, nothing is left, neither a mount nor a process. The shell is the
# first process inside, and waits for whatever loses its parent.
_RUN = """\
set -e
mount --rbind /dev "$1/dev"
mount -t proc proc "$1/proc"
shift
"$@" || exit $?
"""
# Fails unless the page at an address shows the twelve months before.
_PAGE = r"""
import re, sys, urllib.request as web
with web.urlopen(sys.argv[1] + "events", timeout=30) as events:
    [number] = next(found.groups() for line in events if (found := re.search(rb'"meters":\[\["(\w+)"', line)))
with web.urlopen(f"{sys.argv[1]}history/{number.decode()}/months13.csv", timeout=30) as months:
    sys.exit(len(months.readlines()) <= 12)
"""
# The user types the first command until its first message, then the second command. Lines that begin with @@
# are durations.
_INSIDE = r"""
set -eu -o pipefail
git clone --quiet /srv/teleinfo.git teleinfo
cd teleinfo
echo "$ $1"
{ $1 || true; } 2>&1 | {
    came=no page=
    while [ "$came" = no ] && IFS= read -r line; do
        printf '%s\n' "$line"
        [[ $line =~ http://[0-9.:]+/ ]] && page=${BASH_REMATCH[0]}
        [[ $line =~ teleinfo\ +\{\" ]] && came=yes
    done
    [ "$came" = yes ]
    python3 -c "$3" "$page"
    echo "@@ from installed to a page with a year $(($(date +%s) - $(stat -c %Y .venv/.demo))) s"
}
echo "@@ from clone to first message $SECONDS s"
echo "$ $2"
SECONDS=0
$2 2>&1 | while IFS= read -r line; do
    printf '%s\n' "$line"
    # With this command `make test` begins, once all that it needs is there.
    case $line in *"bin/ruff check") echo "@@ downloads $SECONDS s" ;; esac
done
echo "@@ test, with its downloads, $SECONDS s"
"""


def commands() -> tuple[str, str]:
    """Return the lines of README.md and docs/CONTRIBUTING.md that show the demo and run the tests."""
    pages = [PROJECT / "README.md", PROJECT / "docs/CONTRIBUTING.md"]
    text = "".join(path.read_text(encoding="utf-8") for path in pages)
    shown = re.findall(r"^```sh\n(make \w+)\n```$", text, re.MULTILINE)
    assert [line.split()[1] for line in shown] == ["demo", "test"], f"the pages show {shown}"
    return shown[0], shown[1]


def pip_environment() -> dict[str, str]:
    """Return what the pip of this machine is told of its registry, as environment variables."""
    listed = roots.run(sys.executable, "-m", "pip", "config", "list").splitlines()
    rows = [row for line in listed if (row := re.fullmatch(r"[^.]+\.([\w-]+)='(.*)'", line))]
    return {f"PIP_{row[1].upper().replace('-', '_')}": row[2] for row in rows if row[1] in PIP_OPTIONS}


def prepare(suite: str, root: Path) -> None:
    """Unpack a bare Debian into `root`, with a user, the repository, and the way to the registries."""
    roots.unpack(Recipe(suite, installed=PACKAGES, variant="minbase"), root)
    roots.carry_network(root)
    for name in ("apt.conf.d", "auth.conf.d"):
        shutil.copytree(Path("/etc/apt", name), root / "etc/apt" / name, dirs_exist_ok=True)
    # The broker that is installed must not listen on this machine.
    no_services = root / "usr/sbin/policy-rc.d"
    no_services.write_text("#!/bin/sh\nexit 101\n")
    no_services.chmod(0o755)
    roots.add_user(root, USER)


def run(root: Path) -> tuple[int, list[str]]:
    """Type the commands of the README in `root`; return the exit status and the durations."""
    environ = {"HOME": f"/home/{USER}", "USER": USER, "PATH": "/usr/local/bin:/usr/bin:/bin"}
    environ |= pip_environment()
    environ |= {name: os.environ[name] for name in VARIABLES if name in os.environ}
    process = subprocess.Popen(
        [
            *("unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child"),
            *("sh", "-c", _RUN, "sh", root, "chroot", "--userspec=1000:1000", root),
            *("env", "-i", "-C", environ["HOME"]),
            *(f"{name}={value}" for name, value in environ.items()),
            *("timeout", "--foreground", str(LIMIT), "bash", "-c", _INSIDE, "bash", *commands(), _PAGE),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    durations = []
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("@@ "):
            durations.append(line.removeprefix("@@ ").strip())
        else:
            sys.stdout.write(line)
            sys.stdout.flush()
    return process.wait(), durations


def main() -> int:
    """Do it on each system, and say how long it took."""
    result = 0
    for suite in sys.argv[1:] or SUITES:
        root = Path(tempfile.mkdtemp(prefix="teleinfo-newcomer-", dir="/var/tmp"))
        try:
            prepare(suite, root)
            status, durations = run(root)
        finally:
            subprocess.run(["rm", "-rf", "--one-file-system", root], check=False, timeout=120)
        print(  # noqa: T201
            f"== {suite}: {'passed' if status == 0 else f'FAILED ({status})'}; {', '.join(durations)}",
            flush=True,
        )
        result |= status != 0
    return result


if __name__ == "__main__":
    sys.exit(main())
