"""What only a Raspberry Pi has, on a tree of files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from teleinfo.doctor import raspberry_pi
from teleinfo.doctor.finding import Severity
from tests.doctor.machine_tree import PI_4, PI_5, findings_of

if TYPE_CHECKING:
    from tests.doctor.machine_tree import Tree

FREE = "enable_uart=1\n dtoverlay = disable-bt\n"
FORMER = "dtoverlay=pi3-miniuart-bt\n"


@pytest.mark.parametrize(
    ("config", "is_fault"), [(FREE, False), (FORMER, False), ("enable_uart=1\n#dtoverlay=disable-bt\n", True)]
)
def test_bluetooth_on_the_port_is_a_fault(tree: Tree, config: str, is_fault: bool) -> None:  # noqa: FBT001 - a column
    """A Pi 4 as it comes gives the PL011 to Bluetooth: an overlay takes it back, unless it is a comment."""
    tree.raspberry(config=config)
    tree.file("/dev/ttyAMA0")
    found = findings_of("port", tree.case("/dev/ttyAMA0"))
    faults = [one for one in found.values() if one.severity is not Severity.OK]

    assert [one.check for one in faults] == ["bluetooth"] * is_fault
    for fault in faults:
        assert fault.commands[0].endswith("disable-bt\\n' | sudo tee -a /boot/firmware/config.txt")


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
    found = raspberry_pi.check_console(tree.machine, "/dev/ttyAMA0")

    assert found.severity is severity
    assert (found.commands == ("sudo raspi-config nonint do_serial_cons 1", "sudo reboot")) is (
        severity is Severity.FAULT
    )


@pytest.mark.parametrize(("config", "takes_bluetooth"), [("", True), (FREE, False)])
def test_a_port_that_is_switched_off_is_a_fault(tree: Tree, config: str, *, takes_bluetooth: bool) -> None:
    """All that it takes is in one list of commands; an adapter that is there is shown before them."""
    tree.raspberry(config=config)
    tree.file("/dev/serial/by-id/usb-adapter")
    found = findings_of("port", tree.case("/dev/ttyAMA0"))
    lines = found["device"].commands

    assert [one.check for one in found.values() if one.severity is not Severity.OK] == ["port", "device"]
    assert found["port"].commands == ("TELEINFO_SERIAL_PORT=/dev/serial/by-id/usb-adapter",)
    assert lines[0] == "sudo raspi-config nonint do_serial_hw 0"
    assert any("disable-bt" in line for line in lines) is takes_bluetooth


def test_the_debug_connector_of_a_pi_5_is_not_its_pins(tree: Tree) -> None:
    """/dev/serial0 of a Pi 5 is the connector for debugging; the pins are ttyAMA0."""
    tree.raspberry(model=PI_5)
    tree.link("/dev/serial0", "ttyAMA10")
    tree.file("/dev/ttyAMA10")
    [found] = raspberry_pi.check_uart(tree.machine, "/dev/serial0")

    assert (found.check, found.severity) == ("board", Severity.FAULT)
    assert found.commands == ("TELEINFO_SERIAL_PORT=/dev/ttyAMA0",)


def test_without_a_board_or_its_configuration_nothing_is_said_of_bluetooth(tree: Tree) -> None:
    assert not [*raspberry_pi.check_uart(tree.machine, "/dev/ttyAMA0")]
    tree.file("/proc/device-tree/model", PI_4)
    assert not [*raspberry_pi.check_uart(tree.machine, "/dev/ttyAMA0")]
