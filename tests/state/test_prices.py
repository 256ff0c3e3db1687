"""The cost is that of the energy by the given prices, with the share of the subscription, or null."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from teleinfo.state.energy import EnergySpan
from teleinfo.state.prices import MARGIN, Prices, share_of_month
from tests.state.golden import tracker
from tests.state.test_daily_energy import House, base, hc, paris
from tests.state.test_tracker import NUMBER, historique, standard

if TYPE_CHECKING:
    from teleinfo.tic.reading import Reading

PRICES = Prices({"HC": 0.10, "HP": 0.20}, month=15.0)


def test_a_day_costs_its_energy_and_its_share_of_the_subscription() -> None:
    """A day of June is a thirtieth of the month; the days of this month are those that have begun."""
    house = House(paris(2026, 5, 31, 12), hc, prices=PRICES)
    house.run(paris(2026, 6, 2, 12), every=240)
    june_1, june_2 = 24 * (0.25 * 0.10 + 0.75 * 0.20), 12 * (0.25 * 0.10 + 0.75 * 0.20)
    cost = house.state["cost"]

    assert cost["yesterday"] == pytest.approx(june_1 + 0.5, abs=0.011)
    assert cost["today"] == pytest.approx(june_2 + 0.5, abs=0.021)
    assert cost["this_month"] == pytest.approx(cost["yesterday"] + cost["today"], abs=0.011)
    assert cost["last_month"] == pytest.approx(june_2 + 15, abs=0.021)


def test_the_price_is_that_of_the_period_in_force() -> None:
    """In both modes; a period without a price has none, and a frame without a period no field."""
    for reading, price in (
        (historique(ADCO=NUMBER, OPTARIF="HC", PTEC="HC"), {"price": 0.1}),
        (standard(LTARF="HEURE  PLEINE"), {"price": 0.2, "today": 0.48}),
        (standard(LTARF="POINTE"), {"price": None, "today": 0.48}),
        (historique(ADCO=NUMBER, OPTARIF="HC"), None),
    ):
        followed = tracker(prices=PRICES)
        followed.update(reading, now=0.0, time="2026-01-14T12:02:28+01:00")
        cost = followed.state(now=0.0).get("cost")
        assert (cost if price is None else {name: cost[name] for name in price}) == price  # type: ignore[index,call-overload]


def test_without_prices_there_is_no_cost() -> None:
    """Nor a field for it."""
    house = House(paris(2026, 6, 1, 12), hc)

    assert "cost" not in house.state
    assert house.tracker.unpriced == set()


def test_the_cost_of_a_period_without_a_price_is_unknown() -> None:
    """As soon as energy is drawn in it, and no other period is named."""
    house = House(paris(2026, 6, 1, 12), base, prices=PRICES)
    assert house.state["cost"]["today"] == 0.5
    house.run(paris(2026, 6, 1, 13))

    assert house.state["cost"]["today"] is None
    assert house.tracker.unpriced == {"TH"}


def test_nothing_costs_anything_before_the_total_is_known() -> None:
    """The first frames of a meter may have no index."""
    followed = tracker(prices=PRICES)

    assert followed.unpriced == set()


def test_an_uncommon_contract_costs_by_the_periods_that_it_names() -> None:
    """Its calendar is not known, but the text of the period in force is; a restart remembers it."""

    def weekend(drawn: int) -> Reading:
        index = {"EAST": f"{1000 + drawn:09}", "EASF03": f"{1000 + drawn:09}"}
        return standard(NGTF="HC SEM WE MERCR", LTARF="HP WEEK-END", NTARF="03", EASF01="000000000", **index)

    house = House(paris(2026, 6, 1, 12), weekend, prices=Prices({"HPWE": 0.15}))
    house.run(paris(2026, 6, 1, 14))
    assert house.state["cost"]["today"] == 0.3

    house.restart()
    house.off(paris(2026, 6, 1, 15), watts=1000)
    house.reading = lambda drawn: standard(**(dict(weekend(drawn).values) | {"LTARF": "?", "NTARF": "01"}))
    house.read()
    assert house.state["cost"]["today"] == 0.45


def test_energy_of_no_known_period_makes_the_cost_unknown() -> None:
    """Some Wh are the time between two indexes; more is energy that no index showed."""
    span = EnergySpan(date(2026, 2, 3), imported=10_000, periods={"HC": 10_000 - MARGIN})

    assert PRICES.cost(span, 0) == 1.0
    for imported in (10_001, 10_000 - 2 * MARGIN - 1):
        assert PRICES.cost(EnergySpan(span.first, imported=imported, periods=span.periods), 0) is None


@pytest.mark.parametrize(
    ("day", "days", "share"), [((2026, 2, 3), 1, 1 / 28), ((2028, 2, 3), 29, 1.0), ((2026, 1, 31), 31, 1.0)]
)
def test_the_subscription_is_shared_by_the_days_of_the_month(
    day: tuple[int, int, int], days: int, share: float
) -> None:
    """28 to 31 of them."""
    assert share_of_month(date(*day), days) == share
