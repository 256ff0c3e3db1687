"""The findings about the serial port, and the machine around it."""

from __future__ import annotations

from typing import Final

from teleinfo.common.i18n import N_
from teleinfo.doctor.finding import Finding, Severity

ON_BOARD: Final = Finding(
    "device",
    Severity.FAULT,
    N_("there is no serial port at {port}"),
    N_("Switch the serial port of the board on, and start the machine again:"),
    (
        "sudo raspi-config nonint do_serial_hw 0",
        "sudo raspi-config nonint do_serial_cons 1",
        "sudo reboot",
    ),
)

ON_BOARD_BLUETOOTH: Final = Finding(
    "device",
    Severity.FAULT,
    N_("there is no serial port at {port}: Bluetooth has it"),
    N_("Switch the serial port of the board on and Bluetooth off, and start the machine again:"),
    (
        "sudo raspi-config nonint do_serial_hw 0",
        "sudo raspi-config nonint do_serial_cons 1",
        "printf '[all]\\ndtoverlay=disable-bt\\n' | sudo tee -a {config}",
        "sudo reboot",
    ),
)

OTHER_PORTS: Final = Finding(
    "port",
    Severity.WARNING,
    N_("there are other serial ports"),
    N_("If the meter is on one of them, put it into the settings, and leave the port of the board as it is:"),
)

ELSEWHERE: Final = Finding(
    "device",
    Severity.FAULT,
    N_("there is no serial port at {port}"),
    N_("These ports are there. Put the one of the meter into the settings:"),
)

NO_PORT: Final = Finding(
    "device",
    Severity.FAULT,
    N_("there is no serial port at {port}"),
    N_("There is no serial port at all. Plug the adapter in, and see what the system says of it:"),
    ("sudo dmesg | tail -n 20",),
)

NAME_CHANGES: Final = Finding(
    "device",
    Severity.WARNING,
    "{port}",
    N_("Its number may change when it is plugged in again. This name stays:"),
    ("TELEINFO_SERIAL_PORT={name}",),
)

PORT: Final = Finding(
    "device",
    Severity.OK,
    "{port}",
)

BRIDGE: Final = Finding(
    "device",
    Severity.OK,
    N_("a bridge in the network: {port}"),
)

BRIDGE_AWAY: Final = Finding(
    "device",
    Severity.FAULT,
    "{reason}",
)

DEBUG_CONNECTOR: Final = Finding(
    "board",
    Severity.FAULT,
    N_("{port} is the connector for debugging"),
    N_("The pins of the board are another port:"),
    ("TELEINFO_SERIAL_PORT=/dev/ttyAMA0",),
)

BLUETOOTH: Final = Finding(
    "bluetooth",
    Severity.FAULT,
    N_("Bluetooth has {device}: it is not on the pins of the board"),
    N_("Switch Bluetooth off, and start the machine again:"),
    (
        "printf '[all]\\ndtoverlay=disable-bt\\n' | sudo tee -a {config}",
        "sudo reboot",
    ),
)

NO_CONSOLE: Final = Finding(
    "console",
    Severity.OK,
    N_("the kernel has no console on this port"),
)

CONSOLE_OF_BOARD: Final = Finding(
    "console",
    Severity.FAULT,
    N_("the kernel has its console on {device} (console=… on its command line)"),
    N_("It takes the bytes of the meter. Switch it off, and start the machine again:"),
    (
        "sudo raspi-config nonint do_serial_cons 1",
        "sudo reboot",
    ),
)

CONSOLE: Final = Finding(
    "console",
    Severity.WARNING,
    N_("the kernel writes its messages to {device} (console=… on its command line)"),
    N_(
        "They take no bytes from the meter, but may disturb. Remove console={name} from GRUB_CMDLINE_LINUX "
        "in /etc/default/grub, then:"
    ),
    (
        "sudo update-grub",
        "sudo reboot",
    ),
)

NO_LOGIN: Final = Finding(
    "getty",
    Severity.OK,
    N_("no login console is asked for on this port"),
)

LOGIN: Final = Finding(
    "getty",
    Severity.FAULT,
    N_("a login console is started on {device}: {login}"),
    N_("It takes the bytes of the meter, and the port away from its group. Switch it off:"),
    ("sudo systemctl mask --now {login}",),
)

IN_USE: Final = Finding(
    "holder",
    Severity.FAULT,
    N_("another program has it open: {name} (process {pid})"),
    N_("Each of the two gets a part of the bytes. Stop that program:"),
    ("{stop}",),
)

LOGIN_BY_HAND: Final = Finding(
    "holder",
    Severity.FAULT,
    N_("another program has it open: {name} (process {pid})"),
    N_("It takes the bytes of the meter, and the port away from its group. Stop it, and give the port back:"),
    (
        "sudo kill {pid}",
        "sudo chgrp dialout {port}",
        "sudo chmod 660 {port}",
    ),
)

OURS: Final = Finding(
    "holder",
    Severity.OK,
    N_("teleinfo reads it already ({unit})"),
)

FREE: Final = Finding(
    "holder",
    Severity.OK,
    N_("no other program has it open"),
)

FREE_FOR_ALL_WE_SEE: Final = Finding(
    "holder",
    Severity.SKIPPED,
    N_("no program of this user has it open; those of others could not be looked at"),
    N_("To look at them as well:"),
    ("{as_root}",),
)

USER_MAY_OPEN: Final = Finding(
    "rights",
    Severity.OK,
    N_("this user may open it"),
)

SERVICE_MAY_OPEN: Final = Finding(
    "sandbox",
    Severity.OK,
    N_("the service may use {port}, tried in its sandbox"),
)

USER_GROUP_LOST: Final = Finding(
    "rights",
    Severity.FAULT,
    N_("this user may not open {port}: it is for the group {group}"),
    N_("A login console may have taken it from its group. Give it back:"),
    (
        "sudo chgrp dialout {port}",
        "sudo chmod 660 {port}",
    ),
)

USER_NOT_IN_GROUP: Final = Finding(
    "rights",
    Severity.FAULT,
    N_("this user may not open {port}: it is for the group {group}"),
    N_("Add the user to the group, log out and log in again (the service has this right already):"),
    ("sudo usermod -aG {group} $USER",),
)

SERVICE_GROUP_LOST: Final = Finding(
    "rights",
    Severity.FAULT,
    N_("the service may not use {port}, tried in its sandbox: it is for the group {group}"),
    N_("A login console may have taken it from its group. Give it back:"),
    (
        "sudo chgrp dialout {port}",
        "sudo chmod 660 {port}",
    ),
)

SERVICE_NOT_IN_GROUP: Final = Finding(
    "rights",
    Severity.FAULT,
    N_("the service may not use {port}, tried in its sandbox: it is for the group {group}"),
    N_("Add these two lines to the unit, then restart it:"),
    (
        "sudo systemctl edit {unit}",
        "[Service]",
        "SupplementaryGroups={group}",
    ),
)

DEVICE_KEPT_AWAY: Final = Finding(
    "sandbox",
    Severity.FAULT,
    N_("the service may not use {port}, tried in its sandbox ({error})"),
    N_("Add these two lines to the unit, then restart it:"),
    (
        "sudo systemctl edit {unit}",
        "[Service]",
        "DeviceAllow=char-{major} rw",
    ),
)

DEVICE_ERROR: Final = Finding(
    "sandbox",
    Severity.FAULT,
    N_("the service may not use {port}, tried in its sandbox ({error})"),
    N_("See why:"),
    ("sudo journalctl -u {unit} -n 30",),
)

NOT_OPENED: Final = Finding(
    "open",
    Severity.FAULT,
    "{reason}",
    N_("See why:"),
    ("sudo journalctl -u {unit} -n 30",),
)
