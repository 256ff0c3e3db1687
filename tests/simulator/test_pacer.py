"""The time of a line, against a clock that the test owns."""

from __future__ import annotations

import pytest

from teleinfo.simulator.serial_line import Pacer


def test_late_wake_ups_do_not_add_up() -> None:
    """Each wait that was too long makes the next one shorter by as much."""
    pacer = Pacer(baudrate=1200)
    now = 1000.0
    for _ in range(500):
        now += pacer.idle(80 / 1200, now) + 0.01

    assert now == pytest.approx(1000 + 500 * 80 / 1200, abs=0.02)


def test_a_sender_that_stood_still_does_not_catch_up() -> None:
    """After a pause of the whole process the line was idle: no burst, and its clock has gone on."""
    pacer = Pacer(baudrate=1200)
    now = 10.0 + pacer.idle(0.1, 10.0)
    pacer.idle(0.1, now + 60)

    assert pacer.elapsed == pytest.approx(60.1)
    assert pacer.idle(0.1, now + 60) == pytest.approx(0.1)


def test_at_speed_zero_nothing_waits_but_time_goes_on() -> None:
    """The meter still lives at the pace of its own line."""
    pacer = Pacer(baudrate=1200, speed=0)

    assert pacer.idle(1.0, now=5.0) == 0
    assert pacer.elapsed == pytest.approx(1.0)


@pytest.mark.parametrize(("baudrate", "speed", "chunk"), [(1200, 1, 8), (9600, 1, 8), (9600, 100, 480)])
def test_chunks_are_those_of_a_uart_until_waits_would_be_too_short(
    baudrate: int, speed: float, chunk: int
) -> None:
    """Eight bytes at real speed, and 5 ms worth of bytes on a line that is much faster."""
    assert chunk == Pacer(baudrate=baudrate, speed=speed).chunk
