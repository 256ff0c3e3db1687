"""What the log says of a port that is away."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from teleinfo.i18n import Sentence
from teleinfo.port.errors import PortError, Trouble
from teleinfo.port.outage import REMINDER, Outage

if TYPE_CHECKING:
    import pytest


def test_an_outage_is_told_in_few_lines(caplog: pytest.LogCaptureFixture) -> None:
    """One line when it begins, one a new cause, one an hour, one at its end: a day of it stays below 30."""
    caplog.set_level(logging.INFO)
    outage = Outage("port")
    gone = PortError(Trouble.GONE, Sentence("gone"))
    missing = PortError(Trouble.MISSING, Sentence("missing"))
    denied = PortError(Trouble.DENIED, Sentence("denied"))

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
