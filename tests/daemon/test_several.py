"""Several meters in one process: each has its own port, topics and connection."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from teleinfo.simulator.encode import encode_frame, with_parity
from tests.support.broker import MosquittoBroker
from tests.support.daemon import Daemon, Meter
from tests.support.frames import whole
from tests.support.subscriber import Subscriber

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.real


def frame(number: str) -> bytes:
    """Return a frame of the meter of this number."""
    return with_parity(encode_frame(whole(ADCO=number, PAPP="00500")))


def write_settings(folder: Path, name: str, **settings: object) -> Path:
    """Write a file of settings and return its path."""
    path = folder / f"{name}.env"
    path.write_text("".join(f"TELEINFO_{key.upper()}={value}\n" for key, value in settings.items()))
    return path


def daemon(folder: Path, *files: Path) -> Daemon:
    """Return a daemon that reads these files of settings."""
    running = Daemon(folder)
    at = running.command.index("--env-file")
    running.command[at : at + 2] = [word for file in files for word in ("--env-file", str(file))]
    return running


def test_each_meter_has_its_own_topics_and_its_own_status(tmp_path: Path) -> None:
    """One meter is heard and online; the port of the other is missing, and it is offline and says so."""
    files = tmp_path / "meters"
    files.mkdir()
    with MosquittoBroker(tmp_path) as broker, Meter(frame("012345678901")) as meter:
        common = {"mqtt_port": broker.port, "mqtt_host": broker.host, "serial_mode": "historique"}
        write_settings(
            files, "house", serial_port=meter.line.port, mqtt_topic="house", mqtt_client_id="a", **common
        )
        missing = tmp_path / "nowhere"
        write_settings(
            files, "garage", serial_port=missing, mqtt_topic="garage", mqtt_client_id="b", **common
        )
        with Subscriber(broker.host, broker.port) as subscriber, daemon(tmp_path, files) as running:
            subscriber.expect("house/status", b"online")
            reading = subscriber.expect("house")
            running.expect_log("garage: no meter: there is no serial port")
            running.expect_log("house: reading a meter in mode historique")
            with Subscriber(broker.host, broker.port, "garage/#") as late:
                assert late.expect("garage/status").payload == b"offline"
            status, _ = running.stop()
            subscriber.expect("house/status", b"offline")

    assert json.loads(reading.payload)["ADCO"] == "012345678901"
    assert status == 0


def test_a_meter_that_is_unplugged_leaves_the_other_alone(
    tmp_path: Path,
) -> None:
    """The frames of both arrive under their topics; after a hang-up of one the other goes on."""
    with MosquittoBroker(tmp_path) as broker, Meter(frame("012345678901")) as one:
        with Meter(frame("012345678902")) as other:
            common = {"mqtt_port": broker.port, "mqtt_host": broker.host}
            first = write_settings(
                tmp_path, "one", serial_port=one.line.port, mqtt_topic="one", mqtt_client_id="a", **common
            )
            second = write_settings(
                tmp_path, "two", serial_port=other.line.port, mqtt_topic="two", mqtt_client_id="b", **common
            )
            subscriber = Subscriber(broker.host, broker.port)
            with subscriber, daemon(tmp_path, first, second) as running:
                assert b"012345678901" in subscriber.expect("one").payload
                assert b"012345678902" in subscriber.expect("two").payload
                other.line.close()
                running.expect_log("two: no meter:")
                subscriber.expect("one")
                assert running.stop()[0] == 0


def test_meters_that_would_disturb_each_other_are_refused(tmp_path: Path) -> None:
    """The same port, topic or client id in two files is a fault, a topic also at two brokers; all at once."""
    one = write_settings(tmp_path, "one", serial_port="/dev/ttyUSB0")
    two = write_settings(tmp_path, "two", serial_port="/dev/ttyUSB0", mqtt_tls_ca_file="/nonexistent")
    three = write_settings(tmp_path, "three", serial_port="/dev/ttyUSB0")
    far = write_settings(tmp_path, "far", serial_port="/dev/ttyUSB1", mqtt_host="elsewhere.example")
    with daemon(tmp_path, one, two, three, far) as running:
        assert running.process.wait(20) == 78

    for name in ("SERIAL_PORT", "MQTT_TOPIC", "MQTT_CLIENT_ID"):
        assert f"TELEINFO_{name}: {three} and {one} have the same; each meter needs its own" in running.log
    assert f"TELEINFO_MQTT_TOPIC: {far} and {one} have the same" in running.log
    assert running.log.count(str(far)) == 2
    assert f"{two}: TELEINFO_MQTT_TLS_CA_FILE" in running.log
