"""The benchmark at work, in its smallest size. No figure is asked for: that depends on the machine."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from teleinfo.simulator.encode import ETX
from teleinfo.tic.decoder import Decoder
from teleinfo.tic.reading import build_reading
from tests.bench import __main__ as bench
from tests.bench import cpu, decoding, discovery, latency, memory, price, reference, several, state, truth
from tests.bench.feeder import FIFO, TICK, split, uart, usb
from tests.bench.meters import GROUPS
from tests.bench.rows import Row, markdown, quantile, text
from tests.bench.scale import Scale
from tests.bench.sent import BITS, GAP
from tests.bench.streams import METERS, frames, pieces

if TYPE_CHECKING:
    from collections.abc import Callable

LEAST = Scale(
    modes=("standard",),
    settle=0.1,
    pieces=1,
    piece_bytes=4000,
    frames=2,
    paced=1,
    seconds=0.5,
    starts=1,
    damaged=50,
    sound=50,
    stride=211,
    only=("tri", "standard", "doc:overrun", "doc:cje"),
    processes=1,
    meters=(1, 2),
    meter_seconds=2.0,
    state_seconds=60.0,
)


def names(rows: list[Row]) -> list[str]:
    """Return what was measured, after a look at the figures."""
    for row in rows:
        assert row.measured >= 0
        assert row.floor is None or row.floor > 0, f"there is nothing to compare {row.what} with"
    return [row.what for row in rows]


@pytest.mark.parametrize(
    ("part", "count"), [(decoding, 8), (discovery, 2), (state, 8), (price, 30), (truth, 76)]
)
def test_a_part_that_needs_no_process_returns_its_rows(part: object, count: int) -> None:
    """Each mode or generator is measured, in as many ways as the docstring of the part says."""
    measure: Callable[[Scale], list[Row]] = part.rows  # type: ignore[attr-defined]
    found = names(measure(LEAST))
    assert len(set(found)) == count
    measured = GROUPS if part in {price, truth} else METERS
    assert all(any(name in what for what in found) for name in measured)


@pytest.mark.long
@pytest.mark.real
@pytest.mark.parametrize(("part", "count"), [(latency, 15), (cpu, 8), (memory, 20), (several, 16)])
def test_a_part_that_runs_programs_returns_its_rows(part: object, count: int) -> None:
    """The daemon, the daemon with Home Assistant and the reference all work, and each has its figures."""
    measure: Callable[[Scale], list[Row]] = part.rows  # type: ignore[attr-defined]
    found = names(measure(LEAST))
    assert len(set(found)) == count


@pytest.mark.parametrize("mode", METERS)
def test_the_reference_publishes_what_the_decoder_reads(mode: str) -> None:
    """The least program does the same work: of a sound frame it makes the same mapping."""
    (piece,) = pieces(mode, count=1, size=1)
    (reading,) = Decoder().feed(piece)
    assert reference.values_of(piece.removesuffix(ETX)) == reading.values


@pytest.mark.parametrize("mode", METERS)
def test_changing_values_are_sound_and_others_in_each_frame(mode: str) -> None:
    """Only the digits of quantities and indexes differ; the decoder takes every group."""
    decoder = Decoder()
    (piece,) = pieces(mode, count=1, size=20_000, changing=True)
    readings = decoder.feed(piece)
    assert decoder.counts.rejected == 0
    indexes = [reading.values["HCHP" if mode == "historique" else "EAST"] for reading in readings]
    assert len(set(indexes)) == len(indexes) > 10
    usual, changing = next(frames(mode)), next(frames(mode, changing=True))
    usual_values, changing_values = build_reading(usual), build_reading(changing)
    assert usual_values is not None
    assert changing_values is not None
    assert list(usual_values.values) == list(changing_values.values)


def test_a_uart_hands_over_eight_bytes_and_the_end_of_each_frame_at_once() -> None:
    """The last byte of a chunk has arrived when the chunk is handed over; ETX does not wait for others."""
    sent = [b"\x02" + b"x" * 17 + ETX] * 2
    character = BITS / 1200
    handed = list(uart(sent, 1200))
    assert [len(chunk) for _, chunk in handed] == [FIFO, FIFO, 3] * 2
    times = [at for at, _ in handed]
    assert times[:3] == pytest.approx([8 * character, 16 * character, 19 * character])
    assert times[3] == pytest.approx(19 * character + GAP + 8 * character)


@pytest.mark.parametrize("baudrate", [1200, 9600])
def test_a_usb_adapter_hands_over_every_16_ms_what_has_come(baudrate: int) -> None:
    """Nothing is lost or early, nothing waits for more than a tick, and silence is no message."""
    sent = [b"\x02" + bytes([65 + number]) * 97 + ETX for number in range(3)]
    handed = list(usb(sent, baudrate))
    assert b"".join(chunk for _, chunk in handed) == b"".join(sent)
    assert all(chunk for _, chunk in handed)
    length = len(sent[0]) * BITS / baudrate + GAP
    arrivals = [
        number * length + (position + 1) * BITS / baudrate
        for number in range(3)
        for position in range(len(sent[0]))
    ]
    count = 0
    for at, chunk in handed:
        for arrival in arrivals[count : count + len(chunk)]:
            assert 0 <= at - arrival + 1e-9 <= TICK + 2e-9
        count += len(chunk)
        assert at / TICK == pytest.approx(round(at / TICK))


def test_a_recording_is_split_behind_each_etx() -> None:
    """What was cut short at the end is no frame."""
    assert split(b"\x02a\x03\x02b\x03\x02c") == [b"\x02a\x03", b"\x02b\x03"]


def test_a_row_says_whether_its_ratio_reaches_the_goal() -> None:
    """Without a floor the figure itself is what the goal is about; without a goal there is nothing to say."""
    row = Row(what="a", measured=2.0, floor=4.0, unit="ms", goal=0.5)
    assert row.ratio == 0.5
    assert row.reached is True
    assert Row(what="a", measured=2.1, floor=4.0, unit="ms", goal=0.5).reached is False
    assert Row(what="a", measured=2.1, floor=4.0, unit="ms", goal=0.5, more_is_better=True).reached is True
    assert Row(what="a", measured=1.0, unit="values", goal=0.0).reached is False
    assert Row(what="a", measured=1.0, unit="values").reached is None


def test_a_table_has_a_line_for_each_row_under_its_headings() -> None:
    """In both forms, with the same cells."""
    row = Row(what="CPU", measured=12.34, floor=6.17, unit="s/h", goal=3.0, remark="so it is")
    assert text([row]).splitlines()[1] == "CPU   12.3 s/h  6.17 s/h  2.00   ≤ 3   yes  so it is"
    assert markdown([row]).splitlines()[2] == "| CPU | 12.3 s/h | 6.17 s/h | 2.00 | ≤ 3 | yes | so it is |"


def test_a_quantile_is_one_of_the_values() -> None:
    """The 99th percentile of a hundred is the second greatest, of a few it is the greatest."""
    assert quantile([float(value) for value in range(100)], 0.99) == 98
    assert quantile([3.0, 1.0, 2.0], 0.99) == 3.0
    assert quantile([3.0, 1.0, 2.0], 0.5) == 2.0


@pytest.mark.parametrize(("wrong", "status"), [(0.0, 0), (1.0, 1)])
def test_only_a_broken_promise_fails_the_benchmark(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], wrong: float, status: int
) -> None:
    """A goal of speed that is missed on this machine is a figure, a wrong value is a fault."""
    rows = [
        Row(what="slow", measured=9.0, floor=1.0, unit="ms", goal=1.0),
        Row(what="wrong", measured=wrong, unit="values", goal=0.0, promise=True),
    ]
    monkeypatch.setitem(bench.PARTS, "truth", lambda _scale: rows)
    monkeypatch.setattr(sys, "argv", ["bench", "--only", "truth", "--quick"])
    assert bench.main() == status
    printed = capsys.readouterr().out
    assert "slow" in printed
    assert "cores" in printed
