"""Check the service: installed, enabled, running; its last complaint; what it has published."""

from __future__ import annotations

import contextlib
import textwrap
import time
from datetime import datetime
from typing import TYPE_CHECKING

from teleinfo.common.durations import duration
from teleinfo.common.i18n import N_, _
from teleinfo.doctor.broker_messages import OFFLINE, ONLINE, read_retained
from teleinfo.doctor.case import Access, Case, is_one_of
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
"""Exit status of a service with a wrong setting (EX_CONFIG of sysexits.h), as systemctl shows it."""

# Not --quiet: it would hide the hint that this user may not see the messages of other users.
_WARNINGS = ("-p", "warning", "-n", "20", "-o", "short-iso", "--no-pager")
_NO_ENTRIES = "-- No entries --"
# Warnings that are over once the service reports no fault.
_OUTAGES = (
    BROKER_OUTAGE.begins,
    BROKER_OUTAGE.still,
    PORT_OUTAGE.begins,
    PORT_OUTAGE.still,
    *PASSING,
    # Beside another meter the service works well: the check of the broker looks for that meter.
    OTHER_METER,
)
# Warnings about a message that the broker refuses.
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
    await case.refresh()
    properties = await case.properties()
    load_state = properties.get("LoadState", "")
    if not properties:
        yield find(of_service.SYSTEMCTL_SILENT)
    elif load_state == "loaded":
        yield _at_boot(properties, case.unit)
        running = _running(properties, await case.status_text(), await case.complaint(), case.unit)
        if case.is_shared and running.severity is Severity.OK:
            # By chance, a frame may come whole to a service that shares its port.
            running = find(of_service.RUNS_SHARED)
        yield running
        if case.valid_settings is not None and not await case.attempts():
            yield find(of_service.SANDBOX_UNTRIED)
    elif load_state == "masked":
        yield find(of_service.MASKED, unit=case.unit)
    elif load_state in {"bad-setting", "error"}:
        yield find(of_service.UNIT_WRONG, unit=case.unit)
    elif case.access is Access.OURS:
        yield find(of_service.RUNS_BY_HAND, unit=case.unit)
    else:
        yield find(of_service.NOT_INSTALLED, unit=case.unit)


def _at_boot(properties: Mapping[str, str], unit: str) -> Finding:
    """Return the finding that a unit starts with the machine, or that it does not."""
    file_state = properties.get("UnitFileState", "")
    if file_state in {"static", "generated"}:
        # A unit without a section [Install] starts with the machine if a target wants it.
        is_started = bool(properties.get("WantedBy"))
    else:
        is_started = file_state == "enabled"
    template = of_service.AT_BOOT if is_started else of_service.NOT_AT_BOOT
    return find(template, state=file_state, unit=unit)


def _running(properties: Mapping[str, str], status_text: str, complaint: str, unit: str) -> Finding:
    """Return the finding on a unit: it runs, with or without a `complaint`, or why it does not run."""
    active_state = properties.get("ActiveState", "")
    sub_state = properties.get("SubState", "")
    restarts = properties.get("NRestarts", "0")
    if active_state == "active":
        has_one_complaint = "; " not in complaint
        is_without_frame = has_one_complaint and is_one_of(complaint, [NO_FRAME])
        if is_without_frame and _seconds_active(properties) < STARTING:
            return find(of_service.STARTED_JUST_NOW)
        template = of_service.COMPLAINS if complaint else of_service.RUNS
        return find(template, text=status_text or "…", unit=unit)
    if active_state == "failed" and properties.get("ExecMainStatus") == EXIT_CONFIGURATION:
        return find(of_service.CONFIGURATION, unit=unit)
    if sub_state == "auto-restart" or (active_state == "activating" and restarts != "0"):
        return find(of_service.FAILS, restarts=restarts, unit=unit)
    if properties.get("AssertResult") == "no":  # AssertPathExists= of the unit
        return find(LACKED_ITS_FILE, unit=unit)
    return find(of_service.STOPPED, state=f"{active_state}, {sub_state}", unit=unit)


def _seconds_active(properties: Mapping[str, str]) -> float:
    """Return the seconds for which a unit has been active."""
    begin = int(properties.get("ActiveEnterTimestampMonotonic") or 0)  # µs
    return time.monotonic() - begin / 1e6


async def check_journal(case: Case) -> AsyncIterator[Finding]:
    """
    Judge the warnings in the journal: since the start if the service runs, else the last one of all.

    The finding is about the last refusal; without one, about the last warning that is not over; else about
    the last warning.
    """
    properties = await case.properties()
    if properties.get("LoadState") != "loaded":
        return
    # systemd names each run of a service: `case.journal` asks for that of the present run.
    is_of_this_run = properties.get("ActiveState") == "active" and bool(properties.get("InvocationID"))
    output = await case.machine.run("journalctl", await case.journal(), *_WARNINGS)
    if output is not None and output.endswith(_NO_ENTRIES) and not is_of_this_run:
        # The service's own lines give the cause. If there are none, use systemd's lines about the service.
        output = await case.machine.run("journalctl", f"--unit={case.unit}", *_WARNINGS)
    if output is None or "not seeing messages" in output or "No journal files were" in output:
        yield find(of_service.JOURNAL_UNREAD)
        return
    if output.endswith(_NO_ENTRIES):
        yield find(of_service.NO_COMPLAINT)
        return
    warnings = output.splitlines()  # the oldest one comes first
    if not is_of_this_run:
        warnings = warnings[-1:]
    runs = bool(await case.status_text())
    has_other_meter = len(case.numbers) > 1
    is_well = runs and not has_other_meter and not await case.complaint()
    refusals = []
    lasting = []  # what is not over
    for warning in warnings:
        if runs and is_one_of(warning, _REFUSALS):
            refusals.append(warning)
        is_over = is_well and is_one_of(warning, _OUTAGES)
        if not is_over:
            lasting.append(warning)
    if refusals:
        template = of_service.REFUSED
        warning = refusals[-1]
    elif lasting:
        template = of_service.LAST_COMPLAINT
        warning = lasting[-1]
    else:
        template = of_service.COMPLAINT_OVER
        warning = warnings[-1]
    # A line is `date host program[process]: words`. The host's name, an identifier, is left out.
    date, _blank, host_and_rest = warning.partition(" ")
    _host, _blank, rest = host_and_rest.partition(" ")
    yield find(template, ago=_ago(date), words=_shortened(rest), unit=case.unit)


def _shortened(text: str) -> str:
    """Return at most `COMPLAINT_SHOWN` characters of a text, in whole words, with its blanks as they are."""
    if len(text) <= COMPLAINT_SHOWN:
        return text
    ellipsis = " …"
    most = COMPLAINT_SHOWN - len(ellipsis)
    # One more character than is shown: a word that ends there is whole.
    whole_words, _blank, _cut = text[: most + 1].rpartition(" ")
    return whole_words + ellipsis


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
    output = await case.machine.run("systemctl", "show", "teleinfo-web", names) or ""
    properties: dict[str, str] = {}
    for line in output.splitlines():
        name, _equals, value = line.partition("=")
        properties[name] = value
    if properties.get("UnitFileState") != "enabled":
        return
    active_state = properties.get("ActiveState")
    # systemd starts a page that fails again and again: for moments it is active.
    was_restarted = properties.get("NRestarts", "0") != "0" and _seconds_active(properties) < STARTING
    if was_restarted or active_state != "active":
        yield find(of_service.PAGE_STOPPED, state=f"{active_state}, {properties.get('SubState')}")


async def check_published(case: Case) -> AsyncIterator[Finding]:
    """Check that a teleinfo is online, by the status that the broker retains."""
    if case.valid_settings is None:
        return
    topics = Topics(case.settings.mqtt_topic)
    complaint = await case.complaint()
    runs = bool(await case.status_text()) or case.access is Access.OURS
    is_expected_online = runs and not complaint
    if is_expected_online and case.may_read and case.status in {None, OFFLINE}:
        with contextlib.suppress(BrokerError):  # the service may have been started just now
            case.status, case.health = await read_retained(case.settings)
    if case.may_read is None:
        yield find(of_service.BROKER_FIRST)
        return
    if case.status is None:
        if not case.may_read:
            yield find(of_service.STATUS_UNREAD, topic=topics.status)
        elif runs:
            yield find(of_service.NOT_PUBLISHED, topic=topics.readings)
        return
    if case.status == ONLINE:
        has_other_meter = len(case.numbers) > 1
        if complaint or has_other_meter:
            return  # `online` may be another service's, and proves nothing
        template = of_service.ONLINE
    elif case.status == OFFLINE:
        template = of_service.OFFLINE
    else:
        template = of_service.FOREIGN
    status = textwrap.shorten(case.status, _LONGEST_SHOWN, placeholder="…")
    yield find(template, topic=topics.status, status=status)
