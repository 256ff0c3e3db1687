"""Check the port: its device, the rights to open it, a console on it, and the programs that have it open."""

from __future__ import annotations

import asyncio
import os
import stat
from typing import TYPE_CHECKING, NamedTuple

from teleinfo.doctor import raspberry_pi
from teleinfo.doctor.case import Access, Case, kept_away
from teleinfo.doctor.finding import Finding, Severity, find
from teleinfo.doctor.findings import of_port
from teleinfo.doctor.machine import Machine, PortUser, group_of, port_users
from teleinfo.port.errors import OUTAGE_TEXTS, cannot_reach
from teleinfo.port.serial_port import is_remote

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

BY_ID = "/dev/serial/by-id"

BRIDGE_TIMEOUT = 5.0
"""Seconds that a bridge has to accept a connection."""

_LOGINS = frozenset({"agetty", "getty", "login"})
# Findings: the port may be opened; the port has a wrong group; the user is not in its group.


class _Rights(NamedTuple):
    """The findings on the right to open the port."""

    may_open: Finding
    group_lost: Finding
    not_in_group: Finding


_OF_SERVICE = _Rights(of_port.SERVICE_MAY_OPEN, of_port.SERVICE_GROUP_LOST, of_port.SERVICE_NOT_IN_GROUP)
_OF_USER = _Rights(of_port.USER_MAY_OPEN, of_port.USER_GROUP_LOST, of_port.USER_NOT_IN_GROUP)
# Groups that no user joins to use a port: a login console has taken it.
_CLOSED_GROUPS = frozenset({"root", "tty"})


async def check_port(case: Case) -> AsyncIterator[Finding]:
    """Check that the port of the settings is there."""
    machine, port = case.machine, case.settings.serial_port
    if is_remote(port):
        async for finding in _bridge(case, port):
            yield finding
        return
    device = machine.real(port)
    path = machine.path(device)
    shown = port if port == device else f"{port} → {device}"
    names = [name for name in machine.names(BY_ID) if machine.real(f"{BY_ID}/{name}") == device]
    others = [f"TELEINFO_SERIAL_PORT={name}" for name in _ports(machine) if name != port]
    if not path.exists() and raspberry_pi.BUILT_IN.fullmatch(port) and machine.is_raspberry:
        if others:
            yield find(of_port.OTHER_PORTS, *others)
        is_taken = raspberry_pi.has_bluetooth(machine, device)
        template = of_port.ON_BOARD_BLUETOOTH if is_taken else of_port.ON_BOARD
        yield find(template, port=shown, config=raspberry_pi.CONFIG)
    # The devices of a tree of files are files.
    elif not path.exists() or (machine.root.name == "" and not stat.S_ISCHR(path.stat().st_mode)):
        yield find(of_port.ELSEWHERE if others else of_port.NO_PORT, *others, port=shown)
    elif names and port == device:
        yield find(of_port.NAME_CHANGES, port=shown, name=f"{BY_ID}/{names[0]}")
    else:
        yield find(of_port.PORT, port=shown)


def _ports(machine: Machine) -> list[str]:
    """Return the serial ports of the machine."""
    ports = [f"{BY_ID}/{name}" for name in machine.names(BY_ID)]
    for name in machine.names("/sys/class/tty"):
        # A PC has device names for more ports than it has; type 0 marks those without hardware.
        is_uart = name.startswith("ttyS") and machine.text(f"/sys/class/tty/{name}/type") != "0"
        if (is_uart or name.startswith("ttyAMA")) and machine.path(f"/dev/{name}").exists():
            ports.append(f"/dev/{name}")
    return ports


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
            yield find(of_port.BRIDGE_AWAY, reason=cannot_reach(where, error).localized())
            return
        address = writer.get_extra_info("peername")[0]
        writer.close()
        case.access = Access.OURS if await case.own_words() else Access.FREE
    yield find(of_port.BRIDGE, port=port)
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
    ours = [user for user in users if user.is_teleinfo and user.unit == f"{case.unit}.service"]
    if users and not ours and await case.own_words() and not await case.has_port():
        others = users  # the service waits for the port, whatever the program that has it is called
    else:
        others = [user for user in users if not user.is_teleinfo]
    getty = raspberry_pi.check_getty(case.machine, device)
    if not others or getty.severity is Severity.FAULT:
        yield getty
    if others:
        case.access, case.is_shared = Access.NONE, True
        yield _in_use(others[0], case.settings.serial_port, device)
        return
    if users:
        case.access = Access.OURS
        yield find(of_port.OURS, unit=users[0].unit or f"teleinfo, {users[0].pid}")
        return
    # A service that runs without its port opens it again at any moment, and must find it free.
    case.access = Access.OURS if await case.own_words() else Access.FREE
    yield find(of_port.FREE if complete else of_port.FREE_FOR_ALL_WE_SEE)


def _in_use(user: PortUser, port: str, device: str) -> Finding:
    getty = raspberry_pi.getty_unit(device)
    stop = f"sudo kill {user.pid}"
    if "getty@" in user.unit and getty is not None:
        stop = f"sudo systemctl mask --now {getty}"
    elif user.unit:
        stop = f"sudo systemctl disable --now {user.unit}"
    elif user.container:
        stop = f"sudo docker stop {user.container}"
    elif user.name in _LOGINS:
        return find(of_port.LOGIN_BY_HAND, name=user.name, pid=user.pid, port=port)
    return find(of_port.IN_USE, name=user.name, pid=user.pid, stop=stop)


async def check_rights(case: Case) -> AsyncIterator[Finding]:
    """Check that the service, in its sandbox, may use the port; without a service, that this user may."""
    device = case.device
    errors = await case.attempts() if device else {}
    if device in errors:
        finding = await _rights(case, device, errors[device], _OF_SERVICE)
    elif device and case.access is not Access.OURS:
        may = os.access(case.machine.path(device), os.R_OK | os.W_OK, effective_ids=True)
        finding = await _rights(case, device, "" if may else "EACCES", _OF_USER)
    else:
        return
    if finding.severity is Severity.FAULT:
        case.access = Access.NONE
    yield finding


async def _rights(case: Case, port: str, error: str, rights: _Rights) -> Finding:
    """Report that the service or this user may use the port, or why it gets `error` there."""
    template = of_port.DEVICE_ERROR
    major = ""
    status = case.machine.path(port).stat()
    shown = await case.properties()
    group = group_of(status.st_gid)
    if not error:
        template = rights.may_open
    elif error == "EPERM":
        template = of_port.DEVICE_KEPT_AWAY
        number = case.machine.text(f"/sys/class/tty/{port.rpartition('/')[2]}/dev") or "?"
        major = number.partition(":")[0]
    elif error == "EACCES":
        has_group = rights is _OF_SERVICE and group in shown.get("SupplementaryGroups", "").split()
        is_closed = group in _CLOSED_GROUPS or not status.st_mode & stat.S_IRGRP
        template = rights.group_lost if has_group or is_closed else rights.not_in_group
    return find(template, port=port, group=group, error=error, unit=case.unit, major=major)


async def check_opened(case: Case) -> AsyncIterator[Finding]:
    """Report why the service lacks its port, in its own words, if no check has found the reason."""
    if case.access is Access.OURS and await case.own_words() and not await case.opens_port():
        case.access = Access.NONE
        cause = await case.last_logged((OUTAGE_TEXTS.begins, OUTAGE_TEXTS.still))
        yield find(of_port.NOT_OPENED, reason=cause or await case.own_words(), unit=case.unit)
