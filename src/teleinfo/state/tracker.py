"""
Follow one meter: readings in, its decoded state out, whatever the mode.

Pure: the monotonic time and the time of day are arguments. The state holds the latest value of each
étiquette, so that a short three-phase frame or a missing group empties no field. A value that was not renewed
for `STALE_AFTER` seconds is null; a field that the meter never had is absent.

`teleinfo.tic.judge` decides to which meter, mode and contract a reading belongs. After a change of mode or
contract, the fields that the new mode or contract lacks stay for `STALE_AFTER` seconds.
"""

from __future__ import annotations

import copy
import json
import math
from collections import defaultdict
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Final

from teleinfo.state import business_meters, fields, labels, tariffs
from teleinfo.state.active_power import ActivePower
from teleinfo.state.declaration import FIELDS
from teleinfo.state.device import Device, device_of
from teleinfo.state.energy import COUNTED, DailyEnergy, ImportTotal, day_in_france
from teleinfo.state.events import EventFinder
from teleinfo.state.field_entry import Snapshot, message, read
from teleinfo.state.mean_power import GAP, MeanPower
from teleinfo.state.memory import Memory
from teleinfo.state.meter_clock import MeterClock
from teleinfo.state.next_tariff import TariffCalendar
from teleinfo.tic.labels import ALARMS, METER_NUMBERS, NOTICES, SHORT_FRAME
from teleinfo.tic.reading import HORODATE_SUFFIX, is_left_out

if TYPE_CHECKING:
    from collections.abc import Container
    from datetime import timedelta

    from teleinfo.state.field_entry import FieldPath
    from teleinfo.state.fields import Json
    from teleinfo.state.prices import Prices
    from teleinfo.tic.reading import Belief, Reading
    from teleinfo.vocabulary.codes import TariffPeriod

STALE_AFTER: Final = 120.0
"""Seconds after which a value is null; in an overrun a full frame comes every 17 s (three phases, 02E)."""

CLOCK_ERROR: Final = 2.0
"""Seconds by which two clocks may differ over a short restart; a time of day has whole seconds."""

MIN_FRAMES: Final = 2
"""Frames in a row that show an export by their current: PAPP and the current may be measured apart."""

_PASSING: Final = ALARMS | NOTICES


class StateTracker:
    """
    The state of the meter whose readings it receives.

    Étiquettes in `exclude` have no field. `topic` is the base topic: see `device_of`. Without `prices` there
    is no cost.
    """

    def __init__(self, *, topic: str, exclude: frozenset[str], prices: Prices | None = None) -> None:
        self._topic = topic
        self.exclude = exclude
        self._prices = prices
        self._private = not exclude.isdisjoint(METER_NUMBERS)
        self._belief: Belief | None = None
        self._earlier: Memory | None = None
        self._finder = EventFinder(topic=topic, private=self._private)
        self._events: list[dict[str, Json]] = []
        self.is_known = False
        """True once the meter is identified; nothing about it may be published before."""
        self.announced: frozenset[str] = frozenset()
        """As in `Memory`."""
        self.clock_was_ahead: timedelta | None = None
        """By how much the clock of the machine was set back to the day of the readings, when it was."""
        self._reset()

    def _reset(self) -> None:
        """Forget the meter."""
        self._facts = Snapshot(meter=self.meter, prices=self._prices)
        """What is known of the meter, without the texts."""
        self._first_time: str | None = None
        self._heard = 0.0
        self._means: defaultdict[str, MeanPower] = defaultdict(MeanPower)  # by the étiquettes of their index
        self._counted = -math.inf  # time at which the index of the total was last read
        self._before: dict[
            FieldPath, Json
        ] = {}  # the fields before a change of mode or contract, until they are stale
        self._before_until = 0.0
        self._urgent: tuple[object, ...] = ()
        self._reset_contract()

    def _reset_contract(self) -> None:
        """Forget what depends on the mode of the meter and on its contract."""
        self._facts.site, self._facts.periods, self._facts.calendar = None, {}, TariffCalendar()
        self._active = ActivePower()
        self._latest: dict[str, tuple[str, float]] = {}
        self._clock = MeterClock()
        self._exporting_frames = 0  # in a row, by their current
        self._known: dict[FieldPath, None] = {}  # the fields seen so far with this contract, in order

    @property
    def meter(self) -> Device:
        """The meter that is followed."""
        number = None if self._belief is None else self._belief.number
        return device_of(number, topic=self._topic, private=self._private)

    @property
    def clock_offset(self) -> int | None:
        """Seconds by which the clock of the meter is ahead of ours; None if unknown."""
        # The time zone of the overseas islands is unknown.
        return None if self.meter.identity.overseas else self._clock.offset

    def restore(self, memory: Memory) -> None:
        """
        Continue the memory of an earlier run.

        This takes effect at the first reading after which the meter is known, if it is the remembered meter.
        """
        self._earlier, self.announced = memory, memory.announced
        self._finder.restore(memory.meter, memory.heard, memory.situation, memory.spans)
        self._events = []
        self.is_known = False

    def memory(self, published: frozenset[str] = frozenset()) -> Memory | None:
        """Return the memory for the next run, with the `published` fields; None if no meter is known."""
        if not self.is_known:
            # A silence may have begun since the start.
            earlier = self._earlier
            return (
                None
                if earlier is None
                else replace(earlier, situation=self._finder.situation, spans=self._finder.spans)
            )
        return Memory(
            self.meter.scope,
            self._at,
            self._facts.total,
            {alert: datetime.fromisoformat(since) for alert, since in self._facts.since.items()},
            published,
            self._facts.daily,
            {counter: replace(mean) for counter, mean in self._means.items() if mean.watts is not None},
            self._facts.calendar.remembered,
            self._finder.situation,
            self._finder.spans,
            self.announced,
        )

    def silence(self, at: datetime) -> None:
        """Note that the meter is silent at the time of day `at`."""
        self._events += self._finder.silence(at)

    def take_events(self) -> list[dict[str, Json]]:
        """Return the messages of the events since the last call."""
        events, self._events = self._events, []
        return events

    def update(self, reading: Reading, *, now: float, time: str) -> bool:
        """
        Update the state with a reading at the monotonic `now`, seconds, and the time of day `time`, ISO 8601.

        Return True if an alert, the tariff or a colour changed: publish such a state at once.
        """
        belief, last = reading.belief, self._belief
        if belief is None or belief.is_foreign:
            return False
        if last is not None and belief.meter != last.meter:
            daily = self._facts.daily
            self._reset()
            self._facts.daily = daily  # a household has one bill for both meters
        elif last is not None and (
            belief.mode is not last.mode or last.contract not in (None, belief.contract)
        ):
            self._before, self._before_until = self._message_fields(self._heard), self._heard + STALE_AFTER
            self._reset_contract()
        self._belief = belief
        self._facts.meter, self._facts.mode, self._facts.time = self.meter, belief.mode, time
        self._heard, self._at = now, datetime.fromisoformat(time)
        self._first_time = self._first_time or time
        sent = self._note(reading, belief, now)
        if belief.is_steady:
            self._facts.calendar.note(reading.values, now=now, at=self._at)
        values = self._values(now)
        self._latest = {key: self._latest[key] for key in values}  # bounded, whatever étiquettes come
        self._facts.phases = 3 if self._facts.site else max(self._facts.phases, fields.phases(values))
        self._facts.has_exported |= self._exports(values)
        doubtful = self._earlier is not None and self._contradicts(self._earlier, values)
        self.is_known = self.is_known or (belief.is_certain if doubtful else belief.is_known)
        if self.is_known and self._earlier is not None:
            self._take_over(self._earlier, now)
            self._earlier = None
        self._count(values, sent, now)
        snapshot = self._snapshot(values, now)
        since = self._facts.since
        self._facts.since = {
            name: since.get(name, time) for name, active in snapshot.alerts.items() if active
        }
        if self.is_known:
            self._events += self._finder.find(snapshot, at=self._at, seconds=now)
        before = self._urgent
        colours = fields.colour_today(snapshot), fields.colour_tomorrow(snapshot)
        self._urgent = snapshot.alerts, snapshot.tariff, snapshot.get("NTARF"), *colours
        return before != self._urgent

    def _contradicts(self, earlier: Memory, values: fields.Values) -> bool:
        """True if the meter is not the remembered one, or its index cannot follow the remembered index."""
        if earlier.meter != self.meter.scope:
            return True
        imported = fields.import_total(values)
        if earlier.import_total is None or imported is None:
            return False
        subscribed = fields.subscribed_power(values)
        return not earlier.import_total.is_followed_by(*imported, at=self._at, subscribed=subscribed)

    def _take_over(self, earlier: Memory, now: float) -> None:
        """
        Continue what an earlier run remembered: energies, alerts and mean powers.

        An alert must have been active in every frame since. The times of a mean power are monotonic: they
        count only if the time of day confirms that the machine was not started anew.
        """
        if earlier.meter != self.meter.scope:
            if earlier.daily_energy is not None:
                self._facts.total, self._facts.daily = None, earlier.daily_energy
            return
        if earlier.import_total is not None:
            self._facts.total, self._facts.daily = earlier.import_total, earlier.daily_energy
        self._facts.calendar = TariffCalendar(earlier.calendar)
        away = (self._at - earlier.heard).total_seconds()
        if 0 <= away <= STALE_AFTER:
            first = self._first_time == self._facts.time
            self._facts.since |= {
                name: since.isoformat("T", "seconds")
                for name, since in earlier.alerts_since.items()
                if first or self._facts.since.get(name) == self._first_time
            }
        for counter, mean in earlier.means.items():
            gap = math.inf if mean.read is None else now - mean.read.time
            if 0 <= gap <= GAP and abs(gap - away) <= CLOCK_ERROR:
                self._means[counter] = replace(mean)

    def state(self, *, now: float) -> dict[str, Json]:
        """Return the state at the monotonic time `now`, seconds; empty before the first reading."""
        if self._facts.time is None:
            return {}
        return message(self._message_fields(now))

    def _message_fields(self, now: float) -> dict[FieldPath, Json]:
        """Return the fields of the message by path, also those that only the mode or contract before had."""
        current = self._fields(self._values(now), now)
        self._known |= dict.fromkeys(current)
        before = self._before if now <= self._before_until else {}
        return before | {path: current.get(path) for path in self._known}

    @property
    def unpriced(self) -> set[str]:
        """The tariff periods in which energy was drawn this month, and that have no price."""
        if self._prices is None or self._facts.daily is None:
            return set()
        return self._prices.missing(self._facts.daily.this_month.periods)

    def fields_of(self, keys: Container[str], *, now: float) -> dict[FieldPath, Json]:
        """Return the fields, by path, that are read from these keys of the readings."""
        values = self._values(now)
        return self._fields({key: value for key, value in values.items() if key in keys}, now)

    def _note(self, reading: Reading, belief: Belief, now: float) -> fields.Values:
        """Note a reading, and return its values without those of excluded étiquettes."""
        kept = reading.values
        if self.exclude:
            mode, exclude = reading.mode, self.exclude
            kept = {key: text for key, text in kept.items() if not is_left_out(mode, key, exclude)}
        self._facts.site = self._facts.site or business_meters.model(kept)
        tariff, _ = self._latest.get("PTEC", ("", 0))
        # PEJP of the last frame of a peak announces no other one.
        is_over = kept.get("PTEC", tariff) != tariff
        sending = belief.sending - (NOTICES - kept.keys()) if is_over else belief.sending
        self._latest |= {key: (value, now) for key, value in kept.items()}
        for label in (self._latest.keys() & _PASSING) - sending:
            self._latest.pop(label)
            self._latest.pop(label + HORODATE_SUFFIX, None)
        if kept.keys() <= SHORT_FRAME:
            self._exporting_frames = 0  # the currents are newer than PAPP
        elif (exports := fields.exports_by_current(kept)) is not None:
            self._exporting_frames = self._exporting_frames + 1 if exports else 0
        if "DATE" in kept:
            self._clock.add(kept["DATE"], now=now, at=self._at)
        if "NTARF" in kept and "LTARF" in kept:
            self._facts.periods[f"EASF{kept['NTARF']}"] = kept["LTARF"]
        return kept

    def _exports(self, values: fields.Values) -> bool:
        """True if power flows out by STGE or, in two frames in a row, by the current (historique)."""
        return fields.exports(values) or self._exporting_frames >= MIN_FRAMES

    def _count(self, values: fields.Values, sent: fields.Values, now: float) -> None:
        """Update the energies and the powers with the indexes of the meter; `sent` came in this frame."""
        counters = fields.counters(values)
        for name, (counter, index) in counters.items():
            self._means[counter].add(index, now=now, idle=fields.is_idle(values, name))
        exports, has_exported = self._exports(sent), self._facts.has_exported or "EAIT" in values
        if (flow := fields.flow(sent, exports=exports, has_exported=has_exported)) is not None:
            self._active.add(flow, now=now, has_exported=has_exported)
        if (imported := counters.get("mean")) is not None:
            self._counted = now
            first, daily = self._facts.total is None, self._facts.daily
            before = self._facts.total or ImportTotal(*imported, 0, self._at)
            subscribed = fields.subscribed_power(values)
            total = self._facts.total = before.next(*imported, at=self._at, subscribed=subscribed)
            # A meter of the overseas islands has the days of the machine.
            day = self._at.date() if self.meter.identity.overseas else day_in_france(self._at)
            numbers = {label: fields.number(values, label) for label in COUNTED}
            readings = {label: index for label, index in numbers.items() if index is not None}
            if daily is None:
                daily = DailyEnergy.begin(day, total, readings)
            elif first:
                daily = daily.of_another_meter(total)
            period = partial(self._period_of, fields.contract_text(values))
            self._facts.daily = daily.next(total, day, readings, prices=self._prices, period=period)
            if self._facts.daily.today.first < daily.today.first:
                self.clock_was_ahead = daily.last.time - self._at

    def _period_of(self, contract: str | None, label: str) -> TariffPeriod | None:
        period = tariffs.index_period(label, contract=contract)
        return period or tariffs.period_of(self._facts.periods.get(label, ""))

    def _values(self, now: float) -> dict[str, str]:
        fresh = STALE_AFTER if self._facts.site is None else business_meters.STALE_AFTER
        return {key: value for key, (value, at) in self._latest.items() if now - at <= fresh}

    def _snapshot(self, values: fields.Values, now: float) -> Snapshot:
        snapshot = copy.copy(self._facts)
        snapshot.update(values)
        snapshot.exports = self._exports(values)
        snapshot.total_is_fresh = now - self._counted <= STALE_AFTER
        snapshot.clock_offset = self._clock.offset
        snapshot.active = self._active.at(now)
        counters = fields.counters(values)
        snapshot.means = {name: self._means[counter] for name, (counter, _index) in counters.items()}
        return snapshot

    def _fields(self, values: fields.Values, now: float) -> dict[FieldPath, Json]:
        state = read(self._snapshot(values, now), FIELDS)
        if self._facts.mode is not None:
            identity = self._facts.meter.identity
            own = labels.values_of(
                self._facts.mode, values, overseas=identity.overseas, private=self._private
            )
            if identity.linky:
                own.pop(fields.PMAX, None)  # in `power.max_yesterday`
            state |= {("labels", label): value for label, value in own.items()}
        return state


def encode(state: Json) -> bytes:
    """Return the state, or a part of it, as the payload of a message."""
    return json.dumps(state, separators=(",", ":"), ensure_ascii=False).encode()
