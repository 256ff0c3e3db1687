"""
A snapshot of a meter: its texts at one moment, and what its earlier frames have shown.

Pure. Whatever is derived from both is derived once, when it is first asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from teleinfo.state import business_meters, fields

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from teleinfo.state.active_power import Active
    from teleinfo.state.device import Device
    from teleinfo.state.energy import DailyEnergy, ImportTotal
    from teleinfo.state.fields import Unknown, Value, Values
    from teleinfo.state.mean_power import MeanPower
    from teleinfo.state.next_tariff import NextTariff, TariffCalendar
    from teleinfo.state.prices import Prices
    from teleinfo.state.tariffs import Index
    from teleinfo.tic.labels import Mode
    from teleinfo.vocabulary.codes import Alert, Colour
    from teleinfo.vocabulary.moment import Moment


@dataclass(frozen=True, kw_only=True, eq=False)
class Snapshot:
    """
    A meter at one moment: `values` are the texts of its fresh étiquettes, `heard` is its last frame.

    `site` is the model of an older meter of a business (`business_meters`), None for any other meter.
    `periods` is the argument of `tariffs.index_name`. `since` maps each active alert to its start.
    `total` is the total energy drawn, and `daily` the energies by day, None before its first index;
    `total_is_fresh`: its index is fresh. `prices` is None if the user gave none. `measured` are the mean
    powers by the étiquettes of their index. `clock_offset`: see `MeterClock`.
    `active` is the active power, None while it is unknown.
    `calendar` is what earlier frames tell of the next change of tariff.
    """

    heard: Moment
    values: Values
    meter: Device
    mode: Mode
    prices: Prices | None
    site: str | None
    phases: int
    exports: bool
    has_exported: bool
    periods: Mapping[str, str]
    since: Mapping[str, datetime]
    total: ImportTotal | None
    daily: DailyEnergy | None
    total_is_fresh: bool
    clock_offset: int | None
    active: Active | None
    measured: Mapping[str, MeanPower]
    calendar: TariffCalendar

    @cached_property
    def alerts(self) -> dict[Alert, bool]:
        """Each alert that this meter can report, True while it is active."""
        if self.site is not None:
            return business_meters.alerts(self.values)
        return fields.alerts(self.values)

    @cached_property
    def indexes(self) -> dict[str, Index]:
        """The indexes of the supplier by étiquette."""
        if self.site is not None:
            return business_meters.indexes(self.values)
        return fields.indexes(self.values, periods=self.periods)

    @cached_property
    def injected(self) -> tuple[int | Unknown | None, bool]:
        """The apparent power that is injected, VA, and True if it is an estimate."""
        return fields.injected_power(self.values, exports=self.exports, has_exported=self.has_exported)

    @cached_property
    def means(self) -> dict[str, MeanPower]:
        """The mean powers whose index is fresh, by the last part of their path."""
        counters = fields.counters(self.values)
        return {name: self.measured[counter] for name, (counter, _index) in counters.items()}

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
        if self.site is not None or self.meter.identity.overseas:
            return None
        return self.calendar.next(self.values, mode=self.mode, at=self.heard.wall, periods=self.periods)

    @property
    def days_to_learn(self) -> int | None:
        """The days until the hours of the tariff are learned; None for a meter whose hours need not be."""
        if self.next_tariff is None:
            return None
        return self.calendar.days_left(self.values, mode=self.mode, at=self.heard.wall)

    @cached_property
    def tariff(self) -> str | None:
        """The tariff period in force, as the meter sends it."""
        if self.site is not None:
            return business_meters.slot(self.values)
        return self.values.get("PTEC", self.values.get("LTARF"))

    @property
    def news(self) -> tuple[object, ...]:
        """What is published at once when it changes: an alert, the tariff, a colour."""
        running = self.values.get("NTARF")
        return self.alerts, self.tariff, running, self.colour_today, self.colour_tomorrow
