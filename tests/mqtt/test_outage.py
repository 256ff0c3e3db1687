"""What the log says of the connection to the broker."""

from __future__ import annotations

import logging

import pytest

from teleinfo.mqtt.errors import BrokerError
from teleinfo.mqtt.outage import Outage

CLOSED = BrokerError("closed", "it closed the connection")
REFUSED = BrokerError("refused", "nothing listens there")
LOGIN = BrokerError("login", "it refused the password", user_must_act=True)


class Story:
    """An outage with a clock in the hand of the test."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        self._caplog = caplog
        self.now = 1000.0
        self.outage = Outage("broker.example:1883", clock=lambda: self.now)

    def lines(self) -> list[str]:
        """Return what was logged since the last call."""
        lines = [f"{record.levelname} {record.getMessage()}" for record in self._caplog.records]
        self._caplog.clear()
        return lines


@pytest.fixture
def story(caplog: pytest.LogCaptureFixture) -> Story:
    """Tell a story."""
    return Story(caplog)


def test_an_outage_is_two_lines(story: Story) -> None:
    """The first says why, the last how long; refused attempts in between are not news."""
    story.outage.connected()
    story.outage.steady()
    story.outage.failed(CLOSED)
    for _ in range(20):
        story.now += 10
        story.outage.failed(REFUSED)
    story.outage.connected()

    assert story.lines() == [
        "INFO connected to the broker at broker.example:1883",
        (
            "WARNING no connection to the broker at broker.example:1883: it closed the connection; "
            "teleinfo keeps trying"
        ),
        "INFO connected to the broker at broker.example:1883 again after 3 min",
    ]


def test_a_new_cause_that_needs_a_hand_is_one_more_line(story: Story) -> None:
    """A broker that comes back with another password is named, once."""
    story.outage.failed(REFUSED)
    for fault in (LOGIN, REFUSED, LOGIN, LOGIN):
        story.now += 10
        story.outage.failed(fault)

    assert story.lines()[1:] == [
        (
            "WARNING still no connection to the broker at broker.example:1883, for another reason: "
            "it refused the password"
        ),
    ]


def test_a_day_without_a_broker_is_less_than_30_lines(story: Story) -> None:
    """Whatever the causes, there is one reminder an hour and few lines more."""
    faults = [BrokerError(f"cause {number}", "cause", user_must_act=True) for number in range(50)]
    for second in range(0, 24 * 3600, 15):
        story.now = 1000.0 + second
        story.outage.failed(faults[second % len(faults)])
    story.outage.connected()

    assert 24 <= len(story.lines()) <= 30


def test_a_connection_that_does_not_hold_is_one_outage(story: Story) -> None:
    """Coming and going is told once, and once more when the connection is steady again."""
    story.outage.connected()
    story.outage.steady()
    for _ in range(20):
        story.outage.failed(CLOSED)
        story.now += 5
        story.outage.connected()
    story.outage.steady()

    assert story.lines() == [
        "INFO connected to the broker at broker.example:1883",
        (
            "WARNING no connection to the broker at broker.example:1883: it closed the connection; "
            "teleinfo keeps trying"
        ),
        "INFO connected to the broker at broker.example:1883 again after 5 s",
        (
            "WARNING no connection to the broker at broker.example:1883: it closed the connection; "
            "teleinfo keeps trying"
        ),
        "INFO the connection to the broker at broker.example:1883 is steady again after 1 min",
    ]
