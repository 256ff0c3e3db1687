"""What is said of a broker that accepts us and serves us badly."""

from __future__ import annotations

import logging
import os

import pytest

from teleinfo.mqtt.config import Broker, Topics
from teleinfo.mqtt.diagnosis import Diagnosis, claimed_client_id
from teleinfo.mqtt.errors import BrokerError, closed, silent
from teleinfo.mqtt.outbox import OutgoingMessage

BROKER = Broker("broker.example", 1883, "teleinfo-test")
READING = OutgoingMessage(None, b"x" * 300, retain=False, since=0.0)
CONFIG = OutgoingMessage(
    "homeassistant/device/teleinfo_041961000000/config", b"x" * 20_000, retain=True, since=0.0
)


@pytest.fixture
def diagnosis(caplog: pytest.LogCaptureFixture) -> Diagnosis:
    """Make a diagnosis of a broker."""
    caplog.set_level(logging.INFO)
    return Diagnosis(BROKER, Topics("teleinfo"))


def lose(diagnosis: Diagnosis, *messages: OutgoingMessage | None, lasted: float = 1.0) -> None:
    """Let the broker close a connection for each of `messages`, which was in flight then."""
    for message in messages:
        diagnosis.connected()
        diagnosis.subscribed()
        diagnosis.lost(closed(), lasted, message)


def test_two_clients_of_one_id_are_named_once(diagnosis: Diagnosis, caplog: pytest.LogCaptureFixture) -> None:
    """Three short connections in a row, one of them at least with nothing in flight."""
    lose(diagnosis, None, READING)
    assert caplog.messages == []

    lose(diagnosis, READING, READING, READING)
    assert ["same client id, teleinfo-test" in line for line in caplog.messages] == [True]


def test_a_broker_that_closes_at_a_message_is_named_with_it(
    diagnosis: Diagnosis, caplog: pytest.LogCaptureFixture
) -> None:
    """Each time there was a message in flight: its length and topic are said, without the meter's number."""
    lose(diagnosis, READING, READING, CONFIG)

    [line] = caplog.messages
    assert "a message of 20000 bytes was published on homeassistant/device/teleinfo_…/config" in line
    assert "max_packet_size" in line


@pytest.mark.parametrize("between", ["long", "silent"])
def test_connections_that_last_or_end_otherwise_are_no_sign(
    diagnosis: Diagnosis, caplog: pytest.LogCaptureFixture, between: str
) -> None:
    """A restart of the broker now and then is not suspicious."""
    lose(diagnosis, None, None)
    if between == "long":
        lose(diagnosis, None, lasted=60)
    else:
        diagnosis.lost(silent(), 1.0, None)
    lose(diagnosis, None, None)

    assert caplog.messages == []


def test_a_message_that_does_not_come_back_is_said_once(
    diagnosis: Diagnosis, caplog: pytest.LogCaptureFixture
) -> None:
    """It was acknowledged, and time enough has gone by; what was not published is not missed."""
    for _ in range(2):
        diagnosis.connected()
        assert diagnosis.echo_topics == ("teleinfo/status", "teleinfo")
        diagnosis.subscribed()
        diagnosis.acknowledged("teleinfo/status")
        diagnosis.check_echoes()

    [line] = caplog.messages
    assert "what was published on teleinfo/status, but" in line


def test_a_message_that_comes_back_is_no_matter(
    diagnosis: Diagnosis, caplog: pytest.LogCaptureFixture
) -> None:
    """Only the first of each topic is awaited."""
    diagnosis.connected()
    diagnosis.subscribed()
    for topic in ("teleinfo/status", "teleinfo"):
        diagnosis.acknowledged(topic)
        assert diagnosis.came_back(topic)
        assert not diagnosis.came_back(topic)
    diagnosis.check_echoes()

    assert caplog.messages == []


@pytest.mark.parametrize("fault", [closed(), silent()])
def test_a_broker_that_does_not_answer_the_subscription_is_not_asked_again(
    diagnosis: Diagnosis, fault: BrokerError
) -> None:
    """Some close the connection of a client that has no right to subscribe: publishing is what matters."""
    diagnosis.connected()
    diagnosis.lost(fault, 5.1, None)

    assert diagnosis.echo_topics == ()


def test_a_client_id_that_is_used_twice_on_this_machine_is_said_at_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The second of two says it, whoever comes first; another id or a later one is no matter."""
    broker = Broker("broker.example", 1883, f"teleinfo-test-{os.getpid()}")
    with claimed_client_id(broker), claimed_client_id(Broker("broker.example", 1883, f"other-{os.getpid()}")):
        assert caplog.messages == []
        with claimed_client_id(broker):
            [line] = caplog.messages
    with claimed_client_id(broker):
        pass

    assert f"uses the client id {broker.client_id}" in line
    assert len(caplog.messages) == 1
