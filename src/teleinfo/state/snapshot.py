"""
A snapshot of a meter: its texts at one moment, and what its earlier frames have shown.

Pure. Whatever is derived from both is derived once, when it is first asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from teleinfo.state import business_meters, fields
from teleinfo.state.facts import STALE_AFTER

if TYPE_CHECKING:
    from teleinfo.state.active_power import Active
    from teleinfo.state.facts import ContractFacts, MeterFacts
    from teleinfo.state.fields import Unknown, Value, Values
    from teleinfo.state.mean_power import MeanPower
    from teleinfo.state.next_tariff import NextTariff
    from teleinfo.state.tariffs import Index
    from teleinfo.vocabulary.codes import Alert, Colour
    from teleinfo.vocabulary.moment import Moment


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A meter at the moment `at`: its `facts`, and the texts of its fresh étiquettes, `values`."""

    facts: MeterFacts
    values: Values
    at: Moment

    @property
    def contract(self) -> ContractFacts:
        """The facts that end with the mode or the contract."""
        return self.facts.contract

    @property
    def total_is_fresh(self) -> bool:
        """True if the index of the total is fresh."""
        return self.at.monotonic - self.facts.counted <= STALE_AFTER

    @property
    def active(self) -> Active | None:
        """The active power, None while it is unknown."""
        return self.contract.active.at(self.at.monotonic)

    @cached_property
    def alerts(self) -> dict[Alert, bool]:
        """Each alert that this meter can report, True while it is active."""
        if self.contract.site is not None:
            return business_meters.alerts(self.values)
        return fields.alerts(self.values)

    @cached_property
    def indexes(self) -> dict[str, Index]:
        """The indexes of the supplier by étiquette."""
        if self.contract.site is not None:
            return business_meters.indexes(self.values)
        return fields.indexes(self.values, periods=self.contract.periods)

    @cached_property
    def injected(self) -> tuple[int | Unknown | None, bool]:
        """The apparent power that is injected, VA, and True if it is an estimate."""
        exports = self.contract.exports(self.values)
        return fields.injected_power(self.values, exports=exports, has_exported=self.facts.has_exported)

    @cached_property
    def means(self) -> dict[str, MeanPower]:
        """The mean powers whose index is fresh, by the last part of their path."""
        counters = fields.counters(self.values)
        return {name: self.facts.means[counter] for name, (counter, _index) in counters.items()}

    @cached_property
    def colour_today(self) -> Colour | None:
        """The colour of today; None for a meter without Tempo."""
        return fields.colour_today(self.values)

    @cached_property
    def colour_tomorrow(self) -> Value:
        """The colour of the day that begins at the next 06:00."""
        return fields.colour_tomorrow(self.values)

    @cached_property
    def next_tariff(self) -> NextTariff | Unknown | None:
        """The next change of tariff."""
        if self.contract.site is not None or self.facts.device.identity.overseas:
            return None
        contract, at = self.contract, self.facts.heard.wall
        return contract.calendar.next(self.values, mode=contract.mode, at=at, periods=contract.periods)

    @property
    def days_to_learn(self) -> int | None:
        """The days until the hours of the tariff are learned; None for a meter whose hours need not be."""
        if self.next_tariff is None:
            return None
        at = self.facts.heard.wall
        return self.contract.calendar.days_left(self.values, mode=self.contract.mode, at=at)

    @cached_property
    def tariff(self) -> str | None:
        """The tariff period in force, as the meter sends it."""
        if self.contract.site is not None:
            return business_meters.slot(self.values)
        return self.values.get("PTEC", self.values.get("LTARF"))

    @property
    def news(self) -> tuple[object, ...]:
        """What is published at once when it changes: an alert, the tariff, a colour."""
        running = self.values.get("NTARF")
        return self.alerts, self.tariff, running, self.colour_today, self.colour_tomorrow
