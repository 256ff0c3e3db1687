"""The data of the meter at one moment, from which its fields are read. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from teleinfo.state import business_meters, fields
from teleinfo.state.next_tariff import TariffCalendar

if TYPE_CHECKING:
    from teleinfo.state.active_power import Active
    from teleinfo.state.daily_energy import DailyEnergy
    from teleinfo.state.device import Device
    from teleinfo.state.import_total import ImportTotal
    from teleinfo.state.mean_power import MeanPower
    from teleinfo.state.next_tariff import NextTariff
    from teleinfo.state.prices import Prices
    from teleinfo.state.tariffs import Index
    from teleinfo.tic.labels import Mode
    from teleinfo.vocabulary.codes import Alert


@dataclass(kw_only=True, eq=False)
class Snapshot(dict[str, str]):
    """
    The texts of the fresh étiquettes, and facts about the meter from earlier frames.

    `site` is the model of an older meter of a business (`business_meters`), None for any other meter.
    `periods` is the argument of `tariffs.index_name`. `since` maps each active alert to its start.
    `total` is the total energy drawn, and `daily` the energies by day, None before its first index;
    `total_is_fresh`: its index is fresh. `prices` is None if the user gave none. `means` are the mean powers
    whose index is fresh, by the last part of their path. `clock_offset`: see `MeterClock`.
    `active` is the active power, None while it is unknown.
    `calendar` is what earlier frames tell of the next change of tariff.
    """

    meter: Device
    prices: Prices | None
    time: str | None = None
    mode: Mode | None = None
    site: str | None = None
    phases: int = 1
    sends_alarms: bool = False
    exports: bool = False
    has_exported: bool = False
    periods: dict[str, str] = field(default_factory=dict)
    since: dict[str, str] = field(default_factory=dict)
    total: ImportTotal | None = None
    daily: DailyEnergy | None = None
    total_is_fresh: bool = False
    clock_offset: int | None = None
    active: Active | None = None
    means: dict[str, MeanPower] = field(default_factory=dict)
    calendar: TariffCalendar = field(default_factory=TariffCalendar)

    @cached_property
    def alerts(self) -> dict[Alert, bool]:
        """Each alert that this meter can report, True while it is active."""
        if self.site is not None:
            return business_meters.alerts(self)
        return fields.alerts(self, sends_alarms=self.sends_alarms)

    @cached_property
    def indexes(self) -> dict[str, Index]:
        """The indexes of the supplier by étiquette."""
        if self.site is not None:
            return business_meters.indexes(self)
        return fields.indexes(self, periods=self.periods)

    @cached_property
    def injected(self) -> tuple[int | fields.Unknown | None, bool]:
        """The apparent power that is injected, VA, and True if it is an estimate."""
        return fields.injected_power(self, exports=self.exports, has_exported=self.has_exported)

    @cached_property
    def next_tariff(self) -> NextTariff | fields.Unknown | None:
        """The next change of tariff."""
        if self.time is None or self.site is not None or self.meter.identity.overseas:
            return None
        at = datetime.fromisoformat(self.time)
        return self.calendar.next(self, mode=self.mode, at=at, periods=self.periods)

    @property
    def tariff(self) -> str | None:
        """The tariff period in force, as the meter sends it."""
        return self.get("PTEC", self.get("LTARF")) if self.site is None else business_meters.slot(self)
