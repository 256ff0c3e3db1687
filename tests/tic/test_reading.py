"""A reading maps étiquettes to values, in the meter's order, and is refused where bytes were lost."""

from __future__ import annotations

import copy
import pickle
from typing import TYPE_CHECKING, Any

import pytest

from teleinfo.simulator.encode import encode_frame
from teleinfo.tic.decoder import Decoder
from teleinfo.tic.labels import Group, Mode
from teleinfo.tic.reading import (
    Reading,
    belief_of,
    build_reading,
    documented,
    is_left_out,
    of_second_part,
)
from tests.support.frames import historique, standard, whole

if TYPE_CHECKING:
    from collections.abc import Callable

FRAME = encode_frame(whole())
FRAMES_OF_LAYOUT = 5


def values(*sound: Group) -> dict[str, str] | None:
    """Return the values of the reading, if there is one."""
    reading = build_reading(sound)
    return None if reading is None else dict(reading.values)


def test_readings_are_the_same_where_mode_and_values_are() -> None:
    reading = Reading(Mode.HISTORIQUE, {"PAPP": "00750"})

    assert reading == Reading(Mode.HISTORIQUE, {"PAPP": "00750"})
    assert reading != Reading(Mode.STANDARD, {"PAPP": "00750"})
    assert reading != Reading(Mode.HISTORIQUE, {"PAPP": "00760"})
    assert hash(reading) == hash(Reading(Mode.HISTORIQUE, {"PAPP": "00750"}))
    assert "{'PAPP': '00750'}" in repr(reading)


def frame_in_one_step() -> Reading:
    """Return the reading of a frame that a layout reads."""
    return Decoder().feed(FRAME * FRAMES_OF_LAYOUT)[-1]


@pytest.mark.parametrize("reading", [Reading(Mode.HISTORIQUE, {"PAPP": "00750"}), frame_in_one_step()])
def test_a_reading_cannot_be_changed(reading: Reading) -> None:
    values: Any = reading.values
    anything: Any = reading

    with pytest.raises(TypeError):
        values["PAPP"] = "00760"
    for name in ("mode", "values", "foreign", "other"):
        with pytest.raises(AttributeError):
            setattr(anything, name, None)


def test_a_reading_does_not_change_with_the_mapping_that_it_was_made_of() -> None:
    values = {"PAPP": "00750"}
    reading = Reading(Mode.HISTORIQUE, values)
    values["PAPP"] = "00760"

    assert dict(reading.values) == {"PAPP": "00750"}


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda each: pickle.loads(pickle.dumps(each))])
def test_a_copy_of_a_reading_is_the_same(copied: Callable[[Reading], Reading]) -> None:
    reading = frame_in_one_step()

    assert copied(reading) == reading
    assert belief_of(copied(reading)) == belief_of(reading) is not None


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


@pytest.mark.parametrize(
    ("key", "label"),
    [
        ("EA_INJECTION", "EA"),
        ("EA", None),
        ("TGPHI_s", None),
        ("UNKNOWN_INJECTION", None),
        ("PAPP_INJECTION", None),
    ],
)
def test_only_a_label_that_the_second_part_repeats_ends_with_its_name(key: str, label: str | None) -> None:
    """`TGPHI_s` is a label itself, and `PAPP` is in no second part."""
    entry = of_second_part(Mode.HISTORIQUE, key)

    if label is None:
        assert entry is None
    else:
        assert entry is not None
        assert entry.name == label


@pytest.mark.parametrize(
    ("key", "excluded"), [("SMAXSN", True), ("SMAXSN_HORODATE", True), ("EAST", False), ("SMAXSN-1", False)]
)
def test_a_label_is_left_out_with_its_horodate(key: str, excluded: bool) -> None:  # noqa: FBT001 - a parameter
    assert is_left_out(Mode.STANDARD, key, {"SMAXSN"}) is excluded


def test_a_label_of_the_second_part_is_left_out_with_that_of_the_first() -> None:
    assert is_left_out(Mode.HISTORIQUE, "EA_INJECTION", {"EA"})
    assert not is_left_out(Mode.HISTORIQUE, "ERP_INJECTION", {"EA"})


def test_a_key_in_the_spelling_of_the_documents_keeps_its_suffix() -> None:
    assert documented(Mode.STANDARD, "SMAXN_HORODATE") == "SMAXSN_HORODATE"
    assert documented(Mode.STANDARD, "EAST") == "EAST"
