"""A reading maps étiquettes to values, in the meter's order, and is refused where bytes were lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo.tic.labels import Group, Mode
from teleinfo.tic.reading import Reading, build_reading
from tests.support.frames import historique, standard
from tests.support.strategies import groups


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
    ("group", "expected"),
    [
        # Of historique every trailing dot goes, and nothing else.
        (historique("PTEC", "HC.."), {"PTEC": "HC"}),
        (historique("OPTARIF", "EJP."), {"OPTARIF": "EJP"}),
        (historique("OPTARIF", "BBR("), {"OPTARIF": "BBR("}),
        (historique("DEMAIN", "----"), {"DEMAIN": "----"}),
        (historique("PTEC", "1.5."), {"PTEC": "1.5"}),
        (historique("PTEC", "XHX."), {"PTEC": "XHX"}),  # recordings hide numbers behind X
        (historique("PREAVIS", "DEP "), {"PREAVIS": "DEP "}),
        (historique("MSG1", "    "), {"MSG1": ""}),
        # Of standard the padding blanks at both ends go; blanks and dots inside stay.
        (standard("LTARF", "   HP  BLEU.    "), {"LTARF": "HP  BLEU."}),
        (standard("LTARF", " X HP X         "), {"LTARF": "X HP X"}),
        (standard("LTARF", "..              "), {"LTARF": ".."}),
        (standard("MSG1", "    "), {"MSG1": ""}),
        # A horodate has a key of its own, with its blank season; DATE is its horodate.
        (
            standard("SMAXSN", "02740", "E220609060531"),
            {"SMAXSN": "02740", "SMAXSN_HORODATE": "E220609060531"},
        ),
        (standard("DATE", "", "H240213083144"), {"DATE": "H240213083144"}),
        (standard("DPM1", "00", " 230213060000"), {"DPM1": "00", "DPM1_HORODATE": " 230213060000"}),
        (standard("CCASN", "", "H240213083144"), {"CCASN": "", "CCASN_HORODATE": "H240213083144"}),
    ],
)
def test_a_group_gives_its_value_without_padding_and_its_horodate(
    group: Group, expected: dict[str, str]
) -> None:
    """What fills a width is removed, and what a meter says stays."""
    assert values(group) == expected


def test_no_sound_group_is_no_reading() -> None:
    """A frame in which nothing is sound is not published."""
    assert build_reading([]) is None


def test_a_label_twice_is_no_reading() -> None:
    """Bytes were lost between two frames: whatever else is sound in it may be of the old one."""
    papp = historique("PAPP", "00750")

    assert values(papp, historique("IINST", "003"), historique("PAPP", "00760")) is None
    assert values(standard("DATE", "", "H240213083144"), standard("DATE", "", "H240213083145")) is None
    assert values(papp, papp) is None
    assert values(standard("PREAVIS", "DEP"), standard("PREAVIS", "EJP")) is None  # of historique alone


def test_labels_that_the_documents_let_repeat_give_all_their_values() -> None:
    """ICE says PREAVIS once for each notice: no bytes were lost. The same notice is said once."""
    assert values(historique("PREAVIS", "DEP"), historique("PREAVIS", "DEP")) == {"PREAVIS": "DEP"}
    assert values(historique("PREAVIS", "DEP"), historique("PREAVIS", "EJP")) == {"PREAVIS": "DEP EJP"}


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
