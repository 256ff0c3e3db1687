"""Helpers for tests with pseudo-terminals."""

from __future__ import annotations

import asyncio
import fcntl
import os
import struct
import termios
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.support.process import LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass
class Sink:
    """Passes the bytes of a port to a function."""

    on_data: Callable[[bytes], None]


async def until(true: Callable[[], object], *, within: float = LIMIT) -> None:
    """Wait until `true()` holds; raise AssertionError when it does not within so many seconds."""
    end = time.monotonic() + within
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        await asyncio.sleep(0.005)


def unread(descriptor: int) -> int:
    """Return how many bytes wait in the terminal to be read."""
    (count,) = struct.unpack("i", fcntl.ioctl(descriptor, termios.FIONREAD, bytes(4)))
    return int(count)


def descriptors() -> int:
    """Return how many descriptors this process has open."""
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - the names are not wanted
