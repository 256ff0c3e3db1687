"""
Run a command in a chroot of Debian's next release, which has Python 3.14.

    python3 -m tests.lab.system.chroot make pytest VENV=.venv-3.14

As root, on Debian, with mmdebstrap. This checkout, /dev and the user's cache are at their places in it, and
the network is the machine's; all else is made for this one command and thrown away after it. Its exit status
is that of the command. When it is killed, whatever the command started is too.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.lab.system.roots import CACHE, PROJECT, Recipe, carry_network, enter, unpack

FORKY = Recipe(
    "forky",
    # The programs of the tests and of `make`.
    installed=(
        *("ca-certificates", "git", "make", "python3", "python3-venv", "faketime", "groff-base", "iproute2"),
        *("man-db", "mosquitto", "mosquitto-clients", "openssl", "systemd"),
    ),
)
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
IN_CHECKOUT = 'cd "$1" && shift && exec "$@"'


def main(command: list[str]) -> int:
    """Run the command and return its exit status."""
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    with tempfile.TemporaryDirectory(prefix="teleinfo-chroot-", ignore_cleanup_errors=True) as folder:
        root = Path(folder)
        unpack(FORKY, root)
        carry_network(root)
        line = ("chroot", str(root), "sh", "-c", IN_CHECKOUT, "sh", str(PROJECT), *command)
        entered = enter(root, *line, folders=(PROJECT, CACHE))
        environ = {name: os.environ[name] for name in os.environ if not name.startswith("PYTHON")}
        return subprocess.run(entered, env=environ | {"PATH": PATH}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
