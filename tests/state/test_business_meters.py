"""The older meters of sites above 36 kVA, whose numbers carry their unit."""

from __future__ import annotations

from typing import Any

import pytest

from teleinfo.state import business_meters
from teleinfo.state.prices import Prices
from teleinfo.tic.labels import POSTES
from tests.state.families import family_readings
from tests.state.golden import TIME, tracker
from tests.support.judged import moment


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("14/01/26 12:02:28", "2026-01-14T12:02:28+01:00"),
        ("14/07/26 12/02/28", "2026-07-14T12:02:28+02:00"),
        ("32/01/26 12:02:28", None),
        ("14/01/26", None),
        ("", None),
    ],
)
def test_a_time_has_the_offset_of_the_calendar(text: str, time: str | None) -> None:
    """These meters say no season."""
    assert business_meters.moment(text) == time


@pytest.mark.parametrize(
    ("values", "power"),
    [
        ({"PS": "42,5kVA"}, 42_500),
        ({"PS": "250kW"}, None),  # no apparent power: in `labels`
        ({"PSOUSC": "04800:03600"}, 48_000),
        ({"PSOUSC": "04800"}, 48_000),
        ({"PSOUSC": ":"}, None),
    ],
)
def test_a_subscribed_power_is_in_va(values: dict[str, str], power: int | None) -> None:
    """KVA by the unit behind the number, and tens of VA for a CJE."""
    assert business_meters.subscribed_power(values) == power


def test_the_indexes_of_another_contract_mean_nothing() -> None:
    """A meter of type A5 also sends the indexes of A8."""
    sent = {f"EAp{code}": "5kWh" for code in POSTES}

    assert business_meters.indexes(sent | {"CONTRAT": "EJP_A5"}).keys() == {
        "EApPM",
        "EApHH",
        "EApHPE",
        "EApHCE",
    }
    assert len(business_meters.indexes(sent)) == len(POSTES)


def test_a_mobile_peak_and_its_notice_are_alerts() -> None:
    peak = business_meters.alerts({"CONTRAT": "EJP_A5", "PTCOUR": "PM"})
    notice = business_meters.alerts({"CONTRAT": "EJP_A5", "PTCOUR": "HH", "PREAVIS": "EJP DEP"})

    assert peak == {"overrun": False, "mobile_peak_notice": False, "mobile_peak": True}
    assert business_meters.alerts({"MESURES1": "TJ EJP", "PTCOUR1": "PM"}) == peak
    assert notice == {"overrun": True, "mobile_peak_notice": True, "mobile_peak": False}
    assert business_meters.alerts({"CONTRAT": "BASE_A5", "PREAVIS": "DEP"}) == {"overrun": True}


def test_the_values_of_a_site_stay_for_six_minutes() -> None:
    """A SAPHIR sends its long frame every 1 to 5 minutes."""
    followed = tracker()
    for reading in family_readings("saphir"):
        followed.update(reading, moment(0.0, TIME))
    fresh: Any = followed.state(moment(business_meters.STALE_AFTER))
    old: Any = followed.state(moment(business_meters.STALE_AFTER + 0.1))

    assert (fresh["contract"]["name"], old["contract"]["name"]) == ("CU4", None)


@pytest.mark.parametrize(
    ("family", "kwh", "price"),
    [
        ("ice", {"HPH": 0.15}, 0.15),
        ("ice", {"HPH": 0.15, "EApHPH": 0.2}, 0.2),
        ("pme-pmi", {"HPH": 0.15}, 0.15),
        ("cje", {"HPH": 0.15, "ENERG_1": 0.2}, None),  # it does not send which index is in force
    ],
)
def test_the_price_is_that_of_the_slot_in_force(
    family: str, kwh: dict[str, float], price: float | None
) -> None:
    """By the key of its index, else by the code of its tariff period."""
    followed = tracker(prices=Prices(kwh))
    for reading in family_readings(family):
        followed.update(reading, moment(0.0, TIME))
    state: Any = followed.state(moment(0.0))

    assert state["cost"] == {"price": price}


def test_an_index_of_a_list_that_is_no_number_is_left_out() -> None:
    """The others keep their place."""
    assert list(business_meters.indexes({"ENERG": "000120::000350"})) == ["ENERG_1", "ENERG_3"]
