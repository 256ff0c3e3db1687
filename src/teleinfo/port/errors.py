"""
What can be wrong with the port, in words for a household: what happened, what it means, what to do next.

`PortError` is what the street door raises; the functions make one out of what the system said. No library of
the serial port is needed here: its exceptions are OSError, termios.error and ValueError.
"""

from __future__ import annotations

import enum
import errno
import os
import socket
import termios


class Trouble(enum.Enum):
    """Why there is no port, for comparing causes without their text."""

    MISSING = "missing"  # no such device
    DENIED = "denied"  # no right to open it
    BUSY = "busy"  # another program reads it
    GONE = "gone"  # it was open and is lost
    UNREACHABLE = "unreachable"  # the TCP bridge does not answer
    SPEED = "speed"  # the port exists and cannot work at this speed
    STUCK = "stuck"  # the driver does not come back from opening or closing
    OTHER = "other"


class PortError(Exception):
    """There is no port to read; the message is for a household, `kind` for a program."""

    def __init__(self, kind: Trouble, message: str) -> None:
        super().__init__(message)
        self.kind = kind


_KINDS: dict[int | None, Trouble] = {
    errno.ENOENT: Trouble.MISSING,
    errno.ENOTDIR: Trouble.MISSING,
    errno.ENODEV: Trouble.MISSING,
    errno.ENXIO: Trouble.MISSING,
    errno.EIO: Trouble.MISSING,  # a name without hardware behind it
    errno.EACCES: Trouble.DENIED,
    errno.EPERM: Trouble.DENIED,
    errno.EAGAIN: Trouble.BUSY,
    errno.EBUSY: Trouble.BUSY,
    errno.EINVAL: Trouble.SPEED,
}


def cannot_open(path: str, baudrate: int, error: BaseException) -> PortError:
    """Return why the device at `path` does not open at `baudrate`; `error` is what pyserial raised."""
    code = _code(error)
    kind = _KINDS.get(code, Trouble.OTHER)
    if isinstance(error, ValueError):
        kind = Trouble.SPEED
    elif isinstance(error, TimeoutError):
        kind = Trouble.STUCK
    if kind is Trouble.MISSING:
        text = f"there is no serial port at {path}: {_how_to_find(path)}"
    elif kind is Trouble.DENIED:
        # A console that starts takes the port away from its group.
        text = (
            f"no right to read the serial port {path}: add the user that runs teleinfo to the group of the "
            "serial ports (sudo usermod -aG dialout $USER, then log in again). If it is in it, a login "
            f"console may hold the port; {_no_console(path)}"
        )
    elif kind is Trouble.BUSY:
        text = _shared(path)
    elif kind is Trouble.SPEED:
        text = f"the serial port {path} cannot work at {baudrate} baud: correct TELEINFO_SERIAL_BAUDRATE"
    elif code in {errno.ENOTTY, errno.EISDIR}:
        text = f"{path} is not a serial port: correct TELEINFO_SERIAL_PORT"
    elif kind is Trouble.STUCK:
        text = (
            f"the serial port {path} does not open: its driver hangs. Unplug the adapter and plug it in again"
        )
    else:
        text = f"the serial port {path} cannot be opened ({error}): check it and TELEINFO_SERIAL_PORT"
    return PortError(kind, text)


def device_lost(path: str, error: OSError | None) -> PortError:
    """Return why an open device gives no more bytes."""
    if error is not None and error.errno == errno.EBUSY:
        return PortError(Trouble.BUSY, _shared(path))
    return PortError(
        Trouble.GONE,
        f"the serial port {path} went away: the adapter was unplugged or lost its power. Check its cable",
    )


def stuck(path: str) -> PortError:
    """Return what to say while the system has not come back from opening or closing `path`."""
    return PortError(
        Trouble.STUCK,
        f"the system has not finished opening or closing the serial port {path}: its driver hangs. If this "
        "lasts, unplug the adapter and plug it in again, or restart the machine",
    )


def cannot_reach(where: str, error: BaseException) -> PortError:
    """Return why the bridge at `where` (host:port) cannot be reached."""
    if isinstance(error, socket.gaierror | UnicodeError):
        reason = "its name is not known here. Check the name and the network"
    elif isinstance(error, TimeoutError):
        reason = "it does not answer. Check that it is switched on and that no firewall is between"
    elif isinstance(error, ConnectionRefusedError) or f"[Errno {errno.ECONNREFUSED}]" in str(error):
        # Where a name has several addresses, asyncio joins the refusals into one text.
        reason = "nothing listens there. Check that the bridge runs, and its port number"
    else:
        reason = f"the network says: {error}. Check the network and the address"
    return PortError(Trouble.UNREACHABLE, f"the bridge at {where} cannot be reached: {reason}")


def bridge_lost(where: str, error: OSError | None) -> PortError:
    """Return why an open connection to a bridge gives no more bytes."""
    how = "closed the connection" if error is None else f"was lost ({error})"
    return PortError(
        Trouble.GONE, f"the bridge at {where} {how}: it was restarted, or serves another client. Check it"
    )


def _code(error: BaseException) -> int | None:
    """Return the errno behind what pyserial raised: some of its exceptions carry it only in their context."""
    if isinstance(error, termios.error):
        return int(error.args[0])
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno
    return None if error.__context__ is None else _code(error.__context__)


def _shared(path: str) -> str:
    return (
        f"another program reads the serial port {path}, and each would get a part of the bytes: stop that "
        f"program. If it is a login console, {_no_console(path)}"
    )


def _no_console(path: str) -> str:
    return f"switch it off: sudo systemctl disable --now serial-getty@{_name(os.path.realpath(path))}"


def _how_to_find(path: str) -> str:
    if _name(path).startswith(("ttyAMA", "ttyS", "serial")):
        return (
            "switch it on (sudo raspi-config, Interface Options, Serial Port: no login shell, hardware "
            "enabled), or correct TELEINFO_SERIAL_PORT"
        )
    return "check that the adapter is plugged in, and see what is there: ls -l /dev/serial/by-id"


def _name(path: str) -> str:
    return path.rpartition("/")[2]
