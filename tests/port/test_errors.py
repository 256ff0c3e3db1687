"""The wordings of the port."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from teleinfo.common.outage_log import OutageLog
from teleinfo.port.errors import OUTAGE_TEXTS, PortError
from teleinfo.vocabulary.line import PortErrorKind
from teleinfo.vocabulary.words import Message

if TYPE_CHECKING:
    from collections.abc import Callable

GONE = PortError(PortErrorKind.GONE, Message("gone"))
MISSING = PortError(PortErrorKind.MISSING, Message("missing"))
DENIED = PortError(PortErrorKind.DENIED, Message("denied"))


@pytest.fixture
def fail(caplog: pytest.LogCaptureFixture) -> Callable[[OutageLog, PortError, float], None]:
    """Return what notes a failure, as the reader does it, and record the log."""
    caplog.set_level(logging.INFO)
    return lambda outage, error, now: outage.failed(error.cause, str(error), now)


def test_an_outage_of_the_port_has_its_lines(
    fail: Callable[[OutageLog, PortError, float], None], caplog: pytest.LogCaptureFixture
) -> None:
    """An adapter that is unplugged is first gone, then missing, which is one cause; another one is named."""
    outage = OutageLog("port", OUTAGE_TEXTS)
    fail(outage, GONE, 0.0)
    fail(outage, MISSING, 5.0)
    fail(outage, DENIED, 10.0)
    fail(outage, DENIED, 3700.0)
    outage.recovered(3720.0)

    assert caplog.messages == [
        "no meter: gone; teleinfo keeps trying",
        "still no meter after 10 s: denied",
        "still no meter after 1 h 01 min: denied",
        "port is open again after 1 h 02 min",
    ]


def test_a_port_that_does_not_hold_is_one_outage(
    fail: Callable[[OutageLog, PortError, float], None], caplog: pytest.LogCaptureFixture
) -> None:
    """It goes, is back, goes again: that is said, and then nothing until it holds."""
    outage = OutageLog("port", OUTAGE_TEXTS)
    for second in range(0, 3600, 6):
        fail(outage, GONE, float(second))
        outage.recovered(second + 3.0)
    outage.held(3597.0)

    assert caplog.messages == [
        "no meter: gone; teleinfo keeps trying",
        "port is open again after 3 s",
        "no meter: gone; teleinfo keeps trying",
        "port holds again after 59 min",
    ]
