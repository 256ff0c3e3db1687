"""What only a Raspberry Pi has, on a tree of files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from teleinfo.doctor import raspberry_pi
from teleinfo.doctor.report import Severity
from tests.doctor.machine_tree import PI_4, PI_5, by_check, findings_of

if TYPE_CHECKING:
    from tests.doctor.machine_tree import Tree

FREE = "enable_uart=1\ndtoverlay=disable-bt\n"


def test_a_board_that_is_set_up_has_no_fault(tree: Tree) -> None:
    """PL011 on the pins, no console, no Bluetooth."""
    tree.raspberry(config=FREE)
    tree.link("/dev/serial0", "ttyAMA0")
    tree.file("/dev/ttyAMA0")
    found = findings_of("port", tree.case("/dev/ttyAMA0"))

    assert {one.severity for one in found.values()} == {Severity.OK}
    assert found["board"].message == f"{PI_4}: /dev/serial0 is /dev/ttyAMA0"


@pytest.mark.parametrize(
    ("console", "severity"),
    [
        ("console=ttyAMA0,115200 console=tty1", Severity.FAULT),
        ("console=ttyS0,115200 console=tty1", Severity.OK),
        ("noconsole=ttyAMA0", Severity.OK),
    ],
)
def test_a_console_of_the_kernel_on_the_port_is_a_fault(tree: Tree, console: str, severity: Severity) -> None:
    """On this port only; raspi-config switches it off."""
    tree.raspberry(config=FREE, command_line=console)
    tree.link("/dev/serial0", "ttyAMA0")
    found = raspberry_pi.check_console(tree.machine, "/dev/ttyAMA0")

    assert found.severity is severity
    assert (found.commands == ("sudo raspi-config nonint do_serial_cons 1", "sudo reboot")) is (
        severity is Severity.FAULT
    )


def test_bluetooth_on_the_port_is_a_fault(tree: Tree) -> None:
    """A Pi 4 as it comes gives the PL011 to Bluetooth: an overlay takes it back."""
    tree.raspberry(config="enable_uart=1\n")
    tree.link("/dev/serial0", "ttyS0")
    tree.file("/dev/ttyAMA0")
    found = by_check(raspberry_pi.check_uart(tree.machine, "/dev/ttyAMA0"))["bluetooth"]

    assert found.severity is Severity.FAULT
    assert "dtoverlay=disable-bt" in found.commands[0]
    assert found.commands[0].endswith("| sudo tee -a /boot/firmware/config.txt")


@pytest.mark.parametrize(
    ("config", "severity"),
    [
        ("enable_uart=1", Severity.OK),
        ("[all]\nenable_uart=1  # on", Severity.OK),
        ("", Severity.WARNING),
        ("#enable_uart=1", Severity.WARNING),
        ("enable_uart = 1\nenable_uart=0", Severity.WARNING),
    ],
)
def test_the_small_uart_needs_enable_uart(tree: Tree, config: str, severity: Severity) -> None:
    """Its speed follows the processor's otherwise."""
    tree.raspberry(config=config)
    tree.link("/dev/serial0", "ttyS0")
    tree.file("/dev/ttyS0")
    found = by_check(raspberry_pi.check_uart(tree.machine, "/dev/serial0"))

    assert found["uart"].severity is severity
    assert found["bluetooth"].severity is Severity.OK


def test_a_port_that_is_switched_off_is_a_fault(tree: Tree) -> None:
    """No device, and nothing in config.txt that makes one."""
    tree.raspberry()
    found = by_check(raspberry_pi.check_uart(tree.machine, "/dev/ttyS0"))["uart"]

    assert found.severity is Severity.FAULT
    assert found.commands == ("sudo raspi-config nonint do_serial_hw 0", "sudo reboot")


def test_the_debug_connector_of_a_pi_5_is_not_its_pins(tree: Tree) -> None:
    """/dev/serial0 of a Pi 5 is the connector for debugging; the pins are ttyAMA0, by uart0."""
    tree.raspberry(model=PI_5, config="dtparam=uart0=on\n")
    tree.link("/dev/serial0", "ttyAMA10")
    tree.file("/dev/ttyAMA10")
    found = by_check(raspberry_pi.check_uart(tree.machine, "/dev/serial0"))

    assert (found["board"].severity, found["uart"].severity) == (Severity.FAULT, Severity.OK)
    assert found["board"].commands == ("TELEINFO_SERIAL_PORT=/dev/ttyAMA0",)


def test_without_a_board_or_its_configuration_the_uart_is_not_checked(tree: Tree) -> None:
    assert not [*raspberry_pi.check_uart(tree.machine, "/dev/ttyAMA0")]
    tree.file("/proc/device-tree/model", PI_4)
    found = by_check(raspberry_pi.check_uart(tree.machine, "/dev/ttyAMA0"))

    assert found["uart"].severity is Severity.SKIPPED
    assert not [*raspberry_pi.check_uart(tree.machine, "/dev/ttyUSB0")]
