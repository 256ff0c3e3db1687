"""
Bytes from a serial port, or from a TCP bridge to a serial port; every failure is a `PortError`.

The far end of a bridge sets the speed, and usually removes the parity. The Unix socket of a service that
reads the port (`line_socket`) is opened in the same way. A bridge by RFC 2217 is a serial port of pyserial
without a descriptor, which a thread reads.

The port is opened 8N1. On the wire that is the same ten bits as the 7E1 of the meter (Enedis-NOI-CPT_54E), so
that the parity arrives as bit 7 and is checked where the characters are read. Nothing blocks the event loop:
opening and closing may hang in a driver, so they run in a thread, and the wait for them is bounded.

A port is closed, and the closing waited for, before it is opened again: many bridges serve one client at a
time and refuse a second one. At the end of the block, the far end of a bridge is told first, and closes.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import select
import socket
import termios
import threading
from concurrent.futures import CancelledError, Future
from functools import cache, partial
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar
from urllib.parse import urlsplit

import serial
import serial.rfc2217
import serial_asyncio

from teleinfo.common.event_loop import DaemonThreadExecutor
from teleinfo.port.canonical_mode import CanonicalMode, restore
from teleinfo.port.errors import PortError, bridge_lost, cannot_open, cannot_reach, device_lost, error_of
from teleinfo.port.faults import PortFault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable


OnData: TypeAlias = "Callable[[bytes], None]"
"""Receiver of the bytes of a port, which must not block: it is called by the event loop."""

BRIDGE: Final = "socket://"
UNIX: Final = "unix://"
RFC2217: Final = "rfc2217://"
"""A bridge whose speed we set (RFC 2217)."""

# TCP keepalive detects a bridge that vanished without closing: 10 s idle, then 3 probes, 5 s apart.
_KEEPALIVE = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 10),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 5),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3),
)

OPEN_TIMEOUT = 10.0
"""Seconds that an opening may take: a driver may hang, a firewall may swallow packets."""

CLOSE_TIMEOUT = 0.5
"""
Seconds to wait for a closing: a stop must not wait for a driver, or for a bridge that does not answer.

The closing of a driver then goes on in its thread, and the next opening waits for it.
"""

# The exceptions of pyserial. termios.error is no OSError; ValueError means a speed that the driver refuses.
_FAULTS = (OSError, termios.error, ValueError)

_threads = DaemonThreadExecutor()

# The last closing of each port, for which the next opening waits: otherwise each attempt on a port that hangs
# would leave one more stuck thread, and a port that closes slowly would be busy.
_closing: dict[str, Future[None]] = {}


class LineProtocol(asyncio.Protocol):
    """
    An open port, which hands its bytes to `on_data` in the turn of the event loop in which they arrive.

    `explain` turns the system error that ended the connection (None without an error) into a PortError.
    `canonical_mode` is None behind a bridge.
    `lost` completes when the connection is lost or `on_data` raises; its result is the exception that `wait`
    raises. `closed` completes when the transport is closed. Create the object inside the event loop.
    """

    def __init__(self, on_data: OnData, explain: Callable[[Exception | None], PortError]) -> None:
        self.canonical_mode: CanonicalMode | None = None
        self.lost: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._on_data = on_data
        self._explain = explain

    async def wait(self, seconds: float) -> None:
        """
        Return after this many seconds, or raise as soon as the port is lost.

        Raises PortError (GONE, or BUSY if another program reads too), or the exception that `on_data` raised.
        """
        await asyncio.wait({self.lost}, timeout=seconds)
        if self.lost.done():
            raise self.lost.result()

    def data_received(self, data: bytes) -> None:
        """Pass the bytes to `on_data`, unless it raised or the block has ended."""
        if self.lost.done():
            return
        try:
            self._on_data(data)
        except BaseException as error:  # noqa: BLE001 - raised again, by `wait`
            # If it were raised here, the event loop would only log it and go on.
            self.lost.set_result(error)

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the future `lost` the reason as its result."""
        self.closed.set_result(None)
        if not self.lost.done():
            self.lost.set_result(self._explain(exc))


def is_bridge(url: str) -> bool:
    """Return True if `url` names a bridge or the socket of a service, and not a device."""
    return url.startswith((BRIDGE, UNIX))


def is_remote(url: str) -> bool:
    """Return True if `url` names a bridge of either kind: it has a host and a port in place of a path."""
    return url.startswith((BRIDGE, RFC2217))


def open_port(
    url: str, baudrate: int, on_data: OnData
) -> contextlib.AbstractAsyncContextManager[LineProtocol]:
    """
    Open `url`, a device path or a bridge (socket://… or rfc2217://…), and close it at the end of the block.

    `on_data` receives the bytes in the turn of the event loop in which they arrive, from the first byte on.
    `baudrate` is in bits per second; a bridge has a speed of its own. The path is resolved anew each time, so
    that a link under /dev/serial/by-id leads to its device whatever number the device has now. Bytes that the
    port received before are discarded. Raises PortError.
    """
    if is_bridge(url):
        return _bridge(url, on_data)
    if is_remote(url):
        return _remote(url, baudrate, on_data)
    return _device(url, baudrate, on_data)


class SerialDevice(serial.Serial):
    """
    A serial device that never blocks the event loop, and raises only what its transport expects.

    Create its `CanonicalMode` before it is read. The transport of pyserial-asyncio 0.6 calls `read`,
    `flush` and `close` in the event loop, and expects no exception from `read` but SerialException;
    `tests/port/test_serial_port.py` fails if that changes.
    """

    def read(self, size: int = 1, /) -> bytes:
        """
        Return at most `size` bytes, as the line sent them; the device must be readable.

        The method of pyserial waits with select(2), and takes an empty read for a lost device, although
        another program may have been faster. Raises SerialException: with EIO if the line is hung up, with
        EBUSY if another program reads too.
        """
        try:
            data = os.read(self.fileno(), size)
        except BlockingIOError:
            data = b""  # in canonical mode, or where another program reads at this very moment
        except OSError as error:
            raise serial.SerialException(error.errno, str(error)) from error
        if not data:
            # The event loop saw a byte or a hang-up: the line is hung up, or a second reader was faster.
            poller = select.poll()
            poller.register(self.fileno(), 0)  # a hang-up is reported in any case
            code = errno.EIO if poller.poll(0) else errno.EBUSY
            raise serial.SerialException(code, os.strerror(code))
        return restore(data)

    def flush(self) -> None:
        """Do nothing: nothing is ever written, and tcdrain may never return."""

    def close(self) -> None:
        """Do nothing, since a driver may hang here: `release` closes the device, in a thread."""

    def release(self) -> None:
        """Close the device for good. May block."""
        with contextlib.suppress(OSError):
            super().close()


class RemoteDevice(serial.rfc2217.Serial):
    """
    A serial device behind a server of RFC 2217; opening and closing it blocks.

    The two attributes are those of pyserial 3.5, which has no public way to wait for the end of a connection.
    """

    _socket: socket.socket
    _thread: threading.Thread

    def from_url(self, url: str) -> tuple[str, int]:
        """
        Return host and port, and have pyserial ignore the answers to a setting of DTR and RTS.

        sredird never answers, and ser2net does not where the port lacks these wires.
        """
        return super().from_url(f"{url}?ign_set_control")

    def release(self) -> None:
        """Tell the server, wait until it ends the connection, and close the device."""
        with self._socket as connection:  # pyserial does not close a connection that the server has ended
            with contextlib.suppress(OSError):  # the server was faster
                connection.shutdown(socket.SHUT_WR)
                self._thread.join(OPEN_TIMEOUT / 2)  # the next opening needs the other half
            self.close()

    def copy_to(self, out: socket.socket) -> None:
        """Copy the bytes to `out` until the connection is lost or the device is closed."""
        with out, contextlib.suppress(OSError):
            while True:
                out.sendall(self.read(max(1, self.in_waiting)))


@contextlib.asynccontextmanager
async def _bridge(url: str, on_data: OnData) -> AsyncIterator[LineProtocol]:
    where = url.removeprefix(BRIDGE).removeprefix(UNIX)
    make_protocol = partial(LineProtocol, on_data, partial(bridge_lost, where))
    loop = asyncio.get_running_loop()
    is_service = url.startswith(UNIX)
    try:
        async with asyncio.timeout(OPEN_TIMEOUT):
            if is_service:
                transport, protocol = await loop.create_unix_connection(make_protocol, where)
            else:
                host, port = _address(url)
                transport, protocol = await loop.create_connection(make_protocol, host, port)
    except (OSError, ValueError) as error:  # ValueError: odd host names, UnicodeError among them
        raise cannot_reach(where, error) from error
    try:
        if not is_service:
            for option in _KEEPALIVE:
                transport.get_extra_info("socket").setsockopt(*option)
        yield protocol
    finally:
        protocol.lost.cancel()  # no more bytes for `on_data`
        try:
            with contextlib.suppress(OSError):  # the far end was faster
                transport.write_eof()
            await asyncio.wait({protocol.closed}, timeout=CLOSE_TIMEOUT)
        finally:
            transport.abort()
            await asyncio.wait({protocol.closed})  # in the next turn of the event loop


def _address(url: str) -> tuple[str, int]:
    with contextlib.suppress(ValueError):
        parts = urlsplit(url)
        if parts.hostname and parts.port:
            return parts.hostname, parts.port
    raise error_of(PortFault.BRIDGE_ADDRESS)


D = TypeVar("D", SerialDevice, RemoteDevice)


@cache
def _hide_failures_of_pyserial() -> None:
    """
    Keep the tracebacks of pyserial's threads out of the log.

    The thread that receives the bytes fails at a server that sends anything but RFC 2217. That is reported
    already, where the device is opened or read.
    """
    before = threading.excepthook

    def report(failure: threading.ExceptHookArgs) -> None:
        if failure.thread is None or not failure.thread.name.startswith("pySerial RFC 2217"):
            before(failure)

    threading.excepthook = report


@contextlib.asynccontextmanager
async def _remote(url: str, baudrate: int, on_data: OnData) -> AsyncIterator[LineProtocol]:
    _hide_failures_of_pyserial()
    async with _opened_in_thread(url, baudrate, partial(RemoteDevice, timeout=1)) as device:
        ours, theirs = socket.socketpair()
        _threads.submit(device.copy_to, theirs)
        transport, protocol = await asyncio.get_running_loop().create_connection(
            partial(LineProtocol, on_data, partial(bridge_lost, url.removeprefix(RFC2217))), sock=ours
        )
        with contextlib.closing(transport):
            yield protocol


@contextlib.asynccontextmanager
async def _device(path: str, baudrate: int, on_data: OnData) -> AsyncIterator[LineProtocol]:
    async with _opened_in_thread(path, baudrate, _open_device) as device:
        with contextlib.ExitStack() as stack:
            try:
                transport, protocol = await serial_asyncio.connection_for_serial(
                    asyncio.get_running_loop(),
                    partial(LineProtocol, on_data, partial(device_lost, path)),
                    device,
                )
                stack.callback(transport.close)  # stops the reading at once
                # Before the first byte is read, and after pyserial has set the terminal once more.
                protocol.canonical_mode = CanonicalMode(device.fileno())
            except _FAULTS as error:
                raise cannot_open(path, baudrate, error) from error
            yield protocol


def _open_device(path: str, baudrate: int) -> SerialDevice:
    if baudrate <= 0:
        raise ValueError(baudrate)  # B0 would hang up the line
    # pyserial's defaults are 8N1.
    return SerialDevice(path, baudrate, timeout=0, write_timeout=0, exclusive=True)


@contextlib.asynccontextmanager
async def _opened_in_thread(path: str, baudrate: int, open_: Callable[[str, int], D]) -> AsyncIterator[D]:
    """Open a device in a thread, and close it in a thread at the end, or whenever it opens if that hangs."""
    opening: Future[D] | None = None
    try:
        try:
            async with asyncio.timeout(OPEN_TIMEOUT):
                if path in _closing:
                    await asyncio.wait({asyncio.wrap_future(_closing[path])})
                opening = _threads.submit(open_, path, baudrate)
                device = await asyncio.wrap_future(opening)
        except _FAULTS as error:
            raise cannot_open(path, baudrate, error) from error
        yield device
    finally:
        if opening is not None:
            _closing[path] = _threads.submit(_release, opening)
            await asyncio.wait({asyncio.wrap_future(_closing[path])}, timeout=CLOSE_TIMEOUT)


def _release(opening: Future[D]) -> None:
    """Wait for an opening, and close its device if it succeeds."""
    with contextlib.suppress(CancelledError, *_FAULTS):
        opening.result().release()
