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
        """Add a frame: its texts, its flow of power, its clock, its contract and tariff period."""
        if self.site is None:
            self.site = business_meters.model(sent)
        self._add_texts(sent, belief, now)
        self._note_flow(sent)
        if "DATE" in sent:
            self.clock.add(sent["DATE"], now)
        if belief.contract is not None:
            self._set_contract(tariffs.contract_identity(belief.contract))
        running = fields.running_index(sent)
        if "LTARF" in sent and isinstance(running, str):
            self.learn({running: sent["LTARF"]})
        if belief.is_steady:
            self.calendar.note(sent, now)

    def _set_contract(self, contract: str | None) -> None:
        """Set the contract; another one has other periods, which `learn` notes with their codes."""
        if contract != self.contract:
            self.contract = contract
            self.periods = {}
            self.codes = {}

    def _add_texts(self, sent: Values, belief: Belief, now: Moment) -> None:
        """Add the texts of a frame to those before it; alarms and notices that are over have none."""
        in_force = belief.sending
        tariff = self.texts.get("PTEC", "")
        if sent.get("PTEC", tariff) != tariff:
            # The last frame of a peak may have had PEJP, which does not announce a further peak: with the new
            # tariff, a notice must be in the frame itself.
            in_force -= NOTICES - sent.keys()
        texts = {**self.texts, **sent}
        for label in _PASSING.intersection(texts) - in_force:
            texts.pop(label)
            texts.pop(label + HORODATE_SUFFIX, None)
        self.texts = texts
        self._heard.update(dict.fromkeys(sent, now.monotonic))
        if texts.keys() != sent.keys():
            # Some may be stale: the memory is bounded, whatever étiquettes come.
            self.texts = self.fresh(now)
            self._heard = {key: self._heard[key] for key in self.texts}

    def _note_flow(self, sent: Values) -> None:
        """Note whether a frame shows in which direction power flows, and how much flows out."""
        drawn = fields.drawn_power(sent)
        of_flow = injection.OF_FLOW & self.texts.keys()  # the étiquettes of the flow that this meter sends
        is_whole = of_flow <= sent.keys()
        self.shows_flow = drawn is not None and (drawn > 0 or is_whole)
        if not self.shows_flow:
            # Such as a short frame, whose currents are newer than PAPP: the estimate before it stays.
            return
        if injection.exports_by_current(sent):
            self._exporting_frames += 1
        else:
            self._exporting_frames = 0
        if drawn:
            self.estimate = fields.UNKNOWN
        else:
            self.estimate = injection.outflow(sent)

    def fresh(self, now: Moment) -> Values:
        """Return the texts that came not long before `now`, by key."""
        greatest_age = STALE_AFTER
        if self.site is not None:
            greatest_age = business_meters.STALE_AFTER
        oldest = now.monotonic - greatest_age
        return {key: text for key, text in self.texts.items() if self._heard[key] >= oldest}

    def exports(self, values: Values) -> bool:
        """True if power flows out by STGE or, in two frames in a row, by the current (historique)."""
        return injection.exports(values) or self._exporting_frames >= MIN_FRAMES

    def learn(self, periods: Mapping[str, str]) -> None:
        """Note the `periods`: by the étiquette of an index, the LTARF that was in force while it counted."""
        if self.contract is None or periods.items() <= self.periods.items():
            return
        self.periods |= periods
        code_by_key = {}
        for label in self.periods:
            index = tariffs.index_of(label, 0, contract=self.contract, periods=self.periods)
            code_by_key[tariffs.index_key(label, self.contract)] = index.code
        self.codes = tariffs.codes_of_one_index(code_by_key)

    def key_of(self, label: str) -> str | None:
        """Return the key of an index; None while the contract is unknown."""
        if self.contract is None:
            return None
        return tariffs.index_key(label, self.contract)


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
        self.first = first
        self.heard = first  # the moment of the last frame
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
        self.heard = now
        self.sent = sent
        self.contract.add(sent, belief, now)
        values = self.contract.texts
        if self.contract.site is not None:
            self.phases = 3  # so has each older meter of a business
        else:
            self.phases = max(self.phases, fields.phases(values))
        if self.contract.exports(values):
            self.has_exported = True

    @property
    def zone(self) -> tzinfo | None:
        """The zone of its days: that of the machine for a meter of the overseas islands, else France."""
        if self.device.identity.overseas:
            return self.heard.wall.tzinfo
        return PARIS

    @property
    def priced(self) -> DatedPrices | None:
        """The prices of the household for the indexes of the meter; None if it gave none."""
        prices = self.prices
        if prices is None:
            return None
        codes = self.contract.codes
        priced = self._priced
        # Made anew only when the prices or the codes have changed.
        if priced is None or priced.dated is not prices.dated or priced.codes != codes:
            priced = prices.with_codes(codes)
            self._priced = priced
        return priced

    def measure(self) -> None:
        """Measure the powers by the indexes of the last reading."""
        texts = self.contract.texts
        now = self.heard.monotonic
        for name, (counter, index) in fields.counters(texts).items():
            power = fields.number(texts, fields.POWERS[name])
            is_idle = power == 0
            self.means[counter].add(index, now=now, idle=is_idle)
        has_ever_exported = self.has_exported or "EAIT" in texts
        # By the last frame alone: the power and the index of a flow are of the same moment.
        sent = self.sent
        # In historique, a power of 0 may be a small injection. `injection.flow` uses the estimate only then.
        may_hide_injection = has_ever_exported and "PAPP" in sent
        outflow = None
        if may_hide_injection or self.contract.exports(sent):
            outflow = self.contract.estimate
        flow = injection.flow(sent, outflow)
        if flow is not None and self.contract.shows_flow:
            self.contract.active.add(flow, now=now, has_exported=has_ever_exported)

    def count(self) -> None:
        """Count the energies by the indexes of the last reading."""
        values = self.contract.texts
        imported = fields.import_total(values)
        if imported is None:
            return
        self.counted = self.heard.monotonic
        at = self.heard.wall
        counter, import_index = imported
        before = self.total
        if before is None:
            before = ImportTotal(counter, import_index, 0, at)
        total = before.next(counter, import_index, at=at, subscribed=fields.subscribed_power(values))
        indexes = {}
        for label in _COUNTED:
            index = fields.number(values, label)
            if index is not None:
                indexes[label] = index
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
        starts: dict[str, datetime] = {}
        for alert, is_active in alerts.items():
            if is_active:
                starts[alert] = self.alert_starts.get(alert, self.heard.wall)
        self.alert_starts = starts
