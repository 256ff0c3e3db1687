"""The settings: the file, its rights, what differs from the defaults."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from teleinfo.doctor.case import Case
from teleinfo.doctor.finding import Severity
from teleinfo.doctor.machine import Machine
from tests.doctor.machine_tree import findings_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder, without the settings of whoever runs the tests."""
    monkeypatch.chdir(tmp_path)
    for module in ("settings.env_file", "doctor.check_settings"):
        monkeypatch.setattr(f"teleinfo.{module}.SERVICE_FILE", tmp_path / "etc" / "teleinfo.env")


def test_a_file_that_is_not_there_is_not_looked_for_in_the_environment(tmp_path: Path) -> None:
    """`--env-file /nonexistent`: another path is to be given."""
    case = Case(env_file=tmp_path / "nonexistent")
    [found] = findings_of("settings", case).values()

    assert case.valid_settings is None
    assert found.severity is Severity.FAULT
    assert "nonexistent" in found.message
    assert not any("env | grep" in line for line in found.commands)


def test_a_wrong_setting_of_the_environment_is_looked_for_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a file there is nothing to edit: the line to type shows the names, and no value."""
    monkeypatch.setenv("TELEINFO_MQTT_QOS", "3")
    [found] = findings_of("settings", Case()).values()
    [line] = found.commands
    environ = {"TELEINFO_MQTT_PASSWORD": "c4nary", "PATH": os.environ["PATH"]}
    shown = subprocess.run(["sh", "-c", line], env=environ, capture_output=True, text=True, check=True)

    assert found.severity is Severity.FAULT
    assert shown.stdout == "TELEINFO_MQTT_PASSWORD\n"


def test_the_file_is_named_and_what_it_changes(tmp_path: Path) -> None:
    lines = ["TELEINFO_MQTT_PORT=1884", "TELEINFO_MQTT_USERNAME=canary", "TELEINFO_MQTT_PASSWORD=c4nary"]
    path = tmp_path / "etc" / "teleinfo.env"
    path.parent.mkdir()
    path.write_text("\n".join([*lines, "TELEINFO_WEB_TOKEN=canary-of-the-page"]))
    found = findings_of("settings", Case())

    assert found["file"].message.startswith(f"{path} ")
    assert found["changed"].message == (
        "TELEINFO_MQTT_PORT=1884 TELEINFO_MQTT_USERNAME=… TELEINFO_MQTT_PASSWORD=… TELEINFO_WEB_TOKEN=…"
    )


def test_settings_that_the_running_service_does_not_have_are_a_fault(tmp_path: Path) -> None:
    """Of its own file, and not for a comment."""
    path = tmp_path / "etc" / "teleinfo.env"
    started_with = tmp_path / "run/credentials/teleinfo.service/teleinfo.env"
    for file in (path, started_with):
        file.parent.mkdir(parents=True)
        file.write_text("TELEINFO_MQTT_PORT=1884\n")

    def faults(file: Path) -> list[str]:
        found = findings_of("settings", Case(Machine(tmp_path), env_file=file))
        return [one.check for one in found.values() if one.severity is Severity.FAULT]

    started_with.write_text("TELEINFO_MQTT_PORT=1884\n# a comment\n")
    assert faults(path) == []
    started_with.write_text("")
    assert faults(path) == ["changed"]
    assert faults(path.rename(tmp_path / "other.env")) == []
