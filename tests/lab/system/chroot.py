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

from tests.lab.system.roots import CACHE, PROJECT, Recipe, carry_network, unpack

FORKY = Recipe(
    "forky",
    # The programs of the tests and of `make`.
    installed=(
        *("ca-certificates", "git", "make", "python3", "python3-venv", "faketime", "groff-base", "iproute2"),
        *("man-db", "mosquitto", "mosquitto-clients", "openssl", "systemd"),
    ),
)
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# Run in mount and process namespaces of its own, which end with it. The root is $1, the checkout $2,
# the cache $3.
ENTER = """\
set -eu
root=$1 checkout=$2 cache=$3
shift 3
mount --make-rprivate /
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
for folder in "$checkout" "$cache"; do
    mkdir -p "$root$folder"
    mount --bind "$folder" "$root$folder"
done
exec chroot "$root" sh -c 'cd "$1" && shift && exec "$@"' sh "$checkout" "$@"
"""


def main(command: list[str]) -> int:
    """Run the command and return its exit status."""
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    with tempfile.TemporaryDirectory(prefix="teleinfo-chroot-", ignore_cleanup_errors=True) as folder:
        root = Path(folder)
        unpack(FORKY, root)
        carry_network(root)
        # The namespaces end with this process, however it ends.
        namespaces = ["setpriv", "--pdeathsig=KILL", "unshare", "--mount", "--pid", "--fork", "--kill-child"]
        entered = [*namespaces, "sh", "-c", ENTER, "sh", str(root), str(PROJECT), str(CACHE)]
        environ = {name: os.environ[name] for name in os.environ if not name.startswith("PYTHON")}
        return subprocess.run([*entered, *command], env=environ | {"PATH": PATH}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
