"""
The street door: bytes from a serial port, or from a TCP bridge to one.

`open_port` is the one way in; what it gives has `read` and `listen`, and what goes wrong is a `PortError`. No
other file knows pyserial or pyserial-asyncio.

The port is opened 8N1. On the wire that is the same ten bits as the 7E1 of the meter (Enedis-NOI-CPT_54E), so
that the parity arrives as bit 7 and is checked where the characters are read. Nothing blocks the event loop:
opening and closing, which may hang in a driver, happen in a thread and are waited for a bounded time.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import select
import termios
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import serial
import serial_asyncio

from teleinfo.common.executor import DaemonThreadExecutor
from teleinfo.port.canonical_mode import CanonicalMode
from teleinfo.port.errors import (
    PortError,
    bridge_lost,
    cannot_open,
    device_lost,
    stuck,
)
from teleinfo.port.protocol import Stream
from teleinfo.port.tcp_bridge import BRIDGE, reached

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from concurrent.futures import Future

T = TypeVar("T")

CHUNK = 4096
"""The most that one read returns, bytes."""

OPEN_LIMIT = 10.0
"""How long an opening may take, seconds: a driver may hang, a firewall may swallow packets."""

CLOSE_LIMIT = 0.5
"""How long a closing is waited for, seconds. It goes on in its thread; a stop must not wait for a driver."""

# What pyserial lets out: termios.error is no OSError, ValueError is a speed that the driver refuses.
_FAULTS = (OSError, termios.error, ValueError)

_threads = DaemonThreadExecutor()

# The ports that a thread still opens or closes. Without it each attempt on a port that hangs would leave one
# more stuck thread, and a port that is slow to close would meet its own lock.
_unfinished: set[str] = set()


class Port:
    """An open port. Only `open_port` makes one."""

    def __init__(
        self,
        stream: Stream,
        explain: Callable[[OSError | None], PortError],
        doze: CanonicalMode | None = None,
    ) -> None:
        self._stream = stream
        self._explain = explain
        self._doze = doze

    async def read(self) -> bytes:
        """
        Wait for at least one byte and return what is there, at most `CHUNK` bytes.

        Cancelling it loses no byte. Raises PortError: GONE, or BUSY when another program reads too.
        """
        try:
            data = await self._stream.read(CHUNK)
        except OSError as error:
            if error is self._stream.thrown:
                raise
            raise self._explain(error) from error
        if not data:
            raise self._explain(None)
        return self._as_sent(data)

    def listen(self, listener: Callable[[bytes], None]) -> None:
        """
        Hand bytes to `listener` as soon as they come, from now on.

        What came before is for `read`, which then waits for the end of the port and raises as ever; it also
        raises what the listener raised.
        """
        self._stream.listener = lambda data: listener(self._as_sent(data))

    def _as_sent(self, data: bytes) -> bytes:
        return data if self._doze is None else self._doze.undo(data)

    def doze(self) -> None:
        """
        Be woken at ETX only, until `rouse`: `read` then returns whole frames. No byte is lost.

        Only for a line with parity (see `doze`). A port that cannot do it stays as it is.
        """
        if self._doze is not None and self._doze.able and not self._doze.deep:
            with contextlib.suppress(*_FAULTS):
                self._doze.begin()

    def rouse(self) -> None:
        """Be woken at each byte again."""
        if self._doze is not None and self._doze.deep:
            with contextlib.suppress(*_FAULTS):  # if the port is gone `read` says it
                self._doze.end()


@contextlib.asynccontextmanager
async def open_port(url: str, baudrate: int) -> AsyncIterator[Port]:
    """
    Open `url`, a device path or `socket://host:port`, and close it at the end of the block.

    `baudrate` is in bits a second; the far end of a bridge has its own. The path is resolved anew each time,
    so that a link under /dev/serial/by-id finds its device whatever number it has now. What the port received
    before is thrown away. Raises PortError.
    """
    if url in _unfinished:
        raise stuck(url)
    async with _bridge(url) if url.startswith(BRIDGE) else _device(url, baudrate) as port:
        yield port


class _Tty(serial.Serial):
    """
    A serial device that never makes the event loop wait, nor surprises it.

    The transport of pyserial-asyncio 0.6 calls these three from the loop, and expects SerialException only.
    """

    def read(self, size: int = 1, /) -> bytes:
        """Return what is there, at most `size` bytes. Raises SerialException: EIO hung up, EBUSY shared."""
        try:
            data = os.read(self.fileno(), size)
        except BlockingIOError:
            data = b""  # so says a terminal that dozes, or that another program reads at this very moment
        except OSError as error:
            raise serial.SerialException(error.errno, str(error)) from error
        if not data:
            # The loop said that there is something: the line is hung up, or a second reader was faster.
            code = errno.EIO if self._hung_up() else errno.EBUSY
            raise serial.SerialException(code, os.strerror(code))
        return data

    def flush(self) -> None:
        """Do nothing: nothing is ever written, and tcdrain may never return."""

    def close(self) -> None:
        """Do nothing: the transport calls this one in the loop. `release` closes."""

    def release(self) -> None:
        """Close the device for good. May block."""
        with contextlib.suppress(OSError):
            super().close()

    def _hung_up(self) -> bool:
        poller = select.poll()
        poller.register(self.fileno(), 0)  # a hang-up is reported without asking
        return bool(poller.poll(0))


@contextlib.asynccontextmanager
async def _device(path: str, baudrate: int) -> AsyncIterator[Port]:
    tty = await _open_in_thread(path, baudrate)
    try:
        stream = Stream()
        protocol = asyncio.StreamReaderProtocol(stream)
        try:
            transport, _ = await serial_asyncio.connection_for_serial(
                asyncio.get_running_loop(), lambda: protocol, tty
            )
        except _FAULTS as error:
            raise cannot_open(path, baudrate, error) from error
        try:
            yield Port(stream, partial(device_lost, path), _doze_of(tty))
        finally:
            transport.close()  # stops the reading at once; the descriptor is closed below
    finally:
        closing = _work(path, tty.release)
        await asyncio.wait({asyncio.wrap_future(closing)}, timeout=CLOSE_LIMIT)


def _doze_of(tty: _Tty) -> CanonicalMode | None:
    try:
        return CanonicalMode(tty.fileno())
    except _FAULTS:
        return None  # it just went away: the first `read` says it


async def _open_in_thread(path: str, baudrate: int) -> _Tty:
    opening = _work(path, partial(_open_tty, path, baudrate))
    tty = None
    try:
        async with asyncio.timeout(OPEN_LIMIT):
            tty = await asyncio.wrap_future(opening)
    except _FAULTS as error:
        raise cannot_open(path, baudrate, error) from error
    finally:
        if tty is None:
            # Nobody waits for it any more: whenever it opens, it is closed.
            opening.add_done_callback(_release_unwanted)
    return tty


def _open_tty(path: str, baudrate: int) -> _Tty:
    if baudrate <= 0:
        raise ValueError(baudrate)  # B0 would hang up the line
    tty = _Tty(
        path,
        baudrate,
        bytesize=serial.EIGHTBITS,
        parity=serial.PARITY_NONE,
        stopbits=serial.STOPBITS_ONE,
        timeout=0,
        write_timeout=0,
        exclusive=True,
    )
    try:
        _make_raw(tty.fileno())
    except _FAULTS:
        tty.release()
        raise
    return tty


def _make_raw(descriptor: int) -> None:
    """
    Clear what pyserial leaves as it found it, and throw away what the line held before.

    All input flags go: a break must not flush the line (BRKINT), no byte may vanish (IGNPAR, IXON, IGNCR) or
    change (ISTRIP, ICRNL, PARMRK).
    """
    attributes = termios.tcgetattr(descriptor)
    attributes[0] = 0
    termios.tcsetattr(descriptor, termios.TCSANOW, attributes)
    termios.tcflush(descriptor, termios.TCIOFLUSH)


def _release_unwanted(opening: Future[_Tty]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().release()


def _work(path: str, work: Callable[[], T]) -> Future[T]:
    """Run `work`, which opens or closes the port, in a thread."""
    _unfinished.add(path)
    future = _threads.submit(work)
    future.add_done_callback(lambda _: _unfinished.discard(path))
    return future


@contextlib.asynccontextmanager
async def _bridge(url: str) -> AsyncIterator[Port]:
    async with reached(url, limit=OPEN_LIMIT) as (stream, where):
        yield Port(stream, partial(bridge_lost, where))
