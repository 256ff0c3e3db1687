"""
Find what begins or ends at a meter: compare each reading with the situation before it.

Pure. The situation fits into the memory that outlives a restart, so that each event is published once. A part
of the situation that a reading does not show keeps its last value. The time of an event is that at which it
happened, which a later reading may confirm. docs/events.md describes the messages.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from teleinfo.state import fields, tariffs
from teleinfo.state.device import hidden_scope
from teleinfo.state.field_entry import StateType
from teleinfo.state.fields import UNKNOWN
from teleinfo.tic import registers
from teleinfo.tic.labels import Mode
from teleinfo.vocabulary.codes import Alert, BreakerReason, Colour, Contract, Event, Phase, TariffPeriod
from teleinfo.vocabulary.moment import Moment
from teleinfo.vocabulary.words import Code

if TYPE_CHECKING:
    import enum
    from collections.abc import Mapping

    from teleinfo.state.fields import Json, Values
    from teleinfo.state.snapshot import Snapshot

Situation: TypeAlias = "Mapping[str, str]"
"""
The mode, the contract after its mode, the tariff after the key of its index, the colour of tomorrow, the
alerts of `_LASTING`, and `SILENCE`; "": none now.
"""

DetailForm: TypeAlias = "type[enum.StrEnum] | StateType"
"""The form of a detail: the class of its code, or the type of its value."""

_Detail: TypeAlias = "str | int | list[Json] | None"
"""A detail of an event, before it is published."""

SILENCE = "silence"
MODE = "mode"
CONTRACT = "contract"
TARIFF = "tariff"
TOMORROW = "tomorrow"

_SPAN: Final[Mapping[str, DetailForm]] = {"start": StateType.TIME, "end": StateType.TIME}

DETAILS: Final[Mapping[Event, Mapping[str, DetailForm]]] = {
    Event.OVERRUN_ENDED: {**_SPAN, "max_power": StateType.NUMBER, "max_current": StateType.NUMBER},
    Event.MODE_CHANGED: {"from": Mode, "to": Mode},
    Event.CONTRACT_CHANGED: {"from": Contract, "to": Contract},
    Event.TARIFF_CHANGED: {"from": TariffPeriod, "to": TariffPeriod},
    Event.TOMORROW_KNOWN: {"color": Colour},
    Event.MOBILE_PEAK_ANNOUNCED: _SPAN,
    Event.MOBILE_PEAK_STARTED: _SPAN,
    Event.MOBILE_PEAK_ENDED: _SPAN,
    Event.BREAKER_OPENED: {"reason": BreakerReason},
    Event.BREAKER_CLOSED: _SPAN,
    Event.PHASE_MISSING_STARTED: {"phases": StateType.LIST},
    Event.PHASE_MISSING_ENDED: _SPAN,
    Event.SILENCE_ENDED: _SPAN,
    Event.METER_REPLACED: {"from": StateType.TEXT, "to": StateType.TEXT},
}
"""
The members of the message of an event beside those of every event (docs/events.md), with their forms.

A code becomes an object with `code` and `name`, a tariff period also with `index`.
"""

_LASTING: Final[Mapping[str, tuple[Event, Event | None]]] = {
    Alert.OVERRUN: (Event.OVERRUN_STARTED, Event.OVERRUN_ENDED),
    Alert.BREAKER_OPEN: (Event.BREAKER_OPENED, Event.BREAKER_CLOSED),
    Alert.PHASE_MISSING: (Event.PHASE_MISSING_STARTED, Event.PHASE_MISSING_ENDED),
    Alert.MOBILE_PEAK_NOTICE: (Event.MOBILE_PEAK_ANNOUNCED, None),
    Alert.MOBILE_PEAK: (Event.MOBILE_PEAK_STARTED, Event.MOBILE_PEAK_ENDED),
}
_PEAKS: Final = (Alert.MOBILE_PEAK_NOTICE, Alert.MOBILE_PEAK)

PAUSE: Final = 120.0
"""Seconds without it after which an alert of `_PAUSING` is over."""

_PAUSING: Final = (Alert.OVERRUN, Alert.MOBILE_PEAK_NOTICE)
"""A hob that switches itself overruns again and again, and PEJP may be lost in the first frame of a run."""

DOUBT_TOMORROW_AFTER: Final = 120.0
"""Seconds without a reading after which the colour of tomorrow may be that of another day."""
_TEMPO_BEGIN: Final = timedelta(hours=6)  # of its days, after midnight
ABSENCE: Final = 24 * 3600.0
"""Seconds without a reading after which the tariff periods are not compared."""

_CHANGES: Final = {
    MODE: Event.MODE_CHANGED,
    CONTRACT: Event.CONTRACT_CHANGED,
    TARIFF: Event.TARIFF_CHANGED,
    TOMORROW: Event.TOMORROW_KNOWN,
}
"""The event of a part that must come in two readings: a single one may be an accident of the line."""


@dataclass(frozen=True, slots=True)
class Span:
    """
    What lasts, from `start` (None: it was there at the start of teleinfo) until `end` (None: it lasts).

    `max_power` is the greatest power in VA meanwhile, `max_current` the greatest current of a phase in A.
    """

    start: datetime | None
    end: datetime | None = None
    max_power: int | None = None
    max_current: int | None = None


class _Pending(NamedTuple):
    """A text that a part would get, the first reading with it, and the seconds without a reading before."""

    text: str
    first: Moment
    absence: float


class EventFinder:
    """The events of the line with the base topic `topic`; a `private` number is never published."""

    def __init__(self, *, topic: str, private: bool) -> None:
        self._topic = topic
        self._private = private
        self._meter: str | None = None  # the meter that the situation is about
        self._heard: Moment | None = None  # the last reading
        self._pending: dict[str, _Pending] = {}  # by part
        self.situation: Situation = {}
        self.spans: Mapping[str, Span] = {}
        """Spans that last now, by their part of the situation."""

    def restore(self, meter: str, heard: datetime, situation: Situation, spans: Mapping[str, Span]) -> None:
        """Continue from the situation of an earlier run, in which `meter` was last heard at `heard`."""
        self._meter = hidden_scope(meter, topic=self._topic) if self._private else meter
        # A monotonic time of an earlier run may belong to another start of the machine.
        self._heard = Moment(-math.inf, heard)
        self._pending = {}
        self.situation = situation
        self.spans = spans

    @property
    def _is_calm(self) -> bool:
        """True if nothing lasts, and nothing is to be confirmed by a further reading."""
        return not self.spans and not self._pending

    def silence(self, now: Moment) -> list[dict[str, Json]]:
        """Return the message that the meter is silent; none if that was published, or no meter is known."""
        if self._meter is None or self.situation.get(SILENCE):
            return []
        since = (self._heard or now).wall
        self.situation = {**self.situation, SILENCE: SILENCE}
        self.spans = {**self.spans, SILENCE: Span(since)}
        return [self._message(Event.SILENCE_STARTED, since, {})]

    def find(self, now: Snapshot) -> list[dict[str, Json]]:
        """Return the messages of the events that the last reading of `now` shows, and keep its situation."""
        reading = now.facts.heard
        last_reading = self._heard or reading
        self._heard = reading
        last_meter = self._meter
        self._meter = now.facts.device.scope

        messages = []
        before = dict(self.situation)
        was_silent = before.pop(SILENCE, "") != ""
        if was_silent:
            messages += self._end_span(SILENCE, Event.SILENCE_ENDED, reading.wall)
        after = _situation(now)
        if last_meter is not None and self._is_another_meter(last_meter):
            self.situation = after
            self.spans = {}
            self._pending = {}
            replaced = {"from": last_meter, "to": self._meter}
            return [*messages, self._message(Event.METER_REPLACED, reading.wall, replaced)]

        absence = _seconds_between(last_reading, reading)
        is_unchanged = all(self.situation.get(part) == text for part, text in after.items())
        if is_unchanged and self._is_calm and absence <= DOUBT_TOMORROW_AFTER:
            return messages  # most readings
        self._note_spans(before, after, now)
        is_another_day = _tempo_day(reading) != _tempo_day(last_reading)
        if TOMORROW in before and is_another_day and absence > DOUBT_TOMORROW_AFTER:
            before[TOMORROW] = ""  # the same colour is news, too: it is that of another day
        confirmed = self._confirmed(before, after, reading, absence)
        self.situation = before | confirmed
        for part, text in confirmed.items():
            if part in before and text != before[part]:
                messages += self._news_of(part, before[part], text, now)
        return messages

    def _news_of(self, part: str, old: str, text: str, now: Snapshot) -> list[dict[str, Json]]:
        """Return the messages of a part of the situation whose new `text` is confirmed."""
        if part in _CHANGES:
            # `_confirmed` has kept the first reading with the new text.
            return self._changed(part, old, self._pending.pop(part))
        begin, end = _LASTING[part]
        at = now.facts.heard.wall
        if text:
            return [self._message(begin, at, _details(part, now))]
        return self._end_span(part, end, at)

    def _confirmed(
        self, before: Situation, after: Situation, reading: Moment, absence: float
    ) -> dict[str, str]:
        """
        Return `after` with the old text of each part whose new text further readings must confirm.

        A part of `_CHANGES` must come twice with its new text, an alert of `_PAUSING` be missing for `PAUSE`.
        A notice must come twice, too: its times may be withheld in their first frame. `_pending` keeps what
        waits, and a changed part of `_CHANGES` until its message is made.
        """
        confirmed = dict(after)
        for part in before.keys() & after.keys():
            text = after[part]
            if text == before[part]:
                self._pending.pop(part, None)
                continue
            must_pause = part in _PAUSING and text == ""
            must_come_twice = part in _CHANGES or (part == Alert.MOBILE_PEAK_NOTICE and text != "")
            if not must_pause and not must_come_twice:
                continue
            pending = self._pending.get(part)
            if pending is None or pending.text != text:
                self._pending[part] = _Pending(text, reading, absence)
                confirmed[part] = before[part]
            elif must_pause and reading.monotonic - pending.first.monotonic < PAUSE:
                confirmed[part] = before[part]
        return confirmed

    def _note_spans(self, before: Situation, after: Situation, now: Snapshot) -> None:
        """
        Begin, continue and end the spans of the alerts of a reading.

        A span without its alert stays until `_end_span` removes it, with the time of the first reading that
        lacked the alert.
        """
        at = now.facts.heard.wall
        spans = dict(self.spans)
        for alert in _LASTING.keys() & after.keys():
            span = spans.get(alert)
            if after[alert]:
                if span is None:
                    was_inactive = before.get(alert) == ""
                    span = Span(at if was_inactive else None)
                spans[alert] = _overrun_with(now.values, span) if alert == Alert.OVERRUN else span
            elif span is not None and span.end is None:
                spans[alert] = replace(span, end=at)
        self.spans = spans

    def _changed(self, part: str, old: str, new: _Pending) -> list[dict[str, Json]]:
        """Return the message of a change, with the time of its first reading; none if it is no news."""
        if part == CONTRACT and not _is_another_contract(old, new.text):
            return []
        if part == TARIFF and (new.absence > ABSENCE or not _is_another_tariff(old, new.text)):
            return []
        if part == TOMORROW and not new.text:
            return []
        details = {"from": old, "to": new.text, "color": new.text}
        return [self._message(_CHANGES[part], new.first.wall, details)]

    def _end_span(self, part: str, event: Event | None, at: datetime) -> list[dict[str, Json]]:
        """Remove the span of a part, which ended by `at`. Return its message; none without an `event`."""
        spans = dict(self.spans)  # a memory may have the present ones
        span = spans.pop(part, Span(None))
        self.spans = spans
        if event is None:
            return []
        end = span.end or at
        details: dict[str, _Detail] = {
            "start": _iso(span.start),
            "end": _iso(end),
            "max_power": span.max_power,
            "max_current": span.max_current,
        }
        return [self._message(event, end, details)]

    def _is_another_meter(self, scope: str) -> bool:
        """
        True if `scope` is that of another meter than the present one.

        If only the privacy of the number changed, the scopes are those of one meter. So are they if the
        number came or was lost: one of them is that of a meter without a number.
        """
        if scope == self._meter:
            return False
        hidden = hidden_scope(scope, topic=self._topic)
        hidden_now = hidden_scope(self._meter or "", topic=self._topic)
        without_number = hidden_scope("", topic=self._topic)
        return hidden != hidden_now and without_number not in {hidden, hidden_now}

    def _message(self, event: Event, at: datetime, details: Mapping[str, _Detail]) -> dict[str, Json]:
        """Return the message of an event, with those of the `details` that `DETAILS` has for it."""
        message: dict[str, Json] = {
            "time": _iso(at),
            "event": event,
            "name": event.words,
            "meter": self._meter,
        }
        for name, form in DETAILS.get(event, {}).items():
            message[name] = _published(form, details[name])
        return message


def _seconds_between(last_reading: Moment, reading: Moment) -> float:
    """Return the seconds by the clock that shows fewer: if the time of day leaps, that is no absence."""
    by_wall = (reading.wall - last_reading.wall).total_seconds()
    return min(by_wall, reading.monotonic - last_reading.monotonic)


def _tempo_day(reading: Moment) -> date:
    """Return the day of Tempo, which begins at 06:00."""
    return (reading.wall - _TEMPO_BEGIN).date()


def _overrun_with(values: Values, span: Span) -> Span:
    """Return the span of an overrun that goes on, its maxima raised to the power and currents of a frame."""
    currents = [fields.current(values, phase) for phase in Phase]
    return Span(
        span.start,
        max_power=_greatest(span.max_power, fields.drawn_power(values)),
        max_current=_greatest(span.max_current, *currents),
    )


def _situation(now: Snapshot) -> dict[str, str]:
    """Return the parts of the situation that a snapshot shows."""
    # To a meter with Tempo, its white and red days are mobile peaks.
    is_tempo = fields.colour_today(now.values) is not None
    ignored_alerts = _PEAKS if is_tempo else ()
    situation: dict[str, str] = {}
    for alert, active in now.alerts.items():
        if alert in _LASTING and alert not in ignored_alerts:
            situation[alert] = alert if active else ""
    situation[MODE] = str(now.contract.mode)
    contract = tariffs.collapse(now.contract_text or "")
    if contract:
        situation[CONTRACT] = f"{now.contract.mode} {contract}"
    tariff = tariffs.collapse(now.tariff or "")
    key = now.running_key
    # In standard, two groups tell the period: one of them may be of an earlier frame.
    is_of_one_frame = "NTARF" not in now.values or {"NTARF", "LTARF"} <= now.facts.sent.keys()
    if tariff and key is not UNKNOWN and is_of_one_frame:
        situation[TARIFF] = f"{key or ''} {tariff}"
    tells_tomorrow = fields.status(now.values) is not None or "DEMAIN" in now.values
    if is_tempo and tells_tomorrow:
        colour = fields.colour_tomorrow(now.values)
        situation[TOMORROW] = colour if isinstance(colour, str) else ""
    situation[SILENCE] = ""
    return situation


def _details(alert: str, now: Snapshot) -> dict[str, _Detail]:
    """Return the details of an alert that begins: those that `DETAILS` has for its event."""
    values = now.values
    if alert == Alert.PHASE_MISSING:
        missing = registers.missing_phases(values.get("PPOT", "")) or ()
        return {"phases": [*missing]}
    status = fields.status(values) or 0
    if alert == Alert.BREAKER_OPEN:
        return {"reason": registers.breaker_reason(status)}
    if alert in _PEAKS:
        number = registers.ALERTS[Alert(alert)].of(status)  # 1 to 3; 0 in historique, which sends no times
        return {
            "start": fields.time_of(values, f"DPM{number}"),
            "end": fields.time_of(values, f"FPM{number}"),
        }
    return {}


def _published(form: DetailForm, value: _Detail) -> Json:
    """Return a detail as it is published: itself, or the object of a code."""
    if isinstance(form, StateType) or isinstance(value, int | list):
        return value  # a code is a str or None
    if form is Contract and value is not None:
        _mode, _, text = value.partition(" ")
        return {"code": tariffs.contract_of(text), "name": tariffs.contract_name(text)}
    if form is TariffPeriod and value is not None:
        key, _, text = value.partition(" ")
        code = tariffs.period_in_force(text, key)
        name = text
        if code is not None:
            name = code.words
        return {"code": code, "name": name, "index": key or None}
    if isinstance(value, Code):
        return {"code": value, "name": value.words}
    return {"code": value, "name": value}


def _greatest(*values: int | None) -> int | None:
    """Return the greatest of the values that are known; None if none is."""
    return max((value for value in values if value is not None), default=None)


def _iso(at: datetime | None) -> str | None:
    """Return a time in ISO 8601, to the second."""
    return None if at is None else at.isoformat("T", "seconds")


def _is_another_contract(old: str, new: str) -> bool:
    """
    True if a contract differs from the `old` one, each a mode and a text.

    Each mode has texts of its own, and historique shows an uncommon contract as BASE (54E §6.1).
    """
    old_mode, _, old_text = old.partition(" ")
    new_mode, _, new_text = new.partition(" ")
    if old_mode == new_mode:
        return tariffs.contract_identity(old_text) != tariffs.contract_identity(new_text)
    old_code = tariffs.contract_of(old_text)
    new_code = tariffs.contract_of(new_text)
    if old_code is None or new_code is None:
        return False
    return old_code is not new_code


def _is_another_tariff(old: str, new: str) -> bool:
    """
    True if a tariff differs from the `old` one, each the key of its index and a text.

    Indexes are compared. A change of mode may also change between a common contract, whose keys are tariff
    periods, and an uncommon one: then only the codes of the two tariffs can be compared.
    """
    old_key, _, old_text = old.partition(" ")
    new_key, _, new_text = new.partition(" ")
    old_code = tariffs.period_in_force(old_text, old_key)
    new_code = tariffs.period_in_force(new_text, new_key)
    if not old_key or not new_key:
        return (old_code or old_text) != (new_code or new_text)
    is_old_common = old_key in TariffPeriod.__members__
    is_new_common = new_key in TariffPeriod.__members__
    if is_old_common == is_new_common:
        return old_key != new_key
    if old_code is None or new_code is None:
        return False
    return old_code is not new_code
