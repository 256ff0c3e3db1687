"""Free TCP ports on loopback, for tests that run at the same time."""

from __future__ import annotations

import atexit
import contextlib
import random
import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

HOST = "127.0.0.1"
BLOCKS = 64
BLOCK = 256
"""How many blocks of ports there are for all that test on this machine, and how many ports each has."""


def _candidates() -> Iterator[int]:
    """
    Yield the ports of blocks that belong to this process alone.

    They are below those that the kernel gives to outgoing connections: a port that the kernel has just named
    as free may belong to a connection a moment later, and a broker that comes back there would find it taken.
    A block is reserved by an abstract socket, which belongs to the network namespace as the ports do, and
    which the kernel removes with the process.
    """
    end = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text("ascii").split()[0])
    first = max(1024, end - BLOCKS * BLOCK)
    for block in random.SystemRandom().sample(range(BLOCKS), BLOCKS):
        reservation = socket.socket(socket.AF_UNIX)
        atexit.register(reservation.close)
        with contextlib.suppress(OSError):
            reservation.bind(f"\0teleinfo-tests-block-{block}")
            yield from range(first + block * BLOCK, first + (block + 1) * BLOCK)


_ports = _candidates()
_one_at_a_time = threading.Lock()


def free_port() -> int:
    """Return a loopback port that nobody uses, and that no other test on this machine is given."""
    with _one_at_a_time:
        for port in _ports:
            with socket.socket() as probe, contextlib.suppress(OSError):
                probe.bind((HOST, port))
                return port
    pytest.fail("no free port is left")


@contextlib.contextmanager
def black_hole() -> Iterator[socket.socket]:
    """Listen with a full backlog, so that the kernel drops every further SYN until somebody accepts."""
    with contextlib.ExitStack() as sockets:
        listener = sockets.enter_context(socket.socket())
        listener.bind((HOST, 0))
        listener.listen(0)
        for _ in range(4):
            filler = sockets.enter_context(socket.socket())
            filler.setblocking(False)  # noqa: FBT003 - has no keyword
            filler.connect_ex(listener.getsockname())
        yield listener
