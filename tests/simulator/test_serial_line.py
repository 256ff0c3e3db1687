"""The line, with a real pseudo-terminal: what is sent arrives, and nobody is waited for."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from teleinfo.simulator.encode import with_parity
from teleinfo.simulator.play import baudrate_of
from teleinfo.simulator.serial_line import SerialLine
from tests.support import virtual
from tests.support.ports import PortReader

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

pytestmark = pytest.mark.real

TEXT = b"\x02\nPTEC HP..  \r\x03"


def test_bytes_that_nobody_reads_are_lost() -> None:
    """A line does not wait: what was sent before a reader came, or after it left, is never seen."""
    with SerialLine() as line:
        assert line.write(b"before") == 0
        with PortReader(line.port) as reader:
            attached = [line.attached]
            assert line.write(b"heard") == 5
            assert reader.read(5) == b"heard"
            line.write(b"left unread")
        attached.append(line.attached)
        assert line.write(b"nobody") == 0
        with PortReader(line.port) as reader:
            line.write(b"again")
            assert reader.read(5) == b"again"
            assert attached == [True, False]


def test_a_reader_that_stands_still_blocks_nothing() -> None:
    """Beyond what the system buffers the bytes are dropped, at once."""
    size = 1_000_000
    with SerialLine() as line, PortReader(line.port):
        assert 0 < line.write(bytes(size)) < size


def test_a_hang_up_ends_the_reading_and_the_link_leads_to_the_next_port(tmp_path: Path) -> None:
    """Pulled out, the reader gets an end of file; plugged in again, the same link has another number."""
    link = tmp_path / "meter"
    with SerialLine(link=link) as line, PortReader(str(link)) as reader:
        first = line.path
        line.hang_up()
        assert reader.read(1) == b""
        assert not line.attached
        line.write(b"lost")
        line.open()
        with PortReader(str(link)) as other:
            line.write(b"back")

            assert other.read(4) == b"back"
            assert (line.port, line.path) == (str(link), str(link.readlink()))
            assert line.path != first
            line.open()
            assert other.read(1) == b""
    assert not link.is_symlink()


def test_a_link_replaces_a_link_and_nothing_else(tmp_path: Path) -> None:
    link = tmp_path / "meter"
    file = tmp_path / "file"
    link.symlink_to("nowhere")
    file.write_text("precious")
    with SerialLine(link=link) as line:
        assert str(link.readlink()) == line.path
        with SerialLine(link=link):
            pass
        link.symlink_to("elsewhere")
    with pytest.raises(FileExistsError), SerialLine(link=file):
        pass

    assert str(link.readlink()) == "elsewhere"
    assert file.read_text() == "precious"


def timed(line: SerialLine, *, sends: int, size: int, late: Sequence[float] = (0.0,)) -> list[float]:
    """Send so often so many bytes, late by some seconds each time; return when each was sent, from 0 on."""

    async def scenario() -> list[float]:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, virtual.VirtualLoop)
        began = loop.time()
        sent = []
        for number in range(sends):
            await line.send(bytes(size))
            sent.append(loop.time() - began)
            loop.leap(late[number % len(late)])
        return sent

    with line:
        return virtual.run(scenario())


@pytest.mark.parametrize(
    ("baudrate", "speed", "seconds"), [(1200, 1, 2.5), (9600, 1, 0.3125), (9600, 5, 0.0625)]
)
def test_bytes_go_at_the_speed_of_the_line(baudrate: int, speed: float, seconds: float) -> None:
    """300 bytes take 3000 bits, on the line's own clock."""
    line = SerialLine(baudrate=baudrate, speed=speed)

    assert timed(line, sends=1, size=300) == [pytest.approx(seconds)]
    assert line.elapsed == pytest.approx(seconds * speed)


def test_late_wake_ups_do_not_add_up() -> None:
    """Each wait that was too long makes the next one shorter by as much."""
    sent = timed(SerialLine(), sends=500, size=8, late=(0.01,))

    assert sent[-1] == pytest.approx(500 * 80 / 1200, abs=0.02)


def test_a_sender_that_stood_still_does_not_catch_up() -> None:
    """After a pause of the whole process the line was idle: no burst, and its clock has gone on."""
    line = SerialLine()
    sent = timed(line, sends=3, size=8, late=(60.0, 0.0))

    assert sent == [pytest.approx(seconds) for seconds in (80 / 1200, 60 + 80 / 1200, 60 + 160 / 1200)]
    assert line.elapsed == pytest.approx(sent[-1])


def test_a_port_that_nobody_set_has_the_speed_of_the_meter() -> None:
    """Then `cat` can read it."""
    with SerialLine(baudrate=9600) as line:
        assert line.reader_baudrate == 9600
        line.hang_up()
        assert line.reader_baudrate is None


def test_the_speed_of_a_recording_is_that_of_its_mode() -> None:
    """Tabs are standard at 9600 baud; a stray one in a historique recording is noise."""
    assert baudrate_of(TEXT * 3 + b"\t") == 1200
    assert baudrate_of(with_parity(b"\x02\nVTIC\t02\tJ\r\x03")) == 9600
