"""The cost is that of the energy by the given prices, with the share of the subscription, or null."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Final

import pytest

from teleinfo.state.energy import UNKNOWN_ENERGY, EnergySpan
from teleinfo.state.prices import Prices
from tests.state.golden import tracker
from tests.state.test_daily_energy import SPANS, House, base, hc, paris
from tests.state.test_tracker import NUMBER, historique, standard
from tests.support.judged import moment

if TYPE_CHECKING:
    from teleinfo.tic.reading import Reading

PRICES = Prices({"HC": 0.10, "HP": 0.20}, month=15.0)
DEARER = Prices({"HC": 0.30, "HP": 0.60}, month=30.0)


def costs(house: House) -> dict[str, Any]:
    """Return the cost of each day and month; each is complete if its energy is."""
    state = house.state
    found = {span: state["cost"][span] for span in SPANS}
    for span, cost in found.items():
        known = None if cost["value"] is None else state["energy"][span]["is_complete"]
        assert cost["is_complete"] is known
    return {span: cost["value"] for span, cost in found.items()}


def test_the_first_price_counts_for_what_had_none() -> None:
    """From then on it is settled."""
    house = House(paris(2026, 6, 1, 0), hc)
    house.run(paris(2026, 6, 3, 12), every=240)
    house.restart(prices=PRICES)
    house.run(paris(2026, 6, 4, 12), every=240)
    settled = costs(house)["this_month"]
    assert settled == pytest.approx(3.5 * 24 * 0.175 + 4 * 0.5, abs=0.011)
    house.restart(prices=DEARER)
    house.read()

    assert costs(house)["this_month"] == pytest.approx(3 * (24 * 0.175 + 0.5) + 12 * 0.525 + 1, abs=0.05)


TODAY: Final[dict[str, Any]] = {"value": 0.48, "since": "2026-01-14T00:00:00+01:00", "is_complete": False}


def test_the_price_is_that_of_the_period_in_force() -> None:
    for reading, price in (
        (historique(ADCO=NUMBER, OPTARIF="HC", PTEC="HC"), {"price": 0.1}),
        (standard(LTARF="HEURE  PLEINE"), {"price": 0.2, "today": TODAY}),
        (standard(LTARF="POINTE"), {"price": None, "today": TODAY}),
        (historique(ADCO=NUMBER, OPTARIF="HC"), None),
    ):
        followed = tracker(prices=PRICES)
        followed.update(reading, moment(0.0, "2026-01-14T12:02:28+01:00"))
        cost: Any = followed.state(moment(0.0)).get("cost")
        assert (cost if price is None else {name: cost[name] for name in price}) == price


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
    span = EnergySpan(date(2026, 2, 3), imported=10_000, periods={"HC": 10_000 - UNKNOWN_ENERGY}, days=0)

    assert span.cost_at(PRICES) == 1.0
    for imported in (10_001, 10_000 - 2 * UNKNOWN_ENERGY - 1):
        assert EnergySpan(span.first, imported=imported, periods=span.periods, days=0).cost_at(PRICES) is None
