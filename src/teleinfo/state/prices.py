"""The prices of electricity of a household, and the cost of an energy. Pure; no price comes from here."""

from __future__ import annotations

import calendar
from bisect import bisect_right
from collections.abc import Iterable, Mapping  # noqa: TC003 - pydantic 2.10 (Debian 13) reads the types
from dataclasses import dataclass, field
from datetime import date
from typing import Final

_MOST_COSTS: Final = 200
"""The costs of days that are kept: those of two months, and of the readings of today."""


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices in €/kWh by code of the tariff period, and the price of the subscription for a month in €."""

    periods: Mapping[str, float]
    month: float = 0.0

    def of_energy(self, periods: Mapping[str, int]) -> float:
        """Return the cost in € of energies in Wh, by code of the tariff period; each has a price."""
        return sum(energy * self.periods[code] for code, energy in periods.items()) / 1000

    def of_day(self, day: date) -> float:
        """Return the share of the subscription in € that a day has in its month."""
        return self.month / calendar.monthrange(day.year, day.month)[1]

    def missing(self, periods: Iterable[str]) -> set[str]:
        """Return the tariff periods, of these, that have no price."""
        return set(periods) - self.periods.keys()


@dataclass(frozen=True, slots=True, eq=False)
class DatedPrices:
    """
    Prices by the day from which they count, the oldest first.

    They are None from a day on whose contract the meter does not count, and that has no other prices.
    """

    dated: tuple[tuple[date, Prices | None], ...]
    _costs: dict[tuple[date, tuple[tuple[str, int], ...]], float | None] = field(default_factory=dict)

    @classmethod
    def undated(cls, prices: Prices) -> DatedPrices:
        """Return a list in which these prices count for all days."""
        return cls(((date.min, prices),))

    def on(self, day: date) -> Prices | None:
        """Return the prices of a day; before the first day of the list, those of that one."""
        begun = bisect_right(self.dated, day, key=_first_day)
        return self.dated[max(0, begun - 1)][1]

    def of_day(self, day: date, periods: Mapping[str, int]) -> float | None:
        """
        Return what a day costs in €, the subscription included; `periods` are its energies in Wh by code.

        It is None if a part of the energy, or the day itself, has no price.
        """
        # A month asks for the same days with each reading.
        key = day, tuple(periods.items())
        if key not in self._costs:
            if len(self._costs) >= _MOST_COSTS:
                self._costs.clear()
            prices = self.on(day)
            cost = None
            if prices is not None and not prices.missing(periods):
                cost = prices.of_energy(periods) + prices.of_day(day)
            self._costs[key] = cost
        return self._costs[key]


def _first_day(entry: tuple[date, Prices | None]) -> date:
    return entry[0]


def in_cents(amount: float) -> float:
    """Return an amount in € to the cent, as `in_millionths` shows it with two decimals."""
    return round(in_millionths(amount), 2)


def in_millionths(amount: float) -> float:
    """Return an amount in € without what a sum of fractions leaves behind the sixth decimal."""
    return round(amount, 6)
