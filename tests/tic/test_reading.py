"""A reading maps étiquettes to values, in the meter's order, and is refused where bytes were lost."""

from __future__ import annotations

import pytest

from teleinfo.tic.labels import Group, Mode
from teleinfo.tic.reading import Reading, build_reading
from tests.support.frames import historique, standard


def values(*sound: Group) -> dict[str, str] | None:
    """Return the values of the reading, if there is one."""
    reading = build_reading(sound)
    return None if reading is None else reading.values


def test_readings_are_the_same_where_mode_and_values_are() -> None:
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
    assert values(group) == expected


def test_a_frame_in_which_a_meter_tests_its_output_is_no_reading() -> None:
    """Its values, the number of the meter too, mean nothing (02E, PME-PMI)."""
    assert values(historique("TRAME", "TEST"), historique("ADS", "000000000000")) is None


def test_labels_that_the_documents_let_repeat_give_all_their_values() -> None:
    notices = [historique("PREAVIS", value) for value in ("DEP", "DEP", "EJP")]

    assert values(*notices) == {"PREAVIS": "DEP EJP"}
    assert values(*(one._replace(mode=Mode.STANDARD) for one in notices)) is None
