"""
Print as JSON what can be reached from here, such as from the sandbox of the service.

Run inside, by any Python 3.11 with nothing but its standard library:

    probe.py FILE[,FILE…] HOST:PORT…

It tries to read the files, to connect to the addresses, and all else that is named below. Each attempt is
"yes", "timeout", or the name of the errno that forbids it.
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
    """Return "yes" if it works, else "timeout", the name of the errno, or the words of the error."""
    try:
        action()
    except TimeoutError:
        return "timeout"
    except OSError as error:
        if error.errno is not None and error.errno in errno.errorcode:
            return errno.errorcode[error.errno]
        return str(error)
    return "yes"


def connect(address: str) -> str:
    """Try to reach HOST:PORT over TCP."""
    host, _colon, port = address.rpartition(":")

    def connect_and_close() -> None:
        socket.create_connection((host, int(port)), timeout=CONNECT_LIMIT).close()

    return attempt(connect_and_close)


def writable() -> list[str]:
    """Return every folder in which a file can be made: found by making one."""
    folders = []
    for folder, names_below, _files in os.walk("/"):
        # os.walk goes into those that are left in this list.
        names_below[:] = [name for name in names_below if str(Path(folder, name)) not in VIRTUAL]
        path = Path(folder) / ".probe"
        if attempt(path.touch) == "yes":
            folders.append(folder)
            path.unlink()
    return folders


def runs(folder: str) -> str:
    """Put a program into a folder, and try to run it."""
    program = Path(shutil.copy("/usr/bin/true", folder))
    result = attempt(lambda: subprocess.run([program], check=False))
    program.unlink()
    return result


def enter_user_namespace() -> None:
    """Become root in a user namespace, or raise OSError; Python 3.11 has no unshare of its own."""
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "unshare")


def devices() -> dict[str, str]:
    """Return for every device of /dev whether it can be opened to be read."""
    opened = {}
    for path in sorted(Path("/dev").rglob("*")):
        with contextlib.suppress(OSError):  # it may be gone meanwhile
            is_device = path.is_char_device() or path.is_block_device()
            if is_device and not path.is_symlink():
                opened[str(path)] = open_device(path)
    return opened


def open_device(path: Path) -> str:
    """Try to open a device, without waiting for anything, and to close it."""
    return attempt(lambda: os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK)))


def read(path: str) -> str:
    """Try to list a folder, or to read a file."""
    if path in FOLDERS:
        return attempt(lambda: list(Path(path).iterdir()))
    return attempt(Path(path).read_bytes)


def open_socket(family: socket.AddressFamily) -> str:
    """Try to make a raw socket of this family."""
    return attempt(lambda: socket.socket(family, socket.SOCK_RAW).close())


def main() -> None:
    """Print the report."""
    files = sys.argv[1].split(",")
    addresses = sys.argv[2:]
    writable_folders = writable()
    processes = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()]
    report = {
        "uid": os.getuid(),
        "read": {path: read(path) for path in (*FOLDERS, "/etc/shadow", *files)},
        "connect": {address: connect(address) for address in addresses},
        "write": writable_folders,
        "run": [runs(folder) for folder in writable_folders],
        "devices": devices(),
        "processes": sorted(processes),
        "own": [os.getpid(), os.getppid()],
        "setuid": attempt(lambda: os.setuid(0)),
        "signal": attempt(lambda: os.kill(1, 0)),
        "namespace": attempt(enter_user_namespace),
        "raw socket": open_socket(socket.AF_PACKET),
        "netlink": open_socket(socket.AF_NETLINK),
        "environment": sorted(os.environ),
    }
    print(json.dumps(report))  # noqa: T201 (it is the report)


if __name__ == "__main__":
    main()
