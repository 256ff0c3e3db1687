"""The settings: the file, its rights, what differs from the defaults."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from teleinfo.doctor import check_settings
from teleinfo.doctor.findings import Severity

if TYPE_CHECKING:
    from pathlib import Path

CLOSED = """TELEINFO_MQTT_HOST=broker.example
"""


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder, without the settings of whoever runs the tests."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("teleinfo.settings.env_file.SERVICE_FILE", tmp_path / "etc" / "teleinfo.env")


def test_a_file_that_is_closed_to_this_user_is_no_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file of the service is root's alone: the defaults are checked in its place, and it is said."""
    path = tmp_path / "closed.env"
    path.write_text(CLOSED)
    monkeypatch.setattr("os.access", lambda *_, **__: False)
    checked = check_settings.check_settings(path)
    [found] = checked.findings

    assert checked.assumed
    assert checked.settings is not None
    assert checked.settings.mqtt_host == "localhost"
    assert found.severity is Severity.SKIPPED
    assert "the port /dev/ttyAMA0, the broker localhost:1883" in found.message
    assert found.commands[0].startswith("sudo ")
    assert found.commands[0].endswith(f"doctor --env-file {path}")


def test_a_file_that_is_not_there_is_not_looked_for_in_the_environment(tmp_path: Path) -> None:
    """`--env-file /nonexistent`: another path is to be given."""
    checked = check_settings.check_settings(tmp_path / "nonexistent")

    assert checked.settings is None
    assert checked.findings[-1].severity is Severity.FAULT
    assert "nonexistent" in checked.findings[-1].message
    assert not any("env | grep" in line for line in checked.findings[-1].commands)


def test_the_file_here_comes_before_that_of_the_service(tmp_path: Path) -> None:
    """The rule of all commands that stand beside the service."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "teleinfo.env").write_text("TELEINFO_MQTT_HOST=service.example\n")
    service = check_settings.check_settings(None).settings
    (tmp_path / ".env").write_text("TELEINFO_MQTT_HOST=here.example\n")
    here = check_settings.check_settings(None).settings

    assert service is not None
    assert here is not None
    assert (service.mqtt_host, here.mqtt_host) == ("service.example", "here.example")
