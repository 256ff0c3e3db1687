"""What has no field of its own in the state stands under its étiquette."""

from __future__ import annotations

import pytest

from teleinfo.daemon.state_publisher import plain
from teleinfo.state import fields
from teleinfo.state.labels import is_own, values_of
from teleinfo.tic.labels import HISTORIQUE, STANDARD, Kind, Mode


def historique(**values: str) -> dict[str, int | float | str]:
    """Return what these étiquettes of mode historique say."""
    return values_of(Mode.HISTORIQUE, values, overseas=False)


def standard(values: dict[str, str], *, overseas: bool = False) -> dict[str, int | float | str]:
    """Return what these étiquettes of mode standard say."""
    return values_of(Mode.STANDARD, values, overseas=overseas)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"PEJP": "30"}, {"PEJP": 30}),
        ({"EAP_s": "9649kWh"}, {"EAP_s": 9649}),
        ({"EAP_s": "9649"}, {"EAP_s": 9649}),
        ({"EAP_s": "9649W"}, {}),
        ({"EAP_s": "kWh"}, {}),
        ({"PA1MN": "1,5kW"}, {"PA1MN": 1.5}),
        ({"PS": "42kVA"}, {"PS_VA": 42000}),
        ({"PS": "300kW"}, {"PS_kW": 300}),
        ({"PS": "300"}, {}),
        ({"PMAX_s": "15kVA"}, {"PMAX_s_VA": 15000}),
        ({"TGPHI_s": "0,12"}, {}),
        ({"HHPHC": "A"}, {"HHPHC": "A"}),
        ({"CONTRAT": "BT  5  SUP36"}, {"CONTRAT": "BT 5 SUP36"}),
        ({"CONTRAT": "  "}, {}),
        ({"MOTDETAT": "000000"}, {}),
        ({"ADCO": "041961123456", "PAPP": "00750", "HCHC": "000000001"}, {}),
        ({"UNKNOWN": "1"}, {}),
    ],
)
def test_a_value_is_a_number_or_a_text_as_its_etiquette_says(
    values: dict[str, str], expected: dict[str, int | float | str]
) -> None:
    """In the unit of the table, or with the unit that came with it; what does not fit is left out."""
    assert historique(**values) == expected


def test_a_time_has_its_offset() -> None:
    """Under the étiquette and _HORODATE; not where the zone of the meter is not known."""
    values = {"SMAXSN1": "01500", "SMAXSN1_HORODATE": "H260114120000", "SMAXSN_HORODATE": "H260114120000"}

    assert standard(values) == {"SMAXSN1": 1500, "SMAXSN1_HORODATE": "2026-01-14T12:00:00+01:00"}
    assert standard(values, overseas=True) == {"SMAXSN1": 1500}
    assert standard({"SMAXSN1_HORODATE": "H261314120000", "X_HORODATE": "H260114120000"}) == {}


def test_of_a_mobile_peak_only_the_moment_is_given() -> None:
    """Its value is a code that means nothing to a reader."""
    found = standard({"DPM1": "00", "DPM1_HORODATE": " 260114060000"})

    assert found == {"DPM1_HORODATE": "2026-01-14T06:00:00+01:00"}


@pytest.mark.parametrize("mode", list(Mode))
def test_no_identifier_and_no_register_is_among_them(mode: Mode) -> None:
    """A number of a meter or of a site would pass TELEINFO_PAYLOAD_EXCLUDE of another étiquette."""
    for label in (STANDARD if mode is Mode.STANDARD else HISTORIQUE).values():
        assert not (is_own(label) and label.kind in {Kind.IDENTIFIER, Kind.REGISTER}), label.name


def test_what_is_a_field_is_not_among_them() -> None:
    """The index that counts now, what is drawn, the voltage."""
    values = {"EAST": "000000001", "EASF01": "000000001", "SINSTS": "00100", "URMS1": "230", "NTARF": "01"}

    assert fields.indexes(values, periods={})
    assert standard(values) == {}


def test_a_plain_topic_has_no_plus_sign() -> None:
    """MQTT 3.1.1 §4.7.1: it is a wildcard, and no broker takes it in a topic that is published to."""
    assert plain({"labels": {"NJOURF+1": "00"}}) == {"labels/NJOURF_1": b"00"}
