"""What the log says of the connection to the broker."""

from __future__ import annotations

import logging

import pytest

from teleinfo.mqtt.errors import BrokerError, BrokerOutageLog

CLOSED = BrokerError("closed", "it closed the connection")
REFUSED = BrokerError("refused", "nothing listens there")
LOGIN = BrokerError("login", "it refused the password", user_must_act=True)

BEGINS = (
    "WARNING no connection to the broker at broker.example:1883: it closed the connection; "
    "teleinfo keeps trying"
)


class Outage:
    """The log of one broker, with a clock in the hand of the test."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        self._caplog = caplog
        self._log = BrokerOutageLog("broker.example:1883")
        self.now = 1000.0

    def connected(self) -> None:
        """Note a connection."""
        self._log.connected(self.now)

    def held(self) -> None:
        """Note that it has held."""
        self._log.held(self.now)

    def lost(self, fault: BrokerError) -> None:
        """Note a fault."""
        self._log.lost(fault, self.now)

    def lines(self) -> list[str]:
        """Return what was logged."""
        return [f"{record.levelname} {record.getMessage()}" for record in self._caplog.records]


@pytest.fixture
def outage(caplog: pytest.LogCaptureFixture) -> Outage:
    """Make a log of a broker."""
    return Outage(caplog)


def test_an_outage_is_two_lines(outage: Outage) -> None:
    """The first says why, the last how long; refused attempts in between are not news."""
    outage.connected()
    outage.held()
    outage.lost(CLOSED)
    for _ in range(20):
        outage.now += 10
        outage.lost(REFUSED)
    outage.connected()

    assert outage.lines() == [
        "INFO connected to the broker at broker.example:1883",
        BEGINS,
        "INFO connected to the broker at broker.example:1883 again after 3 min",
    ]


def test_a_new_cause_for_which_the_user_must_act_is_one_more_line(outage: Outage) -> None:
    """A broker that comes back with another password is named, once."""
    outage.lost(REFUSED)
    for fault in (LOGIN, REFUSED, LOGIN, LOGIN):
        outage.now += 10
        outage.lost(fault)

    assert outage.lines()[1:] == [
        (
            "WARNING still no connection to the broker at broker.example:1883, for another reason: "
            "it refused the password"
        )
    ]


def test_a_day_without_a_broker_is_at_most_30_lines(outage: Outage) -> None:
    """Whatever the causes, there is one reminder an hour and few lines more."""
    faults = [BrokerError(f"cause {number}", "cause", user_must_act=True) for number in range(50)]
    for second in range(0, 24 * 3600, 15):
        outage.now = 1000.0 + second
        outage.lost(faults[second % len(faults)])
    outage.connected()

    assert 24 <= len(outage.lines()) <= 30
    assert (
        "WARNING still no connection to the broker at broker.example:1883 after 23 h 01 min: cause"
        in outage.lines()
    )


def test_a_connection_that_does_not_hold_is_one_outage(outage: Outage) -> None:
    """Coming and going is told once, and once more when the connection is steady again."""
    outage.connected()
    outage.held()
    for _ in range(20):
        outage.lost(CLOSED)
        outage.now += 5
        outage.connected()
    outage.held()

    assert outage.lines() == [
        "INFO connected to the broker at broker.example:1883",
        BEGINS,
        "INFO connected to the broker at broker.example:1883 again after 5 s",
        BEGINS,
        "INFO the connection to the broker at broker.example:1883 is steady again after 1 min",
    ]
