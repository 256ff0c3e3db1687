"""What only a Raspberry Pi has, on a tree of files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from teleinfo.doctor import raspberry_pi
from teleinfo.doctor.check_port import check_port
from teleinfo.doctor.findings import Severity
from tests.doctor.machine_tree import PI_4, PI_5, Tree, by_check, findings_of

if TYPE_CHECKING:
    from pathlib import Path

FREE = "enable_uart=1\ndtoverlay=disable-bt\n"


@pytest.fixture
def pi(tmp_path: Path) -> Tree:
    """Return an empty tree."""
    return Tree(tmp_path)


def test_a_board_that_is_set_up_has_no_fault(pi: Tree) -> None:
    """PL011 on the pins, no console, no Bluetooth."""
    pi.raspberry(config=FREE)
    pi.link("/dev/serial0", "ttyAMA0")
    pi.file("/dev/ttyAMA0")
    found = findings_of(check_port, pi.case("/dev/ttyAMA0"))

    assert {one.severity for one in found.values()} == {Severity.OK}
    assert found["board"].message == f"{PI_4}: /dev/serial0 is /dev/ttyAMA0"


@pytest.mark.parametrize(
    ("console", "severity"),
    [
        ("console=ttyAMA0,115200 console=tty1", Severity.FAULT),
        ("console=serial0,115200 console=tty1", Severity.FAULT),
        ("console=ttyS0,115200 console=tty1", Severity.OK),
        ("console=tty1", Severity.OK),
        ("noconsole=ttyAMA0", Severity.OK),
    ],
)
def test_a_console_of_the_kernel_on_the_port_is_a_fault(pi: Tree, console: str, severity: Severity) -> None:
    """By its own name or as serial0, and on this port only; raspi-config switches it off."""
    pi.raspberry(config=FREE, command_line=console)
    pi.link("/dev/serial0", "ttyAMA0")
    found = raspberry_pi.check_console(pi.machine, "/dev/ttyAMA0")

    assert found.severity is severity
    assert (found.commands == ("sudo raspi-config nonint do_serial_cons 1", "sudo reboot")) is (
        severity is Severity.FAULT
    )


def test_off_a_raspberry_pi_a_console_of_the_kernel_only_disturbs(pi: Tree) -> None:
    """A console only writes there. The advice is about the boot loader, not about a getty."""
    pi.file("/proc/cmdline", "console=tty0 console=ttyS0,115200n8")
    found = raspberry_pi.check_console(pi.machine, "/dev/ttyS0")

    assert found.severity is Severity.WARNING
    assert "Remove console=ttyS0 from GRUB_CMDLINE_LINUX" in found.advice
    assert found.commands == ("sudo update-grub", "sudo reboot")


@pytest.mark.parametrize(
    "folder", ["/run/systemd/generator/getty.target.wants", "/etc/systemd/system/getty.target.wants"]
)
def test_a_login_console_on_the_port_is_a_fault(pi: Tree, folder: str) -> None:
    """By the kernel's command line or by hand; a console that is masked does not start."""
    pi.link(f"{folder}/serial-getty@ttyAMA0.service", "/usr/lib/systemd/system/serial-getty@.service")
    found = raspberry_pi.check_getty(pi.machine, "/dev/ttyAMA0")
    pi.link("/etc/systemd/system/serial-getty@ttyAMA0.service", "/dev/null")
    masked = raspberry_pi.check_getty(pi.machine, "/dev/ttyAMA0")

    assert (found.severity, masked.severity) == (Severity.FAULT, Severity.OK)
    assert found.commands == ("sudo systemctl mask --now serial-getty@ttyAMA0",)
    assert raspberry_pi.check_getty(pi.machine, "/dev/ttyS0").severity is Severity.OK


def test_bluetooth_on_the_port_is_a_fault(pi: Tree) -> None:
    """A Pi 4 as it comes gives the PL011 to Bluetooth: an overlay takes it back."""
    pi.raspberry(config="enable_uart=1\n")
    pi.link("/dev/serial0", "ttyS0")
    pi.file("/dev/ttyAMA0")
    found = by_check(raspberry_pi.check_uart(pi.machine, "/dev/ttyAMA0"))["bluetooth"]

    assert found.severity is Severity.FAULT
    assert "dtoverlay=disable-bt" in found.commands[0]
    assert found.commands[0].endswith("| sudo tee -a /boot/firmware/config.txt")


@pytest.mark.parametrize(
    ("config", "severity"),
    [
        ("enable_uart=1", Severity.OK),
        ("[all]\nenable_uart=1  # on", Severity.OK),
        ("[pi4]\nenable_uart=1", Severity.OK),
        ("", Severity.WARNING),
        ("#enable_uart=1", Severity.WARNING),
        ("enable_uart=0", Severity.WARNING),
        ("enable_uart = 1\nenable_uart=0", Severity.WARNING),
        ("[pi3]\nenable_uart=1", Severity.WARNING),
        ("[none]\nenable_uart=1", Severity.WARNING),
        ("[pi3]\nother=1\n[all]\nenable_uart=1", Severity.OK),
    ],
)
def test_the_small_uart_needs_enable_uart(pi: Tree, config: str, severity: Severity) -> None:
    """Its speed follows the processor's otherwise; sections for other boards do not count."""
    pi.raspberry(config=config)
    pi.link("/dev/serial0", "ttyS0")
    pi.file("/dev/ttyS0")
    found = by_check(raspberry_pi.check_uart(pi.machine, "/dev/serial0"))

    assert found["uart"].severity is severity
    assert found["bluetooth"].severity is Severity.OK


def test_a_port_that_is_switched_off_is_a_fault(pi: Tree) -> None:
    """No device, and nothing in config.txt that makes one."""
    pi.raspberry()
    found = by_check(raspberry_pi.check_uart(pi.machine, "/dev/ttyS0"))["uart"]

    assert found.severity is Severity.FAULT
    assert found.commands == ("sudo raspi-config nonint do_serial_hw 0", "sudo reboot")


def test_the_debug_connector_of_a_pi_5_is_not_its_pins(pi: Tree) -> None:
    """/dev/serial0 of a Pi 5 is the connector for debugging; the pins are ttyAMA0, by uart0."""
    pi.raspberry(model=PI_5, config="dtparam=uart0=on\n")
    pi.link("/dev/serial0", "ttyAMA10")
    pi.file("/dev/ttyAMA10")
    found = by_check(raspberry_pi.check_uart(pi.machine, "/dev/serial0"))

    assert (found["board"].severity, found["uart"].severity) == (Severity.FAULT, Severity.OK)
    assert found["board"].commands == ("TELEINFO_SERIAL_PORT=/dev/ttyAMA0",)


@pytest.mark.parametrize("port", ["/dev/ttyUSB0", "/dev/serial/by-id/usb-adapter-if00-port0"])
def test_an_adapter_has_nothing_to_do_with_the_board(pi: Tree, port: str) -> None:
    """With an adapter nothing of the board is checked."""
    pi.raspberry()

    assert raspberry_pi.check_uart(pi.machine, port) == []


def test_without_a_board_or_its_configuration_the_uart_is_not_checked(pi: Tree) -> None:
    """1. Another machine has none. 2. A Pi without config.txt: it is reported that it cannot be read."""
    assert raspberry_pi.check_uart(pi.machine, "/dev/ttyAMA0") == []
    pi.file("/proc/device-tree/model", PI_4)
    found = by_check(raspberry_pi.check_uart(pi.machine, "/dev/ttyAMA0"))

    assert found["uart"].severity is Severity.SKIPPED
