"""Check the port: its device, the rights to open it, a console on it, and the programs that have it open."""

from __future__ import annotations

import asyncio
import os
import pwd
import stat
from typing import TYPE_CHECKING

from teleinfo.common.i18n import N_, _
from teleinfo.console.output import command_line
from teleinfo.doctor import raspberry_pi
from teleinfo.doctor.case import Access, Case, kept_away
from teleinfo.doctor.machine import Machine, PortUser, group_of, port_users
from teleinfo.doctor.report import Finding, Severity, drop_in, fault, ok, skipped, warning
from teleinfo.port.errors import OUTAGE_TEXTS, cannot_reach
from teleinfo.port.serial_port import is_remote

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

BY_ID = "/dev/serial/by-id"

BRIDGE_TIMEOUT = 5.0
"""Seconds that a bridge has to accept a connection."""

_A_PORT = N_("a serial port")
_KINDS = {
    "/dev/pts/": N_("a pseudo-terminal, such as a simulated meter has"),
    "/dev/ttyAMA": N_("the good UART of the board (PL011)"),
    "/dev/ttyUSB": N_("a USB adapter"),
    "/dev/ttyACM": N_("a USB adapter"),
}
_LOGINS = frozenset({"agetty", "getty", "login"})


async def check_port(case: Case) -> AsyncIterator[Finding]:
    """Check that the port of the settings is there."""
    machine, port = case.machine, case.settings.serial_port
    device = machine.real(port)
    if is_remote(port):
        async for finding in _bridge(case, port):
            yield finding
    elif machine.path(device).exists():
        mode = machine.path(device).stat().st_mode
        if stat.S_ISDIR(mode) or (machine.root.name == "" and not stat.S_ISCHR(mode)):
            yield _other_ports(machine, port, _("{port} is not a serial port").format(port=port))
            return
        words = next((words for begin, words in _KINDS.items() if device.startswith(begin)), _A_PORT)
        message = f"{port}, {_(words)}" if port == device else f"{port} → {device}, {_(words)}"
        names = [name for name in machine.names(BY_ID) if machine.real(f"{BY_ID}/{name}") == device]
        if names and port == device:
            advice = _("Its number may change when it is plugged in again. This name stays:")
            yield warning("device", message, advice, f"TELEINFO_SERIAL_PORT={BY_ID}/{names[0]}")
        else:
            yield ok("device", message)
    else:
        message = _("there is no {port}").format(port=port)
        if device != port:
            message = _("{port} points to {device}, which is not there").format(port=port, device=device)
        if raspberry_pi.BUILT_IN.fullmatch(port) and machine.is_raspberry:
            advice = _("Switch the serial port of the board on, and start the machine again:")
            yield fault("device", message, advice, *raspberry_pi.PORT_ON)
        else:
            yield _other_ports(machine, port, message)


async def _bridge(case: Case, port: str) -> AsyncIterator[Finding]:
    """Check that a bridge accepts connections, unless the service has it: some serve one client at a time."""
    where, address = case.port_target, ""
    case.access = Access.OURS
    if not await case.has_port():
        host, _colon, number = where.rpartition(":")
        try:
            async with asyncio.timeout(BRIDGE_TIMEOUT):
                _reader, writer = await asyncio.open_connection(host.strip("[]"), int(number))
        except (OSError, ValueError) as error:
            case.access = Access.NONE
            yield fault("device", cannot_reach(where, error).localized())
            return
        address = writer.get_extra_info("peername")[0]
        writer.close()
        case.access = Access.OURS if await case.own_words() else Access.FREE
    yield ok("device", _("a bridge in the network: {port}").format(port=port))
    kept = (await case.attempts()).get(where) if address else ""
    if kept:
        case.access = Access.NONE
        yield await kept_away(case, "sandbox", kept, where, [address])


async def check_board(case: Case) -> AsyncIterator[Finding]:
    """Check the UART of a Raspberry Pi, and that the kernel has no console on the port."""
    machine, port = case.machine, case.settings.serial_port
    if not is_remote(port):
        for finding in raspberry_pi.check_uart(machine, port):
            yield finding
        if device := case.device:
            yield raspberry_pi.check_console(machine, device)


async def check_holder(case: Case) -> AsyncIterator[Finding]:
    """Find the programs that have the port open, and a login console; set the `access` of the case."""
    if not (device := case.device):
        return
    users, complete = port_users(case.machine, device)
    others = [user for user in users if not user.is_teleinfo]
    getty = raspberry_pi.check_getty(case.machine, device)
    if not others or getty.severity is Severity.FAULT:
        yield getty
    if others:
        case.access = Access.NONE
        yield _in_use(others[0], case.settings.serial_port, device)
        return
    if users:
        case.access = Access.OURS
        unit = users[0].unit or f"teleinfo, {users[0].pid}"
        yield ok("holder", _("teleinfo reads it already ({unit})").format(unit=unit))
        return
    # A service that runs without its port opens it again at any moment, and must find it free.
    case.access = Access.OURS if await case.own_words() else Access.FREE
    if complete:
        yield ok("holder", _("no other program has it open"))
    else:
        message = _("no program of this user has it open; those of others could not be looked at")
        line = command_line("doctor", root=True)
        yield skipped("holder", message, _("To look at them as well:"), line)


async def check_rights(case: Case) -> AsyncIterator[Finding]:
    """Check that the service, in its sandbox, may use the port; without a service, that this user may."""
    device = case.device
    errors = await case.attempts() if device else {}
    if device in errors:
        finding = _sandbox(case.machine, await case.properties(), device, errors[device], case.unit)
    elif device and case.access is not Access.OURS:
        finding = _rights(case.machine, device)
    else:
        return
    if finding.severity is Severity.FAULT:
        case.access = Access.NONE
    yield finding


async def check_opened(case: Case) -> AsyncIterator[Finding]:
    """Report why the service lacks its port, in its own words, if no check has found the reason."""
    if case.access is Access.OURS and await case.own_words() and not await case.has_port():
        case.access = Access.NONE
        cause = await case.last_logged((OUTAGE_TEXTS.begins, OUTAGE_TEXTS.still))
        words = cause or await case.own_words()
        yield fault("open", words, _("See why:"), f"sudo journalctl -u {case.unit} -n 30")


def _other_ports(machine: Machine, port: str, message: str) -> Finding:
    """Report a wrong `port`, and list the machine's other ports as lines for the settings."""
    names = [f"{BY_ID}/{name}" for name in machine.names(BY_ID)]
    for name in machine.names("/sys/class/tty"):
        # A PC has device names for more ports than it has; type 0 marks those without hardware.
        is_uart = name.startswith("ttyS") and machine.text(f"/sys/class/tty/{name}/type") != "0"
        if (is_uart or name.startswith("ttyAMA")) and machine.path(f"/dev/{name}").exists():
            names.append(f"/dev/{name}")
    others = [f"TELEINFO_SERIAL_PORT={name}" for name in names if name != port]
    if others:
        advice = _("These ports are there. Put the one of the meter into the settings:")
        return fault("device", message, advice, *others)
    advice = _("There is no serial port at all. Plug the adapter in, and see what the system says of it:")
    return fault("device", message, advice, "sudo dmesg | tail -n 20")


def _rights(machine: Machine, device: str) -> Finding:
    path = machine.path(device)
    try:
        user = pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        user = str(os.geteuid())
    status = path.stat()
    group, members = group_of(status.st_gid)
    if os.access(path, os.R_OK | os.W_OK, effective_ids=True):
        return ok("rights", _("{user} may open it").format(user=user))
    message = _("{user} may not open it: it is for the group {group}").format(user=user, group=group)
    if not status.st_mode & stat.S_IRGRP or group in {"root", "tty"}:
        advice = _("Not even its group may: a login console may have taken it. See below, or ask the system:")
        return fault("rights", message, advice, f"ls -l {device}", command_line("doctor", root=True))
    if user in members:
        advice = _("{user} belongs to this group, but not since the last login. Log out, log in, try again:")
        return fault("rights", message, advice.format(user=user), command_line("doctor"))
    advice = _("Add the user to the group, log out and log in again (the service has this right already):")
    return fault("rights", message, advice, f"sudo usermod -aG {group} {user}")


def _in_use(user: PortUser, port: str, device: str) -> Finding:
    message = _("another program has it open: {name} (process {pid})").format(name=user.name, pid=user.pid)
    advice = _("Each of the two gets a part of the bytes. Stop that program:")
    lines = [f"sudo kill {user.pid}"]
    getty = raspberry_pi.getty_unit(device)
    if "getty@" in user.unit and getty is not None:
        lines = [f"sudo systemctl mask --now {getty}"]
    elif user.unit:
        lines = [f"sudo systemctl disable --now {user.unit}"]
    elif user.container:
        lines = [f"sudo docker stop {user.container}"]
    elif user.name in _LOGINS:
        advice = _(
            "It takes the bytes of the meter, and the port away from its group. Stop it, and give the port "
            "back:"
        )
        lines += give_back(port)
    return fault("holder", message, advice, *lines)


def give_back(port: str) -> list[str]:
    """Return the lines that give a port back to its group, from which a login console takes it."""
    return [f"sudo chgrp dialout {port}", f"sudo chmod 660 {port}"]


def _sandbox(machine: Machine, shown: Mapping[str, str], port: str, error: str, unit: str) -> Finding:
    """Report that the service may use its port, or why it gets `error` there in its sandbox."""
    if not error:
        return ok("sandbox", _("the service may use {port}, tried in its sandbox").format(port=port))
    message = _("the service may not use {port}, tried in its sandbox ({error})")
    message = message.format(port=port, error=error)
    if error == "EPERM":
        major = (machine.text(f"/sys/class/tty/{port.rpartition('/')[2]}/dev") or "?").partition(":")[0]
        return drop_in("sandbox", message, unit, f"DeviceAllow=char-{major} rw")
    if error != "EACCES":
        return fault("sandbox", message, _("See why:"), f"sudo journalctl -u {unit} -n 30")
    status = machine.path(port).stat()
    group, _members = group_of(status.st_gid)
    groups = {shown.get("Group", ""), *shown.get("SupplementaryGroups", "").split()}
    if group in {"root", "tty"} or group in groups:
        advice = _("A login console may have taken it from its group. Give it back:")
        return fault("rights", message, advice, *give_back(port))
    return drop_in("rights", message, unit, f"SupplementaryGroups={group}")
