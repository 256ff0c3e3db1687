"""
The two commands of the README on bare systems: `python -m tests.lab.system.newcomer [SUITE …]`, as root.

Each root, of Debian 13 and of Debian 12, or of the suites that are named, has git, make, python3-venv and
sudo, and nothing else. An ordinary user, who may use sudo, clones the repository and types the commands as
they stand in README.md and docs/CONTRIBUTING.md, in an empty environment. On Debian 12 and 14, with the
oldest and the newest Python, style and types, which do not depend on the system, are left out, and so are the
days in a time-lapse (`no_cover`); on Debian 14 the coverage is measured: there it costs least. What apt and
pip of this machine need to reach their registries (configuration, certificates, proxies) is carried in.
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

OTHER_TESTS = {
    "bookworm": """make pytest TESTS='-m "not no_cover and not long"'""",
    "forky": (
        """make pytest TESTS='-m "(real or hypothesis) and not no_cover and not long"'"""
        " && make coverage"
    ),
}
"""What is typed in place of `make test`, by suite."""

USER = "newcomer"
SCRIPT = Path(__file__).with_suffix(".sh")
PIP_OPTIONS = ("index-url", "extra-index-url", "cert", "trusted-host", "proxy", "default-timeout")
VARIABLES = ("http_proxy", "https_proxy", "no_proxy", "SSL_CERT_FILE")


def commands() -> tuple[str, str]:
    """Return the lines of README.md and docs/CONTRIBUTING.md that show the demo and run the tests."""
    pages = [PROJECT / "README.md", PROJECT / "docs/CONTRIBUTING.md"]
    text = "".join(path.read_text(encoding="utf-8") for path in pages)
    shown = re.findall(r"^```sh\n(make \w+)\n```$", text, re.MULTILINE)
    assert [line.split()[1] for line in shown] == ["demo", "test"], f"the pages show {shown}"
    return shown[0], shown[1]


def pip_environment() -> dict[str, str]:
    """Return what the pip of this machine is told of its registry, as environment variables."""
    listed = roots.run(sys.executable, "-m", "pip", "config", "list")
    variables = {}
    # Such as: global.index-url='https://registry.example/simple'
    for option, value in re.findall(r"^[^.\n]+\.([\w-]+)='(.*)'$", listed, re.MULTILINE):
        if option in PIP_OPTIONS:
            name = option.upper().replace("-", "_")
            variables[f"PIP_{name}"] = value
    return variables


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


def run(suite: str, root: Path) -> tuple[int, list[str]]:
    """Type the commands of the README in `root`; return the exit status, and the durations as sentences."""
    demo, test = commands()
    home = f"/home/{USER}"
    environ = {"HOME": home, "USER": USER, "PATH": "/usr/local/bin:/usr/bin:/bin"}
    environ |= pip_environment()
    environ |= {name: os.environ[name] for name in VARIABLES if name in os.environ}
    variables = [f"{name}={value}" for name, value in environ.items()]
    script = SCRIPT.read_text(encoding="utf-8")
    command = [
        # The first ordinary user of a Debian.
        *("chroot", "--userspec=1000:1000", str(root)),
        *("env", "-i", "-C", home, *variables),
        *("timeout", "--foreground", str(LIMIT)),
        *("bash", "-c", script, "bash", demo, OTHER_TESTS.get(suite, test)),
    ]
    process = subprocess.Popen(
        roots.enter(root, *command),
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
    """Type the commands on each system, and print how long they took; return 1 if any of them failed."""
    exit_status = 0
    for suite in sys.argv[1:] or SUITES:
        root = Path(tempfile.mkdtemp(prefix="teleinfo-newcomer-", dir="/var/tmp"))
        try:
            prepare(suite, root)
            status, durations = run(suite, root)
        finally:
            subprocess.run(["rm", "-rf", "--one-file-system", root], check=False, timeout=120)
        verdict = "passed"
        if status != 0:
            verdict = f"FAILED ({status})"
            exit_status = 1
        print(f"== {suite}: {verdict}; {', '.join(durations)}", flush=True)  # noqa: T201
    return exit_status


if __name__ == "__main__":
    sys.exit(main())
