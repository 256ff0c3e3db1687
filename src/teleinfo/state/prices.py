"""The prices of electricity of a household, and the cost of an energy. Pure; no price comes from here."""

from __future__ import annotations

import calendar
from bisect import bisect_right
from collections.abc import Mapping  # noqa: TC003 - pydantic 2.10 (Debian 13) reads the types
from dataclasses import dataclass, field
from datetime import date
from typing import Final

_MOST_COSTS: Final = 200
"""The costs of days that are kept: those of two months, and of the readings of today."""


@dataclass(frozen=True, slots=True)
class Prices:
    """
    Prices in €/kWh, and the price of the subscription for a month in €.

    `kwh` has a price by the key of an index (`state.tariffs.index_key`), or by the code of a tariff period.
    """

    kwh: Mapping[str, float]
    month: float = 0.0

    def of_day(self, day: date) -> float:
        """Return the share of the subscription in € that a day has in its month."""
        _weekday, days_in_month = calendar.monthrange(day.year, day.month)
        return self.month / days_in_month


@dataclass(frozen=True, slots=True, eq=False)
class DatedPrices:
    """
    Prices by the day from which they count, the oldest first.

    The prices are None from a day on if the meter does not count the contract of that day, and no other
    prices are known. `codes` is the code of the tariff period by the key of an index, for the codes that one
    index alone has: the price of the code is that of the index, unless the index has a price by its key.
    """

    dated: tuple[tuple[date, Prices | None], ...]
    codes: Mapping[str, str] = field(default_factory=dict)
    _costs: dict[tuple[date, tuple[tuple[str, int], ...]], float | None] = field(default_factory=dict)

    @classmethod
    def undated(cls, prices: Prices) -> DatedPrices:
        """Return a list in which these prices count for all days."""
        return cls(((date.min, prices),))

    def on(self, day: date) -> Prices | None:
        """Return the prices of a day; before the first day of the list, those of that one."""
        number_begun = bisect_right(self.dated, day, key=_first_day)
        latest_begun = max(0, number_begun - 1)
        _first, prices = self.dated[latest_begun]
        return prices

    def with_codes(self, codes: Mapping[str, str]) -> DatedPrices:
        """Return these prices for the indexes of a contract, with the codes of its indexes."""
        return DatedPrices(self.dated, codes)

    def price(self, day: date, key: str) -> float | None:
        """Return the price of a kWh of an index on a day, €; None if it has none."""
        prices = self.on(day)
        if prices is None:
            return None
        price = prices.kwh.get(key)
        if price is None and key in self.codes:
            price = prices.kwh.get(self.codes[key])
        return price

    def of_day(self, day: date, energies: Mapping[str, int]) -> float | None:
        """
        Return what a day costs in €, the subscription included; `energies` are in Wh by key of the index.

        It is None if a part of the energy, or the day itself, has no price.
        """
        # A month asks for the costs of the same days with each reading.
        key = day, tuple(energies.items())
        if key not in self._costs:
            if len(self._costs) >= _MOST_COSTS:
                self._costs.clear()
            self._costs[key] = self._cost(day, energies)
        return self._costs[key]

    def _cost(self, day: date, energies: Mapping[str, int]) -> float | None:
        """Compute what `of_day` returns."""
        prices = self.on(day)
        if prices is None:
            return None
        of_energy = 0.0  # thousandths of a €: Wh times €/kWh
        for key, energy in energies.items():
            price = self.price(day, key)
            if price is None:
                return None
            of_energy += energy * price
        return of_energy / 1000 + prices.of_day(day)


def _first_day(entry: tuple[date, Prices | None]) -> date:
    """Return the day from which the prices of an entry count."""
    return entry[0]


def in_cents(amount: float) -> float:
    """Return an amount in € to the cent, as `in_millionths` shows it with two decimals."""
    return round(in_millionths(amount), 2)


def in_millionths(amount: float) -> float:
    """Return an amount in € without what a sum of fractions leaves behind the sixth decimal."""
    return round(amount, 6)
