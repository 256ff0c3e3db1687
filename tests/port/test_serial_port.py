"""Opening, reading and losing a port, with real pseudo-terminals and real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
import termios
import threading
from functools import partial
from typing import TYPE_CHECKING

import pytest
import serial

from teleinfo.port import serial_port
from teleinfo.port.canonical_mode import CanonicalMode
from teleinfo.port.errors import PortError, cannot_open, cannot_reach, device_lost
from teleinfo.port.serial_port import LineProtocol, open_port
from teleinfo.vocabulary.line import PortErrorKind
from tests.support.ports import descriptors, ignore, until
from tests.support.process import LIMIT
from tests.support.rfc2217 import Bridge

if TYPE_CHECKING:
    from collections.abc import Iterator

    from teleinfo.simulator.serial_line import SerialLine

# pyserial 3.5 starts its thread by setDaemon() and setName().
pytestmark = [pytest.mark.real, pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")]

ALL_BYTES = bytes(range(256)) * 4


async def came(data: bytearray, size: int) -> bytes:
    """Wait until `size` bytes came, and return all that did."""
    await until(lambda: len(data) >= size)
    return bytes(data)


async def failure_of(url: str, baudrate: int = 1200) -> PortError:
    """Open `url`, which must fail, and return how."""
    with pytest.raises(PortError) as caught:
        async with asyncio.timeout(LIMIT), open_port(url, baudrate, ignore):
            pytest.fail("the port opened")
    return caught.value


async def test_every_byte_comes_through_unchanged(line: SerialLine) -> None:
    """NUL, XON, XOFF, DEL and bit 7 arrive as they were sent, however the terminal was set before."""
    slave = os.open(line.path, os.O_RDWR | os.O_NOCTTY)
    attributes = termios.tcgetattr(slave)
    attributes[0] |= termios.BRKINT | termios.IXON | termios.ISTRIP | termios.ICRNL | termios.PARMRK
    attributes[0] |= termios.IGNPAR | termios.INPCK | termios.IXOFF | termios.IGNCR | termios.INLCR
    attributes[3] |= termios.ICANON | termios.ISIG | termios.ECHO
    termios.tcsetattr(slave, termios.TCSANOW, attributes)
    os.close(slave)
    data = bytearray()
    async with open_port(line.port, 1200, data.extend):
        line.write(ALL_BYTES)
        assert await came(data, len(ALL_BYTES)) == ALL_BYTES


async def test_what_the_port_held_before_is_thrown_away(line: SerialLine) -> None:
    holder = os.open(line.path, os.O_RDWR | os.O_NOCTTY)
    line.write(b"stale")
    await until(lambda: line.unread() == 5)  # the kernel passes it on in its own time
    data = bytearray()
    async with open_port(line.port, 1200, data.extend):
        line.write(b"fresh")
        assert await came(data, 5) == b"fresh"
    os.close(holder)


async def test_what_the_handler_raises_is_raised_where_the_port_is_awaited(line: SerialLine) -> None:
    """A mistake of ours ends the reading as what it is, and is not taken for one of the port."""
    mistake = OSError(errno.EIO, "ours")

    def fail(_: bytes) -> None:
        raise mistake

    async def read() -> None:
        async with open_port(line.port, 1200, fail) as port:
            line.write(b"A")
            await port.wait(LIMIT)

    before = descriptors()
    with pytest.raises(OSError, match="ours") as caught:
        await read()

    await until(lambda: descriptors() == before)
    assert caught.value is mistake


async def test_a_second_opener_is_refused(line: SerialLine) -> None:
    async with open_port(line.port, 1200, ignore):
        error = await failure_of(line.port)

    assert error.kind is PortErrorKind.BUSY
    assert "stop that program" in str(error)


@pytest.mark.parametrize(
    ("url", "kind", "words"),
    [
        ("/", PortErrorKind.OTHER, "is not a serial port"),
        ("/dev/null", PortErrorKind.SPEED, "cannot work at 0 baud"),
        ("socket://host", PortErrorKind.OTHER, "socket://host:port"),
        ("socket://:8888", PortErrorKind.OTHER, "socket://host:port"),
        ("socket://host:99999", PortErrorKind.OTHER, "socket://host:port"),
    ],
)
async def test_what_is_no_serial_port_is_refused(url: str, kind: PortErrorKind, words: str) -> None:
    error = await failure_of(url, 1200 if url == "/" else 0)

    assert error.kind is kind
    assert words in str(error)


UNREACHABLE = PortErrorKind.UNREACHABLE


@pytest.mark.parametrize(
    ("url", "raised", "kind", "words"),
    [
        ("/dev/ttyUSB0", termios.error(errno.EINVAL, ""), PortErrorKind.SPEED, "cannot work at 1234 baud"),
        ("/dev/ttyUSB0", termios.error(errno.EIO, ""), PortErrorKind.MISSING, "is plugged in"),
        ("/dev/ttyAMA0", OSError(errno.ENOENT, ""), PortErrorKind.MISSING, "sudo raspi-config"),
        ("/dev/ttyUSB0", TimeoutError(), PortErrorKind.STUCK, "its driver hangs"),
        ("/dev/ttyUSB0", OSError(errno.ENOSPC, "no space"), PortErrorKind.OTHER, "no space"),
        (
            "/dev/ttyAMA0",
            serial.SerialException(errno.EACCES, ""),
            PortErrorKind.DENIED,
            "serial-getty@ttyAMA0",
        ),
        ("rfc2217://bridge:1", ValueError("rejected"), PortErrorKind.SPEED, "cannot work at 1234 baud"),
        ("rfc2217://bridge:1", TimeoutError(), UNREACHABLE, "does not answer"),
        ("rfc2217://bridge:1", BrokenPipeError(errno.EPIPE, ""), UNREACHABLE, "serves another client"),
    ],
)
def test_whatever_the_system_says_of_an_opening_has_a_kind(
    url: str, raised: Exception, kind: PortErrorKind, words: str
) -> None:
    error = cannot_open(url, 1234, raised)

    assert error.kind is kind
    assert words in str(error)


@pytest.mark.parametrize("canonical", [False, True])
def test_a_second_reader_is_not_taken_for_an_unplugged_cable(
    line: SerialLine,
    canonical: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    device = serial_port._open_device(line.port, 1200)
    CanonicalMode(device.fileno()).set(enabled=canonical)
    # What the transport meets when it was told of a byte that somebody else has read since.
    with pytest.raises(serial.SerialException) as stolen:
        device.read(1024)
    line.hang_up()
    with pytest.raises(serial.SerialException) as gone:
        device.read(1024)
    device.release()

    assert device_lost("port", stolen.value).kind is PortErrorKind.BUSY
    assert device_lost("port", gone.value).kind is PortErrorKind.GONE


async def test_a_port_that_is_lost_while_it_opens_is_explained(line: SerialLine) -> None:
    async def refuse(*_: object) -> None:
        raise termios.error(errno.EIO, "Input/output error")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("serial_asyncio.connection_for_serial", refuse)
        error = await failure_of(line.port)

    assert error.kind is PortErrorKind.MISSING
    assert not line.attached


def test_a_failing_read_is_passed_on_as_the_transport_expects_it(line: SerialLine) -> None:
    """A fault of the device is a SerialException with its number."""

    def fail(_descriptor: int, _size: int) -> bytes:
        raise OSError(errno.EIO, "Input/output error")

    device = serial_port._open_device(line.port, 1200)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "read", fail)
        with pytest.raises(serial.SerialException) as caught:
            device.read(1)
    device.release()

    assert caught.value.errno == errno.EIO


@contextlib.contextmanager
def served(kind: str, line: SerialLine) -> Iterator[str]:
    """Give the address of the line as a device, or behind a bridge, at which no client may be refused."""
    if kind == "device":
        yield line.port
    else:
        with Bridge(line.port, raw=kind == "socket") as bridge:
            yield bridge.url
        assert bridge.served > 1
        assert bridge.refused == 0


@pytest.mark.parametrize("end", [None, ZeroDivisionError, asyncio.CancelledError])
@pytest.mark.parametrize("kind", ["device", "socket", "rfc2217"])
async def test_a_port_may_be_opened_again_at_once_at_any_speed(
    line: SerialLine, kind: str, end: type[BaseException] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However the block ended, it is closed: the next opening never meets its own lock or connection."""
    # A bridge of threads on a busy machine may need longer to close than a stop may wait.
    monkeypatch.setattr(serial_port, "CLOSE_TIMEOUT", LIMIT)
    with served(kind, line) as url:
        for baudrate in [1200, 9600] * (10 if kind == "device" else 2):
            with contextlib.nullcontext() if end is None else pytest.raises(end):
                async with open_port(url, baudrate, ignore):
                    assert kind == "socket" or line.reader_baudrate == baudrate
                    if end is not None:
                        raise end


async def test_the_transport_calls_of_the_device_what_is_overridden(line: SerialLine) -> None:
    """pyserial-asyncio calls these parts of the device in the event loop."""
    calls: list[str] = []
    data = bytearray()

    class Watched(serial_port.SerialDevice):
        def read(self, size: int = 1, /) -> bytes:
            calls.append("read")
            return super().read(size)

        def flush(self) -> None:
            calls.append("flush")

        def close(self) -> None:
            calls.append("close")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(serial_port, "SerialDevice", Watched)
        async with open_port(line.port, 1200, data.extend):
            line.write(b"A")
            await came(data, 1)
        await asyncio.sleep(0)

    assert list(dict.fromkeys(calls)) == ["read", "flush", "close"], (
        "the transport of pyserial-asyncio uses the serial device in another way than that of 0.6: see what "
        "SerialDevice in port/serial_port.py must override now, so that nothing blocks the event loop"
    )


async def test_an_opening_that_is_given_up_closes_the_port_when_it_opens(line: SerialLine) -> None:
    """A driver hangs in open() while the process is told to stop."""
    began = threading.Event()
    may_go_on = threading.Event()
    opened: list[serial_port.SerialDevice] = []
    really = serial_port._open_device

    def hang(path: str, baudrate: int) -> serial_port.SerialDevice:
        began.set()
        may_go_on.wait()
        opened.append(really(path, baudrate))
        return opened[0]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(serial_port, "_open_device", hang)
        opening = asyncio.create_task(failure_of(line.port))
        await until(began.is_set)
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
        may_go_on.set()
        await until(lambda: opened and not opened[0].is_open)


@pytest.mark.parametrize(
    ("raised", "words"),
    [
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "its name is not known here"),
        (UnicodeError("label empty or too long"), "its name is not known here"),
        (TimeoutError(), "does not answer"),
        # asyncio joins the errors of all addresses of a name.
        (OSError("Multiple exceptions: [Errno 111] Connect call failed"), "nothing listens there"),
        (OSError(errno.EHOSTUNREACH, "No route to host"), "the network says: [Errno 113] No route to host"),
    ],
)
def test_a_bridge_that_cannot_be_reached_is_named(raised: Exception, words: str) -> None:
    error = cannot_reach("bridge:8888", raised)

    assert error.kind is PortErrorKind.UNREACHABLE
    assert str(error).startswith("the bridge at bridge:8888 cannot be reached: ")
    assert words in str(error)


async def test_after_a_mistake_of_the_handler_it_gets_no_more_bytes() -> None:
    """The mistake is raised, although bytes and the end of the port come before the wait for it."""
    calls: list[bytes] = []

    def fail(data: bytes) -> None:
        calls.append(data)
        raise ZeroDivisionError

    port = LineProtocol(fail, partial(device_lost, "port"))
    port.data_received(b"A")
    port.data_received(b"B")
    port.connection_lost(None)

    assert calls == [b"A"]
    with pytest.raises(ZeroDivisionError):
        await port.wait(LIMIT)


async def test_a_bridge_that_does_not_answer_is_given_up() -> None:
    """A host that drops packets is given up after a bounded time."""

    async def drop(*_: object) -> None:
        await asyncio.Event().wait()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncio.BaseEventLoop, "create_connection", drop)
        patch.setattr(serial_port, "OPEN_TIMEOUT", 0.05)
        error = await failure_of("socket://192.0.2.1:8888")

    assert error.kind is PortErrorKind.UNREACHABLE
    assert "does not answer" in str(error)
