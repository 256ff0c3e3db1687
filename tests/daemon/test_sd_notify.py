"""systemd is told the state of the service; without systemd nothing is sent."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest

from teleinfo.daemon.watchdog import Notifier

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def listener(tmp_path: Path) -> socket.socket:
    """Return a socket as systemd has it."""
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listening.bind(str(tmp_path / "notify"))
    listening.settimeout(5)
    return listening


def test_what_is_said_arrives_as_sd_notify_wants_it(listener: socket.socket) -> None:
    """One datagram for each assignment, in UTF-8."""
    notifier = Notifier({"NOTIFY_SOCKET": listener.getsockname()})
    with listener:
        notifier.send("STATUS=reading a meter – tout va bien")
        notifier.send("WATCHDOG=1")
        heard = [listener.recv(1000).decode() for _ in range(2)]

    assert heard == ["STATUS=reading a meter – tout va bien", "WATCHDOG=1"]


def test_an_abstract_address_is_understood() -> None:
    """@ stands for the NUL with which Linux' abstract addresses begin."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(f"\0teleinfo-test-{os.getpid()}")
        listening.settimeout(5)
        Notifier({"NOTIFY_SOCKET": f"@teleinfo-test-{os.getpid()}"}).send("READY=1")

        assert listening.recv(100) == b"READY=1"


def test_outside_systemd_nothing_happens() -> None:
    """Without NOTIFY_SOCKET every call is silent."""
    Notifier({}).send("READY=1")

    assert Notifier({}).watchdog_interval is None


def test_a_service_manager_that_does_not_listen_stops_nothing(tmp_path: Path) -> None:
    """A socket that is gone is no reason to stop reading a meter."""
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")}).send("WATCHDOG=1")

    assert not (tmp_path / "gone").exists()


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
