"""Check the port: its device, the rights to open it, a console on it, and the programs that have it open."""

from __future__ import annotations

import os
import pwd
import stat

from teleinfo.cli.output import command_line
from teleinfo.common.i18n import _
from teleinfo.doctor import raspberry_pi
from teleinfo.doctor.case import Access, Case
from teleinfo.doctor.machine import Machine, PortUser, group_of, port_users
from teleinfo.doctor.report import Finding, Severity, fault, ok, skipped, warning
from teleinfo.port.serial_port import is_remote

BY_ID = "/dev/serial/by-id"


async def check_port(case: Case) -> list[Finding]:
    """Check the port of the settings, and set the `access` of the case."""
    machine, port = case.machine, case.settings.serial_port
    if is_remote(port):
        # Some bridges serve one client at a time.
        case.access = Access.OURS if await case.own_words() else Access.FREE
        return [ok("device", _("a bridge in the network: {port}").format(port=port), kind="bridge")]
    device = machine.real(port)
    if not machine.path(device).exists():
        return [_missing(machine, port, device), *raspberry_pi.check_uart(machine, port)]
    holder, case.access = _holder(machine, device)
    kind = _kind(machine, port, device)
    # If the service reads the port already, the rights of this user do not matter.
    needless = case.access is Access.OURS or kind.severity is Severity.FAULT
    own = [kind] if needless else [kind, _rights(machine, device)]
    if case.access is Access.FREE and any(finding.severity is Severity.FAULT for finding in own):
        case.access = Access.NONE
    return [
        *own,
        *raspberry_pi.check_uart(machine, port),
        raspberry_pi.check_console(machine, device),
        raspberry_pi.check_getty(machine, device),
        holder,
    ]


def _missing(machine: Machine, port: str, device: str) -> Finding:
    message = _("there is no {port}").format(port=port)
    if device != port:
        message = _("{port} points to {device}, which is not there").format(port=port, device=device)
    if raspberry_pi.BUILT_IN.fullmatch(port) and machine.is_raspberry:
        advice = _("Switch the serial port of the board on, and start the machine again:")
        return fault("device", message, advice, *raspberry_pi.PORT_ON)
    return _other_ports(machine, port, message)


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


def _kind(machine: Machine, port: str, device: str) -> Finding:
    mode = machine.path(device).stat().st_mode
    if stat.S_ISDIR(mode) or (machine.root.name == "" and not stat.S_ISCHR(mode)):
        return _other_ports(machine, port, _("{port} is not a serial port").format(port=port))
    kind, words = _kind_of(machine, device)
    message = f"{port}, {words}" if port == device else f"{port} → {device}, {words}"
    names = [name for name in machine.names(BY_ID) if machine.real(f"{BY_ID}/{name}") == device]
    if kind == "usb" and names and port == device:
        advice = _("Its number may change when it is plugged in again. This name stays:")
        return warning("device", message, advice, f"TELEINFO_SERIAL_PORT={BY_ID}/{names[0]}", kind=kind)
    return ok("device", message, kind=kind)


def _kind_of(machine: Machine, device: str) -> tuple[str, str]:
    """Return the kind of the port, seen from its name: an identifier for programs, a phrase for the user."""
    if device.startswith("/dev/pts/"):
        return "pseudo-terminal", _("a pseudo-terminal, such as a simulated meter has")
    name = device.rpartition("/")[2]
    if name.startswith("ttyAMA"):
        return "pl011", _("the good UART of the board (PL011)")
    if name.startswith("ttyS") and machine.is_raspberry:
        return "mini-uart", _("the small UART of the board (mini UART), which teleinfo can do with")
    if name.startswith(("ttyUSB", "ttyACM")):
        return "usb", _("a USB adapter")
    return "serial", _("a serial port")


def _rights(machine: Machine, device: str) -> Finding:
    path, user = machine.path(device), _user()
    status = path.stat()
    group, members = group_of(status.st_gid)
    facts = {"mode": f"{stat.S_IMODE(status.st_mode):04o}", "group": group}
    if os.access(path, os.R_OK | os.W_OK, effective_ids=True):
        return ok("rights", _("{user} may open it").format(user=user), **facts)
    message = _("{user} may not open it: it is for the group {group}").format(user=user, group=group)
    if not status.st_mode & stat.S_IRGRP or group in {"root", "tty"}:
        advice = _("Not even its group may: a login console may have taken it. See below, or ask the system:")
        return fault("rights", message, advice, f"ls -l {device}", command_line("doctor", root=True), **facts)
    if user in members:
        advice = _("{user} belongs to this group, but not since the last login. Log out, log in, try again:")
        return fault("rights", message, advice.format(user=user), command_line("doctor"), **facts)
    advice = _("Add the user to the group, log out and log in again (the service has this right already):")
    return fault("rights", message, advice, f"sudo usermod -aG {group} {user}", **facts)


def _holder(machine: Machine, device: str) -> tuple[Finding, Access]:
    """Find the programs that have the port open; return the finding and the access that is left to us."""
    users, complete = port_users(machine, device)
    for user in users:
        if not user.is_teleinfo:
            return _in_use(user, device), Access.NONE
    if users:
        unit = users[0].unit or f"teleinfo, {users[0].pid}"
        message = _("teleinfo reads it already ({unit})").format(unit=unit)
        return ok("holder", message, holder="teleinfo"), Access.OURS
    if complete:
        return ok("holder", _("no other program has it open"), holder=None), Access.FREE
    message = _("no program of this user has it open; those of others could not be looked at")
    line = command_line("doctor", root=True)
    return skipped("holder", message, _("To look at them as well:"), line), Access.FREE


def _in_use(user: PortUser, device: str) -> Finding:
    message = _("another program has it open: {name} (process {pid})").format(name=user.name, pid=user.pid)
    advice = _("Each of the two gets a part of the bytes. Stop that program:")
    getty = raspberry_pi.getty_unit(device)
    is_login = user.name in {"agetty", "getty", "login"} or "getty@" in user.unit
    if is_login and getty is not None:
        line = f"sudo systemctl mask --now {getty}"
    elif user.unit:
        line = f"sudo systemctl disable --now {user.unit}"
    else:
        line = f"sudo kill {user.pid}"
    return fault("holder", message, advice, line, holder=user.name)


def _user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())
