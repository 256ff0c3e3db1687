"""A group is sound when every check passes, in the order of the contract, and nothing else comes out."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from teleinfo.simulator.encode import encode_group, with_parity
from teleinfo.tic.groups import (
    Form,
    RejectionCause,
    checksum,
    documented_widths,
    form_of,
    form_spec,
    parse_frame,
    parse_group,
)
from teleinfo.tic.labels import Group, Mode
from teleinfo.tic.parity import strip_parity
from tests.lab.fuzz.model import Sound, group_of
from tests.support.strategies import LABELS, groups, groups_of

PAPP = Group("PAPP", "00750", None, Mode.HISTORIQUE)
IINST = Group("IINST", "003", None, Mode.HISTORIQUE)
EAST = Group("EAST", "012345678", None, Mode.STANDARD)


def text(group: Group) -> bytes:
    """Return the group between its LF and its CR."""
    return encode_group(group)[1:-1]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"ADCO 021900123456 8", Group("ADCO", "021900123456", None, Mode.HISTORIQUE)),
        (b"BASE 010151175  ", Group("BASE", "010151175", None, Mode.HISTORIQUE)),
        (b"OPTARIF BBR( S", Group("OPTARIF", "BBR(", None, Mode.HISTORIQUE)),
        (b"TGPHI_s -0,39 C", Group("TGPHI_s", "-0,39", None, Mode.HISTORIQUE)),
        (b"MESURES1 BT 4 SUP36 @", Group("MESURES1", "BT 4 SUP36", None, Mode.HISTORIQUE)),
        (b"DATE\tH230301091834\t\tC", Group("DATE", "", "H230301091834", Mode.STANDARD)),
        (b"NGTF\t      BASE      \t<", Group("NGTF", "      BASE      ", None, Mode.STANDARD)),
        (b"SMAXSN-1\tH200213085118\t09562\t ", Group("SMAXSN-1", "09562", "H200213085118", Mode.STANDARD)),
        (b"DPM2\t 240108060000\t00\t#", Group("DPM2", "00", " 240108060000", Mode.STANDARD)),
    ],
)
def test_a_group_of_the_documents_is_read(line: bytes, expected: Group) -> None:
    """Groups whose checksums the documents and real meters give come out as they are."""
    assert parse_group(line) == expected


@pytest.mark.parametrize("first", range(0, len(LABELS), 20))
@settings(max_examples=3)  # of each of the many étiquettes
@given(data=st.data())
def test_what_a_meter_encodes_is_what_comes_out(first: int, data: st.DataObject) -> None:
    """Encode then decode is identity, for every étiquette of the table in its mode."""
    found = [data.draw(groups_of(mode, label)) for mode, label in LABELS[first : first + 20]]

    assert parse_frame(b"".join(map(encode_group, found))) == found


def test_the_table_documents_no_width_of_a_label_that_it_lacks() -> None:
    unknown = Form(Mode.STANDARD, "NEW", dated=False, width=3)

    assert documented_widths(unknown) == ()


@pytest.mark.parametrize(
    ("label", "value", "width"),
    [("PTCOUR", "HPE", None), ("EApP", "00012kWh", None), ("EApP", "00012k", 6)],
    ids=["no unit", "with its unit", "a part of its unit"],
)
def test_a_width_that_varies_is_no_part_of_a_form_unless_the_unit_is_lost(
    label: str, value: str, width: int | None
) -> None:
    form = form_of(Group(label, value, None, Mode.HISTORIQUE))

    assert form.width == width
    assert documented_widths(form) == (None,)


def test_a_label_without_a_horodate_in_the_table_has_no_entry_with_one() -> None:
    assert form_spec(Mode.STANDARD, "EAST", dated=False) is not None
    assert form_spec(Mode.STANDARD, "EAST", dated=True) is None


PARTS = st.sampled_from([b"", b" ", b"\t", b"\x1f", b"\xff", b"\xad", b"0", b"A", b"a", b"X", b"E26", b"."])


@given(groups(), PARTS, st.data())
def test_a_damaged_group_is_what_the_model_finds(group: Group, part: bytes, data: st.DataObject) -> None:
    """A piece of it is replaced, and its sum is made right in either mode, or left as it was."""
    line = text(group)
    first, last = sorted(data.draw(st.tuples(*[st.integers(0, len(line))] * 2)))
    changed = line[:first] + part + line[last:]
    covered = changed[:-1]
    other = changed[:-2]
    for one in (changed, covered + bytes([checksum(covered)]), covered + bytes([checksum(other)])):
        found = parse_group(one)
        expected = group_of(one)

        if isinstance(expected, Sound):
            assert found == Group(expected.label, expected.value, expected.horodate, expected.mode)
        else:
            assert found is RejectionCause(expected)


@given(groups(), st.data())
def test_no_flipped_bit_gives_another_group_on_a_line_with_parity(group: Group, data: st.DataObject) -> None:
    """With parity, any single wrong bit leaves the group as it was or makes it fall."""
    line = bytearray(with_parity(b"\x02" + encode_group(group)))
    bit = data.draw(st.integers(8, len(line) * 8 - 1))
    line[bit // 8] ^= 1 << bit % 8
    characters, parity = strip_parity(bytes(line))

    assert parity
    assert [found for found in parse_frame(characters[1:]) if isinstance(found, Group)] in ([], [group])
