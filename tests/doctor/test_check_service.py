"""The service, with systemctl and journalctl played by scripts in a tree of files."""

from __future__ import annotations

import grp
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from teleinfo.doctor.check_service import check_service
from teleinfo.doctor.findings import Severity
from tests.doctor.machine_tree import Tree, findings_of

if TYPE_CHECKING:
    from teleinfo.doctor.findings import Finding

UNIT_FILE = Path(__file__).parents[2] / "systemd" / "teleinfo.service"
GOOD = {
    "LoadState": "loaded",
    "UnitFileState": "enabled",
    "ActiveState": "active",
    "SubState": "running",
    "StatusText": "mode standard at 9600 baud",
    "User": "root",
    "DevicePolicy": "closed",
    "DeviceAllow": "char-204 rw",
    "IPAddressDeny": "::/0 0.0.0.0/0",
    "IPAddressAllow": "10.0.0.0/8 127.0.0.0/8 192.168.0.0/16 ::1/128 fe80::/64",
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


def examine(tree: Tree, *addresses: str, valid: bool = True, **changed: str) -> dict[str, Finding]:
    """Return the findings where systemctl shows GOOD with these changes."""
    tree.program("systemctl", *(f"{name}={value}" for name, value in (GOOD | changed).items()))
    case = tree.case("/dev/ttyAMA0")
    case.addresses = addresses
    if not valid:
        case.valid_settings = None
    return findings_of(check_service, case)


def test_a_service_that_runs_has_no_fault(tree: Tree) -> None:
    """Enabled, running, with its own words; the port and the broker within its sandbox."""
    found = examine(tree, "192.168.1.20")

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
        ("sandbox", Severity.FAULT, "PrivateDevices=yes", {"PrivateDevices": "yes"}),
        ("sandbox", Severity.FAULT, "sudo systemctl edit teleinfo", {"DeviceAllow": "char-188 rw"}),
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


@pytest.mark.parametrize(
    ("allowed", "severity"),
    [
        ("char-4 r char-204 rw", Severity.OK),
        ("char-ttyAMA rwm", Severity.OK),
        ("/dev/ttyAMA0 wr", Severity.OK),
        ("char-204 r", Severity.FAULT),
        ("char-4 rw char-204 w", Severity.FAULT),
    ],
)
def test_the_port_may_be_allowed_in_several_ways(tree: Tree, allowed: str, severity: Severity) -> None:
    """By number, by the driver's name, by path; always for reading and writing, as the port is opened."""
    tree.file("/proc/devices", "Character devices:\n204 ttyAMA\n  4 ttyS\n")

    assert examine(tree, DeviceAllow=allowed)["sandbox"].severity is severity


def test_our_own_unit_lets_its_user_at_every_kind_of_port(tree: Tree) -> None:
    """The doctor calls allowed every device that systemd/teleinfo.service allows."""
    lines = [line.partition("=") for line in UNIT_FILE.read_text().splitlines()]
    allowed = " ".join(value for name, _equals, value in lines if name == "DeviceAllow")
    for major in ("204", "4", "188", "166"):
        tree.file("/sys/class/tty/ttyAMA0/dev", f"{major}:0\n")

        assert examine(tree, DeviceAllow=allowed)["sandbox"].severity is Severity.OK


def test_a_broker_outside_of_the_home_is_kept_from_the_service(tree: Tree) -> None:
    """By the addresses that its sandbox allows; one good address is enough, without any nothing is known."""
    outside = examine(tree, "203.0.113.7")["network"]
    both = examine(tree, "203.0.113.7", "10.1.2.3")["network"]
    free = examine(tree, "203.0.113.7", IPAddressDeny="")["network"]

    assert "network" not in examine(tree)
    assert outside.commands == ("sudo systemctl edit teleinfo", "[Service]", "IPAddressAllow=203.0.113.7")
    assert [one.severity for one in (outside, both, free)] == [Severity.FAULT, Severity.OK, Severity.OK]


def test_the_user_of_the_service_needs_the_group_of_the_port(tree: Tree) -> None:
    """The file of the port has a group, and the service must have it."""
    path = tree.file("/dev/ttyAMA0", mode=0o660)
    named = grp.getgrgid(path.stat().st_gid).gr_name
    right = examine(tree, User="teleinfo", Group=named)["rights"]
    wrong = examine(tree, User="teleinfo", Group="nobody-of-them")["rights"]
    path.chmod(0o600)
    closed = examine(tree, User="teleinfo", Group=named)["rights"]

    assert [one.severity for one in (right, wrong, closed)] == [Severity.OK, Severity.FAULT, Severity.FAULT]
    assert closed.commands == ("ls -l /dev/ttyAMA0",)


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
