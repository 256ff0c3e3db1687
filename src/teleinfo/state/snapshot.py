"""
A snapshot of a meter: its texts at one moment, and what its earlier frames have shown.

Pure. The fields of the declaration read the attributes and the methods here: None leaves a field out,
`UNKNOWN` is null. Whatever several fields need is derived once, when it is first asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias, TypeVar

from teleinfo.state import business_meters, fields, injection, tariffs
from teleinfo.state.energy_span import EXPORTED, EnergySpan
from teleinfo.state.facts import STALE_AFTER, ContractFacts, MeterFacts
from teleinfo.state.fields import UNKNOWN, Json, Unknown, Value, Values
from teleinfo.tic.horodate import iso, local_time
from teleinfo.tic.labels import COMING_AND_GOING, SHORT_FRAME, STATUS_REGISTER, Mode, lookup
from teleinfo.tic.reading import HORODATE_SUFFIX
from teleinfo.vocabulary.codes import Alert, Contract

if TYPE_CHECKING:
    from collections.abc import Callable

    from teleinfo.state.active_power import Active
    from teleinfo.state.daily_energy import SpanName
    from teleinfo.state.device import Device
    from teleinfo.state.fields import MeanName
    from teleinfo.state.mean_power import MeanPower
    from teleinfo.state.next_tariff import NextTariff
    from teleinfo.state.tariffs import Index
    from teleinfo.vocabulary.moment import Moment

T = TypeVar("T")

DayOfMaximum: TypeAlias = Literal["today", "yesterday"]

_DAYS_BACK: Final[dict[DayOfMaximum, timedelta]] = {"today": timedelta(), "yesterday": timedelta(days=1)}
_MIDNIGHT: Final = timedelta(seconds=STALE_AFTER)
"""The greatest age of a clock that is compared with a horodate."""

LEAST_OF_FACTOR: Final = 50
"""VA below which there is no power factor: a meter may round the power to 10 VA."""


def _or_unknown(value: Json) -> Value:
    """Return the value of a field that the meter has; None means that it is unknown."""
    return UNKNOWN if value is None else value


def part_of(whole: T | Unknown | None, get: Callable[[T], Json]) -> Value:
    """Return a part of a value; what is missing or unknown has none. A part that is None is unknown."""
    if whole is None or isinstance(whole, Unknown):
        return whole
    return _or_unknown(get(whole))


class PowerFactor(NamedTuple):
    """A power factor with its bounds, 0 to 1."""

    value: float
    lower: float
    upper: float


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
    def device(self) -> Device:
        """The meter."""
        return self.facts.device

    @property
    def model(self) -> Value:
        """The model of the meter."""
        return self.contract.site or self.device.identity.model

    @property
    def manufacturer(self) -> Value:
        """The manufacturer of the meter."""
        return self.device.identity.manufacturer or UNKNOWN

    @property
    def clock(self) -> Value:
        """The clock of the meter."""
        text = self.values.get("DATECOUR", self.values.get("DATE"))
        if text is None or self.device.identity.overseas:
            return None
        if self.contract.site is None:
            time_in_iso = iso(text)
        else:
            time_in_iso = business_meters.moment(text)
        return time_in_iso or UNKNOWN

    @property
    def clock_offset(self) -> Value:
        """Seconds by which the clock of the meter is ahead of ours (standard, but not on the islands)."""
        is_standard = self.contract.mode is Mode.STANDARD and self.contract.site is None
        has_clock = is_standard and "DATE" in self.values and not self.device.identity.overseas
        if not has_clock:
            return None
        return _or_unknown(self.contract.clock.offset)

    @property
    def missing(self) -> Value:
        """The étiquettes that the last frame lacked, without those that come and go."""
        if self.contract.site is not None:
            return None  # their frames differ
        sent = self.facts.sent.keys()
        if not self.values.keys() & sent:
            return UNKNOWN
        if sent <= SHORT_FRAME:
            return []
        missing: list[Json] = []
        for key in self.values:
            if key in sent:
                continue
            label = lookup(self.contract.mode, key)
            if label is not None and label.presence not in COMING_AND_GOING:
                missing.append(label.name)
        return missing

    @property
    def contract_text(self) -> str | None:
        """The contract, as the meter sends it."""
        if self.contract.site is not None:
            return business_meters.contract_text(self.values)
        return fields.contract_text(self.values)

    @property
    def contract_code(self) -> Value:
        """The contract; an uncommon one is unknown."""
        text = self.contract_text
        if text is None:
            return None
        if self.contract.site is not None:
            # Of the contracts of businesses, EJP alone is one that households have, too.
            return Contract.EJP if "EJP" in text else UNKNOWN
        return tariffs.contract_of(text) or UNKNOWN

    @property
    def contract_name(self) -> Value:
        """The contract in words."""
        text = self.contract_text
        if text is None:
            return None
        if self.contract.site is None:
            name = tariffs.contract_name(text)
        else:
            name = tariffs.collapse(text)
        return name or UNKNOWN

    @property
    def total_is_fresh(self) -> bool:
        """True if the index of the total is fresh."""
        return self.at.monotonic - self.facts.counted <= STALE_AFTER

    @property
    def import_total(self) -> Value:
        """The total energy drawn, Wh."""
        total = self.facts.total
        if total is None:
            return None
        if not self.total_is_fresh:
            return UNKNOWN
        return total.total

    @property
    def import_labels(self) -> Value:
        """The étiquettes whose sum is the index of the total."""
        total = self.facts.total
        if total is None:
            return None
        return [*total.counter.split("+")]

    @cached_property
    def indexes(self) -> dict[str, Index]:
        """The indexes of the supplier by key; none while the contract is unknown."""
        if self.contract.site is not None:
            return business_meters.indexes(self.values)
        if self.contract.contract is None:
            return {}
        return fields.indexes(self.values, contract=self.contract.contract, periods=self.contract.periods)

    @property
    def running_key(self) -> Value:
        """The key of the index that counts now; it is unknown while the contract is."""
        if self.contract.site is not None:
            return business_meters.running_index(self.values)
        label = fields.running_index(self.values)
        if not isinstance(label, str):
            return label
        return _or_unknown(self.contract.key_of(label))

    def day_profile(self, label: str) -> Value:
        """Return the slots of a day (PJOURF+1, PPOINTE), in order."""
        return fields.day_profile(self.values, label, contract=self.contract.contract)

    def _span(self, name: SpanName) -> EnergySpan | Unknown | None:
        """Return the energy of a day or a month; unknown while the meter is silent."""
        daily = self.facts.daily
        if daily is None:
            return None
        if not self.total_is_fresh:
            return UNKNOWN
        return daily.span(name) or UNKNOWN

    def imported(self, span: SpanName) -> Value:
        """Return the energy that was drawn on a day or in a month, Wh."""
        return part_of(self._span(span), lambda energy: energy.imported)

    def exported(self, span: SpanName) -> Value:
        """Return the energy that was injected, Wh; a meter without this index has none."""
        if EXPORTED not in self.values:
            return None
        return part_of(self._span(span), lambda energy: energy.exported)

    def is_complete(self, span: SpanName) -> Value:
        """Return True if the energy of a day or a month is complete."""
        return part_of(self._span(span), lambda energy: energy.is_complete)

    def energy_by_index(self, span: SpanName) -> Value:
        """Return the energy of a day or a month, by the key of an index that is or was sent."""
        energy = self._span(span)
        if energy is None:
            return None
        if isinstance(energy, Unknown):
            return dict.fromkeys(self.indexes)
        keys = dict.fromkeys((*self.indexes, *energy.counted))
        return {key: energy.counted.get(key, 0) for key in keys if key != EXPORTED}

    @property
    def price(self) -> Value:
        """The price of the index that counts now, €/kWh."""
        prices = self.facts.priced
        if prices is None or self.tariff is None:
            return None
        key = self.running_key
        if not isinstance(key, str):
            return UNKNOWN
        if self.contract.site is not None:
            codes = {each: index.code for each, index in self.indexes.items()}
            prices = prices.with_codes(tariffs.codes_of_one_index(codes))
        today = self.at.wall.astimezone(self.facts.zone).date()
        return _or_unknown(prices.price(today, key))

    def cost(self, span: SpanName) -> Value:
        """Return the cost of a day or a month, €."""
        prices = self.facts.priced
        if prices is None:
            return None
        energy = self._span(span)
        if isinstance(energy, EnergySpan):
            return _or_unknown(energy.cost_at(prices))
        return energy

    def cost_since(self, span: SpanName) -> Value:
        """Return the midnight at which a day or a month began."""
        if self.facts.prices is None:
            return None
        energy = self._span(span)
        if isinstance(energy, EnergySpan):
            return datetime.combine(energy.first, time(), self.facts.zone).isoformat()
        return energy

    def cost_is_complete(self, span: SpanName) -> Value:
        """
        Return True if the cost is that of a complete energy; False if a part of it has no price.

        Without a known energy it is unknown, and None without prices, as the cost.
        """
        cost = self.cost(span)
        if isinstance(cost, float):
            return self.is_complete(span)
        if cost is UNKNOWN and isinstance(self._span(span), EnergySpan):
            return False  # a part has no price
        return cost

    @cached_property
    def injected(self) -> injection.Injected:
        """The apparent power that is injected."""
        outflow = None
        if self.contract.exports(self.values):
            outflow = self.contract.estimate
        return injection.injected_power(self.values, outflow, has_exported=self.facts.has_exported)

    @property
    def exporting(self) -> Value:
        """True while power flows out to the grid."""
        injected = self.injected.power
        if STATUS_REGISTER not in self.values and injected is None:
            return None
        return self.contract.exports(self.values) or bool(injected)

    @property
    def net_power(self) -> Value:
        """The apparent power drawn less injected, VA."""
        drawn = fields.drawn_power(self.values)
        injected = self.injected.power
        if drawn is None:
            return None
        if isinstance(injected, Unknown):
            return UNKNOWN
        return drawn - (injected or 0)

    def maximum(self, label: str, day: DayOfMaximum) -> Value:
        """Return the greatest power of `today` or `yesterday`, VA; unknown if its time is of another day."""
        power = fields.number(self.values, label)
        if power is not None and not self._is_of(label, day):
            return UNKNOWN
        return power

    def maximum_time(self, label: str, day: DayOfMaximum) -> Value:
        """Return the time of this power."""
        time = fields.time_of(self.values, label)
        if time is not None and not self._is_of(label, day):
            return UNKNOWN
        return time

    def _is_of(self, label: str, day: DayOfMaximum) -> bool:
        """
        True unless the horodate of an étiquette names another day than `today` or `yesterday`.

        Some meters keep the maximum of an earlier day under SMAXSN-1.
        """
        named = local_time(self.values.get(f"{label}{HORODATE_SUFFIX}", ""))
        if named is None:  # a meter of the overseas islands
            return True
        clock = local_time(self.values.get("DATE", ""))
        if clock is None:
            clock = self.at.wall.astimezone(self.facts.zone).replace(tzinfo=None)
        days = _DAYS_BACK[day]
        # At midnight, one of both étiquettes may be of the frame before.
        return named.date() in {(clock - days).date(), (clock + _MIDNIGHT - days).date()}

    @property
    def max_yesterday(self) -> Value:
        """The greatest power of yesterday, VA; in mode historique a Linky of three phases sends PMAX."""
        if "SMAXSN-1" not in self.values and self.device.identity.linky:
            return fields.number(self.values, fields.PMAX)
        return self.maximum("SMAXSN-1", "yesterday")

    @cached_property
    def active_power(self) -> Active | Unknown | None:
        """The active power; a meter without the power or the index has none."""
        if fields.drawn_power(self.values) is None or "active_import_mean" not in self.means:
            return None
        return self.contract.active.at(self.at.monotonic) or UNKNOWN

    @cached_property
    def power_factor(self) -> PowerFactor | Unknown | None:
        """The active power by the apparent power; unknown for an estimated power."""
        active = self.active_power
        if active is None or isinstance(active, Unknown):
            return active
        net = self.net_power
        is_measured = self.injected.power == 0 or not self.injected.is_estimated
        if not isinstance(net, int) or abs(net) < LEAST_OF_FACTOR or not is_measured:
            return UNKNOWN
        value, lower, upper = [min(1.0, abs(round(watts / net, 2))) for watts in active]
        if net < 0:  # both are negative, and the bounds change places
            return PowerFactor(value, lower=upper, upper=lower)
        return PowerFactor(value, lower, upper)

    @cached_property
    def means(self) -> dict[MeanName, MeanPower]:
        """The mean powers whose index is fresh, by the last part of their path."""
        counters = fields.counters(self.values)
        return {name: self.facts.means[counter] for name, (counter, _index) in counters.items()}

    @cached_property
    def alerts(self) -> dict[Alert, bool]:
        """Each alert that this meter can report, True while it is active."""
        if self.contract.site is not None:
            return business_meters.alerts(self.values)
        return fields.alerts(self.values)

    def alert(self, alert: Alert) -> Value:
        """Return True while an alert is active."""
        return self.alerts.get(alert)

    def alert_since(self, alert: Alert) -> Value:
        """Return the time at which an alert was first active."""
        if alert not in self.alerts:
            return None
        since = self.facts.alert_starts.get(alert)
        if since is None:
            return UNKNOWN
        return since.isoformat("T", "seconds")

    @cached_property
    def tariff(self) -> str | None:
        """The tariff period in force, as the meter sends it."""
        if self.contract.site is not None:
            return business_meters.slot(self.values)
        return self.values.get("PTEC", self.values.get("LTARF"))

    @property
    def tariff_code(self) -> Value:
        """The tariff period in force; an uncommon one is unknown."""
        if self.tariff is None:
            return None
        return _or_unknown(tariffs.period_in_force(self.tariff, self.running_key))

    @property
    def tariff_name(self) -> Value:
        """The tariff period in force, in words; else the supplier's own text."""
        if self.tariff is None:
            return None
        code = tariffs.period_in_force(self.tariff, self.running_key)
        if code is not None:
            return code.words
        return tariffs.collapse(self.tariff) or UNKNOWN

    @cached_property
    def next_tariff(self) -> NextTariff | Unknown | None:
        """The next change of tariff."""
        if self.contract.site is not None or self.device.identity.overseas:
            return None
        return self.contract.calendar.next(
            self.values,
            mode=self.contract.mode,
            at=self.facts.heard.wall,
            contract=self.contract.contract,
            periods=self.contract.periods,
        )

    @property
    def next_color(self) -> Value:
        """The colour of the day from the next change of tariff on."""
        change = self.next_tariff
        if change is None or fields.colour_today(self.values) is None:
            return None
        if isinstance(change, Unknown) or change.code is None:
            return UNKNOWN
        return change.code.colour or UNKNOWN

    @property
    def days_to_learn(self) -> int | None:
        """The days until the hours of the tariff are learned; None for a meter whose hours need not be."""
        if self.next_tariff is None:
            return None
        at = self.facts.heard.wall
        return self.contract.calendar.days_left(self.values, mode=self.contract.mode, at=at)

    @property
    def news(self) -> tuple[object, ...]:
        """The facts whose change is published at once: alerts, tariff, colours, marks of the limit."""
        if self.contract.site is None:
            used = fields.used_of_limit(self.values)
        else:
            used = business_meters.used_of_limit(self.values)
        passed = None
        if isinstance(used, int):
            passed = fields.marks_passed(used)
        return (
            self.alerts,
            self.tariff,
            self.values.get("NTARF"),
            fields.colour_today(self.values),
            fields.colour_tomorrow(self.values),
            passed,
        )
