"""
Check the UARTs of a Raspberry Pi (Bluetooth may use the better one), and the consoles on the port.

Sources: Raspberry Pi documentation, "Configure UARTs"; the README of the overlays in its kernel. The commands
use raspi-config of Raspberry Pi OS bookworm and later.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from teleinfo.common.i18n import _
from teleinfo.doctor.report import Finding, fault, ok, skipped, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from teleinfo.doctor.machine import Machine

HARDWARE_ON = "sudo raspi-config nonint do_serial_hw 0"
CONSOLE_OFF = "sudo raspi-config nonint do_serial_cons 1"
REBOOT = "sudo reboot"
PORT_ON = (HARDWARE_ON, CONSOLE_OFF, REBOOT)

_CONFIG = "/boot/firmware/config.txt"
# Overlays that move Bluetooth off the PL011, or switch Bluetooth off.
_FREEING = re.compile(r"dtoverlay=(disable-bt|miniuart-bt)")
_PI_5_UART = {"dtparam=uart0=on", "dtparam=uart0", "dtoverlay=uart0-pi5"}
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
    device, target = machine.real(port), machine.real("/dev/serial0")
    there = _("{model}: /dev/serial0 is {target}")
    message = _("{model}: there is no /dev/serial0") if target == "/dev/serial0" else there
    message = message.format(model=machine.model, target=target)
    if device == _DEBUG_CONNECTOR:
        advice = _("{port} is the connector for debugging; the pins of the board are another port:")
        yield fault("board", message, advice.format(port=port), "TELEINFO_SERIAL_PORT=/dev/ttyAMA0")
    else:
        yield ok("board", message)
    text = machine.text(_CONFIG)
    if text is None:
        yield skipped("uart", _("{path} cannot be read").format(path=_CONFIG))
        return
    # The sections for some boards, [pi4], are read as those for all.
    lines = re.sub(r"[ \t]|[#,].*", "", text).splitlines()
    freed = any(map(_FREEING.fullmatch, lines))
    yield _uart(machine, device, lines, freed=freed)
    if freed or not _SHARING_BOARDS.search(machine.model):
        return
    # Bluetooth has the PL011 of these boards; if it has a device file, /dev/serial1 is a link to that.
    if device != "/dev/ttyAMA0":
        message = _("Bluetooth has the good UART (PL011), the pins have the small one ({device})")
        yield ok("bluetooth", message.format(device=device))
        return
    message = _("Bluetooth has {device}: it is not on the pins of the board").format(device=device)
    advice = _("Switch Bluetooth off, and start the machine again:")
    free = f"printf '[all]\\ndtoverlay=disable-bt\\n' | sudo tee -a {_CONFIG}"
    yield fault("bluetooth", message, advice, free, REBOOT)


def check_console(machine: Machine, device: str) -> Finding:
    """Check that the kernel has no console on `device`, a path without links."""
    name = device.rpartition("/")[2]
    # The firmware of a Raspberry Pi has replaced serial0 by the name of the port.
    if name not in re.findall(r"\bconsole=([^\s,]+)", machine.text("/proc/cmdline") or ""):
        return ok("console", _("the kernel has no console on this port"))
    if not machine.is_raspberry:
        message = _("the kernel writes its messages to {device} (console=… on its command line)")
        advice = _(
            "They take no bytes from the meter, but may disturb. Remove console={name} from "
            "GRUB_CMDLINE_LINUX in /etc/default/grub, then:"
        )
        line = "sudo update-grub"
        return warning("console", message.format(device=device), advice.format(name=name), line, REBOOT)
    message = _("the kernel has its console on {device} (console=… on its command line)")
    advice = _("It takes the bytes of the meter. Switch it off, and start the machine again:")
    return fault("console", message.format(device=device), advice, CONSOLE_OFF, REBOOT)


def check_getty(machine: Machine, device: str) -> Finding:
    """Check that no login console is enabled on `device`, a path without links."""
    unit = getty_unit(device)
    masked = os.path.realpath(machine.path(f"/etc/systemd/system/{unit}.service")) == os.devnull
    wanted = any(f"{unit}.service" in machine.names(folder) for folder in _GETTY_FOLDERS)
    if unit is None or masked or not wanted:
        return ok("getty", _("no login console is asked for on this port"))
    message = _("a login console is started on {device}: {unit}").format(device=device, unit=unit)
    advice = _("It takes the bytes of the meter, and the port away from its group. Switch it off:")
    return fault("getty", message, advice, f"sudo systemctl mask --now {unit}")


def getty_unit(device: str) -> str | None:
    """Return the service of a login console on `device`; None if there can be none (/dev/pts/1)."""
    folder, _slash, name = device.rpartition("/")
    return f"serial-getty@{name}" if folder == "/dev" else None


def _uart(machine: Machine, device: str, lines: list[str], *, freed: bool) -> Finding:
    is_mini_uart = device == "/dev/ttyS0"
    if "Pi 5" in machine.model:
        on = not _PI_5_UART.isdisjoint(lines)
    else:
        last = next((line for line in reversed(lines) if line.startswith("enable_uart=")), "")
        # Without Bluetooth the PL011 needs no enable_uart.
        on = last == "enable_uart=1" or (freed and not is_mini_uart)
    if on:
        return ok("uart", _("{path} switches the serial port on").format(path=_CONFIG))
    message = _("{path} does not switch the serial port on").format(path=_CONFIG)
    advice = _("Switch it on, and start the machine again:")
    if is_mini_uart:
        advice = _("The speed of this UART follows that of the processor unless it is. Switch it on:")
    make = warning if machine.path(device).exists() else fault
    return make("uart", message, advice, HARDWARE_ON, REBOOT)
