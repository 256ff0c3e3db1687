"""Check the service: installed, enabled, running; its last warning; the port, tried in its sandbox."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from teleinfo.cli.output import command_line
from teleinfo.common.i18n import _
from teleinfo.doctor.case import is_cut_off
from teleinfo.doctor.machine import Machine, group_of
from teleinfo.doctor.report import Finding, Severity, drop_in, fault, ok, skipped, warning

if TYPE_CHECKING:
    from collections.abc import Mapping

    from teleinfo.doctor.case import Case

EXIT_CONFIGURATION = "78"
# Not --quiet: it would hide the hint that this user may not see the messages of other users.
_NEWEST_WARNING = ("-p", "warning", "-n", "1", "-o", "short-iso", "--no-pager")
_NO_ENTRIES = "-- No entries --"

COMPLAINT_SHOWN = 160
"""Characters of the last warning that are shown; the journal has the rest."""


async def check_service(case: Case) -> list[Finding]:
    """Check the service of the case, and its sandbox."""
    case.screen.step(_("asking systemd"))
    machine, unit = case.machine, case.unit
    if not machine.path("/run/systemd/system").exists():
        return [skipped("installed", _("this machine is not run by systemd"))]
    shown = await case.properties()
    if not shown:
        return [skipped("installed", _("systemctl does not answer"))]
    if shown.get("LoadState") != "loaded":
        message = _("{unit} is not installed as a service").format(unit=unit)
        advice = _("It then runs only as long as somebody runs it. From a checkout of teleinfo:")
        return [warning("installed", message, advice, "sudo make install")]
    running = _running(shown, await case.own_words(), unit, settings_valid=case.knows_settings)
    newest = await _journal(machine, shown, unit, is_well=running.severity is Severity.OK)
    findings, errors = [_enabled(shown, unit), running, newest], await case.attempts()
    if not errors:
        message = _("what its sandbox lets it reach could not be tried")
        line = command_line("doctor", root=True)
        return [*findings, skipped("sandbox", message, _("To try it as well:"), line)]
    port = case.port_target
    return findings + [_port(machine, shown, port, errors[port], unit)] * (port in errors)


def _enabled(shown: Mapping[str, str], unit: str) -> Finding:
    state = shown.get("UnitFileState", "")
    # A unit without a section [Install] starts with the machine if a target wants it.
    if state == "enabled" or (state in {"static", "generated"} and shown.get("WantedBy")):
        return ok("enabled", _("it starts with the machine"), state=state)
    message = _("it does not start with the machine ({state})").format(state=state)
    return warning("enabled", message, _("To change that:"), f"sudo systemctl enable {unit}", state=state)


def _running(shown: Mapping[str, str], words: str, unit: str, *, settings_valid: bool) -> Finding:
    active, how = shown.get("ActiveState", ""), shown.get("SubState", "")
    result, restarts = shown.get("Result", ""), shown.get("NRestarts", "0")
    facts = {"unit": unit, "active": active, "sub": how, "result": result, "restarts": restarts}
    start = f"sudo systemctl restart {unit}"
    if active == "active":
        message = _("it runs: {text}").format(text=words) if words else _("it runs")
        if is_cut_off(words):
            return fault("running", message, _("See why:"), f"sudo journalctl -u {unit} -n 30", **facts)
        return ok("running", message, **facts)
    if active == "failed" and shown.get("ExecMainStatus") == EXIT_CONFIGURATION:
        if settings_valid:
            message = _("it does not run: a setting was wrong when it was started; all are valid now")
            return fault("running", message, _("Start it:"), start, **facts)
        message = _("it does not run: a setting is wrong")
        advice = _("See which, correct it, and start it again:")
        return fault("running", message, advice, f"sudo journalctl -u {unit} -n 20", start, **facts)
    if how == "auto-restart":
        message = _("it fails again and again; restarts so far: {restarts}").format(restarts=restarts)
        return fault("running", message, _("See why:"), f"sudo journalctl -u {unit} -n 30", **facts)
    message = _("it does not run ({state})").format(state=f"{active}, {how}")
    return fault("running", message, _("Start it:"), start, **facts)


async def _journal(machine: Machine, shown: Mapping[str, str], unit: str, *, is_well: bool) -> Finding:
    """Return the last warning in the journal: since the start if the service runs, else of all time."""
    running = shown.get("InvocationID", "") if shown.get("ActiveState") == "active" else ""
    service = f"_SYSTEMD_UNIT={unit.removesuffix('.service')}.service"
    source = f"_SYSTEMD_INVOCATION_ID={running}" if running else service
    newest = await machine.run("journalctl", source, *_NEWEST_WARNING)
    if newest is not None and newest.endswith(_NO_ENTRIES) and not running:
        # The service's own lines give the cause. If there are none, use systemd's lines about the service.
        newest = await machine.run("journalctl", f"--unit={unit}", *_NEWEST_WARNING)
    if newest is None or "No journal files were found" in newest:
        return skipped("journal", _("the journal cannot be read"))
    if "permission" in newest.lower() or "not seeing messages" in newest.lower():
        line = command_line("doctor", root=True)
        return skipped("journal", _("this user may not read the journal"), _("To look at it as well:"), line)
    if newest.endswith(_NO_ENTRIES):
        never = _("it never complained in its journal")
        return ok("journal", _("no complaint in its journal since it was started") if running else never)
    # A line is `date host program[process]: words`. The host's name, an identifier, is left out.
    date, _host, rest = [*newest.splitlines()[-1].split(" ", 2), "", ""][:3]
    words = textwrap.shorten(rest, COMPLAINT_SHOWN, placeholder=" …")
    make = ok if is_well else warning
    return make("journal", _("its last complaint, of {date}: {words}").format(date=date, words=words))


def _port(machine: Machine, shown: Mapping[str, str], port: str, error: str, unit: str) -> Finding:
    """Report that the service may use its port, or why it gets `error` there in its sandbox."""
    facts = {"error": error}
    if not error:
        return ok("sandbox", _("the service may use {port}, tried in its sandbox").format(port=port), **facts)
    message = _("the service may not use {port}, tried in its sandbox ({error})")
    message = message.format(port=port, error=error)
    if error == "ENOENT":
        advice = _("Take this line out of the unit:")
        return fault("sandbox", message, advice, "PrivateDevices=yes", f"sudo systemctl edit {unit}")
    if error == "EPERM":
        major = (machine.text(f"/sys/class/tty/{port.rpartition('/')[2]}/dev") or "?").partition(":")[0]
        return drop_in("sandbox", message, unit, f"DeviceAllow=char-{major} rw")
    if error != "EACCES":
        return fault("sandbox", message, _("See why:"), f"sudo journalctl -u {unit} -n 30")
    status = machine.path(port).stat()
    group, _members = group_of(status.st_gid)
    if group in {"root", "tty", shown.get("Group", ""), *shown.get("SupplementaryGroups", "").split()}:
        advice = _("The port is not in its usual state: a login console may have taken it. To see it:")
        return fault("rights", message, advice, f"ls -l {port}")
    return drop_in("rights", message, unit, f"SupplementaryGroups={group}")
