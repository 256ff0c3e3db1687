"""The service, with systemctl and journalctl played by scripts in a tree of files."""

from __future__ import annotations

import grp
import json
import os
from typing import TYPE_CHECKING

import pytest

from teleinfo.doctor.check_service import check_service
from teleinfo.doctor.report import Severity
from tests.doctor.machine_tree import Tree, findings_of

if TYPE_CHECKING:
    from pathlib import Path

    from teleinfo.doctor.report import Finding

GOOD = {
    "LoadState": "loaded",
    "UnitFileState": "enabled",
    "ActiveState": "active",
    "SubState": "running",
    "StatusText": "mode standard at 9600 baud",
}
AGAIN = {"ActiveState": "activating", "SubState": "auto-restart", "NRestarts": "7"}
RUNTIME = {"UnitFileState": "enabled-runtime", "WantedBy": "multi-user.target"}
DEAD = {"SubState": "dead", "ExecMainStatus": "78"}
NO_ENTRIES = "-- No entries --"
COMPLAINT = "2026-11-24T08:00:00+0100 raspberry teleinfo[412]: no meter: another program reads the port"


@pytest.fixture
def tree(tree: Tree) -> Tree:
    """Return a machine that is run by systemd, with a port and nothing in the journal."""
    tree.file("/run/systemd/system/.here")
    tree.file("/dev/ttyAMA0")
    tree.file("/sys/class/tty/ttyAMA0/dev", "204:64\n")
    tree.program("journalctl", NO_ENTRIES)
    return tree


def examine(tree: Tree, *, valid: bool = True, error: str | None = "", **changed: str) -> dict[str, Finding]:
    """Return the findings where systemctl shows GOOD with these changes, and the port gives `error`."""
    tree.program("systemd-run", "denied" if error is None else json.dumps({"/dev/ttyAMA0": error}))
    tree.program("systemctl", *(f"{name}={value}" for name, value in (GOOD | changed).items()))
    case = tree.case("/dev/ttyAMA0")
    if not valid:
        case.valid_settings = None
    return findings_of(check_service, case)


def test_a_service_that_runs_has_no_fault(tree: Tree) -> None:
    """Enabled, running, with its own words; the port can be used in its sandbox."""
    found = examine(tree)

    assert {one.severity for one in found.values()} == {Severity.OK}
    assert found["running"].message == "it runs: mode standard at 9600 baud"


@pytest.mark.parametrize(
    ("check", "severity", "line", "changed"),
    [
        ("installed", Severity.WARNING, "sudo make install", {"LoadState": "not-found"}),
        ("enabled", Severity.WARNING, "sudo systemctl enable teleinfo", {"UnitFileState": "disabled"}),
        ("enabled", Severity.WARNING, "sudo systemctl enable teleinfo", {"UnitFileState": "static"}),
        ("enabled", Severity.WARNING, "sudo systemctl enable teleinfo", RUNTIME),
        ("enabled", Severity.OK, None, RUNTIME | {"UnitFileState": "generated"}),
        ("running", Severity.FAULT, "sudo journalctl -u teleinfo -n 30", AGAIN),
        ("running", Severity.FAULT, "sudo systemctl restart teleinfo", {"ActiveState": "inactive"} | DEAD),
    ],
)
def test_what_is_wrong_with_the_service_is_reported(
    tree: Tree, check: str, severity: Severity, line: str | None, changed: dict[str, str]
) -> None:
    """
    Each with the line to type.

    `enabled-runtime` lasts until the next start; a unit without [Install] starts if a target wants it.
    """
    found = examine(tree, valid=True, **changed)[check]

    assert (found.severity, next(iter(found.commands), None)) == (severity, line)


def test_a_port_that_the_service_may_not_use_is_explained_by_its_error(tree: Tree) -> None:
    """
    As tried in its sandbox.

    1. The sandbox lacks the driver's number. 2. The group is not that of the service. 3. Not even the group
    may, or a login console took the port. 4. Nobody may try.
    """
    path = tree.file("/dev/ttyAMA0", mode=0o660)
    named = grp.getgrgid(path.stat().st_gid).gr_name
    kept = examine(tree, error="EPERM")["sandbox"]
    other = examine(tree, error="EACCES", User="teleinfo", Group="nobody-of-them").get("rights")
    taken = examine(tree, error="EACCES", User="teleinfo", Group=named)["rights"]
    hung = examine(tree, error="EIO")["sandbox"]
    untried = examine(tree, error=None)["sandbox"]

    assert kept.commands == ("sudo systemctl edit teleinfo", "[Service]", "DeviceAllow=char-204 rw")
    assert taken.commands == ("ls -l /dev/ttyAMA0",)
    assert hung.commands == ("sudo journalctl -u teleinfo -n 30",)
    assert {one.severity for one in (kept, taken, hung)} == {Severity.FAULT}
    assert (untried.severity, untried.commands[0][:5]) == (Severity.SKIPPED, "sudo ")
    assert other is not None
    assert other.severity is Severity.FAULT


def test_a_service_without_a_broker_is_no_success(tree: Tree) -> None:
    """Its own words come first; its last complaint is then a warning. Of several meters it is the own one."""
    said = "a: connected to the broker at x | teleinfo: mode standard; no connection to the broker at y"
    tree.program("journalctl", COMPLAINT)
    found = examine(tree, StatusText=said)

    assert found["running"].message == "it runs: mode standard; no connection to the broker at y"
    assert found["running"].severity is Severity.FAULT
    assert found["journal"].severity is Severity.WARNING


def test_the_last_complaint_is_reported_shortened_and_without_the_name_of_the_machine(tree: Tree) -> None:
    """The newest line of the journal that is a warning or worse; the journal has the rest."""
    tree.program("journalctl", "an older line", COMPLAINT + " and more words" * 40)
    found = examine(tree)["journal"]

    assert found.severity is Severity.OK
    assert "2026-11-24T08:00:00+0100: teleinfo[412]: no meter: another program" in found.message
    assert found.message.endswith(" …")
    assert len(found.message) < 250


def test_settings_that_are_valid_now_are_not_called_wrong(tree: Tree) -> None:
    """1. The service stopped over a setting. 2. It was corrected since."""
    wrong = examine(tree, valid=False, ActiveState="failed", **DEAD)["running"]
    corrected = examine(tree, valid=True, ActiveState="failed", **DEAD)["running"]

    assert (wrong.severity, corrected.severity) == (Severity.FAULT, Severity.FAULT)
    assert wrong.message.endswith("a setting is wrong")
    assert corrected.message.endswith("all are valid now")
    assert wrong.commands[0] == "sudo journalctl -u teleinfo -n 20"
    assert corrected.commands == ("sudo systemctl restart teleinfo",)


def test_the_last_complaint_is_that_of_the_service_since_its_start(tree: Tree) -> None:
    """1. It runs: only its lines since the start count. 2. It is stopped: its last line, else systemd's."""
    about = "2026-11-24T08:00:01+0100 raspberry systemd[1]: Failed to start teleinfo.service."
    stopped = {"ActiveState": "inactive", "SubState": "dead", "InvocationID": "abc"}
    tree.journal("_SYSTEMD_INVOCATION_ID=abc", NO_ENTRIES, COMPLAINT)
    running = examine(tree, InvocationID="abc")["journal"]
    tree.journal("_SYSTEMD_UNIT=teleinfo.service", COMPLAINT, about)
    its_own = examine(tree, valid=True, **stopped)["journal"]
    tree.journal("_SYSTEMD_UNIT=teleinfo.service", NO_ENTRIES, about)
    of_systemd = examine(tree, valid=True, **stopped)["journal"]

    assert running.message == "no complaint in its journal since it was started"
    assert "another program reads the port" in its_own.message
    assert "Failed to start" in of_systemd.message


def test_a_closed_journal_is_not_called_empty(tree: Tree) -> None:
    """A user who may not read the journal gets the command with sudo; --quiet would hide the reason."""
    hint = "Hint: You are currently not seeing messages from other users and the system."
    script = f"case $* in\n  *--quiet*) ;;\n  *) echo '{hint}';;\nesac\necho '{NO_ENTRIES}'\n"
    tree.file("/usr/bin/journalctl", f"#!/bin/sh\n{script}", mode=0o755)
    found = examine(tree)["journal"]

    assert found.severity is Severity.SKIPPED
    assert found.commands[0].startswith("sudo ")


def test_a_machine_without_systemd_is_no_fault(tmp_path: Path) -> None:
    """A container, or another init: it cannot be checked."""
    [found] = findings_of(check_service, Tree(tmp_path).case("/dev/ttyAMA0")).values()

    assert found.severity is Severity.SKIPPED


def test_a_systemctl_that_hangs_is_given_up(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    """1. systemctl never ends. 2. It is killed, and the service cannot be checked."""
    monkeypatch.setattr("teleinfo.doctor.machine.PROGRAM_TIMEOUT", 0.3)
    mark = tree.root / "pid"
    tree.file("/usr/bin/systemctl", f"#!/bin/sh\necho $$ >{mark}\nexec sleep 300\n", mode=0o755)
    found = findings_of(check_service, tree.case("/dev/ttyAMA0"))

    assert [one.severity for one in found.values()] == [Severity.SKIPPED]
    if mark.exists():
        with pytest.raises(ProcessLookupError):
            os.kill(int(mark.read_text()), 0)
