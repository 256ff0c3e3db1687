"""Layouts: when they are confirmed, what is believed by them, and that they change no result."""

from __future__ import annotations

import datetime as dt
import random
from itertools import islice, product
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo.simulator.catalogue import METERS, build
from teleinfo.simulator.encode import encode_frame, encode_group, flip_bits, with_parity
from teleinfo.state.payload import Options, encode
from teleinfo.tic.decoder import Decoder
from teleinfo.tic.groups import Group, parse_frame
from teleinfo.tic.labels import Mode, lookup
from teleinfo.tic.layout import Layout, form_of, is_documented
from teleinfo.tic.layout_cache import (
    APPEARANCES_AGAINST,
    APPEARANCES_AT_FIRST,
    MAX_CANDIDATES,
    MAX_LAYOUTS,
    LayoutCache,
)
from teleinfo.tic.reading import Reading, build_reading
from tests.bench.streams import frames
from tests.support.decoders import decoder_by_groups
from tests.support.strategies import chunkings, streams

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn

HIST, STD = Mode.HISTORIQUE, Mode.STANDARD


def hist(label: str, value: str) -> Group:
    """Return a group of mode historique."""
    return Group(label, value, None, HIST)


def std(label: str, value: str, horodate: str | None = None) -> Group:
    """Return a group of mode standard."""
    return Group(label, value, horodate, STD)


ADCO, PTEC, PAPP = hist("ADCO", "041961123456"), hist("PTEC", "HP.."), hist("PAPP", "01940")
FRAME = [ADCO, PTEC, PAPP]
DATE = std("DATE", "", "H260115120000")


def labels(decoder: Decoder, *groups: Group) -> list[str]:
    """Feed a frame and return the keys of its reading."""
    return [key for reading in decoder.feed(encode_frame(groups)) for key in reading.values]


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
    last = one.read(characters)

    assert last is not None
    assert one.read(frame.removesuffix(b"\x03")) is None
    assert one.follow(last, characters.split(b"\r"), frame.removesuffix(b"\x03").split(b"\r")) is None


def test_the_first_layout_is_confirmed_by_its_third_frame() -> None:
    """The frame behind it is read at once."""
    readings = Decoder().feed(encode_frame(FRAME) * (APPEARANCES_AT_FIRST + 1))

    assert [reading.members is None for reading in readings] == [True] * APPEARANCES_AT_FIRST + [False]


def test_before_the_first_layout_a_label_that_the_table_lacks_waits_less_than_another_width() -> None:
    """The label comes with its second frame, the width with the layout, what the table knows at once."""
    decoder = Decoder()
    unknown, wide = hist("NEW", "1"), hist("PAPP", "001940")
    said = [labels(decoder, ADCO, unknown, wide) for _ in range(3)]

    assert said == [["ADCO"], ["ADCO", "NEW"], ["ADCO", "NEW", "PAPP"]]
    assert decoder.unconfirmed == {"NEW": 1, "PAPP": 2}


def test_the_layouts_after_the_first_are_confirmed_by_their_second_frame() -> None:
    """A line that was lost twice would be missing from the confirmed one."""
    decoder, unknown = Decoder(), hist("NEW", "1")
    for _ in range(APPEARANCES_AT_FIRST):
        labels(decoder, *FRAME)

    assert labels(decoder, *FRAME, unknown) == ["ADCO", "PTEC", "PAPP"]
    assert labels(decoder, *FRAME, unknown) == ["ADCO", "PTEC", "PAPP", "NEW"]


@pytest.mark.parametrize("meter", ["hc", "tempo"])
def test_two_first_frames_that_lost_the_same_bytes_confirm_nothing(meter: str) -> None:
    """
    Whatever they lost or repeated: no étiquette of the table is invented, and no value is false twice.

    What the table does not know is believed from its second appearance on, whatever it came of.
    """
    sent = [encode_frame(groups) for groups in islice(frames(meter, changing=True), 2)]
    truths = [build_reading(groups) for groups in islice(frames(meter, changing=True), 2)]
    for start, size in product(range(1, len(sent[0])), range(1, 65)):
        for rest in (start + size, start - size):  # lost, repeated
            damaged = [frame[:start] + frame[max(1, rest) :] for frame in sent]
            if not all(isinstance(found, Group) for found in parse_frame(damaged[0][1:-1])):
                continue  # the sum shows it
            false: set[str] | None = None
            for reading, truth in zip(Decoder().feed(b"".join(damaged)), truths, strict=False):
                assert truth is not None
                known = {key for key in reading.values if lookup(reading.mode, key) is not None}
                assert known <= truth.values.keys(), (start, rest)
                found_false = {key for key in known if reading.values[key] != truth.values[key]}
                assert false is None or found_false <= false, (start, rest)
                false = found_false


@pytest.mark.parametrize("wide", [hist("BASE", "01234567890123"), hist("ADCO", "04196112345")])
def test_an_index_or_identifier_of_another_width_must_come_five_times_in_a_row(wide: Group) -> None:
    """It is kept for ever, and the same bytes may be lost in the first two frames."""
    decoder = Decoder()
    said = [labels(decoder, wide, PTEC, PAPP) for _ in range(APPEARANCES_AGAINST)]

    assert said[:-1] == [["PTEC", "PAPP"]] * (APPEARANCES_AGAINST - 1)
    assert said[-1] == [wide.label, "PTEC", "PAPP"]


def test_an_unknown_etiquette_must_come_twice_in_a_row() -> None:
    """In frames that have something else wrong, too."""
    decoder = Decoder()
    damaged = (
        encode_frame(FRAME)
        .replace(b"PTEC", b"PTEQ")
        .replace(b"\x03", encode_group(hist("NEW", "1")) + b"\x03")
    )
    said = []
    for frame in (damaged, encode_frame(FRAME), damaged, damaged):
        said += [list(reading.values) for reading in decoder.feed(frame)]

    assert said == [["ADCO", "PAPP"], ["ADCO", "PTEC", "PAPP"], ["ADCO", "PAPP"], ["ADCO", "PAPP", "NEW"]]


@pytest.mark.parametrize("alarm", [hist("ADPS", "047"), hist("PEJP", "30")])
def test_an_alarm_that_the_table_knows_is_believed_at_its_first_frame(alarm: Group) -> None:
    """It is why people read the meter."""
    decoder = Decoder()
    for _ in range(3):
        labels(decoder, *FRAME)

    assert labels(decoder, ADCO, PTEC, alarm, PAPP) == ["ADCO", "PTEC", alarm.label, "PAPP"]
    assert labels(decoder, *FRAME) == ["ADCO", "PTEC", "PAPP"]


def test_a_value_of_another_width_is_not_believed() -> None:
    """Bytes of it are lost; the sum is right all the same, where they add up to a multiple of 64."""
    decoder = Decoder()
    east = std("EAST", "198627097")
    for _ in range(3):
        labels(decoder, DATE, east, std("PREF", "09"))

    assert labels(decoder, DATE, std("EAST", "197"), std("PREF", "09")) == ["DATE", "PREF"]
    assert decoder.unconfirmed == {"EAST": 1}


def test_a_value_made_of_two_lines_is_not_believed() -> None:
    """The head of one line and the tail of the next are as wide as each; the sum may be right."""
    decoder = Decoder()
    first, second, last = std("EASF01", "011111111"), std("EASF02", "022222222"), std("PREF", "09")
    for _ in range(3):
        labels(decoder, DATE, first, second, last)

    assert labels(decoder, DATE, std("EASF01", "011111112"), last) == ["DATE", "PREF"]
    labels(decoder, DATE, first, second, last)
    # The same value as before is no other one.
    assert labels(decoder, DATE, first, last) == ["DATE", "EASF01", "PREF"]


def test_a_layout_against_a_confirmed_one_must_come_many_times_in_a_row() -> None:
    """A meter that was set anew is believed then; damage that comes now and then never is."""
    decoder, wide = Decoder(), hist("PAPP", "001940")
    for _ in range(3):
        labels(decoder, *FRAME)
    for _ in range(APPEARANCES_AGAINST):
        assert labels(decoder, ADCO, PTEC, wide) == ["ADCO", "PTEC"]
        labels(decoder, *FRAME)
    said = [labels(decoder, ADCO, PTEC, wide) for _ in range(APPEARANCES_AGAINST)]

    assert said[:-1] == [["ADCO", "PTEC"]] * (APPEARANCES_AGAINST - 1)
    assert said[-1] == ["ADCO", "PTEC", "PAPP"]


def test_another_mode_and_another_meter_forget_the_layouts() -> None:
    """What was confirmed of the one says nothing of the other."""
    decoder, unknown = Decoder(), hist("NEW", "1")
    other = hist("ADCO", "041961654321")
    for _ in range(APPEARANCES_AT_FIRST):
        labels(decoder, ADCO, unknown, PTEC)
    labels(decoder, DATE, std("PREF", "09"))
    of_another_mode = labels(decoder, ADCO, unknown, PTEC)
    for _ in range(APPEARANCES_AT_FIRST - 1):
        labels(decoder, ADCO, unknown, PTEC)
    of_the_other = [labels(decoder, other, unknown, PTEC) for _ in range(4)]

    assert of_another_mode == ["ADCO", "PTEC"]
    assert of_the_other == [
        ["NEW", "PTEC"],
        ["ADCO", "NEW", "PTEC"],
        ["ADCO", "PTEC"],
        ["ADCO", "NEW", "PTEC"],
    ]


def test_the_second_part_of_an_ice_frame_keeps_its_name() -> None:
    """What opens it is never withheld: without it the groups behind it would say something else."""
    decoder = Decoder()
    for value in ("12Wh", "7Wh"):
        labels(decoder, ADCO, hist("EA", value), PAPP)
    parts = [hist("EA", "12Wh"), hist("Appli", "INJECTION"), hist("EA", "7Wh")]

    assert labels(decoder, *parts) == ["EA", "Appli", "EA_INJECTION"]


def test_what_is_remembered_of_a_line_is_bounded() -> None:
    """Layouts and candidates, whatever comes."""
    cache = LayoutCache()
    for number in range(200):
        groups = [ADCO, *(hist(f"N{digit}", "1") for digit in f"{number:03}"), PAPP]
        found = parse_frame(encode_frame({one.label: one for one in groups}.values())[1:-1])
        for _ in range(1 + number % 2 * 2):
            cache.believe(found)

    assert len(cache._layouts) <= MAX_LAYOUTS
    assert len(cache._candidates) <= MAX_CANDIDATES


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
        (hist("EA", "123456"), False),
        (hist("NEW", "1"), False),
    ],
)
def test_the_table_has_the_forms_of_the_documents(group: Group, documented: bool) -> None:  # noqa: FBT001
    """The width of the value, whether it varies, its unit, and the horodate."""
    assert is_documented(form_of(group)) is documented


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
    assert [encode(one, Options(), now=0) for one in readings] == [
        encode(Reading(one.mode, one.values), Options(), now=0) for one in expected
    ]
    assert at_once.counts == by_groups.counts
    assert (at_once.unconfirmed, at_once.implausible) == (by_groups.unconfirmed, by_groups.implausible)
    assert at_once.withheld == by_groups.withheld
    assert at_once.parity is by_groups.parity
