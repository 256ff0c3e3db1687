"""
Find what begins or ends at a meter: compare each reading with the situation before it.

Pure. The situation fits into the memory that outlives a restart, so that each event is published once. A part
of the situation that a reading does not show keeps its last value. The time of an event is that at which it
happened, which a later reading may confirm. docs/events.md describes the messages.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
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

    from teleinfo.state.fields import Json
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

SILENCE, MODE, CONTRACT, TARIFF, TOMORROW = "silence", "mode", "contract", "tariff", "tomorrow"

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
        self._topic, self._private = topic, private
        self._meter: str | None = None  # the meter that the situation is about
        self._heard: Moment | None = None
        self._pending: dict[str, _Pending] = {}  # by part
        self.situation: Situation = {}
        self.spans: Mapping[str, Span] = {}
        """Spans that last now, by their part of the situation."""

    def restore(self, meter: str, heard: datetime, situation: Situation, spans: Mapping[str, Span]) -> None:
        """Continue from the situation of an earlier run, in which `meter` was last heard at `heard`."""
        self._meter = hidden_scope(meter, topic=self._topic) if self._private else meter
        # A monotonic time of an earlier run may belong to another start of the machine.
        self._heard, self._pending = Moment(-math.inf, heard), {}
        self.situation, self.spans = situation, spans

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
        return [self._message(Event.SILENCE_STARTED, since)]

    def find(self, now: Snapshot) -> list[dict[str, Json]]:
        """Return the messages of the reading that `now` was made with."""
        before, after, at = dict(self.situation), _situation(now), now.facts.heard.wall
        former, self._meter = self._meter, now.facts.device.scope
        messages = self._ended(SILENCE, Event.SILENCE_ENDED, at) if before.pop(SILENCE, "") else []
        heard, self._heard = self._heard or now.facts.heard, now.facts.heard
        if former is not None and self._is_another(former):
            self.situation, self.spans, self._pending = after, {}, {}
            return [*messages, self._message(Event.METER_REPLACED, at, **{"from": former, "to": self._meter})]
        # A clock that leaps is no absence.
        absence = min((at - heard.wall).total_seconds(), now.facts.heard.monotonic - heard.monotonic)
        if absence <= DOUBT_TOMORROW_AFTER and self._is_calm and after.items() <= self.situation.items():
            return messages
        self._note_spans(before, after, now)
        is_another_day = (at - _TEMPO_BEGIN).date() != (heard.wall - _TEMPO_BEGIN).date()
        if TOMORROW in before and absence > DOUBT_TOMORROW_AFTER and is_another_day:
            before[TOMORROW] = ""
        for part in before.keys() & after.keys():
            if after[part] == before[part]:
                self._pending.pop(part, None)
            elif not self._is_confirmed(part, _Pending(after[part], now.facts.heard, absence)):
                after[part] = before[part]
        self.situation = before | after
        for part in [part for part in after if after[part] != before.get(part, after[part])]:
            if part in _CHANGES:
                messages += self._changed(part, before[part], after[part])
            elif after[part]:
                messages.append(self._message(_LASTING[part][0], at, **_details(part, now)))
            else:
                messages += self._ended(part, _LASTING[part][1], at)
        return messages

    def _is_confirmed(self, part: str, new: _Pending) -> bool:
        """
        True unless further readings must confirm a new text of a part.

        A part of `_CHANGES` must come twice with its new text, an alert of `_PAUSING` be missing for `PAUSE`.
        A notice must come twice, too: its times may be withheld in their first frame.
        """
        comes_twice = part in _CHANGES or (part == Alert.MOBILE_PEAK_NOTICE and new.text != "")
        if not comes_twice and (part not in _PAUSING or new.text):
            return True
        pending = self._pending.get(part)
        if pending is None or pending.text != new.text:
            self._pending[part] = new
            return False
        return comes_twice or new.first.monotonic - pending.first.monotonic >= PAUSE

    def _note_spans(self, before: Situation, after: Situation, now: Snapshot) -> None:
        """Note since when each alert lasts, and its greatest power."""
        spans, at = dict(self.spans), now.facts.heard.wall
        for alert in _LASTING.keys() & after.keys():
            if after[alert]:
                span = spans.get(alert) or Span(at if before.get(alert) == "" else None)
                if alert == Alert.OVERRUN:
                    powers = span.max_power, fields.drawn_power(now.values)
                    currents = span.max_current, *(fields.current(now.values, phase) for phase in Phase)
                    span = Span(span.start, None, _greatest(powers), _greatest(currents))
                spans[alert] = span
            elif alert in spans:
                spans[alert] = replace(spans[alert], end=spans[alert].end or at)
        self.spans = spans

    def _changed(self, part: str, old: str, new: str) -> list[dict[str, Json]]:
        """Return the message of a part that changed when its new text first came, if that is news."""
        _, first, absence = self._pending.pop(part)
        is_news = {
            MODE: True,
            CONTRACT: _is_another_contract(old, new),
            TARIFF: absence <= ABSENCE and _is_another_tariff(old, new),
            TOMORROW: bool(new),
        }
        details = {"from": old, "to": new, "color": new}
        return [self._message(_CHANGES[part], first.wall, **details)] if is_news[part] else []

    def _ended(self, part: str, event: Event | None, at: datetime) -> list[dict[str, Json]]:
        """Return the message of what ended, at the latest at the time `at`."""
        spans = dict(self.spans)
        span = spans.pop(part, Span(None))
        self.spans, end = spans, span.end or at
        if event is None:
            return []
        greatest = {"max_power": span.max_power, "max_current": span.max_current}
        return [self._message(event, end, start=_iso(span.start), end=_iso(end), **greatest)]

    def _is_another(self, former: str) -> bool:
        """True unless only the privacy of the number changed, or the number came or was lost."""
        if former == self._meter:
            return False
        names = {hidden_scope(name, topic=self._topic) for name in (former, self._meter or "")}
        return len(names - {hidden_scope("", topic=self._topic)}) > 1

    def _message(self, event: Event, at: datetime, **details: _Detail) -> dict[str, Json]:
        message: dict[str, Json] = {"time": _iso(at), "event": event, "name": event.words}
        forms = DETAILS.get(event, {}).items()
        return message | {"meter": self._meter} | {name: _shown(form, details[name]) for name, form in forms}


def _situation(now: Snapshot) -> dict[str, str]:
    """Return the parts of the situation that a snapshot shows."""
    # To a meter with Tempo, its white and red days are mobile peaks.
    is_tempo = fields.colour_today(now.values) is not None
    found: dict[str, str] = {
        alert: alert if active else ""
        for alert, active in now.alerts.items()
        if alert in _LASTING and not (is_tempo and alert in _PEAKS)
    }
    found[MODE] = str(now.contract.mode)
    if text := tariffs.collapse(now.contract_text or ""):
        found[CONTRACT] = f"{now.contract.mode} {text}"
    text = tariffs.collapse(now.tariff or "")
    key = now.running_key
    # In standard, two groups tell the period: one of them may be of an earlier frame.
    is_whole = "NTARF" not in now.values or {"NTARF", "LTARF"} <= now.facts.sent.keys()
    if text and key is not UNKNOWN and is_whole:
        found[TARIFF] = f"{key or ''} {text}"
    if is_tempo and (fields.status(now.values) is not None or "DEMAIN" in now.values):
        colour = fields.colour_tomorrow(now.values)
        found[TOMORROW] = colour if isinstance(colour, str) else ""
    return {**found, SILENCE: ""}


def _details(alert: str, now: Snapshot) -> dict[str, _Detail]:
    """Return the details of an alert that begins."""
    values = now.values
    if alert == Alert.PHASE_MISSING:
        missing = registers.missing_phases(values.get("PPOT", ""))
        return {"phases": [*missing] if missing else None}
    word = fields.status(values) or 0
    reason = registers.breaker_reason(word)
    if alert not in _PEAKS:
        return {"start": None, "end": None, "reason": reason}
    number_of_peak = registers.ALERTS[Alert(alert)].of(word)  # 1 to 3
    return {
        "start": fields.time_of(values, f"DPM{number_of_peak}"),
        "end": fields.time_of(values, f"FPM{number_of_peak}"),
        "reason": reason,
    }


def _shown(form: DetailForm, value: _Detail) -> Json:
    """Return a detail as it is published."""
    if isinstance(form, StateType) or isinstance(value, int | list):
        return value
    if form is Contract and value is not None:
        text = value.partition(" ")[2]
        return {"code": tariffs.contract_of(text), "name": tariffs.contract_name(text)}
    if form is TariffPeriod and value is not None:
        key, _, text = value.partition(" ")
        code = tariffs.period_in_force(text, key)
        return {"code": code, "name": text if code is None else code.words, "index": key or None}
    return {"code": value, "name": value.words if isinstance(value, Code) else value}


def _greatest(values: tuple[int | None, ...]) -> int | None:
    return max((value for value in values if value is not None), default=None)


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat("T", "seconds")


def _is_another_contract(old: str, new: str) -> bool:
    """
    True if a contract differs from the `old` one, each a mode and a text.

    Each mode has texts of its own, and historique shows an uncommon contract as BASE (54E §6.1).
    """
    (old_mode, _, old_text), (mode, _, text) = old.partition(" "), new.partition(" ")
    before, now = tariffs.contract_of(old_text), tariffs.contract_of(text)
    if mode == old_mode:
        return (before or old_text) != (now or text)
    return before is not now and None not in {before, now}


def _is_another_tariff(old: str, new: str) -> bool:
    """
    True if a tariff differs from the `old` one, each the key of its index and a text.

    Indexes are compared. A change of mode may also change between a common contract and an uncommon one:
    then only the codes of the two tariffs can be compared.
    """
    (old_key, _, old_text), (key, _, text) = old.partition(" "), new.partition(" ")
    before = tariffs.period_in_force(old_text, old_key)
    now = tariffs.period_in_force(text, key)
    if not old_key or not key:
        return (before or old_text) != (now or text)
    common = TariffPeriod.__members__
    if (old_key in common) == (key in common):
        return old_key != key
    return None not in {before, now} and before is not now
