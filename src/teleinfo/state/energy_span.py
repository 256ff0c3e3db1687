"""
The energy of a day or of a month, and its cost.

A Wh costs the price of its day, and each day its share of the subscription, from the first reading on. The
prices of a day may become known later: so a month keeps the energies of each of its days, and its cost is
computed when it is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - `typed_json` reads the types
from dataclasses import dataclass, field, replace
from datetime import date  # noqa: TC003 - `typed_json` reads the types
from typing import TYPE_CHECKING, Final

from teleinfo.state.prices import in_cents
from teleinfo.vocabulary.moment import DAY

if TYPE_CHECKING:
    from teleinfo.state.prices import DatedPrices

UNKNOWN_ENERGY: Final = 20
"""Wh by which the energy of a day or a month may differ from that of its indexes (`import_total.MARGIN`)."""

EXPORTED: Final = "EAIT"
"""The étiquette of the injected energy, which is its key too."""


@dataclass(frozen=True, slots=True)
class EnergySpan:
    """
    The energy of a day, or of a month whose first day is `first`, in Wh.

    `imported` is the energy drawn in all, `counted` the energy by key. An energy of 0 may be missing.
    `by_day` has the energy that was drawn on each day by key; a day without energy is in it too, since it
    costs its share of the subscription.
    """

    first: date
    is_complete: bool = False
    imported: int = 0
    counted: Mapping[str, int] = field(default_factory=dict)
    by_day: Mapping[date, Mapping[str, int]] = field(default_factory=dict)

    @property
    def exported(self) -> int:
        """The energy injected."""
        return self.counted.get(EXPORTED, 0)

    def plus(self, imported: int, counted: Mapping[str, int], day: date) -> EnergySpan:
        """Return this span with more energy, of a `day`."""
        drawn = {key: energy for key, energy in counted.items() if key != EXPORTED}
        by_day = dict(self.by_day)
        by_day[day] = _sum(by_day.get(day, {}), drawn)
        return replace(
            self,
            imported=self.imported + imported,
            counted=_sum(self.counted, counted),
            by_day=by_day,
        )

    def with_days(self, *, after: date, until: date) -> EnergySpan:
        """Return this span with the days after `after`, `until` included; these days have no energy yet."""
        by_day = dict(self.by_day)
        day = after
        while day < until:
            day += DAY
            by_day.setdefault(day, {})
        return replace(self, by_day=by_day)

    def cost_at(self, prices: DatedPrices) -> float | None:
        """
        Return the cost in €, the subscription included.

        It is None if the index of a part of the energy is unknown, or has no price.
        """
        unshown = self.imported  # Wh that no index shows
        cost = 0.0
        for day, energies in self.by_day.items():
            cost_of_day = prices.of_day(day, energies)
            if cost_of_day is None:
                return None
            cost += cost_of_day
            unshown -= sum(energies.values())
        if abs(unshown) > UNKNOWN_ENERGY:
            return None
        return in_cents(cost)

    def unpriced(self, prices: DatedPrices) -> set[str]:
        """
        Return the keys of the indexes that counted on a day on which they have no price.

        Days without any prices are left out.
        """
        unpriced = set[str]()
        for day, energies in self.by_day.items():
            if prices.on(day) is None:
                continue
            for key in energies:
                if prices.price(day, key) is None:
                    unpriced.add(key)
        return unpriced


def month_of(day: date) -> date:
    """Return the first day of the month."""
    return day.replace(day=1)


def _sum(energies: Mapping[str, int], more: Mapping[str, int]) -> dict[str, int]:
    """Return the sum of two energies for each key."""
    total = dict(energies)
    for key, energy in more.items():
        total[key] = total.get(key, 0) + energy
    return total
