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

from teleinfo.common.i18n import N_, Sentence


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
    """
    There is no port to read; the message is for a household, `kind` for a program.

    `str` gives the message in English, for the log, and `told` in the language of the reader, for a screen.
    """

    def __init__(self, kind: Trouble, message: Sentence) -> None:
        super().__init__(str(message))
        self.kind = kind
        self._message = message

    def told(self) -> str:
        """Return the message in the language of the locale."""
        return self._message.told()


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


_NOT_OPEN = {
    Trouble.MISSING: N_("there is no serial port at {path}: {how}"),
    Trouble.DENIED: N_(
        "no right to read the serial port {path}: add the user that runs teleinfo to the group of the serial "
        "ports (sudo usermod -aG dialout $USER, then log in again). If it is in it, a login console may hold "
        "the port; {how}"
    ),
    Trouble.BUSY: N_(
        "another program reads the serial port {path}, and each would get a part of the bytes: stop that "
        "program. If it is a login console, {how}"
    ),
    Trouble.SPEED: N_(
        "the serial port {path} cannot work at {baudrate} baud: correct TELEINFO_SERIAL_PORT, or "
        "TELEINFO_SERIAL_BAUDRATE if it is given"
    ),
    Trouble.STUCK: N_(
        "the serial port {path} does not open: its driver hangs. Unplug the adapter and plug it in again"
    ),
    Trouble.OTHER: N_("the serial port {path} cannot be opened ({error}): check it and TELEINFO_SERIAL_PORT"),
}
_NO_PORT = N_("{path} is not a serial port: correct TELEINFO_SERIAL_PORT")


def cannot_open(path: str, baudrate: int, error: BaseException) -> PortError:
    """Return why the device at `path` does not open at `baudrate`; `error` is what pyserial raised."""
    code = _code(error)
    kind = _KINDS.get(code, Trouble.OTHER)
    if isinstance(error, ValueError):
        kind = Trouble.SPEED
    elif isinstance(error, TimeoutError):
        kind = Trouble.STUCK
    words = _NO_PORT if code in {errno.ENOTTY, errno.EISDIR} else _NOT_OPEN[kind]
    # A console that starts takes the port away from its group, and that is how a household meets DENIED.
    how = _how_to_find(path) if kind is Trouble.MISSING else _no_console(path)
    return PortError(kind, Sentence(words, path=path, baudrate=baudrate, error=error, how=how))


def device_lost(path: str, error: OSError | None) -> PortError:
    """Return why an open device gives no more bytes."""
    if error is not None and error.errno == errno.EBUSY:
        shared = Sentence(_NOT_OPEN[Trouble.BUSY], path=path, how=_no_console(path))
        return PortError(Trouble.BUSY, shared)
    return PortError(
        Trouble.GONE,
        Sentence(
            "the serial port {path} went away: the adapter was unplugged or lost its power. Check its cable",
            path=path,
        ),
    )


def stuck(path: str) -> PortError:
    """Return what to say while the system has not come back from opening or closing `path`."""
    return PortError(
        Trouble.STUCK,
        Sentence(
            "the system has not finished opening or closing the serial port {path}: its driver hangs. If "
            "this lasts, unplug the adapter and plug it in again, or restart the machine",
            path=path,
        ),
    )


def no_address() -> PortError:
    """Return what to say of a bridge whose address cannot be read."""
    return PortError(
        Trouble.OTHER, Sentence("the address of the bridge must have the form socket://host:port")
    )


def cannot_reach(where: str, error: BaseException) -> PortError:
    """Return why the bridge at `where` (host:port) cannot be reached."""
    if isinstance(error, socket.gaierror | UnicodeError):
        reason = Sentence("its name is not known here. Check the name and the network")
    elif isinstance(error, TimeoutError):
        reason = Sentence("it does not answer. Check that it is switched on and that no firewall is between")
    elif isinstance(error, ConnectionRefusedError) or f"[Errno {errno.ECONNREFUSED}]" in str(error):
        # Where a name has several addresses, asyncio joins the refusals into one text.
        reason = Sentence("nothing listens there. Check that the bridge runs, and its port number")
    else:
        reason = Sentence("the network says: {error}. Check the network and the address", error=error)
    return PortError(
        Trouble.UNREACHABLE,
        Sentence("the bridge at {where} cannot be reached: {reason}", where=where, reason=reason),
    )


def bridge_lost(where: str, error: OSError | None) -> PortError:
    """Return why an open connection to a bridge gives no more bytes."""
    how = Sentence("closed the connection") if error is None else Sentence("was lost ({error})", error=error)
    return PortError(
        Trouble.GONE,
        Sentence(
            "the bridge at {where} {how}: it was restarted, or serves another client. Check it",
            where=where,
            how=how,
        ),
    )


def _code(error: BaseException) -> int | None:
    """Return the errno behind what pyserial raised: some of its exceptions carry it only in their context."""
    if isinstance(error, termios.error):
        return int(error.args[0])
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno
    return None if error.__context__ is None else _code(error.__context__)


def _no_console(path: str) -> Sentence:
    name = _name(os.path.realpath(path))
    return Sentence("switch it off: sudo systemctl disable --now serial-getty@{name}", name=name)


def _how_to_find(path: str) -> Sentence:
    if _name(path).startswith(("ttyAMA", "ttyS", "serial")):
        return Sentence(
            "switch it on (sudo raspi-config, Interface Options, Serial Port: no login shell, hardware "
            "enabled), or correct TELEINFO_SERIAL_PORT"
        )
    return Sentence("check that the adapter is plugged in, and see what is there: ls -l /dev/serial/by-id")


def _name(path: str) -> str:
    return path.rpartition("/")[2]
