"""Opening, reading and losing a port, with real pseudo-terminals and real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import termios
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import serial

from teleinfo.port import serial_port
from teleinfo.port.canonical_mode import CanonicalMode
from teleinfo.port.errors import PortError, cannot_open, cannot_reach, device_lost
from teleinfo.port.serial_port import open_port
from teleinfo.simulator.serial_line import SerialLine
from teleinfo.vocabulary.line import PortErrorKind
from tests.support.ports import Sink, descriptors, unread, until
from tests.support.process import LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable

    from teleinfo.port.protocol import LineProtocol

pytestmark = pytest.mark.real

ALL_BYTES = bytes(range(256)) * 4


async def came(data: bytearray, size: int) -> bytes:
    """Wait until `size` bytes came, and return all that did."""
    await until(lambda: len(data) >= size)
    return bytes(data)


async def loss_of(port: LineProtocol) -> PortError:
    """Wait until `port` is lost, and return how."""
    with pytest.raises(PortError) as caught:
        await port.wait(LIMIT)
    return caught.value


async def failure_of(url: str, baudrate: int = 1200) -> PortError:
    """Open `url`, which must fail, and return how."""
    with pytest.raises(PortError) as caught:
        async with asyncio.timeout(LIMIT), open_port(url, baudrate, Sink(ignore)):
            pytest.fail("the port opened")
    return caught.value


def ignore(_: bytes) -> None:
    """Take bytes that do not matter."""


def test_every_byte_comes_through_unchanged(tmp_path: Path) -> None:
    """NUL, XON, XOFF, DEL and bit 7 arrive as they were sent, however the terminal was set before."""

    async def scenario() -> bytes:
        data = bytearray()
        with SerialLine(link=tmp_path / "meter") as line:
            slave = os.open(line.path, os.O_RDWR | os.O_NOCTTY)
            attributes = termios.tcgetattr(slave)
            attributes[0] |= termios.BRKINT | termios.IXON | termios.ISTRIP | termios.ICRNL | termios.PARMRK
            attributes[0] |= termios.IGNPAR | termios.INPCK | termios.IXOFF | termios.IGNCR | termios.INLCR
            attributes[3] |= termios.ICANON | termios.ISIG | termios.ECHO
            termios.tcsetattr(slave, termios.TCSANOW, attributes)
            os.close(slave)
            async with open_port(line.port, 1200, Sink(data.extend)):
                line.write(ALL_BYTES)
                return await came(data, len(ALL_BYTES))

    assert asyncio.run(scenario()) == ALL_BYTES


@pytest.mark.parametrize("baudrate", [1200, 9600])
def test_the_speed_is_set(tmp_path: Path, baudrate: int) -> None:
    """The port works at the speed that was asked for."""

    async def scenario() -> int | None:
        with SerialLine(link=tmp_path / "meter", baudrate=2400) as line:
            async with open_port(line.port, baudrate, Sink(ignore)):
                return line.reader_baudrate

    assert asyncio.run(scenario()) == baudrate


def test_what_the_port_held_before_is_thrown_away(tmp_path: Path) -> None:
    """Stale bytes of before the opening never come out."""

    async def scenario() -> bytes:
        data = bytearray()
        with SerialLine(link=tmp_path / "meter") as line:
            holder = os.open(line.path, os.O_RDWR | os.O_NOCTTY)
            line.write(b"stale")
            await until(lambda: unread(holder) == 5)  # the kernel passes it on in its own time
            async with open_port(line.port, 1200, Sink(data.extend)):
                line.write(b"fresh")
                await came(data, 5)
            os.close(holder)
            return bytes(data)

    assert asyncio.run(scenario()) == b"fresh"


def test_a_wait_that_is_stopped_loses_no_byte(tmp_path: Path) -> None:
    """Waits that are cancelled all the time, and those that end, do not touch what comes."""

    async def scenario() -> bytes:
        data = bytearray()
        with SerialLine(link=tmp_path / "meter") as line:
            async with open_port(line.port, 1200, Sink(data.extend)) as port:
                sending = asyncio.create_task(send_slowly(line))
                async with asyncio.timeout(LIMIT):
                    while len(data) < len(ALL_BYTES):
                        with contextlib.suppress(TimeoutError):
                            async with asyncio.timeout(0.0005):
                                await port.wait(LIMIT)
                        await port.wait(0.0005)
                await sending
                return bytes(data)

    async def send_slowly(line: SerialLine) -> None:
        for start in range(0, len(ALL_BYTES), 8):
            line.write(ALL_BYTES[start : start + 8])
            await asyncio.sleep(0.001)

    assert asyncio.run(scenario()) == ALL_BYTES


def test_what_comes_before_anybody_waits_is_not_lost(tmp_path: Path) -> None:
    """Bytes are handed over from the opening on, also while nobody awaits the port."""

    async def scenario() -> bytes:
        data = bytearray()
        with SerialLine(link=tmp_path / "meter") as line:
            async with open_port(line.port, 1200, Sink(data.extend)):
                line.write(b"early")
                await came(data, 5)
        return bytes(data)

    assert asyncio.run(scenario()) == b"early"


@pytest.mark.parametrize("mistake", [ZeroDivisionError("ours"), OSError(errno.EIO, "ours")])
@pytest.mark.parametrize("bridge", [False, True])
def test_what_the_handler_raises_is_raised_where_the_port_is_awaited(
    tmp_path: Path,
    mistake: Exception,
    bridge: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """A mistake of ours ends the reading as what it is, and is not taken for one of the port."""
    calls = 0

    def fail(_: bytes) -> None:
        nonlocal calls
        calls += 1
        raise mistake

    async def scenario() -> None:
        server, url = await serve(b"A", close=False)
        async with server:
            with SerialLine(link=tmp_path / "meter") as line:
                async with open_port(url if bridge else line.port, 1200, Sink(fail)) as port:
                    if not bridge:
                        line.write(b"A")
                    await port.wait(LIMIT)

    before = descriptors()
    with pytest.raises(type(mistake)) as caught:
        asyncio.run(scenario())
    assert caught.value is mistake
    assert calls == 1
    assert descriptors() == before


def test_a_missing_port_says_how_to_find_it() -> None:
    """Nobody is left alone with "No such file or directory"."""
    error = asyncio.run(failure_of("/dev/serial/by-id/usb-none"))

    assert error.kind is PortErrorKind.MISSING
    assert "ls -l /dev/serial/by-id" in str(error)


def test_a_second_opener_is_refused(tmp_path: Path) -> None:
    """Two readers would take each other's bytes: the port is held alone, and the way out is said."""

    async def scenario() -> PortError:
        with SerialLine(link=tmp_path / "meter") as line:
            async with open_port(line.port, 1200, Sink(ignore)):
                return await failure_of(line.port)

    error = asyncio.run(scenario())

    assert error.kind is PortErrorKind.BUSY
    assert "stop that program" in str(error)
    # It is a link to a pseudo-terminal, /dev/pts/7, and there is no serial-getty@7.
    assert "serial-getty@" not in str(error)


def test_a_port_without_rights_says_how_to_get_them() -> None:
    """The group is named, with the command."""
    error = cannot_open("/dev/ttyAMA0", 1200, serial.SerialException(errno.EACCES, "could not open port"))

    assert error.kind is PortErrorKind.DENIED
    assert "usermod -aG dialout" in str(error)
    assert "serial-getty@ttyAMA0" in str(error)


def test_what_is_wrong_is_told_in_the_language_of_the_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    """The log has it in English, a screen in French."""
    monkeypatch.setenv("LC_ALL", "fr_FR.UTF-8")
    error = cannot_reach("bridge:8888", TimeoutError())

    assert str(error).startswith("the bridge at bridge:8888 cannot be reached: it does not answer.")
    assert error.localized().startswith("le pont à bridge:8888 est injoignable : il ne répond pas.")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open everything")
def test_a_port_without_rights_is_told_apart(tmp_path: Path) -> None:
    """A real refusal of the system is DENIED."""
    forbidden = tmp_path / "port"
    forbidden.touch(mode=0o000)

    assert asyncio.run(failure_of(str(forbidden))).kind is PortErrorKind.DENIED


@pytest.mark.parametrize("make", [Path.touch, Path.mkdir])
def test_what_is_no_serial_port_is_refused(tmp_path: Path, make: Callable[[Path], None]) -> None:
    """A file or a folder is named as such."""
    path = tmp_path / "thing"
    make(path)

    error = asyncio.run(failure_of(str(path)))

    assert error.kind is PortErrorKind.OTHER
    assert "is not a serial port" in str(error)


@pytest.mark.parametrize("baudrate", [0, -1])
def test_an_impossible_speed_is_named(tmp_path: Path, baudrate: int) -> None:
    """A speed that the port cannot do is told apart from a port that is not there."""

    async def scenario() -> PortError:
        with SerialLine(link=tmp_path / "meter") as line:
            return await failure_of(line.port, baudrate)

    error = asyncio.run(scenario())

    assert error.kind is PortErrorKind.SPEED
    assert str(baudrate) in str(error)


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (termios.error(errno.EINVAL, "Invalid argument"), PortErrorKind.SPEED),
        (ValueError("Failed to set custom baud rate"), PortErrorKind.SPEED),
        (termios.error(errno.EIO, "Input/output error"), PortErrorKind.MISSING),
        (TimeoutError(), PortErrorKind.STUCK),
        (OSError(errno.ENOSPC, "no space"), PortErrorKind.OTHER),
        (OSError(errno.EBUSY, "busy"), PortErrorKind.BUSY),
    ],
)
def test_whatever_the_system_says_has_a_kind(raised: Exception, kind: PortErrorKind) -> None:
    """What pyserial lets out of an opening is explained, also what is no OSError."""
    assert cannot_open("/dev/ttyUSB0", 1234, raised).kind is kind


def test_the_cause_behind_an_exception_of_pyserial_is_found() -> None:
    """Where pyserial hides the number of the error in its text, it is taken from the context."""
    raised = serial.SerialException("Could not configure port: (25, 'Inappropriate ioctl for device')")
    raised.__context__ = termios.error(errno.ENOTTY, "Inappropriate ioctl for device")

    error = cannot_open("README.md", 1200, raised)

    assert "is not a serial port" in str(error)


@pytest.mark.parametrize("canonical", [False, True])
def test_a_second_reader_is_not_taken_for_an_unplugged_cable(
    tmp_path: Path,
    canonical: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """Bytes that another program took first, and a line that is gone, are told apart."""
    with SerialLine(link=tmp_path / "meter") as line:
        device = serial_port._open_device(line.port, 1200)
        if canonical:
            CanonicalMode(device.fileno()).set(enabled=True)
        # What the transport meets when it was told of a byte that somebody else has read since.
        with pytest.raises(serial.SerialException) as stolen:
            device.read(1024)
        line.hang_up()
        with pytest.raises(serial.SerialException) as gone:
            device.read(1024)
        device.release()

    assert device_lost("port", stolen.value).kind is PortErrorKind.BUSY
    assert device_lost("port", gone.value).kind is PortErrorKind.GONE


def test_a_port_that_is_lost_while_it_opens_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An adapter that goes between the opening and the first byte is no crash, and is closed."""

    async def refuse(*_: object) -> None:
        raise termios.error(errno.EIO, "Input/output error")

    async def scenario() -> tuple[PortError, bool]:
        with SerialLine(link=tmp_path / "meter") as line:
            return await failure_of(line.port), line.attached

    monkeypatch.setattr("serial_asyncio.connection_for_serial", refuse)
    error, held = asyncio.run(scenario())

    assert error.kind is PortErrorKind.MISSING
    assert not held


def test_a_failing_read_is_passed_on_as_the_transport_expects_it(tmp_path: Path) -> None:
    """A fault of the device is a SerialException with its number."""
    with SerialLine(link=tmp_path / "meter") as line:
        device = serial_port._open_device(line.port, 1200)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "read", _raise(OSError(errno.EIO, "Input/output error")))
            with pytest.raises(serial.SerialException) as caught:
                device.read(1)
        device.release()

    assert caught.value.errno == errno.EIO


def _raise(error: OSError) -> Callable[[int, int], bytes]:
    def read(_descriptor: int, _size: int) -> bytes:
        raise error

    return read


def test_an_unplugged_port_is_noticed_and_its_return_too(tmp_path: Path) -> None:
    """A hang-up is seen within 1 s; behind the same link the next device opens at once, and nothing leaks."""

    async def scenario() -> tuple[float, set[str], int]:
        slowest, paths, before = 0.0, set(), 0
        with SerialLine(link=tmp_path / "meter") as line:
            for turn in range(21):
                data = bytearray()
                async with open_port(line.port, 1200, Sink(data.extend)) as port:
                    paths.add(line.path)
                    line.write(b"hello")
                    assert await came(data, 5) == b"hello"
                    start = time.monotonic()
                    line.reopen()
                    error = await loss_of(port)
                    slowest = max(slowest, time.monotonic() - start)
                    assert error.kind is PortErrorKind.GONE
                if turn == 0:
                    before = descriptors()
            return slowest, paths, descriptors() - before

    slowest, paths, leaked = asyncio.run(scenario())

    assert slowest <= 1.0
    assert len(paths) > 1
    assert leaked == 0


def test_a_port_may_be_opened_again_at_once(tmp_path: Path) -> None:
    """A closed port is really closed: the next opening never meets its own lock."""

    async def scenario() -> None:
        with SerialLine(link=tmp_path / "meter") as line:
            for baudrate in [1200, 9600] * 10:
                async with open_port(line.port, baudrate, Sink(ignore)):
                    assert line.reader_baudrate == baudrate

    asyncio.run(scenario())


def test_a_closing_that_hangs_delays_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The block ends after a bounded time; until the driver is done, the port says why it does not open."""
    may_end = threading.Event()
    really = serial_port.SerialDevice.release

    def hang(device: serial_port.SerialDevice) -> None:
        may_end.wait()
        really(device)

    async def scenario() -> tuple[float, PortError]:
        with SerialLine(link=tmp_path / "meter") as line:
            async with open_port(line.port, 1200, Sink(ignore)):
                start = time.monotonic()
            lasted = time.monotonic() - start
            error = await failure_of(line.port)
            may_end.set()
            await until(lambda: line.port not in serial_port._unfinished)
            async with open_port(line.port, 1200, Sink(ignore)):
                return lasted, error

    monkeypatch.setattr(serial_port.SerialDevice, "release", hang)
    monkeypatch.setattr(serial_port, "CLOSE_TIMEOUT", 0.1)
    lasted, error = asyncio.run(scenario())

    assert 0.1 <= lasted < LIMIT
    assert error.kind is PortErrorKind.STUCK
    assert "its driver hangs" in str(error)


@pytest.mark.parametrize("cancelled", [False, True])
def test_an_opening_that_hangs_is_given_up(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    cancelled: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """It is left after a bounded time, or at once when told to stop, and the port is closed when it opens."""
    may_go_on = threading.Event()
    opened: list[serial_port.SerialDevice] = []
    really = serial_port._open_device

    def hang(path: str, baudrate: int) -> serial_port.SerialDevice:
        may_go_on.wait()
        opened.append(really(path, baudrate))
        return opened[0]

    async def scenario() -> None:
        with SerialLine(link=tmp_path / "meter") as line:
            if cancelled:
                opening = asyncio.create_task(failure_of(line.port))
                await until(lambda: line.port in serial_port._unfinished)
                opening.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await opening
            else:
                assert "its driver hangs" in str(await failure_of(line.port))
            may_go_on.set()
            await until(lambda: opened and not opened[0].is_open)

    monkeypatch.setattr(serial_port, "_open_device", hang)
    monkeypatch.setattr(serial_port, "OPEN_TIMEOUT", 0.1)
    asyncio.run(scenario())


async def serve(send: bytes, *, close: bool) -> tuple[asyncio.Server, str]:
    """Start a bridge that sends `send` to each client, and return it with its address."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(send)
            await writer.drain()
            if not close:
                await reader.read()  # until the client has closed
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    return server, f"socket://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def test_a_bridge_is_read_like_a_port() -> None:
    """
    What the TCP bridge sends comes out unchanged; when it closes, the port is gone.

    It closes in the very moment in which it sends: what it sent comes out all the same.
    """

    async def scenario() -> tuple[bytes, PortError]:
        data = bytearray()
        server, url = await serve(ALL_BYTES, close=True)
        async with open_port(url, 1200, Sink(data.extend)) as port:
            error = await loss_of(port)
        server.close()
        return bytes(data), error

    data, error = asyncio.run(scenario())

    assert data == ALL_BYTES
    assert error.kind is PortErrorKind.GONE
    assert "closed the connection" in str(error)


def test_a_bridge_that_refuses_is_named() -> None:
    """Nothing listens: the address is named, and what to check."""

    async def scenario() -> tuple[str, PortError]:
        server, url = await serve(b"", close=True)
        server.close()
        await server.wait_closed()
        return url, await failure_of(url)

    url, error = asyncio.run(scenario())

    assert error.kind is PortErrorKind.UNREACHABLE
    assert "nothing listens there" in str(error)
    assert url.removeprefix("socket://") in str(error)


def test_a_bridge_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that drops packets is given up after a bounded time."""

    async def drop(*_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(asyncio.BaseEventLoop, "create_connection", drop)
    monkeypatch.setattr(serial_port, "OPEN_TIMEOUT", 0.05)
    error = asyncio.run(failure_of("socket://192.0.2.1:8888"))

    assert error.kind is PortErrorKind.UNREACHABLE
    assert "does not answer" in str(error)


@pytest.mark.parametrize("name", ["a..b", "x" * 70, "bridge.invalid"])
def test_a_bridge_without_a_known_name_is_named(name: str) -> None:
    """A name that does not resolve, or is none, is no crash."""
    error = asyncio.run(failure_of(f"socket://{name}:8888"))

    assert error.kind is PortErrorKind.UNREACHABLE
    assert name in str(error)


@pytest.mark.parametrize("url", ["socket://", "socket://host", "socket://:8888", "socket://host:99999"])
def test_an_address_of_the_wrong_form_is_refused(url: str) -> None:
    """The form is shown."""
    error = asyncio.run(failure_of(url))

    assert error.kind is PortErrorKind.OTHER
    assert "socket://host:port" in str(error)


def test_refusals_at_several_addresses_are_one_refusal() -> None:
    """Where asyncio joins the errors of all addresses of a name, the cause is still recognised."""
    joined = OSError("Multiple exceptions: [Errno 111] Connect call failed, [Errno 111] Connect call failed")

    assert "nothing listens there" in str(cannot_reach("localhost:8888", joined))


def test_a_bridge_that_the_network_cannot_reach_says_why() -> None:
    """Other answers of the network are passed on."""
    assert "No route" in str(cannot_reach("host:1", OSError(errno.EHOSTUNREACH, "No route to host")))


def test_the_transport_calls_of_the_device_what_is_overridden(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The contract with pyserial-asyncio: what its transport calls of the device in the event loop."""
    calls: list[str] = []

    class Watched(serial_port.SerialDevice):
        def read(self, size: int = 1, /) -> bytes:
            calls.append("read")
            return super().read(size)

        def flush(self) -> None:
            calls.append("flush")

        def close(self) -> None:
            calls.append("close")

    async def scenario() -> list[str]:
        data = bytearray()
        with SerialLine(link=tmp_path / "meter") as line:
            async with open_port(line.port, 1200, Sink(data.extend)):
                line.write(b"A")
                await came(data, 1)
            await asyncio.sleep(0)
        return list(dict.fromkeys(calls))

    monkeypatch.setattr(serial_port, "SerialDevice", Watched)

    assert asyncio.run(scenario()) == ["read", "flush", "close"], (
        "the transport of pyserial-asyncio uses the serial device in another way than that of 0.6: see what "
        "SerialDevice in port/serial_port.py must override now, so that nothing blocks the event loop"
    )
