"""Where settings come from: environment, file, secrets; and all faults at once."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

import pytest

from teleinfo.settings import SettingsError
from teleinfo.settings.sources import environment_warnings, load, load_all
from teleinfo.vocabulary.words import Language
from tests.settings.loading import CANARY, faults, loaded, written

if TYPE_CHECKING:
    from pathlib import Path


def test_all_faults_are_reported_at_once(tmp_path: Path) -> None:
    path = written(tmp_path, "TELEINFO_MQTT_TOPC=x\nTELEINFO_MQTT_QOS=7\nTELEINFO_MQTT_PASSWORD=x\n")
    found = faults(path, MQTT_PORT="abc", MQTT_TLS_CA_FILE="/dev/null", LOG_LEVEL="loud")

    assert [line.partition(":")[0] for line in found] == [
        f"{path} line 1",
        "TELEINFO_MQTT_PORT",
        f"{path} line 3",
        "TELEINFO_MQTT_TLS_CA_FILE",
        f"{path} line 2",
        "TELEINFO_LOG_LEVEL",
    ]


def test_a_directory_stands_for_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sorted by name, a meter each; a directory without a file is a fault, in the language of the service."""
    for name in ("b", "a"):
        (tmp_path / f"{name}.env").write_text(
            f"TELEINFO_MQTT_TOPIC={name}\nTELEINFO_SERIAL_PORT=/dev/tty{name}"
        )
    (tmp_path / "empty").mkdir()

    assert [each.mqtt_topic for each in load_all([tmp_path], unique=["mqtt_topic"])] == ["a", "b"]
    twice = load_all([tmp_path, tmp_path / "a.env"], unique=["mqtt_topic"])
    assert [each.mqtt_topic for each in twice] == ["a", "b"]
    for language in Language:
        monkeypatch.setenv("TELEINFO_LANGUAGE", language)
        with pytest.raises(SettingsError, match=r"no file \*\.env") as caught:
            load_all([tmp_path / "empty"])
        assert caught.value.language is language
        with pytest.raises(SettingsError, match=r"empty.*no file \*\.env"):
            load_all([tmp_path / "a.env", tmp_path / "empty"])


@pytest.mark.parametrize(
    ("first", "second", "shared"),
    [
        ("SERIAL_PORT=/dev/a", "MQTT_TOPIC=b", "MQTT_CLIENT_ID"),
        ("SERIAL_PORT=/dev/a", "MQTT_HOST=b", "MQTT_TOPIC"),
        ("MQTT_TOPIC=a", "MQTT_HOST=b", "SERIAL_PORT"),
        (
            "METRICS_FILE=/m.prom\nTELEINFO_SERIAL_PORT=/dev/a",
            "MQTT_TOPIC=b\nTELEINFO_MQTT_HOST=b\nTELEINFO_METRICS_FILE=/m.prom",
            "METRICS_FILE",
        ),
    ],
)
def test_two_meters_share_no_setting_that_is_unique(
    tmp_path: Path, first: str, second: str, shared: str
) -> None:
    """Client ids may be the same at two brokers."""
    (tmp_path / "a.env").write_text(f"TELEINFO_{first}")
    (tmp_path / "b.env").write_text(f"TELEINFO_{second}")
    with pytest.raises(SettingsError, match=rf"^TELEINFO_{shared}: \S+b\.env and \S+a\.env have the same"):
        load_all([tmp_path])


@pytest.mark.parametrize(
    ("topics", "lower"),
    [
        (("teleinfo", "teleinfo/state/b"), "teleinfo/state/b"),
        (("teleinfo/health/b/c", "teleinfo"), "teleinfo/health/b/c"),
        (("teleinfo", "teleinfo/state-2"), None),
        (("teleinfo", "teleinfo/production"), None),
        (("teleinfo", "home/teleinfo/state/b"), None),
    ],
)
def test_no_meter_publishes_among_the_topics_of_another(
    tmp_path: Path, topics: tuple[str, str], lower: str | None
) -> None:
    """Whichever comes first; below the topic of the readings there is room, and at another broker."""
    files = [tmp_path / "a.env", tmp_path / "b.env"]
    for path, topic in zip(files, topics, strict=True):
        path.write_text(f"TELEINFO_MQTT_TOPIC={topic}\n")
    if lower is None:
        assert [each.mqtt_topic for each in load_all(files, unique=[])] == [*topics]
        return
    with pytest.raises(SettingsError) as caught:
        load_all(files, unique=["mqtt_topic"])
    path, other = files if topics[0] == lower else reversed(files)
    place = f"{lower}, of {path}, lies among the topics of the meter of {other}"
    assert list(caught.value.messages) == [f"TELEINFO_MQTT_TOPIC: {place}; give it another one"]
    files[0].write_text(f"{files[0].read_text()}TELEINFO_MQTT_HOST=elsewhere\n")
    assert len(load_all(files, unique=["mqtt_topic"])) == 2


def test_an_unknown_name_in_the_environment_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    """Docker's links and Kubernetes inject variables named after a service; none of them stops the start."""
    for name in (
        "TELEINFO",
        "TELEINFO_PORT_1883_TCP",
        "TELEINFO_MQTT_TOPC",
        "TELINFO_MQTT_HOST",
        "TELEINFO_MQTT_QOS",
    ):
        monkeypatch.setenv(name, "0")
    monkeypatch.setenv("TELEGRAF_MQTT_HOST", "y")

    assert load() == loaded(MQTT_QOS="0")
    assert sorted(map(str, environment_warnings())) == [
        "TELEINFO: there is no such setting; .env-sample lists them all",
        "TELEINFO_MQTT_TOPC: there is no such setting; did you mean TELEINFO_MQTT_TOPIC?",
        "TELEINFO_PORT_1883_TCP: there is no such setting; .env-sample lists them all",
        "TELINFO_MQTT_HOST: there is no such setting; did you mean TELEINFO_MQTT_HOST?",
    ]


def test_a_secret_is_read_from_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A credential of systemd with the variable's name, in any case; file and environment win."""
    secrets = tmp_path / "credentials"
    secrets.mkdir()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(secrets))
    (secrets / "teleinfo_mqtt_password").write_text(f"{CANARY}\n")
    (secrets / "TELEINFO_MQTT_HOST").write_text("secret")
    (secrets / "TELEINFO_MQTT_TOPIC").write_text("secret")
    (secrets / "teleinfo.env").write_text("not a secret")
    (secrets / "teleinfo_mqtt_pasword").write_text("x")
    path = written(tmp_path, "TELEINFO_MQTT_USERNAME=me\nTELEINFO_MQTT_TOPIC=file\n")
    settings = loaded(path, MQTT_HOST="environment")

    assert settings.mqtt_password is not None
    assert settings.mqtt_password == CANARY
    assert (settings.mqtt_topic, settings.mqtt_host) == ("file", "environment")
    assert [str(warning) for warning in environment_warnings()] == [
        "teleinfo_mqtt_pasword: there is no such setting; did you mean TELEINFO_MQTT_PASSWORD?"
    ]


def test_a_secret_that_cannot_be_read_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is reported beside the others; its bytes are not shown."""
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    (tmp_path / "teleinfo_mqtt_password").write_bytes(CANARY.encode() + b"\xe9")

    with pytest.raises(SettingsError) as caught:
        loaded(MQTT_QOS="9")
    assert list(caught.value.messages) == [
        f"{tmp_path}: is not text in UTF-8",
        'TELEINFO_MQTT_QOS: "9" is not 0, 1 or 2; default 1',
    ]
    assert (caught.value.__context__, caught.value.__cause__) == (None, None)


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    """Also when it is empty, which means the default; names are read in any case."""
    (tmp_path / ".env").write_text("TELEINFO_MQTT_HOST=file\nteleinfo_mqtt_qos=2\nTELEINFO_MQTT_QUEUE=5\n")
    settings = loaded(mqtt_host="environment", MQTT_QUEUE="")

    assert (settings.mqtt_host, settings.mqtt_qos, settings.mqtt_queue) == ("environment", 2, 1)


def test_a_password_is_kept_as_it_was_written(tmp_path: Path) -> None:
    """`$`, `#`, quotes and blanks of a password mean themselves."""
    password = " p$HOME${USER}#w'o\"rd "
    (tmp_path / ".env").write_text(
        'TELEINFO_MQTT_USERNAME=me\nTELEINFO_MQTT_PASSWORD=" p$HOME${USER}#w\'o\\"rd "\n'
    )
    from_file = loaded().mqtt_password
    from_environment = loaded(MQTT_PASSWORD=password).mqtt_password

    assert from_file is not None
    assert from_environment is not None
    assert from_file == from_environment == password


def test_a_password_never_shows(tmp_path: Path) -> None:
    """It stands in no fault, repr, traceback or context, wherever it was put by mistake."""
    path = written(
        tmp_path, f"TELEINFO_MQTT_PASWORD={CANARY}\nLOG_LEVEL={CANARY}\nTELEINFO_MQTT_QOS '{CANARY}\n"
    )
    variables = {
        "MQTT_PASSWORD": CANARY,
        "MQTT_HOST": f"mqtt://me:{CANARY}@broker",
        "MQTT_PORT": CANARY,
        "SERIAL_PORT": CANARY,
        "PAYLOAD_EXCLUDE": f"ADC0 {CANARY}",
        "MQTT_TLS_CA_FILE": f"/{CANARY}",
        "MQTT_TOPIC": f"/{CANARY}",
    }
    with pytest.raises(SettingsError) as caught:
        loaded(path, **variables)
    error = caught.value
    shown = "\n".join([str(error), repr(error), *error.messages, *traceback.format_exception(error)])

    assert len(error.messages) == 10
    assert CANARY not in shown
    assert (error.__context__, error.__cause__) == (None, None)
