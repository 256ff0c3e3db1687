"""Free TCP ports on loopback, for tests that run at the same time."""

from __future__ import annotations

import contextlib
import os
import random
import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

HOST = "127.0.0.1"
COUNT = 16384
"""How many ports all workers of a run share."""


def _candidates() -> Iterator[int]:
    """
    Yield the ports of this pytest-xdist worker, in random order (another run may use the same range).

    They are below those that the kernel gives to outgoing connections: a port that the kernel has just named
    as free may belong to a connection a moment later, and a broker that comes back there would find it taken.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    end = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text("ascii").split()[0])
    ports = list(range(max(1024, end - COUNT), end))[worker::workers]
    random.SystemRandom().shuffle(ports)
    yield from ports


_ports = _candidates()
_one_at_a_time = threading.Lock()


def free_port() -> int:
    """Return a loopback port that nobody uses, and that nobody else in this run is given."""
    with _one_at_a_time:
        for port in _ports:
            with socket.socket() as probe, contextlib.suppress(OSError):
                probe.bind((HOST, port))
                return port
    pytest.fail("no free port is left")
