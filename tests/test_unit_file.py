"""The systemd unit keeps the promises of a service: it starts in any order and always comes back."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from teleinfo import cli

UNIT = Path(__file__).parents[1] / "systemd" / "teleinfo.service"
# The first systemd that knows RestartSteps= and RestartMaxDelaySec=; older ones ignore them, and say so.
NEWEST_KEY = 254

Sections = dict[str, dict[str, list[str]]]


def read_unit() -> Sections:
    """Return section -> key -> every value that the unit gives it, in order (systemd.syntax(7))."""
    sections: Sections = {}
    keys: dict[str, list[str]] = {}
    for line in UNIT.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            keys = sections.setdefault(line.strip("[]"), {})
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            keys.setdefault(key, []).append(value)
    return sections


def seconds(value: str) -> int:
    """Return a time span of the unit, which writes them all as whole seconds."""
    return int(value.removesuffix("s"))


def test_it_comes_back_for_ever_and_more_and_more_slowly() -> None:
    """Whatever ends the daemon, systemd starts it again, without a limit and up to a minute apart."""
    unit = read_unit()
    service = unit["Service"]

    assert service["Restart"] == ["always"]
    assert unit["Unit"]["StartLimitIntervalSec"] == ["0"]
    assert seconds(service["RestartSec"][0]) < seconds(service["RestartMaxDelaySec"][0]) <= 60
    assert int(service["RestartSteps"][0]) > 0  # without it, systemd ignores RestartMaxDelaySec


def test_a_wrong_setting_is_not_restarted_in_a_loop() -> None:
    """The exit status of a wrong configuration, 78, leaves the service stopped."""
    assert read_unit()["Service"]["RestartPreventExitStatus"] == ["78"]


def test_nothing_has_to_be_started_before_it() -> None:
    """The unit waits for no broker, no port and no connected network: the daemon does."""
    unit = read_unit()["Unit"]

    assert unit["After"] == ["network.target"]
    assert not {"Wants", "Requires", "Requisite", "BindsTo", "PartOf", "Upholds"} & unit.keys()


def test_a_login_prompt_never_shares_the_port() -> None:
    """The getty of the default port is stopped: it would eat half of the meter's bytes."""
    assert read_unit()["Unit"]["Conflicts"] == ["serial-getty@ttyAMA0.service"]


def test_systemd_is_told_by_the_daemon_alone_and_watches_it() -> None:
    """READY=1, STATUS= and WATCHDOG=1 come from the main process, and a hang of 30 s ends it."""
    service = read_unit()["Service"]

    assert service["Type"] == ["notify"]
    assert service["NotifyAccess"] == ["main"]
    assert service["WatchdogSec"] == ["30s"]


def test_a_stop_is_given_longer_than_the_daemon_promises() -> None:
    """A stop takes 3 s at worst (a frozen broker): systemd waits longer before it kills."""
    assert 3 < seconds(read_unit()["Service"]["TimeoutStopSec"][0]) <= 30


def test_one_grammar_for_the_settings() -> None:
    """The daemon reads its settings file itself, so that no second grammar (EnvironmentFile=) can differ."""
    service = read_unit()["Service"]

    assert service["ExecStart"] == ["/opt/teleinfo/bin/teleinfo run --env-file %d/teleinfo.env"]
    assert "EnvironmentFile" not in service


def test_the_command_line_of_the_unit_is_one_that_teleinfo_knows(capsys: pytest.CaptureFixture[str]) -> None:
    """`teleinfo run --env-file` exists: its help names the option."""
    with pytest.raises(SystemExit) as ended:
        cli.main(["run", "--help"])

    assert ended.value.code == 0
    assert "--env-file" in capsys.readouterr().out


def test_it_runs_without_rights() -> None:
    """No root, no capability, no way to gain one; the group of the serial ports is all it has."""
    service = read_unit()["Service"]

    assert service["DynamicUser"] == ["yes"]
    assert service["Group"] == ["dialout"]
    assert service["CapabilityBoundingSet"] == [""]


def test_no_device_rule_hides_the_port() -> None:
    """Nothing in the unit takes serial ports away (PrivateDevices or a bare ProtectClock would)."""
    service = read_unit()["Service"]

    assert "PrivateDevices" not in service
    assert "ProtectClock" not in service or "DeviceAllow" in service


@pytest.mark.real
def test_systemd_finds_no_fault_in_it(tmp_path: Path) -> None:
    """`systemd-analyze verify` knows every key and takes every value."""
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed")
    version = subprocess.run([analyze, "--version"], capture_output=True, text=True, check=True, timeout=60)
    if int(version.stdout.split()[1]) < NEWEST_KEY:
        pytest.skip(f"systemd is older than {NEWEST_KEY}")
    lines = UNIT.read_text(encoding="utf-8").splitlines()
    # The program need not be installed where the test runs.
    stub = ["ExecStart=/bin/true" if line.startswith("ExecStart=") else line for line in lines]
    copy = tmp_path / UNIT.name
    copy.write_text("\n".join(stub), encoding="utf-8")

    # Without --recursive-errors=no it exits 0 even for a key that does not exist.
    command = [analyze, "verify", "--man=no", "--recursive-errors=no", str(copy)]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    assert result.returncode == 0, result.stderr
