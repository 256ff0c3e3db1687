"""Layouts: frames that are read at once, with the result that their groups give."""

from __future__ import annotations

import datetime as dt
import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo.simulator.catalogue import METERS, build
from teleinfo.simulator.encode import encode_frame, flip_bits, with_parity
from teleinfo.state.payload import Options, encode
from teleinfo.tic.decoder import Decoder
from teleinfo.tic.forms import documented_widths, form_of
from teleinfo.tic.labels import Group, Mode
from teleinfo.tic.layout import MAX_LAYOUTS, Layout, LayoutCache, LayoutReading
from teleinfo.tic.reading import Reading, build_reading
from tests.support.decoders import decoder_by_groups
from tests.support.frames import historique as hist
from tests.support.frames import standard as std
from tests.support.frames import whole
from tests.support.strategies import chunkings, streams

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn

HIST, STD = Mode.HISTORIQUE, Mode.STANDARD


ADCO, PTEC, PAPP = hist("ADCO", "041961123456"), hist("PTEC", "HP.."), hist("PAPP", "01940")
FRAME = [ADCO, PTEC, PAPP]
DATE = std("DATE", "", "H260115120000")


def layout(*groups: Group) -> Layout:
    """Return the layout of these groups."""
    return Layout(tuple(map(form_of, groups)))


@pytest.mark.parametrize(
    "groups",
    [
        FRAME,
        [hist("OPTARIF", "BBR("), hist("DEMAIN", "----"), hist("MOTDETAT", "000000")],
        [hist("PTEC", "...."), hist("HHPHC", ".")],
        [DATE, std("SMAXSN", "02740", "E220609060531"), std("DPM1", "00", " 220609060531")],
        [std("LTARF", " HP  BLEU       "), std("NGTF", " " * 16), std("STGE", "003A0001")],
        [hist("EA", "12Wh"), hist("PTCOUR", "HPH"), hist("TGPHI", "-0,42")],
        [std("NEW", "1", "H260115120000"), std("OTHER", "X Y")],
    ],
)
def test_a_frame_that_is_read_at_once_says_what_its_groups_say(groups: list[Group]) -> None:
    """Keys, texts, padding and JSON are those of the groups."""
    frame = encode_frame(groups)
    one = layout(*groups)
    reading = one.read(frame[:-1])
    expected = build_reading(groups)

    assert reading is not None
    assert expected is not None
    assert reading == expected
    assert encode(reading, Options(), now=0) == encode(expected, Options(), now=0)


@pytest.mark.parametrize(
    "frame",
    [
        encode_frame([ADCO, PTEC]),
        encode_frame([ADCO, PAPP, PTEC]),
        encode_frame([ADCO, PTEC, hist("PAPP", "1940")]),
        encode_frame([ADCO, hist("PTEC", 'H"..'), PAPP]),  # JSON escapes it: the other way does
        encode_frame([ADCO, hist("PTEC", "    "), PAPP]),  # nothing is left of it
        encode_frame(FRAME).replace(b"01940", b"01941"),
        encode_frame(FRAME).replace(b"01940", b"0A940"),
        encode_frame(FRAME).replace(b"\n", b"\x0b", 1),
        b"\n" + encode_frame(FRAME),
    ],
)
def test_a_frame_that_is_not_of_the_layout_is_not_read(frame: bytes) -> None:
    """Another sequence, width, class or sum, and whatever the layout does not say."""
    one, characters = layout(*FRAME), encode_frame(FRAME)[:-1]

    assert one.read(characters) is not None
    assert one.read(frame.removesuffix(b"\x03")) is None


@pytest.mark.parametrize("mode", Mode)
def test_a_frame_of_what_is_known_is_read_at_once(mode: Mode) -> None:
    """The first two show it, and the next one makes its layout."""
    readings = Decoder().feed(encode_frame(whole(mode)) * 4)

    assert [isinstance(reading, LayoutReading) for reading in readings] == [False] * 3 + [True]


def test_a_date_that_has_a_value_besides_its_horodate_is_read_with_both() -> None:
    """The keys of such a date depend on its value: its frames are read group by group."""
    [*_, last] = Decoder().feed(encode_frame(whole(STD, DATE="1")) * 8)

    assert (last.values["DATE"], last.values["DATE_HORODATE"]) == ("1", "H260115120000")


def test_a_frame_with_alarms_that_are_compared_or_with_one_group_is_never_read_at_once() -> None:
    """Whether ADIR1 is believed depends on IINST1; a single group needs no layout."""
    short = [hist("ADIR1", "047"), ADCO, *(hist(f"IINST{phase}", "047") for phase in (1, 2, 3))]
    readings = [one for groups in (short, [ADCO]) for one in Decoder().feed(encode_frame(groups) * 6)]

    assert not any(isinstance(reading, LayoutReading) for reading in readings)


def test_the_layouts_that_are_kept_are_bounded() -> None:
    """Those that were read last stay."""
    cache = LayoutCache()
    for number in range(200):
        groups = [ADCO, hist(f"N{number}", "1"), PAPP]
        cache.learn(groups)

    assert len(cache._layouts) == MAX_LAYOUTS
    assert cache.read(encode_frame(groups)[:-1], frozenset()) is not None


@pytest.mark.parametrize(
    ("group", "is_known"),
    [
        (hist("HHPHC", "A"), True),
        (hist("PREAVIS", "DEP"), False),
        (hist("Appli", "INJECTION"), False),
        (hist("ADIR1", "010"), False),
    ],
)
def test_a_frame_with_a_group_on_which_others_depend_has_no_layout(group: Group, *, is_known: bool) -> None:
    """An étiquette that may repeat, the opener of a part, or an alarm that is compared with a current."""
    cache = LayoutCache()
    cache.learn([ADCO, PAPP, group])

    assert (cache.read(encode_frame([ADCO, PAPP, group])[:-1], frozenset()) is not None) is is_known


def test_the_first_frame_without_a_notice_is_read_group_by_group() -> None:
    """The notice is in force until then: `trust` must see the frame that lacks it."""
    cache = LayoutCache()
    cache.learn(FRAME)

    assert cache.read(encode_frame(FRAME)[:-1], frozenset({"PEJP"})) is None


@pytest.mark.parametrize(
    ("group", "documented"),
    [
        (hist("PAPP", "01940"), True),
        (hist("PAPP", "1940"), False),
        (hist("BASE", "12345678"), True),  # a concentrateur
        (std("DATE", "", "H260115120000"), True),
        (std("DATE", "15/01/26 12/00/00"), True),  # SAPHIR
        (std("UMOY1", "230", "H260115120000"), True),
        (std("UMOY1", "230V"), True),  # SAPHIR
        (hist("EA", "12Wh"), True),
        (hist("EA", "123456Wh"), True),
        (hist("EA", "12Wh  "), True),
        (hist("EA", "12WhX"), False),
        (hist("EA", "123456"), False),
        (hist("ENERG", "000120:000350"), True),
        (hist("NEW", "1"), False),
        (std("VTIC", "02", "H260115120000"), False),
    ],
)
def test_the_table_has_the_forms_of_the_documents(group: Group, documented: bool) -> None:  # noqa: FBT001
    """The width of the value, whether it varies, its unit, and the horodate."""
    assert (form_of(group).width in documented_widths(form_of(group))) is documented


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
        place, size = rng.randrange(len(part)), rng.randrange(1, 65)
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


@given(lives() | streams(), st.data())
def test_a_frame_that_is_read_at_once_is_what_it_is_group_by_group(
    stream: bytes, data: st.DataObject
) -> None:
    """Readings, their JSON, every count and what is withheld are the same, whatever the chunking."""
    stream *= data.draw(st.integers(1, 3))
    at_once, by_groups = Decoder(), decoder_by_groups()
    readings = [reading for chunk in data.draw(chunkings(stream)) for reading in at_once.feed(chunk)]
    expected = by_groups.feed(stream)
    at_once.close()
    by_groups.close()

    assert readings == expected
    assert [one.belief for one in readings] == [one.belief for one in expected]
    assert [encode(one, Options(), now=0) for one in readings] == [
        encode(Reading(one.mode, one.values), Options(), now=0) for one in expected
    ]
    assert at_once.counts == by_groups.counts
    assert (at_once.unconfirmed, at_once.implausible) == (by_groups.unconfirmed, by_groups.implausible)
    assert at_once.withheld == by_groups.withheld
    assert at_once.parity is by_groups.parity


def test_another_mode_forgets_the_layouts() -> None:
    """A frame of the mode before is read group by group again: what it has that is new must be confirmed."""
    frame = encode_frame([*whole(STD), std("NEW", "1")])
    stream = frame * 4 + encode_frame(whole(HIST)) * 5 + frame

    assert Decoder().feed(stream) == decoder_by_groups().feed(stream)
