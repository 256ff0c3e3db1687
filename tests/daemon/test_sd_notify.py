"""systemd is told the state of the service; without systemd nothing is sent."""

from __future__ import annotations

import os
import socket

import pytest

from teleinfo.daemon.watchdog import Notifier


def test_an_abstract_address_is_understood() -> None:
    """@ stands for the NUL with which Linux' abstract addresses begin."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(f"\0teleinfo-test-{os.getpid()}")
        listening.settimeout(5)
        Notifier({"NOTIFY_SOCKET": f"@teleinfo-test-{os.getpid()}"}).send("READY=1")

        assert listening.recv(100) == b"READY=1"


@pytest.mark.parametrize("environ", [{}, {"NOTIFY_SOCKET": "/nonexistent/notify"}])
def test_without_a_service_manager_that_listens_nothing_happens(environ: dict[str, str]) -> None:
    """No reason to stop reading a meter."""
    Notifier(environ).send("WATCHDOG=1")


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_the_watchdog_is_fed_only_where_it_watches_this_process(
    environ: dict[str, str], expected: float | None
) -> None:
    """WATCHDOG_USEC counts in microseconds, and WATCHDOG_PID says for whom."""
    assert Notifier(environ).watchdog_interval == expected
