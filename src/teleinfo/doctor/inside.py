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


async def attempt(target: str) -> str:
    """Try to reach `target`; return the name of the error, or ""."""
    try:
        if target.startswith("/"):
            access = os.O_RDWR if stat.S_ISCHR(os.stat(target).st_mode) else os.O_RDONLY  # noqa: PTH116
            os.close(os.open(target, access | os.O_NONBLOCK | os.O_NOCTTY))
        else:
            host, _colon, port = target.rpartition(":")
            async with asyncio.timeout(TIMEOUT):
                address = host.strip("[]"), int(port)
                _reader, writer = await asyncio.open_connection(*address, happy_eyeballs_delay=0.25)
            writer.transport.abort()
    except socket.gaierror:
        return NAME
    except TimeoutError:
        return "ETIMEDOUT"
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, str(error))
    return ""


async def main(targets: list[str]) -> None:
    """Print the name of the error of each target as JSON, "" for one that was reached."""
    errors = await asyncio.gather(*map(attempt, targets))
    sys.stdout.write(json.dumps(dict(zip(targets, errors, strict=True))))
    sys.stdout.flush()
    os._exit(0)  # without waiting for a name server


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
