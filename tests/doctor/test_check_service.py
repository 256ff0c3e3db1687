"""The service, with systemctl and journalctl played by scripts in a tree of files."""

from __future__ import annotations

import json
import os
import time
from functools import partial
from typing import TYPE_CHECKING

import pytest

from teleinfo.common.i18n import catalogue
from teleinfo.doctor.finding import Severity
from teleinfo.mqtt.errors import CUT_OFF
from teleinfo.port.line_log import SILENT
from teleinfo.vocabulary.line import PortErrorKind
from teleinfo.vocabulary.words import Language
from tests.doctor.machine_tree import Tree, case_of, findings_of
from tests.support.tcp_ports import free_port

if TYPE_CHECKING:
    from pathlib import Path

    from teleinfo.doctor.finding import Finding

GOOD = {
    "LoadState": "loaded",
    "UnitFileState": "enabled",
    "ActiveState": "active",
    "SubState": "running",
    "StatusText": "mode standard at 9600 baud",
}
AT_ONCE = {"ActiveState": "activating", "SubState": "start", "NRestarts": "7"}
RUNTIME = {"UnitFileState": "enabled-runtime", "WantedBy": "multi-user.target"}
DEAD = {"SubState": "dead", "ExecMainStatus": "78"}
NO_ENTRIES = "-- No entries --"
BEGIN = "2026-11-24T08:00:00+0100 raspberry teleinfo[412]: "
COMPLAINT = f"{BEGIN}no meter: another program reads the port"
REFUSED = f"{BEGIN}the broker does not let this user publish on teleinfo, and gives the reason “no”"


@pytest.fixture
def tree(tree: Tree) -> Tree:
    """Return a machine that is run by systemd, with a port and nothing in the journal."""
    tree.file("/run/systemd/system/.here")
    tree.file("/dev/ttyAMA0")
    tree.file("/sys/class/tty/ttyAMA0/dev", "204:64\n")
    tree.program("journalctl", NO_ENTRIES)
    return tree


def examine(
    tree: Tree, *, area: str = "service", error: str | None = "", **changed: str
) -> dict[str, Finding]:
    """Return the findings where systemctl shows GOOD with these changes, and the port gives `error`."""
    tree.program("systemd-run", "denied" if error is None else json.dumps({"/dev/ttyAMA0": error}))
    tree.program("systemctl", *(f"{name}={value}" for name, value in (GOOD | changed).items()))
    case = tree.case("/dev/ttyAMA0")
    case.may_read, case.status = True, "online"
    return findings_of(area, case)


@pytest.mark.parametrize(
    ("check", "severity", "line", "changed"),
    [
        ("enabled", Severity.WARNING, "sudo systemctl enable teleinfo", RUNTIME),
        ("enabled", Severity.OK, None, RUNTIME | {"UnitFileState": "generated"}),
        ("running", Severity.FAULT, "sudo journalctl -u teleinfo -n 30", AT_ONCE),
        ("running", Severity.FAULT, "sudo journalctl -u teleinfo -n 20", {"ActiveState": "failed"} | DEAD),
    ],
)
def test_what_is_wrong_with_the_service_is_reported(
    tree: Tree, check: str, severity: Severity, line: str | None, changed: dict[str, str]
) -> None:
    found = examine(tree, **changed)[check]

    assert (found.severity, next(iter(found.commands), None)) == (severity, line)


def test_a_port_that_the_service_may_not_use_is_explained_by_its_error(tree: Tree) -> None:
    look = partial(examine, tree, area="port")
    kept, hung = look(error="EPERM")["sandbox"], look(error="EIO")["sandbox"]
    untried = examine(tree, error=None)["sandbox"]

    assert kept.commands == ("sudo systemctl edit teleinfo", "[Service]", "DeviceAllow=char-204 rw")
    assert hung.commands == ("sudo journalctl -u teleinfo -n 30",)
    assert {one.severity for one in (kept, hung)} == {Severity.FAULT}
    assert list(look(error=None, ActiveState="inactive"))[-1] == "rights"
    assert (untried.severity, untried.commands[0][:5]) == (Severity.SKIPPED, "sudo ")


def test_a_port_that_the_service_has_lost_is_left_to_it(tree: Tree) -> None:
    """It opens its port again at any moment: its last line of the log is the fault, and nobody listens."""
    lost = GOOD | {"StatusText": f"{PortErrorKind.GONE.words}; 9 frames, the last 2 s ago; connected"}
    tree.program("systemctl", *(f"{name}={value}" for name, value in lost.items()))
    tree.program("systemd-run", json.dumps({"/dev/ttyAMA0": ""}))
    tree.program("journalctl", "mode standard", "no meter: the adapter was unplugged")
    case = tree.case("/dev/ttyAMA0")
    port, line = findings_of("port", case), findings_of("line", case)

    assert (port["open"].severity, port["open"].message) == (
        Severity.FAULT,
        "no meter: the adapter was unplugged",
    )
    assert [one.severity for one in line.values()] == [Severity.SKIPPED]


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize(
    ("said", "severity"),
    [
        ("mode historique at 1200 baud; 9 frames, the last 1 s ago; connected", Severity.OK),
        ("mode standard; 9 frames, the last 1 s ago; no connection to the broker at x", Severity.FAULT),
        ("listening for a meter; no frame yet; connected to the broker at x", Severity.FAULT),
        ("mode standard; the meter is silent, 9 frames, the last 1 h ago; connected", Severity.FAULT),
        *((f"{kind.words}; 9 frames, the last 1 h ago; connected", Severity.FAULT) for kind in PortErrorKind),
    ],
)
def test_what_the_service_says_of_itself_is_judged(
    tree: Tree, said: str, severity: Severity, language: Language
) -> None:
    parts = [catalogue(language).get(part, part) for part in said.split("; ")]
    for template in (CUT_OFF, SILENT):
        begin = template.partition("{")[0]
        there = catalogue(language).get(template, template).partition("{")[0]
        parts = [part.replace(begin, there) for part in parts]
    tree.program("journalctl", COMPLAINT)
    found = examine(tree, StatusText=f"a: {said} | teleinfo: {'; '.join(parts)}")

    assert found["running"].severity is severity
    assert ("status" in found) is (severity is Severity.OK)
    assert found["journal"].severity is (Severity.OK if severity is Severity.OK else Severity.WARNING)


def test_a_service_that_was_started_just_now_is_not_called_mute(tree: Tree) -> None:
    """Its speed may still be searched for: it cannot be judged yet."""
    now = str(int(time.monotonic() * 1e6))
    found = examine(tree, StatusText="listening; no frame yet; connected", ActiveEnterTimestampMonotonic=now)

    assert found["running"].severity is Severity.SKIPPED


@pytest.mark.parametrize(
    ("lines", "severity", "shown"),
    [
        ([COMPLAINT, COMPLAINT], Severity.OK, "teleinfo[412]: no meter: another program"),
        ([f"{BEGIN}the LED does not blink", COMPLAINT], Severity.WARNING, "the LED"),
        ([REFUSED, f"{BEGIN}the LED does not blink", COMPLAINT], Severity.FAULT, "publish on teleinfo"),
    ],
)
def test_the_complaint_that_matters_most_is_reported(
    tree: Tree, lines: list[str], severity: Severity, shown: str
) -> None:
    """An outage is over once the service runs well; other warnings go on; a refused topic is a fault."""
    tree.program("journalctl", *lines)
    well = "mode standard; 9 frames, the last 1 s ago; connected"
    found = examine(tree, StatusText=well, InvocationID="abc")["journal"]

    assert found.severity is severity
    assert shown in found.message
    assert "raspberry" not in found.message


@pytest.mark.parametrize(
    ("status", "may_read", "runs", "severity"),
    [
        ("online", True, True, Severity.OK),
        ("offline", True, True, Severity.FAULT),
        ("21.5", True, True, Severity.FAULT),
        (None, True, True, Severity.FAULT),
        (None, True, False, None),
        (None, False, True, Severity.SKIPPED),
    ],
)
def test_only_online_is_a_success(
    tree: Tree,
    status: str | None,
    may_read: bool | None,  # noqa: FBT001 - a column of the table
    runs: bool,  # noqa: FBT001 - another
    severity: Severity | None,
) -> None:
    tree.program("systemd-run", "{}")
    said = {} if runs else {"ActiveState": "inactive", "SubState": "dead"}
    tree.program("systemctl", *(f"{name}={value}" for name, value in (GOOD | said).items()))
    case = case_of(tree.machine, serial_port="/dev/ttyAMA0", mqtt_port=free_port())
    case.status, case.may_read = status, may_read
    found = findings_of("service", case).get("status")

    assert (found and found.severity) is severity


def test_a_machine_without_systemd_is_no_fault(tmp_path: Path) -> None:
    found = findings_of("service", Tree(tmp_path).case("/dev/ttyAMA0"))

    assert found["installed"].severity is Severity.OK


def test_a_systemctl_that_hangs_is_given_up(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    """1. systemctl never ends. 2. It is killed, and the service cannot be checked."""
    monkeypatch.setattr("teleinfo.doctor.machine.PROGRAM_TIMEOUT", 0.3)
    mark = tree.root / "pid"
    tree.file("/usr/bin/systemctl", f"#!/bin/sh\necho $$ >{mark}\nexec sleep 300\n", mode=0o755)
    found = findings_of("service", tree.case("/dev/ttyAMA0"))

    assert found["installed"].severity is Severity.SKIPPED
    if mark.exists():
        with pytest.raises(ProcessLookupError):
            os.kill(int(mark.read_text()), 0)
