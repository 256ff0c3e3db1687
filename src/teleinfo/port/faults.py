"""
The faults of the port, in words for the user.

The fields of a text are {path} or {where} (host:port of a bridge), {name} (the last part of the path),
{baudrate} and {error}.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from teleinfo.common.i18n import N_
from teleinfo.vocabulary.line import PortErrorKind


@dataclass(frozen=True)
class PortExplanation:
    """The kind of a fault, for programs, and its text: what happened, what it means, what to do."""

    kind: PortErrorKind
    message: str


class PortFault(enum.Enum):
    """The faults of a port, of a bridge, and of the service that gives its bytes to a command."""

    MISSING = PortExplanation(
        PortErrorKind.MISSING,
        N_(
            "there is no serial port at {path}: check that the adapter is plugged in, and see what is there: "
            "ls -l /dev/serial/by-id"
        ),
    )
    # The UART of a board.
    MISSING_UART = PortExplanation(
        PortErrorKind.MISSING,
        N_(
            "there is no serial port at {path}: switch it on (sudo raspi-config, Interface Options, Serial "
            "Port: no login shell, hardware enabled), or correct TELEINFO_SERIAL_PORT"
        ),
    )
    # A login console that starts takes the port away from its group: the usual cause.
    DENIED = PortExplanation(
        PortErrorKind.DENIED,
        N_(
            "no right to read the serial port {path}: add the user that runs teleinfo to the group of the "
            "serial ports (sudo usermod -aG dialout $USER, then log in again). If it is in it, a login "
            "console may hold the port; switch it off: sudo systemctl disable --now serial-getty@{name}"
        ),
    )
    BUSY = PortExplanation(
        PortErrorKind.BUSY,
        N_(
            "another program reads the serial port {path}, and each would get a part of the bytes: stop that "
            "program. If it is a login console, switch it off: sudo systemctl disable --now "
            "serial-getty@{name}"
        ),
    )
    SPEED = PortExplanation(
        PortErrorKind.SPEED,
        N_(
            "the serial port {path} cannot work at {baudrate} baud: correct TELEINFO_SERIAL_PORT, or "
            "TELEINFO_SERIAL_BAUDRATE if it is given"
        ),
    )
    STUCK = PortExplanation(
        PortErrorKind.STUCK,
        N_(
            "the system has not finished opening or closing the serial port {path}: its driver hangs. If "
            "this lasts, unplug the adapter and plug it in again, or restart the machine"
        ),
    )
    NO_PORT = PortExplanation(
        PortErrorKind.OTHER,
        N_("{path} is not a serial port: correct TELEINFO_SERIAL_PORT"),
    )
    # Every other error of the system.
    OTHER = PortExplanation(
        PortErrorKind.OTHER,
        N_("the serial port {path} cannot be opened ({error}): check it and TELEINFO_SERIAL_PORT"),
    )
    GONE = PortExplanation(
        PortErrorKind.GONE,
        N_("the serial port {path} went away: the adapter was unplugged or lost its power. Check its cable"),
    )
    BRIDGE_ADDRESS = PortExplanation(
        PortErrorKind.OTHER,
        N_("the address of the bridge must have the form socket://host:port"),
    )
    BRIDGE_NAME = PortExplanation(
        PortErrorKind.UNREACHABLE,
        N_(
            "the bridge at {where} cannot be reached: its name is not known here. Check the name and the "
            "network"
        ),
    )
    BRIDGE_SILENT = PortExplanation(
        PortErrorKind.UNREACHABLE,
        N_(
            "the bridge at {where} cannot be reached: it does not answer. Check that it is switched on and "
            "that no firewall is between"
        ),
    )
    BRIDGE_REFUSED = PortExplanation(
        PortErrorKind.UNREACHABLE,
        N_(
            "the bridge at {where} cannot be reached: nothing listens there. Check that the bridge runs, and "
            "its port number"
        ),
    )
    BRIDGE_NETWORK = PortExplanation(
        PortErrorKind.UNREACHABLE,
        N_(
            "the bridge at {where} cannot be reached: the network says: {error}. Check the network and the "
            "address"
        ),
    )
    BRIDGE_NO_RFC2217 = PortExplanation(
        PortErrorKind.UNREACHABLE,
        N_(
            "the bridge at {where} is no RFC 2217 server, or serves another client: check its mode. If it "
            "sends the bytes of the line alone, write socket:// instead of rfc2217:// in TELEINFO_SERIAL_PORT"
        ),
    )
    BRIDGE_CLOSED = PortExplanation(
        PortErrorKind.GONE,
        N_(
            "the bridge at {where} closed the connection: it was restarted, or serves another client. Check "
            "it"
        ),
    )
    BRIDGE_LOST = PortExplanation(
        PortErrorKind.GONE,
        N_("the bridge at {where} was lost ({error}): it was restarted, or serves another client. Check it"),
    )
    SERVICE_STOPPED = PortExplanation(
        PortErrorKind.GONE,
        N_("the service no longer gives the bytes of the line at {where}: it was stopped or restarted"),
    )
    SERVICE_FULL = PortExplanation(
        PortErrorKind.GONE,
        N_(
            "the service gives the bytes of the line at {where} to eight readers at a time, and dropped this "
            "one: there are eight others, or this one is too slow. End a watch, record, decode or doctor"
        ),
    )
