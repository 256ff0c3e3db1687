"""
Check what only a Raspberry Pi has: two kinds of UART, Bluetooth on the better one, a console by default.

Source: Raspberry Pi documentation, "Configure UARTs"; the overlays' README of its kernel. The lines to type
are those of raspi-config on Raspberry Pi OS bookworm and later.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from teleinfo.common.i18n import _
from teleinfo.doctor.findings import fault, ok, skipped, warning

if TYPE_CHECKING:
    from teleinfo.doctor.findings import Finding
    from teleinfo.doctor.machine import Machine

HARDWARE_ON = "sudo raspi-config nonint do_serial_hw 0"
CONSOLE_OFF = "sudo raspi-config nonint do_serial_cons 1"
REBOOT = "sudo reboot"

_CONFIGS = ("/boot/firmware/config.txt", "/boot/config.txt")
_COMMAND_LINES = ("/boot/firmware/cmdline.txt", "/boot/cmdline.txt")
# What takes Bluetooth off the PL011, or off the board.
_FREEING = re.compile(r"(pi3-)?(disable-bt|miniuart-bt)")
_BUILT_IN = re.compile(r"/dev/(ttyAMA\d+|ttyS0|serial[01])")
# The UART of the Pi 5's own connector for debugging, not of its pins.
_DEBUG_CONNECTOR = "/dev/ttyAMA10"


@dataclass(frozen=True, slots=True)
class Configuration:
    """The contents of `config.txt`, at `path`: `settings` by name, `overlays` and `parameters`."""

    path: str
    settings: dict[str, str]
    overlays: frozenset[str]
    parameters: frozenset[str]

    @property
    def bluetooth_moved(self) -> bool:
        """Whether the PL011 is taken from Bluetooth."""
        return any(_FREEING.fullmatch(overlay) for overlay in self.overlays)


def is_built_in(port: str) -> bool:
    """Tell whether `port` is the name of a UART of the board."""
    return _BUILT_IN.fullmatch(port) is not None


def check_uart(machine: Machine, port: str) -> list[Finding]:
    """Return whether the pins of the board lead to `port`; nothing where it is another machine."""
    if not machine.is_raspberry or not is_built_in(port):
        return []
    device = machine.real(port)
    findings = [_link(machine, port, device)]
    configuration = _configuration(machine)
    if configuration is None:
        findings.append(skipped("uart", _("{path} cannot be read").format(path=_CONFIGS[0])))
    else:
        findings.append(_uart(machine, device, configuration))
        findings += _bluetooth(machine, device, configuration)
    return findings


def check_console(machine: Machine, device: str) -> Finding:
    """Return whether the kernel has its console on `device`, a real name."""
    name = device.rpartition("/")[2]
    names = {name} | {alias for alias in ("serial0", "serial1") if machine.real(f"/dev/{alias}") == device}
    running = _consoles(machine.text("/proc/cmdline"))
    path = next((path for path in _COMMAND_LINES if machine.text(path) is not None), _COMMAND_LINES[0])
    if not (running | _consoles(machine.text(path))) & names:
        return ok("console", _("the kernel has no console on this port"))
    if not machine.is_raspberry:
        message = _("the kernel writes its messages to {device} (console=… on its command line)")
        advice = _(
            "They take no bytes from the meter, but may disturb. Remove console={name} from "
            "GRUB_CMDLINE_LINUX in /etc/default/grub, then:"
        )
        advice = advice.format(name=name)
        return warning("console", message.format(device=device), advice, "sudo update-grub", REBOOT)
    return fault(
        "console",
        _("the kernel has its console on {device} (console=… on its command line)").format(device=device),
        _("It takes the bytes of the meter. Switch it off, and start the machine again:"),
        CONSOLE_OFF,
        REBOOT,
    )


def check_getty(machine: Machine, device: str) -> Finding:
    """Return whether a login console is to be started on `device`, a real name."""
    folders = (
        "/run/systemd/generator/getty.target.wants",
        "/etc/systemd/system/getty.target.wants",
        "/etc/systemd/system/multi-user.target.wants",
    )
    unit = getty_unit(device)
    masked = machine.link(f"/etc/systemd/system/{unit}.service") == "/dev/null"
    if unit is None or masked or not any(f"{unit}.service" in machine.names(folder) for folder in folders):
        return ok("getty", _("no login console is asked for on this port"))
    return fault(
        "getty",
        _("a login console is started on {device}: {unit}").format(device=device, unit=unit),
        _("It takes the bytes of the meter, and the port away from its group. Switch it off:"),
        f"sudo systemctl mask --now {unit}",
    )


def getty_unit(device: str) -> str | None:
    """Return the service of a login console on `device`; None where there can be none (/dev/pts/1)."""
    folder, _slash, name = device.rpartition("/")
    return f"serial-getty@{name}" if folder == "/dev" else None


def _consoles(text: str | None) -> set[str]:
    return {value.partition(",")[0] for value in re.findall(r"\bconsole=(\S+)", text or "")}


def _link(machine: Machine, port: str, device: str) -> Finding:
    target = machine.real("/dev/serial0")
    if target == "/dev/serial0":
        message = _("{model}: there is no /dev/serial0").format(model=machine.model)
    else:
        message = _("{model}: /dev/serial0 is {target}").format(model=machine.model, target=target)
    if device == _DEBUG_CONNECTOR:
        return fault(
            "board",
            message,
            _("{port} is the connector for debugging; the pins of the board are another port:").format(
                port=port
            ),
            "TELEINFO_SERIAL_PORT=/dev/ttyAMA0",
        )
    return ok("board", message, model=machine.model)


def _uart(machine: Machine, device: str, configuration: Configuration) -> Finding:
    is_pi_5, is_mini_uart = "Pi 5" in machine.model, device == "/dev/ttyS0"
    on = (
        bool(configuration.parameters & {"uart0=on", "uart0"}) or "uart0-pi5" in configuration.overlays
        if is_pi_5
        else configuration.settings.get("enable_uart") == "1"
    )
    # Without Bluetooth the PL011 needs no enable_uart.
    if on or (not is_pi_5 and configuration.bluetooth_moved and not is_mini_uart):
        return ok("uart", _("{path} switches the serial port on").format(path=configuration.path))
    message = _("{path} does not switch the serial port on").format(path=configuration.path)
    advice = (
        _("The speed of this UART follows that of the processor unless it is. Switch it on:")
        if is_mini_uart
        else _("Switch it on, and start the machine again:")
    )
    make = warning if machine.path(device).exists() else fault
    return make("uart", message, advice, HARDWARE_ON, REBOOT)


def _bluetooth(machine: Machine, device: str, configuration: Configuration) -> list[Finding]:
    """Return what Bluetooth does to the port, on the boards where it shares the PL011 (Zero W, 3, 4)."""
    if not re.search(r"Pi (3|4|Zero W|Zero 2)", machine.model) or configuration.bluetooth_moved:
        return []
    free = f"printf '[all]\\ndtoverlay=disable-bt\\n' | sudo tee -a {configuration.path}"
    # Where it is a device of its own, Bluetooth gets it as /dev/serial1.
    if device == "/dev/ttyAMA0":
        return [
            fault(
                "bluetooth",
                _("Bluetooth has {device}: it is not on the pins of the board").format(device=device),
                _("Switch Bluetooth off, and start the machine again:"),
                free,
                REBOOT,
            )
        ]
    return [
        ok(
            "bluetooth",
            _("Bluetooth has the good UART (PL011), the pins have the small one ({device})").format(
                device=device
            ),
        )
    ]


def _configuration(machine: Machine) -> Configuration | None:
    for path in _CONFIGS:
        text = machine.text(path)
        if text is not None:
            return _parse(path, text, machine.model)
    return None


def _parse(path: str, text: str, model: str) -> Configuration:
    """Read the lines that apply to this board: a section such as `[pi4]` is for some boards only."""
    settings: dict[str, str] = {}
    overlays, parameters = set(), set()
    applies = True
    for line in (line.partition("#")[0].strip() for line in text.splitlines()):
        if line.startswith("["):
            applies = _is_for(line.strip("[]"), model)
            continue
        key, _equals, value = (part.strip() for part in line.partition("="))
        if not applies or not key:
            continue
        if key == "dtoverlay":
            overlays.add(value.partition(",")[0])
        elif key == "dtparam":
            parameters.add(value.partition(",")[0])
        else:
            settings[key] = value
    return Configuration(path, settings, frozenset(overlays), frozenset(parameters))


def _is_for(section: str, model: str) -> bool:
    number = re.fullmatch(r"pi(\d)\+?", section)
    if number is not None:
        return re.search(rf"Pi {number[1]}\b", model) is not None
    return section == "all" or (section == "pi0" and "Zero" in model)
