"""What has no field of its own in the state stands under its étiquette."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo.daemon.field_topics import plain
from teleinfo.state.declaration import FIELDS
from teleinfo.state.labels import MAX_OTHERS, MAX_TEXT, numbers, values_of
from teleinfo.tic.labels import Mode
from teleinfo.tic.reading import HORODATE_SUFFIX
from tests.homeassistant.golden import readings_of
from tests.state.families import FAMILIES, family_readings
from tests.state.golden import ALL

SOURCES = frozenset(label for field in FIELDS for label in field.sources)


def historique(**values: str) -> dict[str, int | float | str]:
    """Return what these étiquettes of mode historique say."""
    return values_of(Mode.HISTORIQUE, values)


def standard(values: dict[str, str]) -> dict[str, int | float | str]:
    """Return what these étiquettes of mode standard say."""
    return values_of(Mode.STANDARD, values)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"PEJP": "30"}, {"PEJP": 30}),
        ({"EAP_s": "9649kWh"}, {"EAP_s": 9649000}),
        ({"EAP_s": "9649"}, {"EAP_s": 9649000}),
        ({"EAP_s": "kWh"}, {}),
        ({"EAP_s": "9649kVA"}, {}),
        ({"PA1MN": "1,005kW"}, {"PA1MN": 1005}),  # exactly
        ({"PREA1MN": "-12kvar"}, {"PREA1MN": -12000}),
        ({"ERPpHPH": "321kvarh"}, {"ERPpHPH": 321000}),
        ({"GAZ": "0012345"}, {"GAZ": 123450}),  # in daL
        ({"PS": "42kVA"}, {"PS_VA": 42000}),
        ({"PS": "300"}, {"PS": 300}),
        ({"PS": "42kWh"}, {}),
        ({"TGPHI_s": "-0,12"}, {"TGPHI_s": -0.12}),
        ({"EA_INJECTION": "12Wh", "PTCOUR_INJECTION": "2"}, {"EA_INJECTION": 12, "PTCOUR_INJECTION": "2"}),
        ({"DATECOUR_INJECTION": "14/01/26 12/02/28"}, {"DATECOUR_INJECTION": "2026-01-14T12:02:28+01:00"}),
        ({"HCHC_INJECTION": "1"}, {"HCHC_INJECTION": "1"}),  # no étiquette of a second part
        ({"HHPHC": "A"}, {"HHPHC": "A"}),
        ({"CONTRAT": "BT  5  SUP36"}, {"CONTRAT": "BT 5 SUP36"}),
        ({"ADCO": "041961123456", "PAPP": "00750", "HCHC": "000000001"}, {}),
        ({"UNKNOWN": "0001", "OTHER": "A  B"}, {"UNKNOWN": "0001", "OTHER": "A B"}),
        ({"UNKNOWN": "  "}, {}),
        ({"UNKNOWN": "A" * MAX_TEXT}, {"UNKNOWN": "A" * MAX_TEXT}),
        ({"UNKNOWN": "A" * (MAX_TEXT + 1)}, {}),
        ({"PS": "42kVA", "PS_VA": "1"}, {"PS_VA": 42000}),
        ({"PS_VA": "1"}, {}),
    ],
)
def test_a_value_is_a_number_or_a_text_as_its_etiquette_says(
    values: dict[str, str], expected: dict[str, int | float | str]
) -> None:
    """In the unit of the table, or with the unit that came with it; what does not fit is left out."""
    assert historique(**values) == expected


def test_a_time_has_its_offset() -> None:
    """It stands under the étiquette and _HORODATE."""
    values = {"SMAXSN1": "01500", "SMAXSN1_HORODATE": "H260114120000", "SMAXSN_HORODATE": "H260114120000"}

    assert standard(values) == {"SMAXSN1": 1500, "SMAXSN1_HORODATE": "2026-01-14T12:00:00+01:00"}
    assert standard({"SMAXSN1_HORODATE": "H261314120000"}) == {}
    assert standard({"X": "00", "X_HORODATE": "H260114120000"}) == {
        "X": "00",
        "X_HORODATE": "2026-01-14T12:00:00+01:00",
    }


@pytest.mark.parametrize("meter", ALL)
def test_each_group_has_a_field_or_a_label(meter: str) -> None:
    for reading in family_readings(meter) if meter in FAMILIES else readings_of(meter, frames=2):
        for key, text in reading.values.items():
            name = key.removesuffix(HORODATE_SUFFIX)
            in_field = name in SOURCES or text == "118H.kW"

            assert in_field or values_of(reading.mode, {key: text}), key


def test_the_number_of_a_site_is_left_out_with_that_of_the_meter() -> None:
    """TELEINFO_PAYLOAD_EXCLUDE=ADSC keeps the user private: PRM names the site."""
    values = {"PRM": "01234567890123", "VTIC": "02"}

    assert standard(values) == values
    assert values_of(Mode.STANDARD, values, private=True) == {"VTIC": "02"}


def test_a_line_that_invents_etiquettes_gets_some_of_them() -> None:
    invented = {f"X{number}": "1" for number in range(1000)}

    assert len(historique(**invented, HHPHC="A")) == MAX_OTHERS + 1
    assert historique(**invented, HHPHC="A")["HHPHC"] == "A"


@given(st.dictionaries(st.from_regex(r"\A[A-Z0-9+_-]{1,16}\Z"), st.sampled_from(["1", "2kVA", "A"])))
def test_no_two_values_have_the_same_topic(values: dict[str, str]) -> None:
    for mode in Mode:
        found = values_of(mode, values | {"NJOURF+1": "00", "NJOURF_1": "01"})

        assert len(plain({"labels": dict(found)})) == len(found)


def test_the_numbers_of_the_state_are_its_fields_and_the_etiquettes_without_a_field() -> None:
    """Neither a text, nor an étiquette that a field is made of, nor what has a value for each étiquette."""
    found = numbers()

    assert {"power.apparent_import", "energy.import_total", "labels.ERQ1", "labels.PEJP"} <= found
    assert found.isdisjoint({"tariff.code", "labels.PAPP", "labels.HHPHC", "energy.indexes.*.value"})
