"""
Check the UARTs of a Raspberry Pi (Bluetooth may use the better one), and the consoles on the port.

Sources: Raspberry Pi documentation, "Configure UARTs"; the README of the overlays in its kernel. The commands
use raspi-config of Raspberry Pi OS bookworm and later.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from teleinfo.doctor.finding import Finding, find
from teleinfo.doctor.findings import of_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from teleinfo.doctor.machine import Machine

CONFIG = "/boot/firmware/config.txt"
"""The settings of the board."""

# Overlays that move Bluetooth off the PL011, or switch Bluetooth off; pi3-… are their former names.
_FREEING = re.compile(r"^\s*dtoverlay\s*=\s*(pi3-)?(disable-bt|miniuart-bt)", re.MULTILINE)
# The names of the UARTs of the board.
BUILT_IN = re.compile(r"/dev/(ttyAMA\d+|ttyS0|serial[01])")
# The UART of the Pi 5's debug connector, which is not on the pins.
_DEBUG_CONNECTOR = "/dev/ttyAMA10"
_SHARING_BOARDS = re.compile(r"Pi (3|4|Zero W|Zero 2)")
_GETTY_FOLDERS = (
    "/run/systemd/generator/getty.target.wants",
    "/etc/systemd/system/getty.target.wants",
    "/etc/systemd/system/multi-user.target.wants",
)


def check_uart(machine: Machine, port: str) -> Iterator[Finding]:
    """Check that the pins of a Raspberry Pi lead to `port`; no findings for any other port or machine."""
    if not machine.is_raspberry or not BUILT_IN.fullmatch(port):
        return
    device = machine.real(port)
    if device == _DEBUG_CONNECTOR:
        yield find(of_port.DEBUG_CONNECTOR, port=port)
    if machine.path(device).exists() and has_bluetooth(machine, device):
        yield find(of_port.BLUETOOTH, device=device, config=CONFIG)


def has_bluetooth(machine: Machine, device: str) -> bool:
    """Return True if Bluetooth has `device`: it has the PL011 of these boards as they come."""
    if device != "/dev/ttyAMA0" or not _SHARING_BOARDS.search(machine.model):
        return False
    config = machine.text(CONFIG)
    return config is not None and not _FREEING.search(config)


def check_console(machine: Machine, device: str) -> Finding:
    """Check that the kernel has no console on `device`, a path without links."""
    name = device.rpartition("/")[2]
    # The firmware of a Raspberry Pi has replaced serial0 by the name of the port.
    if name not in re.findall(r"\bconsole=([^\s,]+)", machine.text("/proc/cmdline") or ""):
        return find(of_port.NO_CONSOLE)
    template = of_port.CONSOLE_OF_BOARD if machine.is_raspberry else of_port.CONSOLE
    return find(template, device=device, name=name)


def check_getty(machine: Machine, device: str) -> Finding:
    """Check that no login console is enabled on `device`, a path without links."""
    unit = getty_unit(device)
    masked = os.path.realpath(machine.path(f"/etc/systemd/system/{unit}.service")) == os.devnull
    wanted = any(f"{unit}.service" in machine.names(folder) for folder in _GETTY_FOLDERS)
    if unit is None or masked or not wanted:
        return find(of_port.NO_LOGIN)
    return find(of_port.LOGIN, device=device, login=unit)


def getty_unit(device: str) -> str | None:
    """Return the service of a login console on `device`; None if there can be none (/dev/pts/1)."""
    folder, _slash, name = device.rpartition("/")
    return f"serial-getty@{name}" if folder == "/dev" else None
