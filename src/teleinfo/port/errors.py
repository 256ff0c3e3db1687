"""
The faults of the port, in words for the user: what happened, what it means, what to do next.

All their texts are here. `open_port` and an open port raise `PortError`; the functions below create it from
an exception of the system or of pyserial: OSError, termios.error or ValueError.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import termios

from teleinfo.common.i18n import N_, _
from teleinfo.common.outage_log import OutageTexts
from teleinfo.vocabulary.line import PortErrorKind
from teleinfo.vocabulary.words import Message

OUTAGE_TEXTS = OutageTexts(
    begins=N_("no meter: {reason}; teleinfo keeps trying"),
    still=N_("still no meter after {lasted}: {reason}"),
    ends=N_("{name} is open again after {lasted}"),
)
"""Log messages about a port that is away; `{name}` is its path or address."""


class PortError(Exception):
    """
    The port cannot be read. The message is for the user, `kind` for programs.

    `str` is the message in English; `localized` is for the log and for a screen.
    """

    def __init__(self, kind: PortErrorKind, message: Message) -> None:
        super().__init__(str(message))
        self.kind = kind
        self._message = message

    @property
    def cause(self) -> PortErrorKind:
        """Cause, for grouping in the outage log; GONE counts as MISSING, which follows it."""
        return PortErrorKind.MISSING if self.kind is PortErrorKind.GONE else self.kind

    def localized(self) -> str:
        """Return the message in the language of the locale."""
        return _(self._message)


_CODES = {
    # EIO: a name without hardware behind it.
    PortErrorKind.MISSING: {errno.ENOENT, errno.ENOTDIR, errno.ENODEV, errno.ENXIO, errno.EIO},
    PortErrorKind.DENIED: {errno.EACCES, errno.EPERM},
    PortErrorKind.BUSY: {errno.EAGAIN, errno.EBUSY},
    PortErrorKind.SPEED: {errno.EINVAL},
}
_NOT_OPEN = {
    PortErrorKind.MISSING: N_("there is no serial port at {path}: {how}"),
    PortErrorKind.DENIED: N_(
        "no right to read the serial port {path}: add the user that runs teleinfo to the group of the serial "
        "ports (sudo usermod -aG dialout $USER, then log in again). If it is in it, a login console may hold "
        "the port; {how}"
    ),
    PortErrorKind.BUSY: N_(
        "another program reads the serial port {path}, and each would get a part of the bytes: stop that "
        "program. If it is a login console, {how}"
    ),
    PortErrorKind.SPEED: N_(
        "the serial port {path} cannot work at {baudrate} baud: correct TELEINFO_SERIAL_PORT, or "
        "TELEINFO_SERIAL_BAUDRATE if it is given"
    ),
    PortErrorKind.STUCK: N_(
        "the system has not finished opening or closing the serial port {path}: its driver hangs. If this "
        "lasts, unplug the adapter and plug it in again, or restart the machine"
    ),
    PortErrorKind.OTHER: N_(
        "the serial port {path} cannot be opened ({error}): check it and TELEINFO_SERIAL_PORT"
    ),
}
_NO_PORT = N_("{path} is not a serial port: correct TELEINFO_SERIAL_PORT")
_NO_RFC2217 = N_(
    "the bridge at {where} is no RFC 2217 server, or serves another client: check its mode. If it sends the "
    "bytes of the line alone, write socket:// instead of rfc2217:// in TELEINFO_SERIAL_PORT"
)
BAD_ADDRESS = N_("the address of the bridge must have the form socket://host:port")


def cannot_open(path: str, baudrate: int, error: BaseException) -> PortError:
    """Return the error for a device at `path` that does not open at `baudrate`; pyserial raised `error`."""
    _scheme, is_remote, where = path.partition("://")
    if is_remote and not isinstance(error, ValueError):
        if isinstance(error, TimeoutError):
            return cannot_reach(where, error)
        if error.__context__ is None:  # connected, but the negotiation failed
            return PortError(PortErrorKind.UNREACHABLE, Message(_NO_RFC2217, where=where))
        return cannot_reach(where, error.__context__)  # of the network; pyserial raises an error of its own
    code = _code(error)
    kind = next((kind for kind, codes in _CODES.items() if code in codes), PortErrorKind.OTHER)
    if isinstance(error, ValueError):
        kind = PortErrorKind.SPEED
    elif isinstance(error, TimeoutError):
        kind = PortErrorKind.STUCK
    words = _NO_PORT if code in {errno.ENOTTY, errno.EISDIR} else _NOT_OPEN[kind]
    # A login console that starts takes the port away from its group: the usual cause of DENIED.
    how = _how_to_find(path) if kind is PortErrorKind.MISSING else _no_console(path)
    return PortError(kind, Message(words, path=path, baudrate=baudrate, error=error, how=how))


def device_lost(path: str, error: Exception | None) -> PortError:
    """Return the error for an open device that delivers no more bytes."""
    if error is not None and _code(error) == errno.EBUSY:
        shared = Message(_NOT_OPEN[PortErrorKind.BUSY], path=path, how=_no_console(path))
        return PortError(PortErrorKind.BUSY, shared)
    gone = Message(
        "the serial port {path} went away: the adapter was unplugged or lost its power. Check its cable",
        path=path,
    )
    return PortError(PortErrorKind.GONE, gone)


def cannot_reach(where: str, error: BaseException) -> PortError:
    """Return the error for a bridge at `where` (host:port) that cannot be reached; asyncio raised `error`."""
    if where.startswith("/"):
        return _no_service(where)
    if isinstance(error, socket.gaierror | UnicodeError):
        reason = Message("its name is not known here. Check the name and the network")
    elif isinstance(error, TimeoutError):
        reason = Message("it does not answer. Check that it is switched on and that no firewall is between")
    elif isinstance(error, ConnectionRefusedError) or f"[Errno {errno.ECONNREFUSED}]" in str(error):
        # Where a name has several addresses, asyncio joins the refusals into one text.
        reason = Message("nothing listens there. Check that the bridge runs, and its port number")
    else:
        reason = Message("the network says: {error}. Check the network and the address", error=error)
    unreachable = Message("the bridge at {where} cannot be reached: {reason}", where=where, reason=reason)
    return PortError(PortErrorKind.UNREACHABLE, unreachable)


def bridge_lost(where: str, error: Exception | None) -> PortError:
    """Return the error for an open connection to a bridge that delivers no more bytes."""
    if where.startswith("/"):
        return _no_service(where)
    how = Message("closed the connection") if error is None else Message("was lost ({error})", error=error)
    words = N_("the bridge at {where} {how}: it was restarted, or serves another client. Check it")
    return PortError(PortErrorKind.GONE, Message(words, where=where, how=how))


def _no_service(where: str) -> PortError:
    words = N_("the service no longer gives the bytes of the line at {where}: it was stopped or restarted")
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(0)
        probe.connect(where)
        words = N_(
            "the service gives the bytes of the line at {where} to eight readers at a time, and dropped this "
            "one: there are eight others, or this one is too slow. End a watch, record, decode or doctor"
        )
    return PortError(PortErrorKind.GONE, Message(words, where=where))


def _code(error: BaseException) -> int | None:
    """Return the errno of an exception of pyserial; some exceptions have it only in their context."""
    if isinstance(error, termios.error):
        return int(error.args[0])
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno
    return None if error.__context__ is None else _code(error.__context__)


def _no_console(path: str) -> Message:
    folder, _slash, name = os.path.realpath(path).rpartition("/")
    if folder != "/dev":  # a pseudo-terminal, on which systemd runs no login console
        return Message("end it")
    return Message("switch it off: sudo systemctl disable --now serial-getty@{name}", name=name)


def _how_to_find(path: str) -> Message:
    if path.rpartition("/")[2].startswith(("ttyAMA", "ttyS", "serial")):
        return Message(
            "switch it on (sudo raspi-config, Interface Options, Serial Port: no login shell, hardware "
            "enabled), or correct TELEINFO_SERIAL_PORT"
        )
    return Message("check that the adapter is plugged in, and see what is there: ls -l /dev/serial/by-id")
