"""The JSON that is published is what the contract says, byte for byte."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo.payload import Numbers, Options, encode
from teleinfo.simulator.encode import encode_frame
from teleinfo.tic.decoder import Decoder
from teleinfo.tic.labels import Group, Mode
from teleinfo.tic.layout import LayoutReading
from teleinfo.tic.reading import Reading, build_reading
from tests.support.strategies import groups

HC = Reading(
    Mode.HISTORIQUE,
    {"ADCO": "012345678901", "OPTARIF": "HC", "HCHC": "000019212", "IINST": "008", "MOTDETAT": "000000"},
)
STANDARD = Reading(
    Mode.STANDARD,
    {
        "ADSC": "041961123456",
        "DATE": "H240213083144",
        "EAST": "001234567",
        "SMAXSN": "02740",
        "SMAXSN_HORODATE": "E220609060531",
        "STGE": "003A0001",
        "NTARF": "01",
        "MSG1": "",
        "PRM": "00000000000000",
    },
)


def test_a_reading_is_one_flat_compact_object_of_strings() -> None:
    assert encode(HC, Options(), now=0) == (
        b'{"ADCO":"012345678901","OPTARIF":"HC","HCHC":"000019212","IINST":"008","MOTDETAT":"000000"}'
    )


def test_a_frame_that_is_read_at_once_has_the_same_message() -> None:
    """Also where JSON escapes a character of it."""
    groups = [
        Group("ADCO", "041961123456", None, Mode.HISTORIQUE),
        *(Group(label, value, None, Mode.HISTORIQUE) for label, value in (("PAPP", "00750"), ("HHPHC", "A"))),
    ]
    for value in ("A", '"', "\\"):
        groups[-1] = groups[-1]._replace(value=value)
        first, *_, at_once = Decoder().feed(encode_frame(groups) * 6)

        assert (isinstance(first, LayoutReading), isinstance(at_once, LayoutReading)) == (False, value == "A")
        assert encode(at_once, Options(), now=0) == encode(first, Options(), now=0)


def test_numbers_are_what_the_table_calls_quantities() -> None:
    """Indexes and measures become numbers; identifiers, registers, horodates and codes stay strings."""
    assert encode(HC, Options(numbers="quantities"), now=0) == (
        b'{"ADCO":"012345678901","OPTARIF":"HC","HCHC":19212,"IINST":8,"MOTDETAT":"000000"}'
    )
    assert encode(STANDARD, Options(numbers="quantities"), now=0) == (
        b'{"ADSC":"041961123456","DATE":"H240213083144","EAST":1234567,"SMAXSN":2740,'
        b'"SMAXSN_HORODATE":"E220609060531","STGE":"003A0001","NTARF":"01","MSG1":"","PRM":"00000000000000"}'
    )


@pytest.mark.parametrize(
    ("values", "options", "payload"),
    [
        (
            {"EAST": ""},
            Options(numbers="quantities"),
            b'{"EAST":""}',
        ),  # what the meter did not say is not zero
        ({"PMAX": "AB"}, Options(numbers="quantities"), b'{"PMAX":"AB"}'),
        ({"EAST": "1"}, Options(timestamp=True), b'{"timestamp":1700000000123,"EAST":"1"}'),
        ({"PRM": "12345678901234"}, Options(timestamp=True, exclude=frozenset({"PRM"})), None),
    ],
    ids=["a blank quantity", "no number", "milliseconds, first", "nothing is left"],
)
def test_a_payload_has_what_is_asked_for(
    values: dict[str, str], options: Options, payload: bytes | None
) -> None:
    """Numbers of digits only, the time of publication as JavaScript has it, and no empty object."""
    assert encode(Reading(Mode.STANDARD, values), options, now=1700000000.1234) == payload


def test_excluded_labels_are_left_out_with_their_horodates() -> None:
    """What the household does not want published is not published, in any form."""
    kept = encode(STANDARD, Options(exclude=frozenset({"ADSC", "PRM", "SMAXSN", "DATE"})), now=0)

    assert kept == b'{"EAST":"001234567","STGE":"003A0001","NTARF":"01","MSG1":""}'


def test_an_excluded_label_is_left_out_of_both_parts_of_a_frame() -> None:
    values = {"PTCOUR": "HPH", "EA": "12Wh", "EA_s": "1", "EA_INJECTION": "34Wh", "Appli": "INJECTION"}
    text = encode(Reading(Mode.HISTORIQUE, values), Options(exclude=frozenset({"EA"})), now=0)

    assert text == b'{"PTCOUR":"HPH","EA_s":"1","Appli":"INJECTION"}'


@given(sound=st.lists(groups(), min_size=1), numbers=st.sampled_from(["none", "quantities"]))
def test_a_json_parser_reads_back_the_values(sound: list[Group], *, numbers: Numbers) -> None:
    """Whatever the meter says, the payload is JSON and says the same."""
    reading = build_reading(sound)
    if reading is None:
        return
    payload = encode(reading, Options(numbers=numbers), now=0)
    decoded = json.loads(payload or b"{}")

    assert list(decoded) == list(reading.values)
    assert all(
        value == reading.values[key] or value == int(reading.values[key]) for key, value in decoded.items()
    )


def test_an_unknown_word_for_numbers_is_an_error() -> None:
    with pytest.raises(ValueError, match="none, quantities, all, and not True"):
        Options(numbers=True)  # type: ignore[arg-type]


def test_a_timestamp_needs_the_time() -> None:
    with pytest.raises(ValueError, match="give the time"):
        encode(HC, Options(timestamp=True))
    assert encode(HC, Options()) == encode(HC, Options(), now=0)
