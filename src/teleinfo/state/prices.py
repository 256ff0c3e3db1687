"""The prices of electricity that the user gave, and the cost of an energy. Pure; no price comes from here."""

from __future__ import annotations

import calendar
from collections.abc import Mapping  # noqa: TC003 - pydantic 2.10 (Debian 13) resolves the types of the fields
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import date

    from teleinfo.state.energy import EnergySpan

MARGIN: Final = 20
"""Wh by which the indexes may differ from the total: they do not step in the same frame (54E)."""

_WH_PER_KWH: Final = 1000


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices in €/kWh by code of the tariff period, and the price of the subscription for a month in €."""

    periods: Mapping[str, float]
    month: float = 0.0

    def cost(self, span: EnergySpan) -> float | None:
        """
        Return the cost in € of the energy of a span, and of the subscription for the days that were counted.

        It is None if the tariff period of a part of the energy is unknown, or has no price.
        """
        known = span.settled + sum(span.periods.values())
        if abs(span.imported - known) > MARGIN or self.missing(span):
            return None
        return round(span.settle(self).cost, 2)

    def of_energy(self, periods: Mapping[str, int]) -> float:
        """Return the cost in € of energies in Wh, by code of the tariff period; each has a price."""
        return sum(energy * self.periods[code] for code, energy in periods.items()) / _WH_PER_KWH

    def of_days(self, day: date, days: int) -> float:
        """Return the share of the subscription in € that so many days have in the month of `day`."""
        return self.month * days / calendar.monthrange(day.year, day.month)[1]

    def missing(self, span: EnergySpan) -> set[str]:
        """Return the tariff periods of this energy that have no price."""
        return span.periods.keys() - self.periods.keys()
