"""The benchmark works in its smallest size, and its rows of truth and price find out a wrong decoder."""

from __future__ import annotations

import sys
from functools import partial
from itertools import islice, product
from typing import TYPE_CHECKING

import pytest

from teleinfo.simulator.encode import ETX
from teleinfo.tic.decoder import Decoder
from teleinfo.tic.framing import Framer
from teleinfo.tic.groups import parse_frame
from teleinfo.tic.labels import Group
from teleinfo.tic.reading import Reading, build_reading
from tests.bench import __main__ as bench
from tests.bench import independent, price, reference, truth
from tests.bench.faults import FAMILIES
from tests.bench.judge import LASTING
from tests.bench.rows import Row
from tests.bench.scale import Scale
from tests.bench.sent import add_parity
from tests.bench.streams import METERS, pieces
from tests.bench.walk import Stretch, walk

if TYPE_CHECKING:
    from tests.bench.judge import Reads

LEAST = Scale(
    modes=("standard",),
    settle=0.1,
    pieces=1,
    piece_bytes=4000,
    frames=2,
    paced=1,
    seconds=0.5,
    damaged=50,
    sound=50,
    stride=211,
    only=("tri", "standard", "doc:overrun"),
    processes=1,
    meters=(1, 2),
    meter_seconds=2.0,
)
ROWS = {"decoding": 8, "price": 20, "truth": 50, "latency": 12, "cpu": 8, "memory": 6, "scale": 16}
PROGRAMS = ("latency", "cpu", "memory", "scale")
LONG = [pytest.mark.long, pytest.mark.real]


@pytest.mark.parametrize(
    "part", [pytest.param(part, marks=LONG if part in PROGRAMS else ()) for part in bench.PARTS]
)
def test_a_part_returns_its_rows_and_breaks_no_promise(part: str) -> None:
    """Every mode, meter and program has its figures, and a floor to compare them with."""
    rows = bench.PARTS[part](LEAST)

    assert len({row.what for row in rows}) == ROWS[part]
    assert all(row.measured >= 0 and (row.floor is None or row.floor > 0) for row in rows)
    assert [row.what for row in rows if row.promise and not row.reached] == []


@pytest.mark.parametrize("broken", [False, True])
def test_only_a_broken_promise_fails_the_benchmark(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *, broken: bool
) -> None:
    """A goal of speed that is missed on this machine is a figure, a wrong value is a fault."""
    slow = Row(what="slow", measured=9.0, floor=1.0, unit="ms", goal=1.0)
    wrong = Row(what="wrong", measured=float(broken), unit="values", goal=0.0, promise=True)
    monkeypatch.setitem(bench.PARTS, "truth", lambda _scale: [slow, wrong])
    monkeypatch.setattr(sys, "argv", ["bench", "--only", "truth", "--quick"])

    assert bench.main() == broken
    assert "slow" in capsys.readouterr().out


@pytest.mark.parametrize("mode", METERS)
def test_the_reference_publishes_what_the_decoder_reads(mode: str) -> None:
    """The least program does the same work: of a sound frame it makes the same mapping."""
    (piece,) = pieces(mode, count=1, size=1)
    (reading,) = Decoder().feed(piece)

    assert reference.values_of(piece.removesuffix(ETX)) == reading.values


class Gullible:
    """A decoder that believes every sound group."""

    def __init__(self) -> None:
        self._framer = Framer()

    def feed(self, data: bytes) -> list[Reading]:
        """Return what the sound groups of each frame say."""
        found = [parse_frame(frame.body) for frame in self._framer.feed(data)]
        readings = [build_reading([one for one in groups if isinstance(one, Group)]) for groups in found]
        return [reading for reading in readings if reading is not None]


class Wary(Gullible):
    """A decoder that publishes no tariff."""

    def feed(self, data: bytes) -> list[Reading]:
        """Leave out the tariff in force."""
        return [
            Reading(reading.mode, {key: value for key, value in reading.values.items() if key != "PTEC"})
            for reading in super().feed(data)
        ]


def test_lost_and_repeated_bytes_make_a_gullible_decoder_say_what_was_never_sent() -> None:
    """Lasting values and others, and those of the frame before: nothing but the sum protects it."""
    found = walk("tri", stride=9, make=Gullible)
    for family in ("1 to 64 bytes lost", "1 to 64 bytes repeated"):
        outcome = found[family, True]
        assert any(outcome.wrong[kind] for kind in LASTING)
        assert outcome.examples


@pytest.mark.parametrize("seen", [0, 2])
def test_every_fault_of_which_something_false_comes_is_suspect(seen: int) -> None:
    """The cheap look before the decoder misses none, in a frame of 65 bytes with all its neighbours."""
    stretch = Stretch("doc:overrun", seen, Gullible)
    false = 0
    for (name, family), parity in product(FAMILIES.items(), (True, False)):
        for place in range(stretch.start, stretch.end, 1 if "64 bytes" in name else 7):
            for fault in family(stretch.stream, place):
                if stretch.give(fault, parity=parity):
                    false += 1
                    assert stretch.is_suspect(fault, parity=parity)
    assert false


def test_wrong_bits_make_a_decoder_without_plausibility_publish_indexes_that_are_far_off() -> None:
    """On a line without parity, where nothing else finds them."""
    bare, whole = (
        truth.listen_to("hc", "1 in 100 bits wrong", parity=False, enough=2000, make=make)
        for make in (partial(Decoder, plausibility=False), Decoder)
    )
    assert bare.far_off > whole.far_off


def test_the_price_of_a_decoder_that_withholds_a_tariff_is_each_of_its_frames() -> None:
    """One group in ten, for as long as the line lasts; and nothing of a decoder that withholds nothing."""
    clean = price.LINES["clean line"]
    paid, free = (price.measure("doc:cbemm", clean, 500, make) for make in (Wary, Gullible))
    assert paid.withheld == {"PTEC": paid.sound // 10}
    assert paid.longest.times == paid.sound // 10
    assert paid.longest.seconds == pytest.approx((paid.longest.times - 1) * 1.32)
    assert free.sound == paid.sound
    assert not free.withheld


@pytest.mark.parametrize("name", independent.METERS)
def test_a_frame_of_the_documents_is_sound(name: str) -> None:
    """Each group has the shape and the sum that the decoder asks for, and says what its author meant."""
    decoder: Reads = Gullible()
    for frame in islice(independent.frames(name), 60):
        assert [reading.values for reading in decoder.feed(add_parity(frame.data))] == [frame.values]


def test_a_frame_of_the_documents_has_the_sums_that_real_meters_sent() -> None:
    """Sums of real groups, one of which is a blank (Enedis-NOI-CPT_54E v3, recordings)."""
    [historique, standard] = (next(independent.frames(f"doc:{name}")) for name in ("cbemm", "standard-65"))
    for text in (b"\nISOUSC 30 9\r", b"\nPTEC HP..  \r", b"\nIMAX 090 H\r", b"\nMOTDETAT 000000 B\r"):
        assert text in historique.data
    for text in (b"\nVTIC\t02\tJ\r", b"\nSTGE\t003A0001\t:\r", b"\nRELAIS\t000\tB\r", b"\nNTARF\t01\tN\r"):
        assert text in standard.data
