"""Which records of Home Assistant's log are complaints about what we publish."""

from __future__ import annotations

import pytest

from tests.homeassistant.hass_process import complaints_in

TIME = "2026-11-25 18:50:19.154"
TRACEBACK = """\
Traceback (most recent call last):
  File "/opt/teleinfo_/lib/python3.14/site-packages/homeassistant/{}", line 1, in f
    raise ValueError("wrong")
ValueError: wrong
"""


def record(level: str, logger: str, text: str, more: str = "") -> str:
    """Return a record of the log."""
    return f"{TIME} {level} (MainThread) [{logger}] {text}\n{more}"


OURS = [
    record("WARNING", "homeassistant.components.mqtt.discovery", "Invalid MQTT device discovery payload"),
    record("WARNING", "homeassistant.components.mqtt.sensor", "The unit of measurement `VA` is not valid"),
    record("ERROR", "homeassistant.helpers.template", "Template variable error: no attribute 'power'"),
    record("ERROR", "homeassistant.components.mqtt.client", "Can't decode payload b'' on teleinfo/state"),
    record("WARNING", "homeassistant.components.sensor.recorder", "The unit has changed"),
    record("WARNING", "homeassistant.core", "State of sensor.linky_monophase_3456_contrat is too long"),
    record("ERROR", "homeassistant", "Error doing job", TRACEBACK.format("components/sensor/__init__.py")),
    record("ERROR", "homeassistant", "Error doing job", TRACEBACK.format("components/mqtt/models.py")),
]
NOT_OURS = [
    record("INFO", "homeassistant.components.mqtt.sensor", "Setting up sensor.linky_contrat"),
    record("WARNING", "homeassistant.bootstrap", "Waiting for integrations to complete setup: {'mqtt'}"),
    record("ERROR", "homeassistant.setup", "Unable to set up dependencies of 'camera'"),
    record("WARNING", "homeassistant.components.mqtt.client", "Disconnected from MQTT server 127.0.0.1:1883"),
    record(
        "WARNING", "homeassistant.components.mqtt.client", "No ACK from MQTT server in 10 seconds (mid: 3)"
    ),
    record("WARNING", "homeassistant.components.recorder.util", "Ended unfinished session (id=1)"),
    record(
        "WARNING",
        "homeassistant.components.sensor",
        "Setup of sensor platform mqtt is taking over 10 seconds.",
    ),
    record("ERROR", "homeassistant", "Error doing job", TRACEBACK.format("components/mqtt/client.py")),
    record(
        "WARNING",
        "homeassistant.helpers.entity",
        "Updating state for sensor.linky_contrat (<class 'MqttSensor'>) took 0.604 seconds. Please report it",
    ),
    record(
        "ERROR",
        "homeassistant.helpers.dispatcher",
        "Exception when dispatching 'mqtt_discovery_new_sensor_mqtt': 'teleinfo_041961123456_contract'",
        TRACEBACK.format("components/mqtt/entity.py").replace(
            "ValueError: wrong", "KeyError: 'payload_available'"
        ),
    ),
]


@pytest.mark.parametrize("zone", ["", "+00:00"])
@pytest.mark.parametrize("line", OURS)
def test_what_is_about_our_messages_is_a_complaint(line: str, zone: str) -> None:
    """One about our messages is found with all of its lines, also where a killed process ended in a line."""
    log = f"{NOT_OURS[0]}{TIME} INFO (Main{line}{''.join(NOT_OURS)}".replace(TIME, f"{TIME}{zone}")
    line = line.rstrip().replace(TIME, f"{TIME}{zone}")

    assert complaints_in(log) == [line]


@pytest.mark.parametrize("line", NOT_OURS)
def test_what_it_says_of_itself_is_none(line: str) -> None:
    """It speaks of itself, of a busy machine or of a lost connection; other complaints are still found."""
    assert complaints_in(line + OURS[0] + line) == [OURS[0].rstrip()]


def test_a_record_may_say_its_zone() -> None:
    """2026.11 writes the offset from UTC behind the time."""
    log = "".join([NOT_OURS[0], OURS[0], *NOT_OURS]).replace(".154 ", ".154+00:00 ")

    assert complaints_in(log) == [OURS[0].rstrip().replace(".154 ", ".154+00:00 ")]
