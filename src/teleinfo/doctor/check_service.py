"""Check the service: installed, enabled, running; its last complaint; what it has published."""

from __future__ import annotations

import contextlib
import textwrap
import time
from datetime import datetime
from typing import TYPE_CHECKING

from teleinfo.common.durations import duration
from teleinfo.common.i18n import N_, _
from teleinfo.doctor.case import Access, Case, is_one_of
from teleinfo.doctor.check_broker import OFFLINE, ONLINE, read_retained
from teleinfo.doctor.finding import Finding, Severity, find
from teleinfo.doctor.findings import of_service
from teleinfo.mqtt.config import Topics
from teleinfo.mqtt.errors import OUTAGE_TEXTS as BROKER_OUTAGE
from teleinfo.mqtt.errors import BrokerError
from teleinfo.mqtt.faults import BrokerFault
from teleinfo.port.errors import OUTAGE_TEXTS as PORT_OUTAGE
from teleinfo.port.health import OTHER_METER
from teleinfo.port.line_log import NO_FRAME, PASSING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping


EXIT_CONFIGURATION = "78"
# Not --quiet: it would hide the hint that this user may not see the messages of other users.
_WARNINGS = ("-p", "warning", "-n", "20", "-o", "short-iso", "--no-pager")
_NO_ENTRIES = "-- No entries --"
# Warnings that are over once the service reports no fault, and those about what the broker refuses. Beside
# another meter the service works well: the check of the broker looks for that meter.
_OUTAGES = (
    *(BROKER_OUTAGE.begins, BROKER_OUTAGE.still, PORT_OUTAGE.begins, PORT_OUTAGE.still, *PASSING),
    OTHER_METER,
)
_REFUSALS = tuple(fault.value.message for fault in BrokerFault if fault.value.check == "topic")

LACKED_ITS_FILE = Finding(
    "running",
    Severity.FAULT,
    N_("it does not run: its settings file was not there when it was to start"),
    N_("Once the file is there, start it:"),
    ("sudo systemctl restart {unit}",),
)

STARTING = 20.0
"""Seconds after the start within which a frame must come: the search for the speed takes 15 s."""

COMPLAINT_SHOWN = 240
"""Characters of a complaint that are shown; the journal has the rest."""

_LONGEST_SHOWN = 40  # characters of a status that is neither online nor offline


async def check_unit(case: Case) -> AsyncIterator[Finding]:
    """Check that the service is installed, starts with the machine, and runs without a complaint."""
    case.screen.step(_("asking systemd"))
    if not case.machine.path("/run/systemd/system").exists():
        yield find(of_service.NO_SYSTEMD)
        return
    shown = await case.properties(again=True)
    if not shown:
        yield find(of_service.SYSTEMCTL_SILENT)
    elif shown.get("LoadState") == "loaded":
        state = shown.get("UnitFileState", "")
        # A unit without a section [Install] starts with the machine if a target wants it.
        at_boot = state == "enabled" or (state in {"static", "generated"} and shown.get("WantedBy"))
        yield find(of_service.AT_BOOT if at_boot else of_service.NOT_AT_BOOT, state=state, unit=case.unit)
        running = _running(shown, await case.status_text(), await case.complaint(), case.unit)
        # By chance, a frame may come whole to a service that shares its port.
        yield find(of_service.RUNS_SHARED) if case.is_shared and running.severity is Severity.OK else running
        if case.valid_settings is not None and not await case.attempts():
            yield find(of_service.SANDBOX_UNTRIED)
    elif shown.get("LoadState") in {"masked", "bad-setting", "error"}:
        template = of_service.MASKED if shown["LoadState"] == "masked" else of_service.UNIT_WRONG
        yield find(template, unit=case.unit)
    else:
        runs_by_hand = case.access is Access.OURS
        template = of_service.RUNS_BY_HAND if runs_by_hand else of_service.NOT_INSTALLED
        yield find(template, unit=case.unit)


def _running(shown: Mapping[str, str], words: str, complaint: str, unit: str) -> Finding:
    active, how = shown.get("ActiveState", ""), shown.get("SubState", "")
    restarts = shown.get("NRestarts", "0")
    if active == "active":
        if _age(shown) < STARTING and "; " not in complaint and is_one_of(complaint, [NO_FRAME]):
            return find(of_service.STARTED_JUST_NOW)
        return find(of_service.COMPLAINS if complaint else of_service.RUNS, text=words or "…", unit=unit)
    if active == "failed" and shown.get("ExecMainStatus") == EXIT_CONFIGURATION:
        return find(of_service.CONFIGURATION, unit=unit)
    if how == "auto-restart" or (active == "activating" and restarts != "0"):
        return find(of_service.FAILS, restarts=restarts, unit=unit)
    if shown.get("AssertResult") == "no":
        return find(LACKED_ITS_FILE, unit=unit)
    return find(of_service.STOPPED, state=f"{active}, {how}", unit=unit)


def _age(shown: Mapping[str, str]) -> float:
    """Return the seconds for which a unit has been active."""
    return time.monotonic() - int(shown.get("ActiveEnterTimestampMonotonic") or 0) / 1e6


async def check_journal(case: Case) -> AsyncIterator[Finding]:
    """Look at the warnings in the journal: since the start if the service runs, else of all time."""
    shown, unit = await case.properties(), case.unit
    if shown.get("LoadState") != "loaded":
        return
    running = shown.get("InvocationID", "") if shown.get("ActiveState") == "active" else ""
    said = await case.machine.run("journalctl", await case.journal(), *_WARNINGS)
    if said is not None and said.endswith(_NO_ENTRIES) and not running:
        # The service's own lines give the cause. If there are none, use systemd's lines about the service.
        said = await case.machine.run("journalctl", f"--unit={unit}", *_WARNINGS)
    if said is None or "not seeing messages" in said or "No journal files were" in said:
        yield find(of_service.JOURNAL_UNREAD)
        return
    if said.endswith(_NO_ENTRIES):
        yield find(of_service.NO_COMPLAINT)
        return
    # The oldest warning comes first. Judge a refusal, what goes on, or, if the service is well, what is over.
    lines = said.splitlines() if running else said.splitlines()[-1:]
    runs = bool(await case.status_text())
    has_other_meter = len(case.numbers) > 1
    is_well = runs and not has_other_meter and not await case.complaint()
    refused = [line for line in lines if runs and is_one_of(line, _REFUSALS)]
    standing = [line for line in lines if not (is_well and is_one_of(line, _OUTAGES))]
    if refused:
        template = of_service.REFUSED
        line = refused[-1]
    elif standing:
        template = of_service.LAST_COMPLAINT
        line = standing[-1]
    else:
        template = of_service.COMPLAINT_OVER
        line = lines[-1]
    # A line is `date host program[process]: words`. The host's name, an identifier, is left out.
    date, _blank, host_and_rest = line.partition(" ")
    _host, _blank, rest = host_and_rest.partition(" ")
    yield find(template, ago=_ago(date), words=_shortened(rest), unit=unit)


def _shortened(text: str) -> str:
    """Return at most `COMPLAINT_SHOWN` characters of a text, in whole words, with its blanks as they are."""
    if len(text) <= COMPLAINT_SHOWN:
        return text
    words, _blank, _cut = text[:COMPLAINT_SHOWN].rpartition(" ")
    return f"{words} …"


def _ago(date: str) -> str:
    """
    Return in words how long ago a `date` of journalctl was; the date itself if it is none.

    A date would be by the clock of the machine, which is not that of the household in an image in UTC.
    """
    try:
        at = datetime.fromisoformat(date)
    except ValueError:
        return date
    return duration(max(0.0, time.time() - at.timestamp()))


async def check_page(case: Case) -> AsyncIterator[Finding]:
    """Check that the page runs, if it is to start with the machine."""
    names = "--property=UnitFileState,ActiveState,SubState,NRestarts,ActiveEnterTimestampMonotonic"
    said = await case.machine.run("systemctl", "show", "teleinfo-web", names) or ""
    shown: dict[str, str] = {}
    for line in said.splitlines():
        name, _equals, value = line.partition("=")
        shown[name] = value
    is_again = shown.get("NRestarts", "0") != "0" and _age(shown) < STARTING
    if shown.get("UnitFileState") == "enabled" and (is_again or shown.get("ActiveState") != "active"):
        yield find(of_service.PAGE_STOPPED, state=f"{shown.get('ActiveState')}, {shown.get('SubState')}")


async def check_published(case: Case) -> AsyncIterator[Finding]:
    """Check that a teleinfo is online, by the status that the broker retains."""
    if case.valid_settings is None:
        return
    topics, complaint = Topics(case.settings.mqtt_topic), await case.complaint()
    runs = bool(await case.status_text()) or case.access is Access.OURS
    if runs and case.may_read and case.status in {None, OFFLINE} and not complaint:
        with contextlib.suppress(BrokerError):  # the service may have been started just now
            case.status, case.health = await read_retained(case.settings)
    if case.may_read is None:
        yield find(of_service.BROKER_FIRST)
    elif case.status is not None:
        if case.status == ONLINE:
            template = of_service.ONLINE
        elif case.status == OFFLINE:
            template = of_service.OFFLINE
        else:
            template = of_service.FOREIGN
        # If the service reports a fault, or two meters are on the topic, `online` may be another service's.
        proves_nothing = bool(complaint) or len(case.numbers) > 1
        if template is of_service.ONLINE and proves_nothing:
            return
        status = textwrap.shorten(case.status, _LONGEST_SHOWN, placeholder="…")
        yield find(template, topic=topics.status, status=status)
    elif not case.may_read:
        yield find(of_service.STATUS_UNREAD, topic=topics.status)
    elif runs:
        yield find(of_service.NOT_PUBLISHED, topic=topics.readings)
