"""The registers of a meter, taken apart: the vectors are those of real meters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo.tic import registers
from teleinfo.tic.registers import Slot
from teleinfo.vocabulary.codes import Breaker, BreakerReason, DryContact, Phase


@pytest.mark.parametrize(
    ("text", "bits", "expected"),
    [
        ("003A0001", registers.EURIDIS, 3),
        ("013AC401", registers.SUPPLIER_INDEX, 1),
        ("013AC401", registers.DISTRIBUTOR_INDEX, 3),
        ("0000000C", registers.BREAKER, 6),
    ],
)
def test_the_status_register_is_read_bit_by_bit(text: str, bits: registers.Bits, expected: int) -> None:
    """Each field of STGE stands where 54E puts it."""
    word = registers.status(text)

    assert word is not None
    assert bits.of(word) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("000", ()), ("001", (1,)), ("140", (3, 4, 8)), ("255", tuple(range(1, 9))), ("256", None), ("", None)],
)
def test_relays_are_the_bits_of_a_decimal(text: str, expected: tuple[int, ...] | None) -> None:
    """RELAIS 140 says that the relays 3, 4 and 8 are closed."""
    assert registers.closed_relays(text) == expected


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (0, (Breaker.CLOSED, None)),
        (1, (Breaker.OPEN, BreakerReason.OVERLOAD)),
        (2, (Breaker.OPEN, BreakerReason.OVERVOLTAGE)),
        (3, (Breaker.OPEN, BreakerReason.LOAD_SHEDDING)),
        (4, (Breaker.OPEN, BreakerReason.DISTRIBUTOR)),
        (5, (Breaker.OPEN, BreakerReason.OVERHEATED_UNDER_LOAD)),
        (6, (Breaker.OPEN, BreakerReason.OVERHEATED)),
        (7, (Breaker.OPEN, None)),
    ],
)
def test_the_breaker_is_open_for_a_reason(
    number: int, expected: tuple[Breaker, BreakerReason | None]
) -> None:
    """In the order of 54E, which does not name the last reason."""
    word = number << 1

    assert (registers.breaker(word), registers.breaker_reason(word)) == expected


def test_a_day_profile_is_its_slots() -> None:
    slots = registers.profile("00004001 06008002 0A00C033 2200000F NONUTILE NONUTILE")

    assert slots == (
        Slot("00:00", 1, DryContact.TEMPO, ()),
        Slot("06:00", 2, DryContact.OPEN, ()),
        Slot("10:00", 3, DryContact.CLOSED, (1, 2)),
        Slot("22:00", None, DryContact.UNCHANGED, ()),
    )


@pytest.mark.parametrize(
    ("text", "starts"),
    [
        # Three meters whose owners say so.
        ("00008002 0038C001 07388002 0D1A8001 0E1A8002", "00:00 00:56 07:56 13:26 14:26"),
        ("00008002 063BC001", "00:00 06:59"),
        ("00008002 1230C001 15308002", "00:00 12:30/18:48 15:30/21:48"),  # nobody can tell
        ("00008002 0230C001 22008002", "00:00 02:30 22:00"),  # 0x22 is no hour
        ("00008001 0100C001 09058001", "00:00 01:00 09:05"),
        ("0A008001 22008002", "10:00 22:00"),  # each can be read in one way only
        ("", ""),
    ],
)
def test_the_times_of_a_profile_are_decimal_or_hexadecimal(text: str, starts: str) -> None:
    slots = registers.profile(text)

    assert slots is not None
    shown = []
    for slot in slots:
        if slot.alternative_start:
            shown.append(f"{slot.start}/{slot.alternative_start}")
        else:
            shown.append(slot.start)
    assert " ".join(shown) == starts


@pytest.mark.parametrize(
    "text", ["0000", "00004001 06", "0000400G", "00:04001", "2A004001", "00604001", "24004001"]
)
def test_a_profile_of_another_form_is_none(text: str) -> None:
    assert registers.profile(text) is None


def test_the_last_supplier_index_is_the_tenth() -> None:
    """A day profile may name the indexes 1 to 10."""
    ten, eleven = registers.profile("0000000A 0600000B") or ()

    assert (ten.index, eleven.index) == (10, None)


def test_a_missing_phase_is_a_bit_of_its_number() -> None:
    """PPOT 0A: phases 1 and 3 are without voltage."""
    assert registers.missing_phases("0A") == [Phase.ONE, Phase.THREE]


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=99))
def test_nothing_is_raised(text: str) -> None:
    for read in (registers.status, registers.missing_phases, registers.closed_relays, registers.profile):
        read(text)
