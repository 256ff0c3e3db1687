"""The start of the app, with the answers that a Supervisor gives, over HTTP."""

from __future__ import annotations

import pytest

from tests.homeassistant_app.programs import start
from tests.homeassistant_app.supervisor import FORBIDDEN, NOT_ENABLED, SERVICE, TOKEN, supervisor
from tests.support.tcp_ports import HOST, free_port

LOGIN = {"USERNAME": "addons", "PASSWORD": "s3cret"}
BARE = {"result": "ok", "data": {"host": "broker", "port": 8883, "ssl": True}}


@pytest.mark.parametrize(
    ("service", "settings"),
    [
        (SERVICE, LOGIN | {"HOST": "core-mosquitto", "PORT": "1883", "TLS": "false"}),
        (BARE, {"HOST": "broker", "PORT": "8883", "TLS": "true"}),
    ],
    ids=["with a password", "without"],
)
def test_the_broker_is_that_of_the_supervisor(service: object, settings: dict[str, str]) -> None:
    """Asked with the token of the app; its user and password, which are optional, become settings."""
    with supervisor((200, service)) as (url, asked):
        found = start.broker_of(url, TOKEN)

    assert asked == [("/services/mqtt", f"Bearer {TOKEN}")]
    assert found == {f"TELEINFO_MQTT_{name}": value for name, value in settings.items()}


def test_a_broker_that_is_not_there_yet_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The app of the broker may start later, and be installed later: said once."""
    monkeypatch.setattr(start, "RETRY_AFTER", 0.01)
    with supervisor(NOT_ENABLED, NOT_ENABLED, (200, SERVICE)) as (url, asked):
        found = start.wait_for_broker(url, TOKEN)

    assert found["TELEINFO_MQTT_HOST"] == "core-mosquitto"
    assert len(asked) == 3
    said = capsys.readouterr().err
    assert said.count("no broker: Service not enabled.") == 1
    assert TOKEN not in said


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (FORBIDDEN, "No access to mqtt service!"),
        ((401, b""), "Unauthorized"),
        ((200, b"<html>"), "answers what is no service"),
        ((200, {"result": "ok", "data": {}}), "answers what is no service"),
        ((200, []), "answers what is no service"),
    ],
)
def test_an_answer_that_does_not_mend_itself_is_said(answer: tuple[int, object], words: str) -> None:
    """It does not wait: the Supervisor shows that the app has failed, and its log says why."""
    with supervisor(answer) as (url, _), pytest.raises(start.NoBrokerError, match=words) as raised:
        start.wait_for_broker(url, TOKEN)

    assert not raised.value.waits


def test_a_supervisor_that_does_not_listen_yet_is_waited_for() -> None:
    """It restarts for its own updates while apps run."""
    with pytest.raises(start.NoBrokerError, match="does not answer") as raised:
        start.broker_of(f"http://{HOST}:{free_port()}", TOKEN)

    assert raised.value.waits


def test_the_options_of_the_form_become_settings() -> None:
    """An empty field is null or an empty text; a bridge takes the place of a device."""
    bridge = "socket://192.168.1.7:4001"
    options = {"mqtt_host": "", "mqtt_port": None, "homeassistant": True, "serial_port": "/dev/ttyUSB0"}

    assert start.settings_of(options | {"bridge": bridge}) == {
        "TELEINFO_HOMEASSISTANT": "true",
        "TELEINFO_SERIAL_PORT": bridge,
    }
