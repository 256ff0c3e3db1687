"""A reading maps étiquettes to values, in the meter's order, and is refused where bytes were lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo.tic.labels import Group, Mode
from teleinfo.tic.reading import Reading, build_reading, is_independent
from tests.support.strategies import groups


def historique(label: str, value: str) -> Group:
    """Return a group of historique mode."""
    return Group(label, value, None, Mode.HISTORIQUE)


def standard(label: str, value: str, horodate: str | None = None) -> Group:
    """Return a group of standard mode."""
    return Group(label, value, horodate, Mode.STANDARD)


def values(*sound: Group) -> dict[str, str] | None:
    """Return the values of the reading, if there is one."""
    reading = build_reading(sound)
    return None if reading is None else reading.values


def test_the_keys_stand_in_the_order_in_which_the_meter_sent_the_groups() -> None:
    """The mapping keeps the order of the wire."""
    reading = build_reading([historique("PAPP", "00750"), historique("ADCO", "012345678901")])

    assert reading == Reading(Mode.HISTORIQUE, {"PAPP": "00750", "ADCO": "012345678901"})
    assert list(reading.values) == ["PAPP", "ADCO"]


def test_readings_are_the_same_where_mode_and_values_are() -> None:
    """Two readings can be compared, and show what they say."""
    reading = Reading(Mode.HISTORIQUE, {"PAPP": "00750"})

    assert reading == Reading(Mode.HISTORIQUE, {"PAPP": "00750"})
    assert reading != Reading(Mode.STANDARD, {"PAPP": "00750"})
    assert reading != Reading(Mode.HISTORIQUE, {"PAPP": "00760"})
    assert "{'PAPP': '00750'}" in repr(reading)


@pytest.mark.parametrize(
    ("sent", "expected"),
    [("HC..", "HC"), ("EJP.", "EJP"), ("TH..", "TH"), ("BBR(", "BBR("), ("----", "----"), ("1.5.", "1.5")],
)
def test_historique_values_lose_their_trailing_dots(sent: str, expected: str) -> None:
    """Every trailing dot is removed, and nothing else."""
    assert values(historique("PTEC", sent)) == {"PTEC": expected}


def test_historique_values_keep_their_blanks() -> None:
    """Values of historique are exactly as sent, blanks at the ends included."""
    assert values(historique("PREAVIS", "DEP ")) == {"PREAVIS": "DEP "}


def test_standard_values_lose_their_padding_and_keep_inner_blanks_and_dots() -> None:
    """Padding blanks at both ends are removed; what stands inside stays."""
    assert values(standard("LTARF", "   HP  BLEU.    ")) == {"LTARF": "HP  BLEU."}


@pytest.mark.parametrize("mode", Mode)
def test_a_value_of_blanks_is_an_empty_string(mode: Mode) -> None:
    """A value that is nothing but blanks says nothing."""
    assert values(Group("MSG1", "    ", None, mode)) == {"MSG1": ""}


def test_a_horodate_has_a_key_of_its_own_behind_its_value() -> None:
    """A standard group with a horodate gives two keys."""
    assert values(standard("SMAXSN", "02740", "E220609060531")) == {
        "SMAXSN": "02740",
        "SMAXSN_HORODATE": "E220609060531",
    }


def test_date_is_its_horodate() -> None:
    """DATE has an empty value: its horodate is what it says."""
    assert values(standard("DATE", "", "H240213083144")) == {"DATE": "H240213083144"}


def test_a_horodate_keeps_its_blank_season() -> None:
    """DPM1 has no season, and its horodate keeps the blank."""
    assert values(standard("DPM1", "00", " 230213060000")) == {"DPM1": "00", "DPM1_HORODATE": " 230213060000"}


def test_another_label_with_an_empty_value_behind_a_horodate_keeps_both_keys() -> None:
    """Only DATE is its horodate."""
    assert values(standard("CCASN", "", "H240213083144")) == {"CCASN": "", "CCASN_HORODATE": "H240213083144"}


def test_no_sound_group_is_no_reading() -> None:
    """A frame in which nothing is sound is not published."""
    assert build_reading([]) is None


def test_a_label_twice_is_no_reading() -> None:
    """Bytes were lost between two frames: whatever else is sound in it may be of the old one."""
    assert (
        build_reading([historique("PAPP", "00750"), historique("IINST", "003"), historique("PAPP", "00760")])
        is None
    )
    assert (
        build_reading([standard("DATE", "", "H240213083144"), standard("DATE", "", "H240213083145")]) is None
    )
    assert build_reading([historique("PAPP", "00750"), historique("PAPP", "00750")]) is None
    assert (
        build_reading([standard("PREAVIS", "DEP"), standard("PREAVIS", "EJP")]) is None
    )  # of historique alone


def test_labels_that_the_documents_let_repeat_give_all_their_values() -> None:
    """ICE says PREAVIS once for each notice: no bytes were lost. The same notice is said once."""
    assert values(historique("PREAVIS", "DEP"), historique("PREAVIS", "DEP")) == {"PREAVIS": "DEP"}
    assert values(historique("PREAVIS", "DEP"), historique("PREAVIS", "EJP")) == {"PREAVIS": "DEP EJP"}


def test_a_group_that_no_other_can_change_is_plain() -> None:
    """Each mode has its own étiquettes that may repeat; what opens a part changes those behind it."""
    assert is_independent(historique("PAPP", "00750"))
    assert not is_independent(historique("PREAVIS", "DEP"))
    assert is_independent(standard("PREAVIS", "DEP"))
    assert not is_independent(standard("TDYND", "d-01"))
    assert not is_independent(historique("Appli", "INJECTION"))


def test_the_second_part_of_an_ice_4q_frame_has_keys_of_its_own() -> None:
    """Behind `Appli INJECTION` the étiquettes of the first part mean another thing."""
    found = values(
        historique("EA", "12Wh"),
        historique("Appli", "INJECTION"),
        historique("EA", "7Wh"),
        historique("IPA1MN", "3kW"),
    )

    assert found == {"EA": "12Wh", "Appli": "INJECTION", "EA_INJECTION": "7Wh", "IPA1MN": "3kW"}


@given(st.lists(groups()))
def test_a_reading_never_holds_a_value_that_no_group_had(sound: list[Group]) -> None:
    """Whatever the groups, every value of the reading stands in one of them."""
    reading = build_reading(sound)
    texts = " ".join([group.value for group in sound] + [group.horodate or "" for group in sound])

    assert reading is None or all(
        part in texts for value in reading.values.values() for part in value.split()
    )
