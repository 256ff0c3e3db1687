"""A place in a frame takes just the lines that pass every check and say the same in the same form."""

from __future__ import annotations

import random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from teleinfo.simulator.encode import encode_group, flip_bits
from teleinfo.tic.groups import Group, checksum, line_pattern, parse_group
from teleinfo.tic.labels import Mode
from teleinfo.tic.place import Place
from teleinfo.tic.reading import build_reading
from tests.support.strategies import groups

EAST = Group("EAST", "012345678", None, Mode.STANDARD)
PAPP = Group("PAPP", "00750", None, Mode.HISTORIQUE)
SMAXSN = Group("SMAXSN", "02740", "E220609060531", Mode.STANDARD)
DATE = Group("DATE", "", "H240213083144", Mode.STANDARD)
UNKNOWN = Group("A.B+C", "1", None, Mode.HISTORIQUE)


def line(group: Group) -> bytes:
    """Return the group from its LF on, without its CR."""
    return encode_group(group)[:-1]


def sealed(covered: bytes, mode: Mode) -> bytes:
    """Return the characters with the separator of the mode, which standard covers, and the right sum."""
    if mode is Mode.STANDARD:
        covered += b"\t"
        return covered + bytes([checksum(covered)])
    return covered + b" " + bytes([checksum(covered)])


@st.composite
def neighbours(draw: st.DrawFn) -> tuple[Group, bytes]:
    """Draw a sound group, and a text that is near to it: another valeur, other separators, flipped bits."""
    group = draw(groups() | st.sampled_from([EAST, PAPP, SMAXSN, DATE]))
    separator = b"\t" if group.mode is Mode.STANDARD else b" "
    name = group.label.encode() if draw(st.integers(0, 5)) else draw(groups()).label.encode()
    fields = [name]
    if (group.horodate is not None) == (draw(st.integers(0, 7)) > 0):
        horodates = st.from_regex(rb"[EHeh ][0-9]{12}", fullmatch=True) | st.binary(max_size=13)
        fields.append(draw(horodates))
    fields.append(
        draw(
            st.from_regex(rb"[0-9A-F ]{0,6}", fullmatch=True)
            | st.text("0123456789 .AZaz+-_\t~", max_size=8).map(str.encode)
        )
    )
    text = sealed(separator.join(fields), group.mode)
    return group, flip_bits(
        text, draw(st.sampled_from([0.0, 0.0, 0.02])), random.Random(draw(st.integers())), width=7
    )


@given(neighbours())
@example((PAPP, sealed(b"PAPP ", Mode.HISTORIQUE)))
@example((PAPP, sealed(b"PAPP  ", Mode.HISTORIQUE)))
@example((PAPP, sealed(b"PAPP  1 2", Mode.HISTORIQUE)))
@example((EAST, sealed(b"EAST\t", Mode.STANDARD)))
@example((EAST, sealed(b"EAST\t ", Mode.STANDARD)))
@example((DATE, sealed(b"DATE\tE000000000000\t ", Mode.STANDARD)))
@example((DATE, sealed(b"DATE\tE000000000000", Mode.STANDARD)))
def test_what_is_alike_with_the_right_sum_is_what_passes_every_check(case: tuple[Group, bytes]) -> None:
    """The short way takes a line if and only if the long way does, and reads the same in it."""
    group, text = case
    match = line_pattern(group).fullmatch(text)
    found = parse_group(text)

    if match is not None and checksum(match[1]) == text[-1]:
        *horodate, value = (part.decode() for part in match.groups()[1:])
        assert found == Group(group.label, value, horodate[0] if horodate else None, group.mode)
    else:
        forms = [(g.label, g.mode, g.horodate is None) for g in (found, group) if isinstance(g, Group)]
        assert len(set(forms)) == len(forms)


@given(groups(), st.booleans())
@example(group=Group("DATECOUR", "", "H240213083144", Mode.STANDARD), first=False)
@example(group=Group("LTARF", "  HP  BLEU.  ", None, Mode.STANDARD), first=False)
def test_a_place_gives_for_a_line_what_the_reading_of_its_frame_has(group: Group, first: bool) -> None:  # noqa: FBT001
    """Whatever the étiquette: keys and texts are those of the contract. DATECOUR has a date in one mode."""
    text = (b"\x02" if first else b"") + line(group)
    place = Place.of(text, first=first)
    reading = build_reading([group])
    assert reading is not None
    if place is None:
        return

    entry = place.check(text)

    assert entry is not None
    assert entry == place.entry
    assert dict(entry.items) == reading.values
    assert place.keys == list(reading.values)


@pytest.mark.parametrize("blanks", [5000, 50_000])
@pytest.mark.parametrize("group", [PAPP, EAST, SMAXSN, Group("PTEC", "HP..", None, Mode.HISTORIQUE)])
def test_a_line_of_blanks_is_refused_in_linear_time(group: Group, blanks: int) -> None:
    """A hostile line costs no more than its length: with a quadratic pattern this test would take minutes."""
    text = group.label.encode() + b" " * blanks + b"\x00"

    assert line_pattern(group).fullmatch(text) is None


def test_a_line_that_is_not_whole_has_no_place() -> None:
    """STX stands before the first line of a frame and before no other; LF before each."""
    assert Place.of(line(PAPP), first=True) is None
    assert Place.of(b"\x02" + line(PAPP), first=False) is None
    assert Place.of(line(PAPP)[1:], first=False) is None
    assert Place.of(line(UNKNOWN), first=False) is None


def test_an_horodate_that_begins_to_have_a_valeur_does_not_belong_where_it_had_none() -> None:
    """With a valeur it gives two keys instead of one."""
    place = Place.of(line(DATE), first=False)

    assert place is not None
    assert place.check(line(DATE)) is not None
    assert place.check(line(DATE._replace(value="X"))) is None
    assert place.check(line(EAST)) is None
    assert place.check(line(DATE)[:-1] + b"~") is None
