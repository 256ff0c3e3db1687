"""The settings: the file, its rights, what differs from the defaults."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from teleinfo.doctor.case import Case
from teleinfo.doctor.check_settings import check_settings
from teleinfo.doctor.finding import Severity
from tests.doctor.machine_tree import Tree, findings_of

if TYPE_CHECKING:
    from teleinfo.doctor.finding import Finding


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder, without the settings of whoever runs the tests."""
    monkeypatch.delenv("TELEINFO_LANGUAGE")
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


def test_a_line_that_was_added_twice_is_a_warning(tmp_path: Path) -> None:
    """The meter is read all the same."""
    path = tmp_path / "mine"
    path.write_text("TELEINFO_STATE=true\n" * 2)
    case = Case(env_file=path)
    findings = all_of(case)

    assert case.valid_settings is not None
    assert [finding.severity for finding in findings] == [Severity.OK, Severity.WARNING, Severity.OK]
    assert findings[1].message.startswith(
        f"{path} line 2: TELEINFO_STATE: is given twice with the same value"
    )


@pytest.mark.parametrize("asked", ["teleinfo.env", "other.env"])
def test_meters_whose_topics_nest_are_a_fault_of_the_lower_one(asked: str, tmp_path: Path) -> None:
    """Each service knows its own file alone; whoever may read both files sees it."""
    folder = tmp_path / "etc"
    folder.mkdir()
    (folder / "teleinfo.env").write_text("TELEINFO_MQTT_TOPIC=teleinfo\n")
    (folder / "other.env").write_text("TELEINFO_MQTT_TOPIC=teleinfo/state/cave\n")
    (folder / "third.env").write_text("TELEINFO_MQTT_TOPIC=teleinfo/production\n")
    (folder / "wrong.env").write_text("TELEINFO_MQTT_TOPIC=#\n")
    [fault] = [each for each in all_of(Case(env_file=folder / asked)) if each.severity is Severity.FAULT]

    assert fault.message.startswith(
        f"TELEINFO_MQTT_TOPIC: teleinfo/state/cave, of {folder / 'other.env'}, lies among"
    )
    assert [line.split()[-1] for line in fault.commands] == [str(folder / "other.env")]


def all_of(case: Case) -> list[Finding]:
    """Return every finding about the settings, several of one check too."""

    async def collect() -> list[Finding]:
        return [finding async for finding in check_settings(case)]

    return asyncio.run(collect())


def test_values_are_shown_as_the_household_wrote_them(tmp_path: Path) -> None:
    """Not as Python writes an object: True, Prices(…), {'power.apparent_import': 20.0}."""
    lines = [
        "TELEINFO_PUBLISH_INTERVAL=60",
        "TELEINFO_STATE_TOPICS=yes",
        "TELEINFO_STATE_TOPICS_DEAD_BAND=power.apparent_import=20",
        "TELEINFO_PRICES=HC=0.1696 HP=0.2146 month=15.74",
        "TELEINFO_PAYLOAD_NUMBERS=all",
    ]
    (tmp_path / ".env").write_text("\n".join(lines))
    shown = findings_of("settings", Case())["changed"].message

    assert {f"{each} " for each in lines} == {
        part for part in re.split(r"(?=TELEINFO_)", f"{shown} ") if part
    }


class Household:
    """A machine with the settings file of its service, and systemd's copies of it for two running units."""

    def __init__(self, folder: Path) -> None:
        self.tree = Tree(folder)
        self.file = folder / "etc/teleinfo.env"
        self.tree.file("/run/systemd/system/.here")
        self.tree.program("systemctl", "LoadState=loaded", "ActiveState=active")

    def run_unit(self, unit: str, *lines: str) -> None:
        """Let a unit run with these lines of settings."""
        self.tree.file(f"/run/credentials/{unit}.service/teleinfo.env", "\n".join(lines))

    def write_and_check(self, *lines: str, file: Path | None = None) -> dict[str, str]:
        """Write the file, and return the findings that are neither well nor left out: message → severity."""
        if lines:
            self.tree.file("/etc/teleinfo.env", "\n".join(lines))
        found = asyncio.run(self._findings(Case(self.tree.machine, env_file=file)))
        return {one.message: one.severity for one in found if one.severity is not Severity.OK}

    async def _findings(self, case: Case) -> list[Finding]:
        return [finding async for finding in check_settings(case)]


@pytest.fixture
def household(tmp_path: Path) -> Household:
    """Return a machine with a service."""
    return Household(tmp_path)


PORT = "TELEINFO_MQTT_PORT=1884"
LISTEN = "TELEINFO_WEB_LISTEN=0.0.0.0:8080"
HASS = "TELEINFO_HOMEASSISTANT=true"


def test_settings_that_the_running_service_does_not_have_are_a_fault(household: Household) -> None:
    """Only the settings of its own file count, and a comment is none."""
    other = household.tree.file("/home/other.env", PORT)
    household.run_unit("teleinfo", PORT, "# a comment")
    same = household.write_and_check(PORT)
    household.run_unit("teleinfo", "")

    assert same == {}
    assert list(household.write_and_check(PORT).values()) == ["fault"]
    assert household.write_and_check(file=other) == {}


def test_the_readmes_last_step_leaves_no_fault(household: Household) -> None:
    """The page is enabled: its settings change, and the service of the meter has no use for them."""
    household.run_unit("teleinfo", PORT)
    household.run_unit("teleinfo-web", PORT, LISTEN)
    alone = household.write_and_check(PORT, LISTEN, "TELEINFO_WEB_METRICS=true")
    household.run_unit("teleinfo-web", PORT, LISTEN, "TELEINFO_WEB_METRICS=true")
    household.run_unit("teleinfo", PORT, HASS)
    with_link = household.write_and_check(PORT, LISTEN, "TELEINFO_WEB_METRICS=true", HASS)

    assert alone == {
        "the page was started with other settings, and knows nothing of the change yet": "warning"
    }
    assert with_link == {"the address of the page was changed after the start of the service": "warning"}


@pytest.mark.parametrize(
    ("beside", "unit", "commands"),
    [
        ([], "/usr/local/lib", ("sudo make install",)),
        ([], "/usr/lib", ("sudo dpkg-reconfigure teleinfo", "sudo systemctl restart teleinfo")),
        (
            ["teleinfo.env.bak"],
            "/usr/lib",
            (
                "sudo mv /etc/teleinfo/teleinfo.env.bak /etc/teleinfo/teleinfo.env",
                "sudo systemctl restart teleinfo",
            ),
        ),
        (["teleinfo.env~", "teleinfo.env.bak"], "/usr/local/lib", ("sudo make install",)),
    ],
)
def test_a_settings_file_that_is_gone_is_missed(
    household: Household,
    monkeypatch: pytest.MonkeyPatch,
    beside: list[str],
    unit: str,
    commands: tuple[str, ...],
) -> None:
    """Deleted, or renamed by an editor: it is said, with what brings one back."""
    tree = household.tree
    tree.file(f"{unit}/systemd/system/teleinfo.service")
    monkeypatch.setattr("teleinfo.doctor.check_settings.SERVICE_FILE", Path("/etc/teleinfo/teleinfo.env"))
    for name in beside:
        tree.file(f"/etc/teleinfo/{name}")
    [found] = asyncio.run(household._findings(Case(tree.machine)))

    assert (found.check, found.severity) == ("file", Severity.FAULT)
    assert "/etc/teleinfo/teleinfo.env" in found.message
    assert found.commands == commands


def test_without_a_service_no_file_is_missed(household: Household) -> None:
    household.tree.program("systemctl", "LoadState=not-found")

    assert household.write_and_check() == {}


def test_the_editor_that_is_advised_can_save_the_file(
    household: Household, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind sudo it is the person who types it, not root."""
    household.tree.file("/etc/teleinfo.env", "TELEINFO_MQTT_QOS=7")

    def advised() -> str:
        [found] = asyncio.run(household._findings(Case(household.tree.machine)))
        return found.commands[0].split()[0]

    monkeypatch.delenv("SUDO_UID", raising=False)
    assert advised() == "nano"
    monkeypatch.setenv("SUDO_UID", str(os.geteuid() + 1000))
    assert advised() == "sudoedit"
