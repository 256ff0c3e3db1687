"""The prices of electricity that the user gave, and the cost of an energy. Pure; no price comes from here."""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Mapping  # noqa: TC003 - pydantic 2.10 (Debian 13) reads the types
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices in €/kWh by code of the tariff period, and the price of the subscription for a month in €."""

    periods: Mapping[str, float]
    month: float = 0.0

    def of_energy(self, periods: Mapping[str, int]) -> float:
        """Return the cost in € of energies in Wh, by code of the tariff period; each has a price."""
        return sum(energy * self.periods[code] for code, energy in periods.items()) / 1000

    def of_days(self, day: date, days: int) -> float:
        """Return the share of the subscription in € that so many days have in the month of `day`."""
        return self.month * days / calendar.monthrange(day.year, day.month)[1]

    def missing(self, periods: Iterable[str]) -> set[str]:
        """Return the tariff periods, of these, that have no price."""
        return set(periods) - self.periods.keys()
