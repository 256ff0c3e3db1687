"""Layouts: frames that are read at once, with the result that their groups give."""

from __future__ import annotations

import datetime as dt
import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo.payload import Options, encode
from teleinfo.simulator.catalogue import METERS, build
from teleinfo.simulator.encode import encode_frame, flip_bits, with_parity
from teleinfo.tic.decoder import Decoder
from teleinfo.tic.labels import Mode
from teleinfo.tic.layout import MAX_LAYOUTS, LayoutCache
from teleinfo.tic.reading import Reading, belief_of
from tests.support.decoders import decoder_by_groups
from tests.support.frames import historique as hist
from tests.support.frames import standard as std
from tests.support.frames import whole
from tests.support.strategies import chunkings, streams

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn

HIST = Mode.HISTORIQUE
STD = Mode.STANDARD


ADCO = hist("ADCO", "041961123456")
PTEC = hist("PTEC", "HP..")
PAPP = hist("PAPP", "01940")
FRAME = [ADCO, PTEC, PAPP]
DATE = std("DATE", "", "H260115120000")


def test_the_layouts_that_are_kept_are_bounded() -> None:
    cache = LayoutCache()
    for number in range(200):
        groups = [ADCO, hist(f"N{number}", "1"), PAPP]
        cache.learn(groups)

    assert len(cache._layouts) == MAX_LAYOUTS
    assert cache.read(encode_frame(groups)[:-1], frozenset()) is not None


@st.composite
def lives(draw: DrawFn) -> bytes:
    """Draw what a simulated meter sends for a while, now and then damaged, perhaps with parity."""
    start = dt.datetime(2026, 1, 15, draw(st.integers(0, 23)), 59, 50)  # noqa: DTZ001
    meter = build(draw(st.sampled_from(sorted(METERS))), start=start, rng=random.Random(draw(st.integers())))
    rng = random.Random(draw(st.integers(0, 1 << 16)))
    parts = []
    for second in range(draw(st.integers(1, 12))):
        part = meter.emit(start + dt.timedelta(seconds=2 * second))
        if draw(st.booleans()):
            part = with_parity(part)
        damage = draw(st.sampled_from(["none", "none", "bits", "lost", "repeated", "mark"]))
        place = rng.randrange(len(part))
        size = rng.randrange(1, 65)
        if damage == "bits":
            part = flip_bits(part, 0.005, rng)
        elif damage == "lost":
            part = part[:place] + part[place + size :]
        elif damage == "repeated":
            part = part[: place + size] + part[place:]
        elif damage == "mark":
            part = part[:place] + rng.choice([b"\x04", b"\x02", b"\r", b"\n", b"\x8d"]) + part[place + 1 :]
        parts.append(part)
    return b"".join(parts)


OVERRUN = [hist("ADIR1", "031"), ADCO, hist("IINST1", "031"), hist("IINST2", "047"), hist("IINST3", "002")]
LINES = {
    "a date with a value": encode_frame(whole(STD, DATE="1")) * 8,
    "a single group": encode_frame([ADCO]) * 6,
    "an alarm that is compared with a current": encode_frame(OVERRUN) * 6
    + encode_frame([hist("ADIR1", "037"), *OVERRUN[1:]]),
    "a label that repeats": encode_frame([ADCO, PAPP, hist("PREAVIS", "DEP"), hist("PREAVIS", "EJP")]) * 6,
    "a second part": encode_frame([hist("EA", "1Wh"), hist("Appli", "INJECTION"), hist("EA", "7Wh")]) * 6,
    "a notice that ends": (encode_frame(whole()) * 5 + encode_frame(whole(PEJP="30")) * 5) * 2
    + encode_frame(whole()) * 5
    + encode_frame([group for group in whole(PEJP="30") if group.label != "PTEC"]),
    "an overrun that ends": (encode_frame(whole()) * 5 + encode_frame(whole(ADPS="047")) * 5) * 2,
    "a value that JSON escapes": encode_frame([ADCO, hist("PTEC", 'H"..'), PAPP]) * 6,
    "a wrong sum": encode_frame(FRAME) * 5 + encode_frame(FRAME).replace(b"01940", b"01941"),
    "a value of blanks alone": encode_frame(FRAME) * 5 + encode_frame([ADCO, hist("PTEC", "    "), PAPP]) * 5,
    "values that blanks and dots fill": encode_frame([hist("PTEC", "...."), hist("HHPHC", ".")]) * 5
    + encode_frame([std("LTARF", " HP  BLEU       "), std("NGTF", " " * 16)]) * 5,
    "a value of another class": encode_frame(FRAME) * 5 + encode_frame([ADCO, PTEC, hist("PAPP", "0A940")]),
    "a tariff that changes": encode_frame(whole(STD)) * 8 + encode_frame(whole(STD, NTARF="02")) * 3,
    "another mode": encode_frame([*whole(STD), std("NEW", "1")]) * 4
    + encode_frame(whole(HIST)) * 5
    + encode_frame([*whole(STD), std("NEW", "1")]),
    "another meter": encode_frame(whole(NEW="1")) * 5 + encode_frame(whole(ADCO="012345678902", NEW="1")) * 4,
}


@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
def test_what_a_layout_may_not_decide_is_decided_group_by_group(line: bytes) -> None:
    assert_layouts_change_nothing(line, [line])


@given(lives() | streams(), st.data())
def test_layouts_change_no_reading(stream: bytes, data: st.DataObject) -> None:
    """With the layouts or without them, whatever the line and its chunks."""
    stream *= data.draw(st.integers(1, 3))
    assert_layouts_change_nothing(stream, data.draw(chunkings(stream)))


def assert_layouts_change_nothing(stream: bytes, chunks: list[bytes]) -> None:
    """Readings, their JSON, every count and what is withheld are the same without the layouts."""
    at_once = Decoder()
    by_groups = decoder_by_groups()
    readings = [reading for chunk in chunks for reading in at_once.feed(chunk)]
    expected = by_groups.feed(stream)
    at_once.close()
    by_groups.close()

    assert readings == expected
    assert [belief_of(one) for one in readings] == [belief_of(one) for one in expected]
    assert [encode(one, Options(), now=0) for one in readings] == [
        encode(Reading(one.mode, one.values), Options(), now=0) for one in expected
    ]
    assert at_once.counts == by_groups.counts
    assert (at_once.unconfirmed, at_once.implausible) == (by_groups.unconfirmed, by_groups.implausible)
    assert at_once.withheld == by_groups.withheld
    assert at_once.parity is by_groups.parity
