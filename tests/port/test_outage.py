"""What the log says of a port that is away."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from teleinfo.common.i18n import Message
from teleinfo.port.errors import PortError, PortErrorKind
from teleinfo.port.outage import REMINDER, Outage

if TYPE_CHECKING:
    import pytest


def test_a_port_that_does_not_hold_is_one_outage(caplog: pytest.LogCaptureFixture) -> None:
    """
    1. It goes, is back, goes again a moment later: that is said.

    2. It comes and goes for an hour: nothing is said, until it holds.
    3. It goes once more: a new outage.
    """
    caplog.set_level(logging.INFO)
    outage = Outage("port")
    gone = PortError(PortErrorKind.GONE, Message("gone"))
    for second in range(0, 3600, 6):
        outage.failed(gone, second)
        outage.ended(second + 3)
    outage.settled(3597.0)
    outage.failed(gone, 5000.0)
    outage.ended(5003.0)

    assert caplog.messages == [
        "no meter: gone; teleinfo keeps trying",
        "port is open again after 3 s",
        "no meter: gone; teleinfo keeps trying",
        "port holds again after 59 min",
        "no meter: gone; teleinfo keeps trying",
        "port is open again after 3 s",
    ]


def test_a_port_that_holds_was_one_outage_each_time(caplog: pytest.LogCaptureFixture) -> None:
    """What comes after a while is news."""
    caplog.set_level(logging.INFO)
    outage = Outage("port")
    gone = PortError(PortErrorKind.GONE, Message("gone"))
    for second in (0, 100, 200):
        outage.failed(gone, second)
        assert outage.ended(second + 3)
        outage.settled(second + 3)

    assert len(caplog.messages) == 6


def test_an_outage_is_told_in_few_lines(caplog: pytest.LogCaptureFixture) -> None:
    """One line when it begins, one a new cause, one an hour, one at its end: a day of it stays below 30."""
    caplog.set_level(logging.INFO)
    outage = Outage("port")
    gone = PortError(PortErrorKind.GONE, Message("gone"))
    missing = PortError(PortErrorKind.MISSING, Message("missing"))
    denied = PortError(PortErrorKind.DENIED, Message("denied"))

    outage.failed(gone, 0.0)
    for second in range(3, 24 * 3600, 5):
        outage.failed(denied if second % 100 == 3 else missing, float(second))
    assert outage.ended(24 * 3600.0)
    assert not outage.ended(24 * 3600.0)

    said = caplog.messages
    assert said[:2] == ["no meter: gone; teleinfo keeps trying", "still no meter, for another reason: denied"]
    assert "still no meter after 1 h" in said[2]
    assert said[-1] == "port is open again after 24 h 00 min"
    assert len(said) <= 3 + 24 * 3600 / REMINDER
