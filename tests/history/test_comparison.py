"""Which offer has no cost and why, and what a rule of some months counts."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

import pytest

from teleinfo.contract.comparison import Circumstances, Day, compare
from teleinfo.contract.off_peak import OffPeakHours, ShownHours
from teleinfo.contract.offers import Household, Offer
from teleinfo.vocabulary.codes import Colour

if TYPE_CHECKING:
    from collections.abc import Mapping

TODAY: Final = dt.date(2026, 11, 1)
WINTER = dt.date(2026, 1, 10)
SUMMER = dt.date(2026, 7, 10)
HOUSEHOLD: Final = Household.model_validate({"contract": [{"from": "2025-01-01", "offer": "own", "kva": 6}]})
SHOWN: Final = ShownHours(("22:00-06:00",), dt.date(2025, 1, 1))


def offer(kwh: Mapping[str, float], **entries: object) -> Offer:
    """Return an offer without a subscription, with these prices of a kWh."""
    price = [{"from": "2025-01-01", "month": {6: 0.0}, "kwh": kwh}]
    return Offer.model_validate({"id": "own", "name": "Own", "price": price} | entries)


def given(shown: Mapping[bool, ShownHours]) -> Circumstances:
    """Return what a comparison needs of a household whose meter has shown these hours, True for summer."""
    return Circumstances(HOUSEHOLD, OffPeakHours((), shown, TODAY), TODAY, {})


def days(*dates: dt.date) -> list[Day]:
    """Return days with 100 Wh in each half-hour, which no meter counted by hours."""
    return [Day(date, (None, None), {None: [100.0] * 48}) for date in dates]


def test_the_days_of_the_peaks_of_ejp_are_not_known() -> None:
    found = compare(offer({"HN": 0.15, "PM": 1.5}, calendar="ejp"), days(WINTER), given({}))
    assert (found["why"], found["then"], found["now"]) == ("the days of its peaks are not known", None, None)


@pytest.mark.parametrize(
    ("shown", "why"),
    [
        ({}, "your off-peak hours are not known"),
        ({True: SHOWN}, "your off-peak hours from November to March are not known"),
        ({False: SHOWN}, "your off-peak hours from April to October are not known"),
        ({True: SHOWN, False: SHOWN}, None),
    ],
    ids=["none", "summer", "winter", "both"],
)
def test_off_peak_hours_that_are_missing_are_named(shown: dict[bool, ShownHours], why: str | None) -> None:
    off_peak = offer({"HP": 0.2, "HC": 0.1}, calendar="off_peak")
    assert compare(off_peak, days(WINTER, SUMMER), given(shown))["why"] == why


def test_a_day_of_unknown_colour_has_energy_if_any_kind_of_its_hours_has() -> None:
    """In the off-peak hours, which the meter counted apart, nothing was drawn."""
    drawn = [100.0] * 48
    day = Day(WINTER, (Colour.BLUE, None), {True: [0.0] * 12 + [0.0] * 36, False: drawn})
    codes = [f"{hours}J{colour}" for hours in ("HC", "HP") for colour in "BWR"]
    tempo = offer(dict.fromkeys(codes, 0.2), calendar="tempo")

    assert compare(tempo, [day], given({True: SHOWN, False: SHOWN}))["unknown_days"] == 1


def test_off_peak_hours_of_a_half_year_in_which_no_day_is_compared_are_not_missing() -> None:
    off_peak = offer({"HP": 0.2, "HC": 0.1}, calendar="off_peak")
    assert compare(off_peak, days(WINTER), given({False: SHOWN}))["why"] is None


def test_a_rule_of_some_months_counts_in_these_months() -> None:
    rules = [{"code": "HIVER", "months": [11, 12, 1, 2, 3]}, {"code": "ETE"}]
    seasons = offer({"HIVER": 0.3, "ETE": 0.1}, rules=rules)
    costs = compare(seasons, days(WINTER, SUMMER), given({}))["now"]["months"]
    assert costs == [["2026-01", 1.44, 0.0], ["2026-07", 0.48, 0.0]]
