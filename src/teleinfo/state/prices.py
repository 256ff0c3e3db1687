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

    def cost(self, span: EnergySpan, months: float) -> float | None:
        """
        Return the cost of the energy of a span, and of the subscription for so many `months`, in €.

        It is None if the tariff period of a part of the energy is unknown, or has no price.
        """
        if abs(span.imported - sum(span.periods.values())) > MARGIN or self.missing(span):
            return None
        energy = sum(energy * self.periods[code] for code, energy in span.periods.items())
        return round(energy / _WH_PER_KWH + self.month * months, 2)

    def missing(self, span: EnergySpan) -> set[str]:
        """Return the tariff periods of this energy that have no price."""
        return span.periods.keys() - self.periods.keys()


def share_of_month(day: date, days: int = 1) -> float:
    """Return the share that so many days have in the month of `day`."""
    return days / calendar.monthrange(day.year, day.month)[1]
