"""A group is sound when every check passes, in the order of the contract, and nothing else comes out."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from teleinfo.simulator.encode import encode_group, with_parity
from teleinfo.tic.groups import RejectionCause, checksum, parse_frame, parse_group
from teleinfo.tic.labels import Group, LabelSpec, Mode
from teleinfo.tic.parity import strip_parity
from tests.lab.fuzz.model import Sound, group_of
from tests.support.strategies import LABELS, groups, groups_of

PAPP = Group("PAPP", "00750", None, Mode.HISTORIQUE)
IINST = Group("IINST", "003", None, Mode.HISTORIQUE)
EAST = Group("EAST", "012345678", None, Mode.STANDARD)


def text(group: Group) -> bytes:
    """Return the group between its LF and its CR."""
    return encode_group(group)[1:-1]


def with_checksum(covered: bytes) -> bytes:
    """Return a group whose checksum is right, whatever else it is: for standard where it ends with HT."""
    return covered + (b"" if covered.endswith(b"\t") else b" ") + bytes([checksum(covered)])


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"ADCO 021900123456 8", Group("ADCO", "021900123456", None, Mode.HISTORIQUE)),
        (b"BASE 010151175  ", Group("BASE", "010151175", None, Mode.HISTORIQUE)),
        (b"PTEC HP..  ", Group("PTEC", "HP..", None, Mode.HISTORIQUE)),
        (b"OPTARIF BBR( S", Group("OPTARIF", "BBR(", None, Mode.HISTORIQUE)),
        (b'DEMAIN ---- "', Group("DEMAIN", "----", None, Mode.HISTORIQUE)),
        (b"EAP_s2 9649kWh  ", Group("EAP_s2", "9649kWh", None, Mode.HISTORIQUE)),
        (b"TGPHI_s -0,39 C", Group("TGPHI_s", "-0,39", None, Mode.HISTORIQUE)),
        (b"MESURES1 BT 4 SUP36 @", Group("MESURES1", "BT 4 SUP36", None, Mode.HISTORIQUE)),
        (b"VTIC\t02\tJ", Group("VTIC", "02", None, Mode.STANDARD)),
        (b"DATE\tH230301091834\t\tC", Group("DATE", "", "H230301091834", Mode.STANDARD)),
        (b"NGTF\t      BASE      \t<", Group("NGTF", "      BASE      ", None, Mode.STANDARD)),
        (b"SMAXSN-1\tH200213085118\t09562\t ", Group("SMAXSN-1", "09562", "H200213085118", Mode.STANDARD)),
        (b"DPM2\t 240108060000\t00\t#", Group("DPM2", "00", " 240108060000", Mode.STANDARD)),
        (b"NJOURF+1\t00\tB", Group("NJOURF+1", "00", None, Mode.STANDARD)),
        (b"STGE\t013AC401\tR", Group("STGE", "013AC401", None, Mode.STANDARD)),
    ],
)
def test_a_group_of_the_documents_is_read(line: bytes, expected: Group) -> None:
    """Groups whose checksums the documents and real meters give come out as they are."""
    assert parse_group(line) == expected


@pytest.mark.parametrize(("mode", "label"), LABELS, ids=[f"{mode}-{label.name}" for mode, label in LABELS])
@settings(max_examples=10)  # of each of the many étiquettes
@given(data=st.data())
def test_what_a_meter_encodes_is_what_comes_out(mode: Mode, label: LabelSpec, data: st.DataObject) -> None:
    """Encode then decode is identity, for every étiquette of the table in its mode."""
    group = data.draw(groups_of(mode, label))

    assert parse_frame(encode_group(group)) == [group]


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"A",
        b"A 1 ",
        b"PAPP00750-",
        b"PAPP 00750-",
        with_checksum(b" PAPP 00750"),
        with_checksum(b"PAPP "),
        with_checksum(b"PAPP\x1f 00750"),
        with_checksum(b"PAPP 00\t750"),
        with_checksum(b"EAST\t\t"),
        with_checksum(b"\t012345678\t"),
        with_checksum(b"EAST\t"),
        with_checksum(b"SMAXSN\tH230301065253\t01024\t01024\t"),
        b"PAPP 00750 \xad",
        b"P\x80PP 00750 -",
    ],
)
def test_what_has_not_the_shape_of_a_group_is_malformed(line: bytes) -> None:
    """Too short, no separator, no étiquette, no value, a character that is not printable: malformed."""
    assert parse_group(line) is RejectionCause.MALFORMED


def test_a_wrong_sum_is_a_wrong_sum() -> None:
    """One digit that changed is seen by the checksum."""
    assert parse_group(b"PAPP 00760 -") is RejectionCause.CHECKSUM
    assert parse_group(b"VTIC\t03\tJ") is RejectionCause.CHECKSUM


def test_each_mode_has_one_rule_for_its_sum() -> None:
    """Historique leaves the last separator out of the sum, standard takes it in; nothing else is accepted."""
    historique, standard = text(PAPP), text(EAST)

    assert parse_group(historique[:-1] + bytes([checksum(historique[:-1])])) is RejectionCause.CHECKSUM
    assert parse_group(standard[:-1] + bytes([checksum(standard[:-2])])) is RejectionCause.CHECKSUM


@pytest.mark.parametrize(
    "horodate", ["X230301065253", "H23030106525", "H2303010652530", "H23030106525A", "H", ""]
)
def test_a_horodate_has_a_season_and_twelve_digits(horodate: str) -> None:
    """Any other form is malformed, though the sum is right."""
    assert parse_group(text(Group("SMAXSN", "01024", horodate, Mode.STANDARD))) is RejectionCause.MALFORMED


@pytest.mark.parametrize("season", "EHeh ")
def test_every_season_of_the_documents_is_taken(season: str) -> None:
    """Summer, winter, both with a degraded clock, and none."""
    group = Group("SMAXSN", "01024", f"{season}230301065253", Mode.STANDARD)

    assert parse_group(text(group)) == group


@pytest.mark.parametrize(
    ("label", "value", "mode"),
    [
        ("PAPP", "00u50", Mode.HISTORIQUE),
        ("PAPP", "0A750", Mode.HISTORIQUE),
        ("PAPP", "X750", Mode.HISTORIQUE),
        ("EAST", "0123 5678", Mode.STANDARD),
        ("STGE", "003a0001", Mode.STANDARD),
        ("STGE", "003G0001", Mode.STANDARD),
        ("PTEC", "hp..", Mode.HISTORIQUE),
        ("ADCO", "0419418648P.", Mode.HISTORIQUE),
        ("PRM", "3105196753389A", Mode.STANDARD),
        ("UNKNOWN", "lower", Mode.STANDARD),
        ("lower", "0", Mode.STANDARD),
        ("PA PP", "0", Mode.STANDARD),
    ],
)
def test_a_value_that_does_not_suit_its_etiquette_is_malformed(label: str, value: str, mode: Mode) -> None:
    """The table's character class catches what checksum and parity both miss."""
    assert parse_group(text(Group(label, value, None, mode))) is RejectionCause.MALFORMED


@pytest.mark.parametrize("mode", Mode)
def test_an_etiquette_that_the_table_does_not_know_is_read(mode: Mode) -> None:
    """Capitals, digits, plus, minus and underscore make an étiquette; its value is of code characters."""
    group = Group("NEW+1-2_3", "CODE 42%", None, mode)

    assert parse_group(text(group)) == group


def test_a_value_may_be_blank_or_padded_whatever_its_class() -> None:
    """Blanks at both ends are padding."""
    for value in ("   ", " 750 "):
        group = Group("PAPP", value, None, Mode.HISTORIQUE)

        assert parse_group(text(group)) == group


def test_a_damaged_character_is_the_first_thing_that_is_said() -> None:
    """Parity is checked before anything else."""
    assert parse_group(b"\xff") is RejectionCause.PARITY
    assert parse_group(b"PAPP 00\xff50 -") is RejectionCause.PARITY


def test_an_lf_that_is_missing_or_damaged_costs_nothing() -> None:
    """A line without LF is read, and one whose first character was an LF before it was damaged."""
    for lf in (b"", b"\x0b", b"J", b"*", b"\xff", b"@"):
        assert parse_frame(encode_group(IINST) + lf + encode_group(PAPP)[1:]) == [IINST, PAPP]


def test_only_one_character_is_taken_for_a_damaged_lf() -> None:
    """Two characters before a group are no LF."""
    [found] = parse_frame(b"**" + encode_group(PAPP)[1:])

    assert isinstance(found, RejectionCause)


def test_without_lf_only_an_etiquette_of_the_table_is_believed() -> None:
    """The rest of ISOUSC behind a character that became CR has the right sum, and is nothing."""
    whole = encode_group(Group("ISOUSC", "45", None, Mode.HISTORIQUE))

    assert parse_group(b"SC 45 ?") == Group("SC", "45", None, Mode.HISTORIQUE)
    assert parse_frame(whole.replace(b"O", b"\r")) == [RejectionCause.MALFORMED, RejectionCause.CHECKSUM]
    assert parse_frame(whole.replace(b"U", b"\r")) == [RejectionCause.MALFORMED, RejectionCause.MALFORMED]


@pytest.mark.parametrize("cr", [b"", b"\x0c", b"\n", b"\xff"])
def test_a_lost_cr_costs_its_own_group_and_no_other(cr: bytes) -> None:
    """What stands before the last LF of a line is rejected, even if it looks sound."""
    found = parse_frame(encode_group(IINST)[:-1] + cr + encode_group(PAPP))

    assert found == [RejectionCause.PARITY if cr == b"\xff" else RejectionCause.MALFORMED, PAPP]


def test_a_last_group_without_cr_is_malformed() -> None:
    """A line ends at CR, also the last one."""
    assert parse_frame(encode_group(PAPP) + encode_group(IINST)[:-1]) == [PAPP, RejectionCause.MALFORMED]


def test_empty_lines_are_nothing() -> None:
    """A CR behind STX, an LF before ETX and doubled marks are neither groups nor faults."""
    assert parse_frame(b"\r\n\r" + encode_group(PAPP) + b"\r\r\n") == [PAPP]


@given(groups(), st.data())
def test_no_flipped_bit_gives_another_group_on_a_line_with_parity(group: Group, data: st.DataObject) -> None:
    """With parity, any single wrong bit leaves the group as it was or makes it fall."""
    line = bytearray(with_parity(b"\x02" + encode_group(group)))
    bit = data.draw(st.integers(8, len(line) * 8 - 1))
    line[bit // 8] ^= 1 << bit % 8
    characters, parity = strip_parity(bytes(line))

    assert parity
    assert [found for found in parse_frame(characters[1:]) if isinstance(found, Group)] in ([], [group])


@given(groups())
def test_without_parity_exactly_the_flips_that_no_check_can_see_are_accepted(group: Group) -> None:
    """Of all single flips of a stripped line, a few of bit 6 give a group: those that the model lets pass."""
    line = text(group)
    for position, bit in itertools.product(range(len(line)), range(7)):
        flipped = line[:position] + bytes([line[position] ^ 1 << bit]) + line[position + 1 :]
        is_group = isinstance(parse_group(flipped), Group)

        assert is_group == isinstance(group_of(flipped), Sound)
        assert not is_group or bit == 6
