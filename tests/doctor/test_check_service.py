"""The service, with systemctl and journalctl played by scripts in a tree of files."""

from __future__ import annotations

import asyncio
import json
import os
import re
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from teleinfo.common.i18n import catalogue
from teleinfo.doctor import inside
from teleinfo.doctor.case import kept_away
from teleinfo.doctor.check_service import COMPLAINT_SHOWN
from teleinfo.doctor.finding import Severity
from teleinfo.mqtt.errors import CUT_OFF, PUSHED_OUT
from teleinfo.port.health import OTHER_METER
from teleinfo.port.line_log import NO_FRAME, SILENT
from teleinfo.vocabulary.line import PortErrorKind
from teleinfo.vocabulary.words import Language
from tests.doctor.machine_tree import Tree, case_of, findings_of
from tests.support.tcp_ports import free_port

if TYPE_CHECKING:
    from teleinfo.doctor.finding import Finding

GOOD = {
    "LoadState": "loaded",
    "UnitFileState": "enabled",
    "ActiveState": "active",
    "SubState": "running",
    "StatusText": "mode standard at 9600 baud",
}
NO_ENTRIES = "-- No entries --"
BEGIN = "2026-01-24T08:00:00+0100 raspberry teleinfo[412]: "
COMPLAINT = f"{BEGIN}no meter: another program reads the port; teleinfo keeps trying"
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
    tree: Tree,
    *,
    area: str = "service",
    error: str | None = "",
    shared: bool = False,
    numbers: tuple[str, ...] = ("3456",),
    **changed: str,
) -> dict[str, Finding]:
    """Return the findings where systemctl shows GOOD with these changes, and the port gives `error`."""
    tree.program("systemd-run", "denied" if error is None else json.dumps({"/dev/ttyAMA0": error}))
    tree.program("systemctl", *(f"{name}={value}" for name, value in (GOOD | changed).items()))
    case = tree.case("/dev/ttyAMA0")
    case.may_read = True
    case.status = "online"
    case.is_shared = shared
    case.numbers = numbers
    return findings_of(area, case)


@pytest.mark.parametrize(
    ("error", "wanted"),
    [("ETIMEDOUT", "IPAddressAllow=203.0.113.7"), (inside.NAME, "IPAddressAllow=192.0.2.53")],
)
def test_an_address_that_the_sandbox_keeps_away_is_allowed_by_a_line(
    tree: Tree, error: str, wanted: str
) -> None:
    """The address of the broker, or that of the name server if the name is not known there."""
    tree.file("/etc/resolv.conf", "nameserver 192.0.2.53\n")
    sandbox = {"IPAddressDeny": "0.0.0.0/0 ::/0", "IPAddressAllow": "127.0.0.0/8 192.168.0.0/16"}
    tree.program("systemctl", *(f"{name}={value}" for name, value in (GOOD | sandbox).items()))
    case = tree.case("/dev/ttyAMA0")
    finding = asyncio.run(kept_away(case, "port", error, "broker.example:1883", ["203.0.113.7"]))

    assert finding.severity is Severity.FAULT
    assert finding.commands[-1] == wanted


def test_a_service_starts_with_the_machine_if_a_target_wants_it(tree: Tree) -> None:
    wanted: dict[str, Any] = {"UnitFileState": "generated", "WantedBy": "multi-user.target"}

    assert examine(tree, **wanted)["enabled"].severity is Severity.OK
    assert examine(tree, **wanted | {"UnitFileState": "enabled-runtime"})["enabled"].commands


def test_a_port_that_the_service_may_not_use_is_explained_by_its_error(tree: Tree) -> None:
    look = partial(examine, tree, area="port")
    kept = look(error="EPERM")["sandbox"]
    hung = look(error="EIO")["sandbox"]
    untried = examine(tree, error=None)["sandbox"]

    assert kept.commands == ("sudo systemctl edit teleinfo", "[Service]", "DeviceAllow=char-204 rw")
    assert hung.commands == ("sudo journalctl -u teleinfo -n 30",)
    assert {one.severity for one in (kept, hung)} == {Severity.FAULT}
    assert list(look(error=None, ActiveState="inactive"))[-1] == "rights"
    assert (untried.severity, untried.commands[0][:5]) == (Severity.SKIPPED, "sudo ")


def test_a_unit_that_systemd_cannot_load_is_reverted(tree: Tree) -> None:
    installed = examine(tree, LoadState="bad-setting")["installed"]

    assert installed.commands[-1] == "sudo systemctl revert teleinfo"


def test_a_page_that_does_not_stay_up_is_told(tree: Tree) -> None:
    """The systemctl of the test answers for the unit of the page what it answers for that of the service."""
    now = str(int(time.monotonic() * 1e6))
    first_start = examine(tree, ActiveEnterTimestampMonotonic=now)
    fourth_start = examine(tree, ActiveEnterTimestampMonotonic=now, NRestarts="3")
    before_fourth_start = examine(tree, ActiveState="activating", SubState="auto-restart", NRestarts="3")

    assert "page" not in first_start
    assert "page" in fourth_start
    assert "page" in before_fourth_start


def test_a_service_that_lacked_its_settings_file_is_not_merely_stopped(tree: Tree) -> None:
    """AssertPathExists= of the unit: systemd starts nothing, and the service has no line in its log."""
    stopped: dict[str, Any] = {"ActiveState": "inactive", "SubState": "dead"}
    lacked = examine(tree, AssertResult="no", **stopped)["running"]

    assert "settings file" in lacked.message
    assert examine(tree, AssertResult="yes", **stopped)["running"].message != lacked.message


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize(
    "complaint", ["connected", PortErrorKind.GONE.words, NO_FRAME, SILENT, CUT_OFF, PUSHED_OUT]
)
def test_what_the_service_says_of_itself_is_judged(tree: Tree, complaint: str, language: Language) -> None:
    """In its own language; of several meters, what it says of this one."""
    words = re.sub(r"\{\w+\}", "7", catalogue(language).get(complaint, complaint))
    tree.program("journalctl", COMPLAINT)
    found = examine(tree, StatusText=f"a: no frame yet; x | teleinfo: mode standard; {words}; 9 frames")
    is_well = complaint == "connected"

    assert found["running"].severity is (Severity.OK if is_well else Severity.FAULT)
    assert ("status" in found) is is_well
    assert found["journal"].severity is (Severity.OK if is_well else Severity.WARNING)


@pytest.mark.parametrize(
    ("numbers", "severity"), [(("3456",), Severity.OK), (("3456", "7654"), Severity.WARNING)]
)
def test_another_meter_is_a_complaint_while_it_is_published(
    tree: Tree, numbers: tuple[str, ...], severity: Severity
) -> None:
    """The line of status of a service does not tell: each service works well."""
    tree.program("journalctl", f"{BEGIN}{OTHER_METER.format(other='7654', topic='teleinfo', own='3456')}")
    well = "mode standard; 9 frames, the last 1 s ago; connected"
    found = examine(tree, StatusText=well, InvocationID="abc", numbers=numbers)

    assert found["journal"].severity is severity


def test_a_service_that_was_started_just_now_is_not_called_mute(tree: Tree) -> None:
    """Its speed may still be searched for: it cannot be judged yet."""
    now = str(int(time.monotonic() * 1e6))
    found = examine(tree, StatusText="listening; no frame yet; connected", ActiveEnterTimestampMonotonic=now)

    assert found["running"].severity is Severity.SKIPPED


def test_a_service_that_shares_its_port_is_not_called_well(tree: Tree) -> None:
    """By chance, it may have had a whole frame just now."""
    assert examine(tree, shared=True)["running"].severity is Severity.SKIPPED
    assert examine(tree, shared=True, ActiveState="failed")["running"].severity is Severity.FAULT


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
    assert re.search(r"\d+ h \d\d min ago", found.message)  # not the date by a clock in UTC


def test_a_long_complaint_is_cut_between_words(tree: Tree) -> None:
    tree.program("journalctl", BEGIN + "ab " * 100)
    message = examine(tree)["journal"].message
    shown = re.search(r"teleinfo\[412\]: (ab )+…", message)

    assert shown is not None, message
    # Another word would not fit.
    assert COMPLAINT_SHOWN - len("ab ") < len(shown[0]) <= COMPLAINT_SHOWN


@pytest.mark.parametrize(
    ("status", "may_read", "runs", "severity"),
    [
        *(("offline", True, True, "fault"), ("21.5", True, True, "fault"), (None, True, True, "fault")),
        *((None, True, False, None), (None, False, True, "skipped")),
    ],
)
def test_only_online_is_a_success(
    tree: Tree,
    status: str | None,
    may_read: bool,  # noqa: FBT001 - a column of the table
    runs: bool,  # noqa: FBT001 - another
    severity: str | None,
) -> None:
    tree.program("systemctl", "LoadState=loaded", "ActiveState=active", f"StatusText={'it runs' * runs}")
    case = case_of(tree.machine, serial_port="/dev/ttyAMA0", mqtt_port=free_port())
    case.status = status
    case.may_read = may_read
    found = findings_of("service", case).get("status")

    assert (found and found.severity) == severity


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
