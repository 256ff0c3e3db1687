"""
Print as JSON what can be reached from here, such as from the sandbox of the service.

Run inside, by any Python 3.11 with nothing but its standard library. Each value is "yes", or the name of the
errno that forbids it. Arguments are host:port pairs to connect to.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

CONNECT_LIMIT = 3.0
# File systems of the kernel, where no file can be kept.
VIRTUAL = ("/proc", "/sys")
FOLDERS = ("/root", "/home", "/boot", "/mnt")
CLONE_NEWUSER = 0x10000000  # linux/sched.h


def attempt(action: Callable[[], object]) -> str:
    """Return "yes" if it works."""
    try:
        action()
    except TimeoutError:
        return "timeout"
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, str(error))
    return "yes"


def connect(address: str) -> str:
    """Try to reach host:port over TCP."""
    host, _, port = address.rpartition(":")
    return attempt(lambda: socket.create_connection((host, int(port)), timeout=CONNECT_LIMIT).close())


def writable() -> list[str]:
    """Return every folder in which a file can be made: found by making one."""
    found = []
    for folder, below, _ in os.walk("/"):
        below[:] = [name for name in below if str(Path(folder, name)) not in VIRTUAL]
        path = Path(folder) / ".probe"
        if attempt(path.touch) == "yes":
            found.append(folder)
            path.unlink()
    return found


def runs(folder: str) -> str:
    """Put a program into a folder, and try to run it."""
    program = Path(shutil.copy("/usr/bin/true", folder))
    said = attempt(lambda: subprocess.run([program], check=False))
    program.unlink()
    return said


def namespace() -> None:
    """Try to become root in a user namespace; Python 3.11 has no unshare of its own."""
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "unshare")


def devices() -> dict[str, str]:
    """Return every device of /dev, and whether it can be opened to be read."""
    result = {}
    for path in sorted(Path("/dev").rglob("*")):
        with contextlib.suppress(OSError):
            if not path.is_symlink() and (path.is_char_device() or path.is_block_device()):
                result[str(path)] = attempt(lambda: os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK)))  # noqa: B023 (called at once)
    return result


def read(path: str) -> str:
    """Try to list a folder, or to read a file."""
    there = Path(path)
    return attempt(lambda: list(there.iterdir()) if path in FOLDERS else there.read_bytes())


def main() -> None:
    """Print the report."""
    written = writable()
    report = {
        "uid": os.getuid(),
        "read": {path: read(path) for path in (*FOLDERS, "/etc/shadow", *sys.argv[1].split(","))},
        "connect": {address: connect(address) for address in sys.argv[2:]},
        "write": written,
        "run": [runs(folder) for folder in written],
        "devices": devices(),
        "processes": sorted(int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()),
        "own": [os.getpid(), os.getppid()],
        "setuid": attempt(lambda: os.setuid(0)),
        "signal": attempt(lambda: os.kill(1, 0)),
        "namespace": attempt(namespace),
        "raw socket": attempt(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close()),
        "netlink": attempt(lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).close()),
        "environment": sorted(os.environ),
    }
    print(json.dumps(report))  # noqa: T201 (it is the report)


if __name__ == "__main__":
    main()
