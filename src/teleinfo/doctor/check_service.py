"""Check the service: installed, enabled, running; its last complaint; what it has published."""

from __future__ import annotations

import textwrap
import time
from typing import TYPE_CHECKING

from teleinfo.common.i18n import _
from teleinfo.console.output import command_line
from teleinfo.doctor.case import Access, is_one_of
from teleinfo.doctor.check_broker import OFFLINE, ONLINE, ask_again
from teleinfo.doctor.report import Finding, fault, ok, skipped, warning
from teleinfo.mqtt.config import Topics
from teleinfo.mqtt.errors import FAULTS
from teleinfo.mqtt.errors import OUTAGE_TEXTS as BROKER_OUTAGE
from teleinfo.port.errors import OUTAGE_TEXTS as PORT_OUTAGE
from teleinfo.port.line_log import NO_FRAME, PASSING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from teleinfo.doctor.case import Case

EXIT_CONFIGURATION = "78"
# Not --quiet: it would hide the hint that this user may not see the messages of other users.
_WARNINGS = ("-p", "warning", "-n", "20", "-o", "short-iso", "--no-pager")
_NO_ENTRIES = "-- No entries --"
# Warnings that are over once the service reports no fault, and those about what the broker refuses.
_OUTAGES = (BROKER_OUTAGE.begins, BROKER_OUTAGE.still, PORT_OUTAGE.begins, PORT_OUTAGE.still, *PASSING)
_REFUSALS = tuple(lines[0] for notes, lines in FAULTS.values() if notes[0] == "topic")

STARTING = 20.0
"""Seconds after the start within which a frame must come: the search for the speed takes 15 s."""

COMPLAINT_SHOWN = 240
"""Characters of a complaint that are shown; the journal has the rest."""

_LONGEST_SHOWN = 40  # characters of a status that is neither online nor offline


async def check_unit(case: Case) -> AsyncIterator[Finding]:
    """Check that the service is installed, starts with the machine, and runs without a complaint."""
    case.screen.step(_("asking systemd"))
    if not case.machine.path("/run/systemd/system").exists():
        yield ok("installed", _("this machine is not run by systemd: no service to look at"))
        return
    shown = await case.properties(again=True)
    if not shown:
        yield skipped("installed", _("could not be judged: systemctl does not answer"))
    elif shown.get("LoadState") == "loaded":
        state = shown.get("UnitFileState", "")
        # A unit without a section [Install] starts with the machine if a target wants it.
        if state == "enabled" or (state in {"static", "generated"} and shown.get("WantedBy")):
            yield ok("enabled", _("it starts with the machine"))
        else:
            message = _("it does not start with the machine ({state})").format(state=state)
            yield warning("enabled", message, _("To change that:"), f"sudo systemctl enable {case.unit}")
        yield _running(shown, await case.own_words(), await case.complaint(), case.unit)
        if case.valid_settings is not None and not await case.attempts():
            message = _("what its sandbox lets it reach could not be tried")
            yield skipped("sandbox", message, _("To try it as well:"), command_line("doctor", root=True))
    elif shown.get("LoadState") == "masked":
        message = _("{unit} is masked: it cannot be started").format(unit=case.unit)
        lines = f"sudo systemctl unmask {case.unit}", f"sudo systemctl enable --now {case.unit}"
        yield fault("installed", message, _("To change that:"), *lines)
    else:
        message = _("{unit} is not installed as a service").format(unit=case.unit)
        advice = _("It then runs only as long as somebody runs it. From a checkout of teleinfo:")
        make = warning if case.access is Access.OURS else fault
        yield make("installed", message, advice, "sudo make install")


def _running(shown: Mapping[str, str], words: str, complaint: str, unit: str) -> Finding:
    active, how = shown.get("ActiveState", ""), shown.get("SubState", "")
    restarts = shown.get("NRestarts", "0")
    start = f"sudo systemctl restart {unit}"
    if active == "active":
        age = time.monotonic() - int(shown.get("ActiveEnterTimestampMonotonic") or 0) / 1e6
        message = _("it runs: {text}").format(text=words) if words else _("it runs")
        if age < STARTING and complaint and "; " not in complaint and is_one_of(complaint, [NO_FRAME]):
            message = _("could not be judged: it was started just now, and has no frame yet")
            again = command_line("doctor")
            return skipped("running", message, _("Look again in a moment:"), again)
        if complaint:
            return fault("running", message, _("See why:"), f"sudo journalctl -u {unit} -n 30")
        return ok("running", message)
    if active == "failed" and shown.get("ExecMainStatus") == EXIT_CONFIGURATION:
        message = _("it does not run: a setting was wrong when it was started")
        advice = _("See which, correct it, and start it again:")
        return fault("running", message, advice, f"sudo journalctl -u {unit} -n 20", start)
    if how == "auto-restart" or (active == "activating" and restarts != "0"):
        message = _("it fails again and again; restarts so far: {restarts}").format(restarts=restarts)
        return fault("running", message, _("See why:"), f"sudo journalctl -u {unit} -n 30")
    message = _("it does not run ({state})").format(state=f"{active}, {how}")
    return fault("running", message, _("Start it:"), start)


async def check_journal(case: Case) -> AsyncIterator[Finding]:
    """Look at the warnings in the journal: since the start if the service runs, else of all time."""
    shown, unit = await case.properties(), case.unit
    if shown.get("LoadState") != "loaded":
        return
    running = shown.get("InvocationID", "") if shown.get("ActiveState") == "active" else ""
    service = f"_SYSTEMD_UNIT={unit.removesuffix('.service')}.service"
    source = f"_SYSTEMD_INVOCATION_ID={running}" if running else service
    said = await case.machine.run("journalctl", source, *_WARNINGS)
    if said is not None and said.endswith(_NO_ENTRIES) and not running:
        # The service's own lines give the cause. If there are none, use systemd's lines about the service.
        said = await case.machine.run("journalctl", f"--unit={unit}", *_WARNINGS)
    if said is None or "not seeing messages" in said or "No journal files were" in said:
        line = command_line("doctor", root=True)
        message = _("could not be judged: the journal cannot be read")
        yield skipped("journal", message, _("To look at it as well:"), line)
        return
    if said.endswith(_NO_ENTRIES):
        never = _("it never complained in its journal")
        yield ok("journal", _("no complaint in its journal since it was started") if running else never)
        return
    # The oldest warning comes first. Judge a refusal, what goes on, or, if the service is well, what is over.
    lines = said.splitlines() if running else said.splitlines()[-1:]
    runs = bool(await case.own_words())
    is_well = runs and not await case.complaint()
    refused = [line for line in lines if runs and is_one_of(line, _REFUSALS)]
    standing = [line for line in lines if not (is_well and is_one_of(line, _OUTAGES))]
    line = (refused or standing or lines)[-1]
    # A line is `date host program[process]: words`. The host's name, an identifier, is left out.
    date, _host, rest = [*line.split(" ", 2), "", ""][:3]
    words = textwrap.shorten(rest, COMPLAINT_SHOWN, placeholder=" …")
    if refused:
        message = _("the broker refused a message of the service, on {date}: {words}")
        advice = _("Once the broker allows it, restart the service:")
        line = f"sudo systemctl restart {unit}"
        yield fault("journal", message.format(date=date, words=words), advice, line)
    elif standing:
        yield warning("journal", _("its last complaint, of {date}: {words}").format(date=date, words=words))
    else:
        message = _("its last complaint is over; it was of {date}: {words}")
        yield ok("journal", message.format(date=date, words=words))


async def check_published(case: Case) -> AsyncIterator[Finding]:
    """Check that a teleinfo is online, by the status that the broker retains."""
    if case.valid_settings is None:
        return
    topics, complaint = Topics(case.settings.mqtt_topic), await case.complaint()
    runs = bool(await case.own_words()) or case.access is Access.OURS
    if runs and case.may_read and case.status in {None, OFFLINE} and not complaint:
        await ask_again(case)  # the service may have been started just now
    status = case.status and textwrap.shorten(case.status, _LONGEST_SHOWN, placeholder="…")
    message = _("{topic}: {status}").format(topic=topics.status, status=status)
    if case.may_read is None:
        yield skipped("status", _("the broker comes first"))
    elif status == ONLINE:
        # An `online` of before proves nothing while the service reports a fault.
        if not complaint:
            yield ok("status", message)
    elif status == OFFLINE:
        yield fault("status", message, _("No readings come."))
    elif status is not None:
        advice = _("Another program publishes there. Give teleinfo a topic of its own:")
        yield fault("status", message, advice, "TELEINFO_MQTT_TOPIC=")
    elif not case.may_read:
        message = _("could not be judged: the broker does not let this account read {topic}")
        yield skipped("status", message.format(topic=topics.status))
    elif runs:
        message = _("no teleinfo has published on {topic} yet").format(topic=topics.readings)
        yield fault("status", message)
