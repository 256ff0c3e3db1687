"""The time of a line, against a clock that the test owns."""

from __future__ import annotations

import pytest

from teleinfo.simulator.serial_line import Pacer


@pytest.mark.parametrize(("baudrate", "speed"), [(1200, 1), (9600, 1), (9600, 10)])
def test_bytes_take_ten_bits_each(baudrate: int, speed: float) -> None:
    """120 bytes a second at 1200 baud, 960 at 9600, N times as many at N times the speed."""
    pacer = Pacer(baudrate=baudrate, speed=speed)

    assert pacer.send(120, now=50.0) == pytest.approx(1200 / baudrate / speed)
    assert pacer.elapsed == pytest.approx(1200 / baudrate)


def test_late_wake_ups_do_not_add_up() -> None:
    """Each wait that was too long by something makes the next one shorter by as much."""
    pacer = Pacer(baudrate=1200)
    now = 1000.0
    for _ in range(500):
        now += pacer.send(8, now) + 0.01

    assert now == pytest.approx(1000 + 500 * 80 / 1200, abs=0.02)


def test_a_sender_that_stood_still_does_not_catch_up() -> None:
    """After a pause of the whole process the line was idle: no burst, and its clock has gone on."""
    pacer = Pacer(baudrate=1200)
    now = 10.0 + pacer.send(12, 10.0)
    pacer.send(12, now + 60)

    assert pacer.elapsed == pytest.approx(60.1)
    assert pacer.send(12, now + 60) == pytest.approx(0.1)


def test_at_speed_zero_nothing_waits_but_time_goes_on() -> None:
    """The meter still lives at the pace of its own line."""
    pacer = Pacer(baudrate=1200, speed=0)

    assert pacer.send(120, now=5.0) == 0
    assert pacer.idle(0.02, now=5.0) == 0
    assert pacer.elapsed == pytest.approx(1.02)


@pytest.mark.parametrize(("baudrate", "speed", "chunk"), [(1200, 1, 8), (9600, 1, 8), (9600, 100, 480)])
def test_chunks_are_those_of_a_uart_until_waits_would_be_too_short(
    baudrate: int, speed: float, chunk: int
) -> None:
    """Eight bytes at real speed, and 5 ms worth of bytes on a line that is much faster."""
    assert chunk == Pacer(baudrate=baudrate, speed=speed).chunk
