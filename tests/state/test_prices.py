"""The cost is that of the energy by the given prices, with the share of the subscription, or null."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Final

import pytest

from teleinfo.state.energy_span import UNKNOWN_ENERGY, EnergySpan
from teleinfo.state.prices import DatedPrices, Prices
from tests.state.golden import tracker
from tests.state.test_daily_energy import SPANS, House, base, hc, paris
from tests.state.test_tracker import NUMBER, historique, standard
from tests.support.judged import moment

if TYPE_CHECKING:
    from teleinfo.tic.reading import Reading

PRICES = Prices({"HC": 0.10, "HP": 0.20}, month=15.0)
DEARER = Prices({"HC": 0.30, "HP": 0.60}, month=30.0)


def costs(house: House) -> dict[str, Any]:
    """Return the cost of each day and month; it is complete if its energy is, and has prices."""
    state = house.state
    found = {span: state["cost"][span] for span in SPANS}
    for span, cost in found.items():
        energy = state["energy"][span]
        is_complete = energy["complete"]
        if cost["value"] is None and house.tracker.prices is not None and energy["imported"] is not None:
            is_complete = False
        assert cost["complete"] is is_complete
    return {span: cost["value"] for span, cost in found.items()}


def test_each_day_costs_its_own_prices() -> None:
    """Before the first day of the list, its first prices count; a change on the way changes the past too."""
    house = House(paris(2026, 6, 1, 0), hc, prices=PRICES)
    house.run(paris(2026, 6, 4, 12), every=240)
    assert costs(house)["this_month"] == pytest.approx(3.5 * 24 * 0.175 + 4 * 0.5, abs=0.011)
    dated = DatedPrices(((date(2026, 6, 2), PRICES), (date(2026, 6, 4), DEARER)))
    house.tracker.prices = dated
    expected = 3 * (24 * 0.175 + 0.5) + 12 * 0.525 + 1
    assert costs(house)["this_month"] == pytest.approx(expected, abs=0.03)
    house.restart(prices=dated)
    house.read()
    assert costs(house)["this_month"] == pytest.approx(expected, abs=0.03)


def test_a_day_without_prices_makes_the_cost_unknown() -> None:
    house = House(paris(2026, 6, 1, 0), hc, prices=PRICES)
    house.run(paris(2026, 6, 2, 12), every=240)
    house.tracker.prices = DatedPrices(((date(2026, 6, 1), PRICES), (date(2026, 6, 2), None)))
    assert costs(house) == {
        "yesterday": pytest.approx(24 * 0.175 + 0.5, abs=0.011),
        "today": None,
        "this_month": None,
        "last_month": None,
    }
    assert house.tracker.unpriced == set()  # no price is missing in the prices of the first day
    house.tracker.prices = None
    assert house.state["cost"]["yesterday"]["value"] is None


def test_a_month_costs_its_subscription_also_without_readings() -> None:
    """It counts from the first reading on; a pause over the end of a month has its days in both."""
    house = House(paris(2026, 6, 20, 12), hc, prices=Prices({"HC": 0.0, "HP": 0.0}, month=31.0))
    house.run(paris(2026, 6, 25, 12), every=240)
    house.off(paris(2026, 7, 3, 12), watts=1000)
    house.read()
    assert costs(house) == {
        "today": 1.0,
        "yesterday": None,
        "this_month": 3.0,
        "last_month": pytest.approx(31 * 11 / 30, abs=0.01),
    }


TODAY: Final[dict[str, Any]] = {"value": 0.48, "start": "2026-01-14T00:00:00+01:00", "complete": False}


def test_the_price_is_that_of_the_period_in_force() -> None:
    for reading, price in (
        (historique(ADCO=NUMBER, OPTARIF="HC", PTEC="HC"), {"price": 0.1}),
        (standard(NGTF="HC", LTARF="HEURE  PLEINE", NTARF="02"), {"price": 0.2, "today": TODAY}),
        (standard(NGTF="EJP", LTARF="POINTE", NTARF="02"), {"price": None, "today": TODAY}),
        (standard(NGTF="HC", LTARF="HEURE  PLEINE", NTARF="?"), {"price": None}),
        (standard(NGTF="ZEN", LTARF="HEURE PLEINE"), {"price": 0.2, "today": TODAY}),
        (standard(NGTF="ZEN", LTARF="HP MERCREDI"), {"price": None, "today": TODAY}),
        (historique(ADCO=NUMBER, OPTARIF="HC"), None),
    ):
        followed = tracker(prices=PRICES)
        followed.update(reading, moment(0.0, "2026-01-14T12:02:28+01:00"))
        cost: Any = followed.state(moment(0.0)).get("cost")
        if price is None:
            assert cost is None
        else:
            assert price.items() <= cost.items()


def test_the_price_is_that_of_the_day() -> None:
    followed = tracker(prices=DatedPrices(((date(2026, 1, 14), PRICES), (date(2026, 1, 15), None))))
    for second, time, price in ((0.0, "14T23:59:59", 0.1), (1.0, "15T00:00:00", None)):
        now = moment(second, f"2026-01-{time}+01:00")
        followed.update(historique(ADCO=NUMBER, OPTARIF="HC", PTEC="HC"), now)
        cost: Any = followed.state(now)["cost"]
        assert cost["price"] == price


def test_the_cost_of_a_period_without_a_price_is_unknown() -> None:
    house = House(paris(2026, 6, 1, 12), base, prices=PRICES)
    assert costs(house)["today"] == 0.5
    house.run(paris(2026, 6, 1, 13))

    assert costs(house)["today"] is None
    assert house.tracker.unpriced == {"TH"}


def test_an_uncommon_contract_costs_by_the_periods_that_it_names() -> None:
    def weekend(drawn: int) -> Reading:
        index = {"EAST": f"{1000 + drawn:09}", "EASF03": f"{1000 + drawn:09}"}
        return standard(NGTF="HC SEM WE MERCR", LTARF="HP WEEK-END", NTARF="03", EASF01="000000000", **index)

    house = House(paris(2026, 6, 1, 12), weekend, prices=Prices({"HPWE": 0.15}))
    house.run(paris(2026, 6, 1, 14))
    assert costs(house)["today"] == 0.3

    house.restart()
    house.off(paris(2026, 6, 1, 15), watts=1000)
    house.reading = lambda drawn: standard(**(dict(weekend(drawn).values) | {"LTARF": "?", "NTARF": "01"}))
    house.read()
    assert costs(house)["today"] == 0.45


def test_energy_of_no_known_period_makes_the_cost_unknown() -> None:
    day = date(2026, 2, 3)
    by_day = {day: {"HC": 10_000 - UNKNOWN_ENERGY}}
    prices = DatedPrices.undated(Prices({"HC": 0.1}))

    assert EnergySpan(day, imported=10_000, by_day=by_day).cost_at(prices) == 1.0
    for imported in (10_001, 10_000 - 2 * UNKNOWN_ENERGY - 1):
        assert EnergySpan(day, imported=imported, by_day=by_day).cost_at(prices) is None
