"""The daemon with Home Assistant switched on: a real process between a pseudo-terminal and a mosquitto."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from teleinfo.homeassistant.adapter import ANSWER_DELAY
from tests.cli.test_run import FRAME, SAMPLE_JSON
from tests.homeassistant.golden import read
from tests.support.broker import MosquittoBroker
from tests.support.daemon import Daemon, Meter, settings_for
from tests.support.process import LIMIT
from tests.support.scenario import until
from tests.support.subscriber import Received, Subscriber

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.real

CONFIG = "homeassistant/device/teleinfo_012345678901/config"
STATES = "teleinfo/homeassistant"


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[MosquittoBroker]:
    """Return a broker that lets everybody in and has nothing retained."""
    with MosquittoBroker(tmp_path) as running:
        yield running


def components(received: Received) -> dict[str, Any]:
    """Return the components of a discovery message by key, with their keys in full."""
    by_key: dict[str, Any] = read(received.payload)["components"]
    return by_key


def birth(subscriber: Subscriber, prefix: str = "homeassistant") -> None:
    """Publish what Home Assistant publishes when it starts."""
    subscriber._client.publish(f"{prefix}/status", b"online").wait_for_publish(LIMIT)


def test_the_meter_and_its_states_are_announced_and_retained(broker: MosquittoBroker, tmp_path: Path) -> None:
    """One message for the device, QoS 1, kept by the broker; the readings are what they always were."""
    with Subscriber(broker.host, broker.port) as subscriber, Meter(FRAME) as meter:
        with Daemon(tmp_path, **settings_for(broker, meter.line), homeassistant=True) as daemon:
            subscriber.expect(STATES)
            config = subscriber.expect(CONFIG)
            reading = subscriber.expect("teleinfo")
            kept = {}
            for topic in (CONFIG, STATES):
                with Subscriber(broker.host, broker.port, topic) as late:
                    kept[topic] = late.expect(topic)
            daemon.expect_log("Home Assistant is told of the meter")
            daemon.stop()

    assert config.qos == 1
    assert all(message.retain for message in kept.values())
    assert kept[CONFIG].payload == config.payload
    expected = {"index_HC", "index_HP", "power_apparent_import", "tariff", "energy_import_total"}
    assert expected <= components(config).keys()
    # HCHC and HCHP of the frame.
    assert json.loads(kept[STATES].payload)["energy_import_total"] == 19212 + 68306
    assert reading.payload == SAMPLE_JSON
    assert "012345678901" not in daemon.log


def test_what_the_broker_refuses_is_named_once(tmp_path: Path) -> None:
    """
    A topic that was refused is not remembered as announced.

    1. The user may not write below `homeassistant`: one line of the log. 2. He may: the meter is announced.
    """
    acl = tmp_path / "acl"
    memory = tmp_path / "state/teleinfo.json"
    broker = MosquittoBroker(tmp_path, more=[f"acl_file {acl}"])
    with Meter(FRAME) as meter:
        settings = settings_for(broker, meter.line) | {"homeassistant": True, "log_level": "INFO"}
        acl.write_text("topic readwrite teleinfo/#\n")
        with broker, Daemon(tmp_path, **settings, homeassistant_discovery="components") as daemon:
            until(lambda: broker.log.count("Denied PUBLISH from teleinfo") >= 30)
            daemon.expect_log("does not let this user publish on homeassistant/#, and gives the reason")
            daemon.stop()
        assert daemon.log.count("does not let this user") == 1
        assert "is told" not in daemon.log
        acl.write_text("topic readwrite #\n")
        with broker, Daemon(tmp_path, **settings) as daemon:
            daemon.expect_log("Home Assistant is told of the meter")
            daemon.stop()
        assert CONFIG in json.loads(memory.read_text())["announced"]


def test_everything_is_published_again_when_home_assistant_starts(
    broker: MosquittoBroker, tmp_path: Path
) -> None:
    """
    A birth is answered once, after the jitter; not before, and not when it goes.

    1. A meter is announced, and falls silent. 2. `offline`: nothing. 3. `online`, twice: one answer.
    """
    with Subscriber(broker.host, broker.port) as subscriber, Meter(FRAME) as meter:
        settings = settings_for(broker, meter.line)
        with Daemon(tmp_path, **settings, homeassistant=True, homeassistant_prefix="maison") as daemon:
            config = CONFIG.replace("homeassistant", "maison")
            before = subscriber.expect(config)
            meter.frame = None
            subscriber._client.publish("maison/status", b"offline").wait_for_publish(LIMIT)
            born = time.monotonic()
            birth(subscriber, "maison")
            birth(subscriber, "maison")
            again = subscriber.expect(config)
            # The silent meter sends nothing: only a second answer could follow.
            subscriber.expect("teleinfo/status", b"offline")
            daemon.stop()
            rest = subscriber.drain()

    assert again.payload == before.payload
    assert again.at - born >= ANSWER_DELAY[0]
    assert config not in [message.topic for message in rest]


def test_an_excluded_number_stands_on_no_topic(broker: MosquittoBroker, tmp_path: Path) -> None:
    """With PAYLOAD_EXCLUDE=ADCO the device has a scope that gives nothing away."""
    with Subscriber(broker.host, broker.port) as subscriber, Meter(FRAME) as meter:
        settings = settings_for(broker, meter.line) | {"homeassistant": True, "payload_exclude": "ADCO"}
        with Daemon(tmp_path, **settings):
            messages = [subscriber.expect("teleinfo"), subscriber.expect("teleinfo")]
            subscriber.expect("teleinfo")
            messages += subscriber.drain()
            with Subscriber(broker.host, broker.port, "#") as late:
                config = late.expect("homeassistant/device/teleinfo_1c12/config")

    assert components(config)["power_apparent_import"]["unique_id"] == "teleinfo_1c12_power_apparent_import"
    assert b"012345678901" not in config.payload
    for message in messages:
        assert "012345678901" not in message.topic
        assert b"012345678901" not in message.payload
