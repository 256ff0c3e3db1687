"""Check the service: installed, enabled, running; its last warning; its sandbox and its rights."""

from __future__ import annotations

import ipaddress
import re
import stat
import textwrap
from typing import TYPE_CHECKING

from teleinfo.cli.output import command_line
from teleinfo.common.i18n import _
from teleinfo.doctor.findings import Finding, fault, ok, skipped, warning
from teleinfo.doctor.machine import Machine, group_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from teleinfo.doctor.case import Case

_PROPERTIES = (
    "LoadState", "UnitFileState", "WantedBy", "ActiveState", "SubState", "Result", "ExecMainStatus",
    "NRestarts", "StatusText", "InvocationID", "User", "Group", "SupplementaryGroups", "DevicePolicy",
    "DeviceAllow", "PrivateDevices", "IPAddressAllow", "IPAddressDeny",
)  # fmt: skip
EXIT_CONFIGURATION = "78"
# Not --quiet: it would hide the hint that this user may not see the messages of other users.
_NEWEST_WARNING = ("-p", "warning", "-n", "1", "-o", "short-iso", "--no-pager")
_NO_ENTRIES = "-- No entries --"

COMPLAINT_SHOWN = 160
"""Characters of the last warning that are shown; the journal has the rest."""

# The major number of pseudo-terminals, which DevicePolicy=closed allows (systemd.resource-control(5)).
_PTS = "136"
_FOR_GROUP = stat.S_IRGRP | stat.S_IWGRP
_FOR_ALL = stat.S_IROTH | stat.S_IWOTH


async def check_service(case: Case) -> list[Finding]:
    """Check the service of the case, and its sandbox."""
    machine, unit = case.machine, case.unit
    if not machine.path("/run/systemd/system").exists():
        return [skipped("installed", _("this machine is not run by systemd"))]
    output = await machine.run("systemctl", "show", unit, f"--property={','.join(_PROPERTIES)}")
    if output is None:
        return [skipped("installed", _("systemctl does not answer"))]
    shown = _read(output)
    if shown.get("LoadState") != "loaded":
        message = _("{unit} is not installed as a service").format(unit=unit)
        advice = _("It then runs only as long as somebody runs it. From a checkout of teleinfo:")
        return [warning("installed", message, advice, "sudo make install")]
    settings = None if case.assumed else case.valid_settings
    findings = [
        _enabled(shown, unit),
        _running(shown, unit, settings_valid=settings is not None),
        await _journal(machine, shown, unit),
    ]
    if settings is not None and settings.serial_port.startswith("/dev/"):
        device = machine.real(settings.serial_port)
        findings.append(_sandbox(machine, shown, device, unit))
        if machine.path(device).exists():
            findings.append(_rights(machine, shown, device, unit))
    if settings is not None and case.addresses:
        findings.append(_network(shown, case.addresses, unit))
    return findings


def _read(text: str) -> dict[str, str]:
    """Read `Name=value` lines; the values of a repeated name are joined by blanks."""
    shown: dict[str, str] = {}
    for line in text.splitlines():
        name, _equals, value = line.partition("=")
        shown[name] = f"{shown[name]} {value}" if name in shown else value
    return shown


def _enabled(shown: Mapping[str, str], unit: str) -> Finding:
    state = shown.get("UnitFileState", "")
    # A unit without a section [Install] starts with the machine if a target wants it.
    if state == "enabled" or (state in {"static", "generated"} and shown.get("WantedBy")):
        return ok("enabled", _("it starts with the machine"), state=state)
    message = _("it does not start with the machine ({state})").format(state=state)
    return warning("enabled", message, _("To change that:"), f"sudo systemctl enable {unit}", state=state)


def _running(shown: Mapping[str, str], unit: str, *, settings_valid: bool) -> Finding:
    active, how = shown.get("ActiveState", ""), shown.get("SubState", "")
    result, restarts = shown.get("Result", ""), shown.get("NRestarts", "0")
    facts = {"unit": unit, "active": active, "sub": how, "result": result, "restarts": restarts}
    start = f"sudo systemctl restart {unit}"
    if active == "active":
        message = _("it runs: {text}") if shown.get("StatusText") else _("it runs")
        message = message.format(text=shown.get("StatusText"))
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


async def _journal(machine: Machine, shown: Mapping[str, str], unit: str) -> Finding:
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
    return ok("journal", _("its last complaint, of {date}: {words}").format(date=date, words=words))


def _sandbox(machine: Machine, shown: Mapping[str, str], device: str, unit: str) -> Finding:
    """Check that the unit's PrivateDevices=, DevicePolicy= and DeviceAllow= let the service open the port."""
    if shown.get("PrivateDevices") == "yes":
        message = _("its sandbox hides all ports from it")
        advice = _("Take this line out of the unit:")
        return fault("sandbox", message, advice, "PrivateDevices=yes", f"sudo systemctl edit {unit}")
    name = device.rpartition("/")[2]
    number = machine.text(f"/sys/class/tty/{name}/dev") or ""
    major = number.partition(":")[0] or (_PTS if device.startswith("/dev/pts/") else "")
    drivers = re.findall(rf"^ *{major} (.+)$", machine.text("/proc/devices") or "", re.MULTILINE)
    names = {device, *(f"char-{one}" for one in (major, *drivers))}
    words = shown.get("DeviceAllow", "").split()
    # The port is opened for reading and writing: a single entry must grant both.
    allowed = {name for name, access in zip(words[::2], words[1::2], strict=True) if {*"rw"} <= {*access}}
    anything = shown.get("DevicePolicy", "") in {"", "auto"} and not words
    if anything or major == _PTS or names & allowed:
        return ok("sandbox", _("its sandbox lets it at {device}").format(device=device))
    if not major:
        message = _("whether its sandbox lets it at {device} is not to be seen: the device is not there")
        return skipped("sandbox", message.format(device=device))
    message = _("its sandbox does not let it at {device}").format(device=device)
    return _drop_in("sandbox", message, unit, f"DeviceAllow=char-{major} rw")


def _rights(machine: Machine, shown: Mapping[str, str], device: str, unit: str) -> Finding:
    """Check that the service's user may open the device file, usually through its group."""
    status = machine.path(device).stat()
    user = shown.get("User", "")
    group, _members = group_of(status.st_gid)
    groups = {shown.get("Group", ""), *shown.get("SupplementaryGroups", "").split()}
    by_group = group in groups and status.st_mode & _FOR_GROUP == _FOR_GROUP
    if user in {"", "root"} or by_group or status.st_mode & _FOR_ALL == _FOR_ALL:
        return ok("rights", _("its user may open {device}").format(device=device))
    message = _("its user {user} may not open {device}, which is for the group {group}")
    message = message.format(user=user, device=device, group=group)
    if group in groups or group in {"root", "tty"}:
        advice = _("The port is not in its usual state: a login console may have taken it. To see it:")
        return fault("rights", message, advice, f"ls -l {device}")
    return _drop_in("rights", message, unit, f"SupplementaryGroups={group}")


def _network(shown: Mapping[str, str], addresses: tuple[str, ...], unit: str) -> Finding:
    """Check that the unit's IPAddressAllow= covers at least one address of the broker."""
    nets = [ipaddress.ip_network(text, strict=False) for text in shown.get("IPAddressAllow", "").split()]
    numbers = {text: ipaddress.ip_address(text.partition("%")[0]) for text in addresses}
    outside = [text for text, number in numbers.items() if not any(number in net for net in nets)]
    if not shown.get("IPAddressDeny") or len(outside) < len(addresses):
        return ok("network", _("its sandbox lets it at the broker"))
    message = _("its sandbox keeps it from the broker at {address}: that is not an address of a home")
    message = message.format(address=", ".join(outside))
    return _drop_in("network", message, unit, f"IPAddressAllow={' '.join(outside)}")


def _drop_in(check: str, message: str, unit: str, line: str) -> Finding:
    """Return a fault, with the advice to add `line` to the [Service] section of `unit`."""
    advice = _("Add these two lines to the unit, then restart it:")
    return fault(check, message, advice, f"sudo systemctl edit {unit}", "[Service]", line)
