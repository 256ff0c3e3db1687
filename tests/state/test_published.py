"""The real daemon publishes the state: a process between a pseudo-terminal and a mosquitto."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import jsonschema
import pytest

from tests.cli.test_run import FRAME, SAMPLE_JSON
from tests.state.schema import schema
from tests.support.broker import MosquittoBroker
from tests.support.daemon import Daemon, Meter, settings_for
from tests.support.subscriber import Subscriber

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.real


def test_the_state_and_its_fields_are_published_retained(tmp_path: Path) -> None:
    """A later subscriber finds the whole state, valid, and each field; the readings are what they were."""
    with MosquittoBroker(tmp_path) as broker, Meter(FRAME) as meter:
        settings = settings_for(broker, meter.line) | {"state": True, "state_topics": True, "language": "en"}
        with (
            Subscriber(broker.host, broker.port) as subscriber,
            Daemon(tmp_path, **settings),
        ):
            subscriber.expect("teleinfo/state/alerts/overrun/active")
            reading = subscriber.expect("teleinfo")
            kept = {}
            for topic in ("teleinfo/state", "teleinfo/state/tariff/name"):
                with Subscriber(broker.host, broker.port, topic) as late:
                    kept[topic] = late.expect(topic)

    state, name = kept.values()
    decoded = json.loads(state.payload)
    jsonschema.validate(decoded, schema())
    assert decoded["energy"]["import_total"] == 19212 + 68306
    assert (state.retain, name.payload) == (True, b"Peak hours")
    assert reading.payload == SAMPLE_JSON


def test_without_the_setting_there_is_no_state(tmp_path: Path) -> None:
    """By default only readings, status and health are published."""
    with MosquittoBroker(tmp_path) as broker, Meter(FRAME) as meter:
        settings = settings_for(broker, meter.line)
        with Subscriber(broker.host, broker.port) as subscriber, Daemon(tmp_path, **settings):
            subscriber.expect("teleinfo")
            subscriber.expect("teleinfo")
            topics = {message.topic for message in subscriber.messages.queue}

    assert not {topic for topic in topics if topic.startswith("teleinfo/state")}
