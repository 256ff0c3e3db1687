"""
Facts about a meter, which accumulate from one frame to the next.

Pure. Some belong to the meter as long as it is followed, others only to its mode and contract. The texts are
the latest of each étiquette, so that a short three-phase frame or a missing group empties no field; a text
that was not renewed for `STALE_AFTER` seconds is forgotten.
"""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from teleinfo.state import business_meters, fields, injection, tariffs
from teleinfo.state.active_power import ActivePower
from teleinfo.state.daily_energy import Count, DailyEnergy
from teleinfo.state.energy_span import EXPORTED
from teleinfo.state.import_total import ImportTotal
from teleinfo.state.mean_power import MeanPower
from teleinfo.state.meter_clock import MeterClock
from teleinfo.state.next_tariff import RememberedCalendar, TariffCalendar
from teleinfo.tic.horodate import PARIS
from teleinfo.tic.labels import ALARMS, NOTICES, Mode
from teleinfo.tic.reading import HORODATE_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta, tzinfo

    from teleinfo.state.device import Device
    from teleinfo.state.fields import Unknown, Values
    from teleinfo.state.injection import Outflow
    from teleinfo.state.prices import DatedPrices
    from teleinfo.tic.reading import Belief
    from teleinfo.vocabulary.codes import Alert
    from teleinfo.vocabulary.moment import Moment

STALE_AFTER: Final = 120.0
"""Seconds after which a value is null; in an overrun a full frame comes every 17 s (three phases, 02E)."""

MIN_FRAMES: Final = 2
"""Frames in a row that show an export by their current: PAPP and the current may be measured apart."""

_COUNTED: Final = (*fields.INDEXES, EXPORTED)
"""The étiquettes whose energy is counted."""

_PASSING: Final = ALARMS | NOTICES


class ContractFacts:
    """
    Facts that end with the mode or the contract of the meter.

    `texts` are the latest by key. `site` is the model of an older meter of a business (`business_meters`),
    None for any other meter. `contract` is the contract as it was last told, also by an earlier run, in the
    form of `tariffs.contract_identity`; None while it is unknown. `periods` is the argument of
    `tariffs.index_of`, and `codes` are those of `tariffs.codes_of_one_index`. `calendar` is what the frames
    tell of the next change of tariff. `shows_flow` is True if the last frame shows in which direction power
    flows: power is drawn, or no group of `injection.OF_FLOW` was lost. `estimate` is the power that flows out
    by the last such frame, if it does.
    """

    def __init__(self, mode: Mode) -> None:
        self.mode = mode
        self.texts: Values = {}
        self.site: str | None = None
        self.contract: str | None = None
        self.periods: dict[str, str] = {}
        self.codes: Mapping[str, str] = {}
        self.calendar = TariffCalendar(RememberedCalendar())
        self.active = ActivePower()
        self.clock = MeterClock()
        self.shows_flow = False
        self.estimate: Outflow | Unknown = fields.UNKNOWN
        self._heard: dict[str, float] = {}  # when each of the texts came last
        self._exporting_frames = 0  # in a row, by their current

    def add(self, sent: Values, belief: Belief, now: Moment) -> None:
        """Add the texts of a frame, without excluded étiquettes."""
        self.site = self.site or business_meters.model(sent)
        tariff = self.texts.get("PTEC", "")
        # PEJP in the last frame of a peak does not announce a further peak.
        is_over = sent.get("PTEC", tariff) != tariff
        sending = belief.sending - (NOTICES - sent.keys()) if is_over else belief.sending
        texts = self.texts = {**self.texts, **sent}
        self._heard.update(dict.fromkeys(sent, now.monotonic))
        for label in _PASSING.intersection(texts) - sending:
            texts.pop(label)
            texts.pop(label + HORODATE_SUFFIX, None)
        if texts.keys() != sent.keys():  # some may be stale: the memory is bounded, whatever étiquettes come
            self.texts = self.fresh(now)
            self._heard = {key: self._heard[key] for key in self.texts}
        drawn = fields.drawn_power(sent)
        is_whole = injection.OF_FLOW.intersection(self.texts) <= sent.keys()
        self.shows_flow = drawn is not None and (drawn > 0 or is_whole)
        if self.shows_flow:  # short frames do not: their currents are newer than PAPP
            self._exporting_frames = self._exporting_frames + 1 if injection.exports_by_current(sent) else 0
            self.estimate = fields.UNKNOWN if drawn else injection.outflow(sent)
        if "DATE" in sent:
            self.clock.add(sent["DATE"], now)
        if belief.contract is not None:
            contract = tariffs.contract_identity(belief.contract)
            if contract != self.contract:
                self.contract, self.periods, self.codes = contract, {}, {}
        running = fields.running_index(sent)
        if "LTARF" in sent and isinstance(running, str):
            self.learn({running: sent["LTARF"]})
        if belief.is_steady:
            self.calendar.note(sent, now)

    def fresh(self, now: Moment) -> Values:
        """Return the texts that came not long before `now`, by key."""
        oldest = now.monotonic - (STALE_AFTER if self.site is None else business_meters.STALE_AFTER)
        return {key: text for key, text in self.texts.items() if self._heard[key] >= oldest}

    def exports(self, values: Values) -> bool:
        """True if power flows out by STGE or, in two frames in a row, by the current (historique)."""
        return injection.exports(values) or self._exporting_frames >= MIN_FRAMES

    def learn(self, periods: Mapping[str, str]) -> None:
        """Note the `periods`: by the étiquette of an index, the LTARF that was in force while it counted."""
        if self.contract is None or periods.items() <= self.periods.items():
            return
        self.periods |= periods
        indexes = (
            tariffs.index_of(label, 0, contract=self.contract, periods=self.periods) for label in self.periods
        )
        self.codes = tariffs.codes_of_one_index(
            {tariffs.index_key(index.label, self.contract): index.code for index in indexes}
        )

    def key_of(self, label: str) -> str | None:
        """Return the key of an index; None while the contract is unknown."""
        return None if self.contract is None else tariffs.index_key(label, self.contract)


class MeterFacts:
    """
    Facts about one meter, since its `first` frame.

    - `sent` are the texts of the last frame, without excluded étiquettes.
    - `contract` are those that end with its mode or contract.
    - `total` is the total energy drawn, and `daily` the energies by day, None before the first index;
      `counted` is the monotonic time at which that index was last read.
    - `prices` are those of the household; None if it gave none. `priced` has them for its indexes.
    - `means` are the mean powers by the étiquettes of their index.
    - `alert_starts` maps each active alert to its start.
    - `clock_was_ahead` is the time by which the clock of the machine was set back, until it is taken.
    """

    def __init__(
        self,
        device: Device,
        mode: Mode,
        first: Moment,
        *,
        prices: DatedPrices | None,
        daily: DailyEnergy | None,
    ) -> None:
        self.device = device
        self.contract = ContractFacts(mode)
        self.first = self.heard = first
        self.sent: Values = {}
        self.total: ImportTotal | None = None
        self.daily = daily
        self.means: defaultdict[str, MeanPower] = defaultdict(MeanPower)
        self.alert_starts: Mapping[str, datetime] = {}
        self.phases = 1
        self.has_exported = False
        self.clock_was_ahead: timedelta | None = None
        self.prices = prices
        self._priced: DatedPrices | None = None
        self.counted = -math.inf

    def add(self, sent: Values, belief: Belief, now: Moment) -> None:
        """Add the texts of a reading, without excluded étiquettes, except for its powers and energies."""
        self.heard, self.sent = now, sent
        self.contract.add(sent, belief, now)
        values = self.contract.texts
        self.phases = 3 if self.contract.site else max(self.phases, fields.phases(values))
        self.has_exported |= self.contract.exports(values)

    @property
    def zone(self) -> tzinfo | None:
        """The zone of its days: that of the machine for a meter of the overseas islands, else France."""
        return self.heard.wall.tzinfo if self.device.identity.overseas else PARIS

    @property
    def priced(self) -> DatedPrices | None:
        """The prices of the household for the indexes of the meter; None if it gave none."""
        prices, codes = self.prices, self.contract.codes
        if prices is None:
            return None
        kept = self._priced
        if kept is None or kept.dated is not prices.dated or kept.codes != codes:
            kept = prices.with_codes(codes)
            self._priced = kept
        return kept

    def measure(self) -> None:
        """Measure the powers by the indexes of the last reading."""
        sent, values, now = self.sent, self.contract.texts, self.heard.monotonic
        for name, (counter, index) in fields.counters(values).items():
            power = fields.number(values, fields.POWERS[name])
            self.means[counter].add(index, now=now, idle=power == 0)
        has_exported = self.has_exported or "EAIT" in values
        # In historique, PAPP 0 may be a small injection.
        may_export = self.contract.exports(sent) or (has_exported and "PAPP" in sent)
        flow = injection.flow(sent, self.contract.estimate if may_export else None)
        if flow is not None and self.contract.shows_flow:
            self.contract.active.add(flow, now=now, has_exported=has_exported)

    def count(self) -> None:
        """Count the energies by the indexes of the last reading."""
        values, now = self.contract.texts, self.heard
        imported = fields.import_total(values)
        if imported is None:
            return
        self.counted, at = now.monotonic, now.wall
        before = self.total or ImportTotal(*imported, 0, at)
        total = before.next(*imported, at=at, subscribed=fields.subscribed_power(values))
        indexes = {label: index for label in _COUNTED if (index := fields.number(values, label)) is not None}
        running = fields.running_index(values)
        count = Count(
            total,
            at.astimezone(self.zone).date(),
            indexes,
            self.contract.contract,
            running if isinstance(running, str) else None,
        )
        daily = self.daily
        if daily is None:
            daily = DailyEnergy.begin(count)
        elif self.total is None:  # the days are those of the meter before this one
            daily = daily.of_another_meter(total)
        self.total = total
        self.daily = daily.next(count)
        is_day_set_back = self.daily.today.first < daily.today.first
        # If the day is set back and the clock is not, the clock has been behind for a day and is believed.
        if is_day_set_back and at < daily.last.time:
            self.clock_was_ahead = daily.last.time - at

    def note_alerts(self, alerts: dict[Alert, bool]) -> None:
        """Note since when each alert is active; the last reading shows `alerts`."""
        starts = self.alert_starts
        self.alert_starts = {
            alert: starts.get(alert, self.heard.wall) for alert, active in alerts.items() if active
        }
