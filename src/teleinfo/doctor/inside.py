"""
Open files and connect to addresses: a program that the doctor runs in the sandbox of the service.

Each argument is an absolute path or `host:port`, an IPv6 address in brackets. The program prints a JSON
object with the name of the error for each argument, or "". It imports only the standard library, so that only
this file need be readable.
"""

from __future__ import annotations

import asyncio
import errno
import json
import os
import socket
import stat
import sys
from typing import Final

NAME: Final = "NAME"
"""Error of an address whose name does not resolve."""

TIMEOUT: Final = 3.0
"""Seconds that a connection may take, its name included."""

_NEXT_ADDRESS: Final = 0.25
"""Seconds after which the next address of a name is tried as well (RFC 8305 §5)."""


async def attempt(target: str) -> str:
    """Try to reach `target`; return the name of the error, or ""."""
    try:
        if target.startswith("/"):
            _open(target)
        else:
            await _connect(target)
    # The first two are kinds of OSError, too.
    except socket.gaierror:
        return NAME
    except TimeoutError:
        return "ETIMEDOUT"
    except OSError as error:
        if error.errno is None:
            return str(error)  # of several addresses: asyncio joins their errors in one text
        return errno.errorcode.get(error.errno, str(error))
    return ""


def _open(path: str) -> None:
    """Open and close a file; raise OSError."""
    # The port is written to, as every device; a file is only read.
    is_device = stat.S_ISCHR(os.stat(path).st_mode)  # noqa: PTH116
    access = os.O_RDWR if is_device else os.O_RDONLY
    # Without waiting for a carrier on the line, nor making the port our terminal.
    descriptor = os.open(path, access | os.O_NONBLOCK | os.O_NOCTTY)
    os.close(descriptor)


async def _connect(address: str) -> None:
    """Connect to `host:port` and close the connection; raise OSError."""
    host, _colon, port = address.rpartition(":")
    async with asyncio.timeout(TIMEOUT):
        _reader, writer = await asyncio.open_connection(
            host.strip("[]"), int(port), happy_eyeballs_delay=_NEXT_ADDRESS
        )
    writer.transport.abort()


async def main(targets: list[str]) -> None:
    """Print the name of the error of each target as JSON, "" for one that was reached."""
    errors = await asyncio.gather(*map(attempt, targets))
    error_by_target = dict(zip(targets, errors, strict=True))
    sys.stdout.write(json.dumps(error_by_target))
    sys.stdout.flush()
    os._exit(0)  # without waiting for a name server


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
