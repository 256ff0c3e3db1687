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
    from pathlib import Path

BY_ID = "/dev/serial/by-id"

BRIDGE_TIMEOUT = 5.0
"""Seconds that a bridge has to accept a connection."""

_LOGINS = frozenset({"agetty", "getty", "login"})


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
    machine = case.machine
    port = case.settings.serial_port
    if is_remote(port):
        async for finding in _bridge(case, port):
            yield finding
        return
    device = machine.real(port)
    path = machine.path(device)
    shown = port if port == device else f"{port} → {device}"
    lines_of_others = [f"TELEINFO_SERIAL_PORT={name}" for name in _ports(machine) if name != port]
    if not path.exists() and raspberry_pi.BUILT_IN.fullmatch(port) and machine.is_raspberry:
        if lines_of_others:
            yield find(of_port.OTHER_PORTS, *lines_of_others)
        has_bluetooth = raspberry_pi.has_bluetooth(machine, device)
        template = of_port.ON_BOARD_BLUETOOTH if has_bluetooth else of_port.ON_BOARD
        yield find(template, port=shown, config=raspberry_pi.CONFIG)
        return
    if not _is_device(machine, path):
        template = of_port.ELSEWHERE if lines_of_others else of_port.NO_PORT
        yield find(template, *lines_of_others, port=shown)
        return
    lasting_names = [name for name in machine.names(BY_ID) if machine.real(f"{BY_ID}/{name}") == device]
    if lasting_names and port == device:
        yield find(of_port.NAME_CHANGES, port=shown, name=f"{BY_ID}/{lasting_names[0]}")
        return
    yield find(of_port.PORT, port=shown)


def _is_device(machine: Machine, path: Path) -> bool:
    """True if there is a character device at a path; in a tree of files, the devices are files."""
    if not path.exists():
        return False
    is_tree_of_files = machine.root.name != ""
    return is_tree_of_files or stat.S_ISCHR(path.stat().st_mode)


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
    target = case.port_target
    if await case.has_port():
        case.access = Access.OURS
        yield find(of_port.BRIDGE, port=port)
        return
    host, _colon, number = target.rpartition(":")
    try:
        async with asyncio.timeout(BRIDGE_TIMEOUT):
            _reader, writer = await asyncio.open_connection(host.strip("[]"), int(number))
    except (OSError, ValueError) as error:
        case.access = Access.NONE
        yield find(of_port.BRIDGE_AWAY, reason=cannot_reach(target, error).localized())
        return
    address = writer.get_extra_info("peername")[0]
    writer.close()
    case.access = Access.OURS if await case.status_text() else Access.FREE
    yield find(of_port.BRIDGE, port=port)
    errors = await case.attempts()
    if errors.get(target):
        case.access = Access.NONE
        yield await kept_away(case, "sandbox", errors[target], target, [address])


async def check_board(case: Case) -> AsyncIterator[Finding]:
    """Check the UART of a Raspberry Pi, and that the kernel has no console on the port."""
    port = case.settings.serial_port
    if is_remote(port):
        return
    for finding in raspberry_pi.check_uart(case.machine, port):
        yield finding
    if case.device:
        yield raspberry_pi.check_console(case.machine, case.device)


async def check_holder(case: Case) -> AsyncIterator[Finding]:
    """Find the programs that have the port open, and a login console; set the `access` of the case."""
    device = case.device
    if not device:
        return
    users, were_all_inspected = port_users(case.machine, device)
    is_service_among_users = any(user.unit == f"{case.unit}.service" for user in users if user.is_teleinfo)
    if users and not is_service_among_users and await case.status_text() and not await case.has_port():
        others = users  # the service waits for the port, whatever the program that has it is called
    else:
        others = [user for user in users if not user.is_teleinfo]
    getty = raspberry_pi.check_getty(case.machine, device)
    if not others or getty.severity is Severity.FAULT:
        yield getty
    if others:
        case.access = Access.NONE
        case.is_shared = True
        yield _in_use(others[0], case.settings.serial_port, device)
        return
    if users:
        case.access = Access.OURS
        yield find(of_port.OURS, unit=users[0].unit or f"teleinfo, {users[0].pid}")
        return
    # A service that runs without its port opens it again at any moment, and must find it free.
    case.access = Access.OURS if await case.status_text() else Access.FREE
    yield find(of_port.FREE if were_all_inspected else of_port.FREE_FOR_ALL_WE_SEE)


def _in_use(user: PortUser, port: str, device: str) -> Finding:
    getty = raspberry_pi.getty_unit(device)
    if "getty@" in user.unit and getty is not None:
        stop = f"sudo systemctl mask --now {getty}"
    elif user.unit:
        stop = f"sudo systemctl disable --now {user.unit}"
    elif user.container:
        stop = f"sudo docker stop {user.container}"
    elif user.name in _LOGINS:
        return find(of_port.LOGIN_BY_HAND, name=user.name, pid=user.pid, port=port)
    else:
        stop = f"sudo kill {user.pid}"
    return find(of_port.IN_USE, name=user.name, pid=user.pid, stop=stop)


async def check_rights(case: Case) -> AsyncIterator[Finding]:
    """
    Check that the service, in its sandbox, may use the port; without a service, that this user may.

    Nothing is found where a teleinfo that is no service reads the port: it has shown that it may.
    """
    device = case.device
    if not device:
        return
    errors = await case.attempts()
    if device in errors:
        finding = await _rights(case, device, errors[device], _OF_SERVICE)
    elif case.access is Access.OURS:
        return
    else:
        error = "EACCES"
        if os.access(case.machine.path(device), os.R_OK | os.W_OK, effective_ids=True):
            error = ""
        finding = await _rights(case, device, error, _OF_USER)
    if finding.severity is Severity.FAULT:
        case.access = Access.NONE
    yield finding


async def _rights(case: Case, port: str, error: str, rights: _Rights) -> Finding:
    """Report that the service or this user may use the port, or why it gets `error` there."""
    major = ""
    status = case.machine.path(port).stat()
    properties = await case.properties()
    group = group_of(status.st_gid)
    if not error:
        template = rights.may_open
    elif error == "EPERM":
        template = of_port.DEVICE_KEPT_AWAY
        _folder, _slash, name = port.rpartition("/")
        number = case.machine.text(f"/sys/class/tty/{name}/dev") or "?"
        major, _colon, _minor = number.partition(":")
    elif error == "EACCES":
        # Its members have no access, or nobody may join it: something changed the group of the port.
        is_in_group = rights is _OF_SERVICE and group in properties.get("SupplementaryGroups", "").split()
        is_closed = group in _CLOSED_GROUPS or not status.st_mode & stat.S_IRGRP
        template = rights.group_lost if is_in_group or is_closed else rights.not_in_group
    else:
        template = of_port.DEVICE_ERROR
    return find(template, port=port, group=group, error=error, unit=case.unit, major=major)


async def check_opened(case: Case) -> AsyncIterator[Finding]:
    """Report why the service lacks its port, in its own words, if no check has found the reason."""
    if case.access is Access.OURS and await case.status_text() and not await case.opens_port():
        case.access = Access.NONE
        cause = await case.last_logged((OUTAGE_TEXTS.begins, OUTAGE_TEXTS.still))
        yield find(of_port.NOT_OPENED, reason=cause or await case.status_text(), unit=case.unit)
