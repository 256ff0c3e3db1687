"""The faults of a line, and the UART that receives them, against one that is sampled tick by tick."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from functools import cache
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from teleinfo.simulator.catalogue import build
from teleinfo.simulator.encode import BITS, with_parity
from teleinfo.simulator.faults import KINDS, Uart, make_fault

START = dt.datetime(2026, 1, 14, 12)  # noqa: DTZ001 -- a meter knows local time only


@cache
def frames(meter: str, count: int) -> list[bytes]:
    """Return the first frames of a meter, with parity."""
    simulated = build(meter, start=START, rng=Random(1))
    return [with_parity(simulated.emit(START + dt.timedelta(seconds=2 * number))) for number in range(count)]


def line(data: bytes) -> list[int]:
    """Return the bits on the line: start bit, eight bits, stop bit of each byte."""
    return [bit for byte in data for bit in (0, *(byte >> place & 1 for place in range(8)), 1)]


def flips(uart: Uart, *, least: int) -> list[tuple[list[int], int]]:
    """
    Return `least` wrong bits or more: the bits of the frame on the line, and the place of the wrong one.

    Frames in which more went wrong than one bit, such as a start bit, are passed over.
    """
    found = []
    for number, frame in enumerate(frames("hc", 50) * 100):
        bits, received = line(frame), line(uart.receive(frame, 19200.0 * number))
        if len(received) == len(bits):
            wrong = [at for at, bit in enumerate(received) if bit != bits[at]]
            found += [(bits, at) for at in wrong if len(wrong) == 1]
        if len(found) >= least:
            return found
    pytest.fail("hardly anything is wrong")


def sample(
    data: bytes,
    rng: Random,
    *,
    rise: float = 0.1,
    fall: float = 0.1,
    low: float = 0.0,
    hum: float = 0.0,
    period: float = math.inf,
    clock: float = 0.0,
) -> bytes:
    """Return the bytes received by a UART that takes every one of its samples."""
    bits = [1] * 20 + line(data) + [1] * 20
    starts = [1.0]
    phase = rng.random() * math.tau

    def towards(before: float, bit: int, time: float) -> float:
        end = 1.0 if bit else low
        return end + (before - end) * math.exp(-time / (rise if end > before else fall))

    for bit in bits:
        starts.append(towards(starts[-1], bit, 1.0))
    tick, offset = (1 + clock) / 16, rng.random()

    def high(number: int) -> bool:
        time = (number + offset) * tick
        level = towards(starts[int(time)], bits[int(time)], time % 1.0)
        return level + hum * math.sin(phase + math.tau * time / period) + rng.gauss(0, 0.05) > 0.5

    received, number = bytearray(), 0
    before = True
    while number * tick < len(bits) - 12:
        now = high(number)
        if now or not before:
            before, number = now, number + 1
        elif high(number + 8):
            before, number = True, number + 9
        else:
            received.append(sum(high(number + 8 + 16 * bit) << bit - 1 for bit in range(1, 9)))
            before, number = high(number + 8 + 16 * 9), number + 8 + 16 * 9 + 1
    return bytes(received)


@pytest.mark.parametrize(
    "strength",
    [
        {"rise": 0.6},
        {"fall": 0.6},
        {"low": 0.36},
        {"clock": 0.0445},
        {"clock": -0.0575},
        {"hum": 0.4, "period": 24.0},
    ],
    ids=str,
)
def test_a_table_says_what_every_sample_would(strength: dict[str, float]) -> None:
    texts = [with_parity(text) for text in (b"\nPTEC HP..  \r", b"\nIINST 008 _\r", b"\nPAPP 01940 *\r")]
    rng = Random(1)
    drawn = sum(sample(text, rng, **strength) != text for text in texts * 100) / 300
    uart = Uart(rng=rng, **strength)
    tabled = sum(uart.receive(text, rng.random() * 24) != text for text in texts * 1000) / 3000

    assert 0.05 < tabled < 0.6
    assert drawn == pytest.approx(tabled, abs=4 * math.sqrt(tabled * (1 - tabled) / 300))


SOUND = Uart(rng=Random(1))


@given(st.binary())
def test_a_line_without_fault_is_received(data: bytes) -> None:
    """Nothing changes, whatever the bytes, between edges and noise of an ordinary line."""
    assert SOUND.receive(data) == data


@given(st.binary(max_size=30), st.floats(-0.03, 0.03))
@settings(max_examples=20)
def test_clocks_that_differ_by_three_percent_are_received(data: bytes, clock: float) -> None:
    """Each start bit sets the UART right."""
    assert Uart(rng=Random(1), clock=clock).receive(data) == data


def test_a_slow_rising_edge_turns_a_1_behind_a_0_into_a_0() -> None:
    for bits, at in flips(Uart(rng=Random(1), rise=0.58), least=100):
        assert (bits[at - 1], bits[at]) == (0, 1)


def test_a_slow_falling_edge_turns_a_0_before_a_1_into_a_1() -> None:
    """The start bit is seen late, and every sample comes late: the last 0 is sampled in the 1 behind it."""
    for bits, at in flips(Uart(rng=Random(1), fall=0.58), least=100):
        assert (bits[at], bits[at + 1]) == (0, 1)


def test_a_weak_signal_turns_a_0_into_a_1_anywhere() -> None:
    """A 0 hardly crosses the threshold, and the noise lifts it: behind a 0 as often as behind a 1."""
    found = flips(Uart(rng=Random(1), low=0.34), least=100)

    assert {bits[at] for bits, at in found} == {0}
    assert 0.3 < sum(bits[at - 1] for bits, at in found) / len(found) < 0.7


@pytest.mark.parametrize("period", [12.0, 24.0, 192.0])
def test_hum_damages_at_its_peaks(period: float) -> None:
    """A 0 turns into a 1 at the positive peak, a 1 into a 0 at the negative one; nothing between them."""
    phases = {0: Counter[int](), 1: Counter[int]()}
    for bits, at in flips(Uart(rng=Random(1), hum=0.37, period=period), least=100):
        phases[bits[at]][int(4 * (at + 0.6) / period) % 4] += 1

    assert phases[0].keys() <= {0, 1}
    assert phases[1].keys() <= {2, 3}
    assert min(phases[0].total(), phases[1].total()) > 20


def test_a_uart_that_is_too_fast_samples_bit_6_twice() -> None:
    """Nearly six percent add up to half a bit at bit 7, whose place the bit before it takes."""
    for bits, at in flips(Uart(rng=Random(1), clock=-0.057), least=100):
        assert at % BITS == 8
        assert bits[at - 1] != bits[at]


def test_a_uart_that_is_too_slow_takes_the_next_start_bit_for_a_stop_bit() -> None:
    """The character itself arrives, but the start of the next one is missed, and bytes are lost."""
    uart = Uart(rng=Random(1), clock=0.044)
    damaged = [(frame, received) for frame in frames("hc", 300) if (received := uart.receive(frame)) != frame]

    assert len(damaged) > 20
    assert all(len(received) < len(frame) for frame, received in damaged)


def lost(frame: bytes, received: bytes) -> list[int]:
    """Return the lengths of the runs of bytes that did not arrive, if no byte is like another."""
    places = [-1, *map(frame.index, received), len(frame)]
    return [after - before - 1 for before, after in pairwise(places) if after > before + 1]


def test_a_buffer_that_overflows_loses_one_run_of_bytes_at_a_time() -> None:
    frame, runs = bytes(range(256)), list[int]()
    for seed in range(30):
        fault = make_fault("lost_bytes", 0.02, baudrate=1200, rng=Random(seed))
        runs += [run for _ in range(30) for run in lost(frame, fault(frame, 0.0))]

    assert len(runs) > 100
    assert min(runs) == 1
    assert 62 <= max(runs) <= 64


def test_two_programs_on_a_port_share_its_chunks_for_seconds() -> None:
    frame = bytes(range(256))
    fault = make_fault("shared_port", 0.02, baudrate=1200, rng=Random(1))
    received = [fault(frame, 2.2 * number) for number in range(2000)]
    shares = [len(each) / len(frame) for each in received if each != frame]

    assert 20 < len(shares) < 200
    assert min(shares) < 0.6
    assert all(run % 8 in {0, 1, 2, 4, 6} for each in received for run in lost(frame, each)[1:-1])


@pytest.mark.parametrize(("meter", "baudrate", "count"), [("hc", 1200, 900), ("standard", 9600, 200)])
@pytest.mark.parametrize("kind", KINDS)
def test_the_share_of_the_groups_is_damaged(kind: str, meter: str, baudrate: int, count: int) -> None:
    """About as many groups as asked for do not arrive."""
    fault, at, damaged, groups = make_fault(kind, 0.03, baudrate=baudrate, rng=Random(3)), 0.0, 0, 0
    for frame in frames(meter, count):
        received = fault(frame, at)
        at += len(frame) * BITS / baudrate + 0.02
        for group in frame[1:-1].split(with_parity(b"\r"))[:-1]:
            groups += 1
            damaged += group not in received

    assert 0.015 < damaged / groups < 0.06


def test_the_same_seed_gives_the_same_bytes() -> None:
    """A fault can be repeated."""
    twice = [
        [make_fault("slow_rise", 0.05, baudrate=1200, rng=Random(7))(frame, 0.0) for frame in frames("hc", 3)]
        for _ in range(2)
    ]

    assert twice[0] == twice[1]
