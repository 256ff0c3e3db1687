"""
The errors of the port; `faults` has their words.

`open_port` and an open port raise `PortError`; the functions below create it from an exception of the system
or of pyserial: OSError, termios.error or ValueError.
"""

from __future__ import annotations

import errno
import os
import socket
import termios
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from teleinfo.common.i18n import N_, _
from teleinfo.common.outage_log import OutageTexts
from teleinfo.port.faults import PortFault
from teleinfo.vocabulary.words import Message

if TYPE_CHECKING:
    from teleinfo.vocabulary.line import PortErrorKind

OUTAGE_TEXTS = OutageTexts(
    begins=N_("no meter: {reason}; teleinfo keeps trying"),
    still=N_("still no meter after {lasted}: {reason}"),
    ends=N_("{name} is open again after {lasted}"),
)
"""Log messages about a port that is away; `{name}` is its path or address."""


class PortError(Exception):
    """
    The port cannot be read. The message is for the user, `kind` for programs.

    `str` is the `message` in English; `localized` is for the log and for a screen.
    """

    def __init__(self, kind: PortErrorKind, message: Message) -> None:
        super().__init__(str(message))
        self.kind = kind
        self.message = message

    def __reduce__(self) -> tuple[Any, ...]:
        """Copy and pickle the error as its kind and message, for pools of processes."""
        return type(self), (self.kind, self.message)

    def localized(self) -> str:
        """Return the message in the language of the locale."""
        return _(self.message)


_BY_ERRNO: Final = {
    errno.ENOENT: PortFault.MISSING,
    errno.ENOTDIR: PortFault.MISSING,
    errno.ENODEV: PortFault.MISSING,
    errno.ENXIO: PortFault.MISSING,
    errno.EIO: PortFault.MISSING,
    errno.EACCES: PortFault.DENIED,
    errno.EPERM: PortFault.DENIED,
    errno.EAGAIN: PortFault.BUSY,
    errno.EBUSY: PortFault.BUSY,
    errno.EINVAL: PortFault.SPEED,
    errno.ENOTTY: PortFault.NO_PORT,
    errno.EISDIR: PortFault.NO_PORT,
}
"""The faults that the errors of the system (errno(3)) mean when a device is opened."""


def error_of(fault: PortFault, /, **fields: object) -> PortError:
    """Return the error for a fault; `fields` are those of its text."""
    return PortError(fault.value.kind, Message(fault.value.message, **fields))


def cannot_open(path: str, baudrate: int, error: BaseException) -> PortError:
    """Return the error for a device at `path` that does not open at `baudrate`; pyserial raised `error`."""
    _scheme, is_remote, where = path.partition("://")
    if is_remote and not isinstance(error, ValueError):
        # pyserial raises an error of its own, after one of the network.
        cause = error if isinstance(error, TimeoutError) else error.__context__
        if cause is None:  # connected, but the negotiation failed
            return error_of(PortFault.BRIDGE_NO_RFC2217, where=where)
        return cannot_reach(where, cause)
    fault = _fault_of_opening(error)
    is_uart = Path(path).name.startswith(("ttyAMA", "ttyS", "serial"))
    if fault is PortFault.MISSING and is_uart:
        fault = PortFault.MISSING_UART
    return error_of(fault, path=path, name=_device(path), baudrate=baudrate, error=str(error))


def _fault_of_opening(error: BaseException) -> PortFault:
    if isinstance(error, TimeoutError):
        return PortFault.STUCK
    code = _code(error)
    if code is not None:
        return _BY_ERRNO.get(code, PortFault.OTHER)
    if isinstance(error, ValueError):  # of pyserial: a speed that no port has
        return PortFault.SPEED
    return PortFault.OTHER


def device_lost(path: str, error: Exception | None) -> PortError:
    """Return the error for an open device that delivers no more bytes."""
    is_shared = error is not None and _code(error) == errno.EBUSY
    fault = PortFault.BUSY if is_shared else PortFault.GONE
    return error_of(fault, path=path, name=_device(path))


def cannot_reach(where: str, error: BaseException) -> PortError:
    """Return the error for a bridge at `where` (host:port) that cannot be reached; asyncio raised `error`."""
    if where.startswith("/"):
        return _no_service(where)
    fault = PortFault.BRIDGE_NETWORK
    if isinstance(error, socket.gaierror | UnicodeError):
        fault = PortFault.BRIDGE_NAME
    elif isinstance(error, TimeoutError):
        fault = PortFault.BRIDGE_SILENT
    elif isinstance(error, ConnectionRefusedError) or f"[Errno {errno.ECONNREFUSED}]" in str(error):
        # Where a name has several addresses, asyncio joins the refusals into one text.
        fault = PortFault.BRIDGE_REFUSED
    return error_of(fault, where=where, error=str(error))


def bridge_lost(where: str, error: Exception | None) -> PortError:
    """Return the error for an open connection to a bridge that delivers no more bytes."""
    if where.startswith("/"):
        return _no_service(where)
    fault = PortFault.BRIDGE_CLOSED if error is None else PortFault.BRIDGE_LOST
    return error_of(fault, where=where, error=str(error))


def _no_service(where: str) -> PortError:
    """Return the error for the socket of a service that gives no bytes: the service has ended, or is full."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(0)
        try:
            probe.connect(where)
        except BlockingIOError:
            fault = PortFault.SERVICE_FULL  # others wait for it already
        except OSError:
            fault = PortFault.SERVICE_STOPPED
        else:
            fault = PortFault.SERVICE_FULL  # it listens, and has dropped this reader
    return error_of(fault, where=where)


def _code(error: BaseException) -> int | None:
    """Return the errno of an exception of pyserial; some exceptions have it only in their context."""
    if isinstance(error, termios.error):
        return int(error.args[0])
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno
    return None if error.__context__ is None else _code(error.__context__)


def _device(path: str) -> str:
    """Return the name of the device, for which systemd may run a login console."""
    return os.path.basename(os.path.realpath(path))  # noqa: PTH119 - of a text
