"""
Find what begins or ends at a meter: compare each reading with the situation before it.

Pure. The situation fits into the memory that outlives a restart, so that each event is published once. A part
of the situation that a reading does not show keeps its last value. docs/events.md describes the messages.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, TypeAlias

from teleinfo.state import fields, tariffs
from teleinfo.state.device import hidden_scope
from teleinfo.state.field_entry import StateType
from teleinfo.tic import registers
from teleinfo.vocabulary.codes import Alert, Breaker, Colour, Event, TariffPeriod
from teleinfo.vocabulary.words import Code

if TYPE_CHECKING:
    from collections.abc import Mapping

    from teleinfo.state.field_entry import Snapshot
    from teleinfo.state.fields import Json

Situation: TypeAlias = "Mapping[str, str]"
"""The text of the tariff, the colour of tomorrow, the alerts of `_LASTING`, and `SILENCE`; "": none now."""

SILENCE, TARIFF, TOMORROW = "silence", "tariff", "tomorrow"

DETAILS: Final[Mapping[Event, Mapping[str, type[Code] | StateType]]] = {
    Event.TARIFF_CHANGED: {"from": TariffPeriod, "to": TariffPeriod},
    Event.TOMORROW_KNOWN: {"colour": Colour},
    Event.MOBILE_PEAK_ANNOUNCED: {"start": StateType.TIME, "end": StateType.TIME},
    Event.MOBILE_PEAK_BEGAN: {"start": StateType.TIME, "end": StateType.TIME},
    Event.BREAKER_OPENED: {"reason": Breaker},
    Event.METER_REPLACED: {"former": StateType.TEXT},
}
"""The members of a message beside those of every event; a code becomes an object with `code` and `name`."""

_LASTING: Final[Mapping[str, tuple[Event, Event | None]]] = {
    Alert.OVERRUN: (Event.OVERRUN_BEGAN, Event.OVERRUN_ENDED),
    Alert.BREAKER_OPEN: (Event.BREAKER_OPENED, Event.BREAKER_CLOSED),
    Alert.MOBILE_PEAK_NOTICE: (Event.MOBILE_PEAK_ANNOUNCED, None),
    Alert.MOBILE_PEAK: (Event.MOBILE_PEAK_BEGAN, Event.MOBILE_PEAK_ENDED),
}
_PEAKS: Final[Mapping[str, registers.Bits]] = {
    Alert.MOBILE_PEAK_NOTICE: registers.PEAK_NOTICE,
    Alert.MOBILE_PEAK: registers.PEAK,
}

PAUSE: Final = 120.0
"""Seconds without it after which an alert of `_PAUSING` is over."""

_PAUSING: Final = (Alert.OVERRUN, Alert.MOBILE_PEAK_NOTICE)
"""A hob that switches itself overruns again and again, and PEJP may be lost in the first frame of a run."""

GAP: Final = timedelta(minutes=2)
"""Time without a reading after which the colour of tomorrow may be that of another day."""
_TEMPO_HOUR: Final = 6  # at which its days begin
ABSENCE: Final = timedelta(days=1)
"""Time without a reading after which the tariff periods are not compared."""


class EventFinder:
    """The events of the line with the base topic `topic`; a `private` number is never published."""

    def __init__(self, *, topic: str, private: bool) -> None:
        self._topic, self._private = topic, private
        self._meter: str | None = None  # its scope
        self._heard: datetime | None = None
        self._absent: dict[str, float] = {}  # since when an alert of `_PAUSING` is missing, in seconds
        self.situation: Situation = {}

    def restore(self, meter: str, heard: datetime, situation: Situation) -> None:
        """Continue from the situation of an earlier run, in which `meter` was last heard at `heard`."""
        self._meter = hidden_scope(meter, topic=self._topic) if self._private else meter
        self._heard, self.situation = heard, situation

    def silence(self, at: datetime) -> list[dict[str, Json]]:
        """Return the message that the meter is silent; none if that was published, or no meter is known."""
        if self._meter is None or self.situation.get(SILENCE):
            return []
        self.situation = {**self.situation, SILENCE: SILENCE}
        return [self._message(Event.SILENCE_BEGAN, at)]

    def find(self, now: Snapshot, *, at: datetime, seconds: float) -> list[dict[str, Json]]:
        """Return the messages of a reading that came at the time of day `at` and the monotonic `seconds`."""
        before, after = dict(self.situation), _situation(now)
        former, self._meter = self._meter, now.meter.scope
        heard, self._heard = self._heard or at, at
        messages = [self._message(Event.SILENCE_ENDED, at)] if before.get(SILENCE) else []
        if former is not None and self._is_another(former):
            self.situation, self._absent = after, {}
            return [*messages, self._message(Event.METER_REPLACED, at, former=former)]
        if TOMORROW in before and at - heard > GAP and _tempo_day(at) != _tempo_day(heard):
            before[TOMORROW] = ""
        for alert in _PAUSING:
            if after.get(alert) or not before.get(alert):
                self._absent.pop(alert, None)
            elif alert in after and seconds - self._absent.setdefault(alert, seconds) < PAUSE:
                after[alert] = alert
        self.situation = before | after
        for part in [part for part in after if after[part] != before.get(part, after[part])]:
            old, new = before[part], after[part]
            if part in _LASTING:
                event = _LASTING[part][0 if new else 1]
                messages += [] if event is None else [self._message(event, at, **_details(part, now))]
            elif part == TOMORROW and new:
                messages.append(self._message(Event.TOMORROW_KNOWN, at, colour=new))
            elif part == TARIFF and at - heard <= ABSENCE and _period(old) != _period(new):
                messages.append(self._message(Event.TARIFF_CHANGED, at, **{"from": old, "to": new}))
        return messages

    def _is_another(self, former: str) -> bool:
        """True unless only the privacy of the number changed, or the number came or was lost."""
        names = {hidden_scope(name, topic=self._topic) for name in (former, self._meter or "")}
        return len(names - {hidden_scope("", topic=self._topic)}) > 1

    def _message(self, event: Event, at: datetime, **details: str | None) -> dict[str, Json]:
        message: dict[str, Json] = {"time": at.isoformat("T", "seconds"), "event": event, "name": event.words}
        forms = DETAILS.get(event, {}).items()
        return message | {"meter": self._meter} | {name: _shown(form, details[name]) for name, form in forms}


def _situation(now: Snapshot) -> dict[str, str]:
    """Return the parts of the situation that a snapshot shows."""
    is_tempo = fields.colour_today(now) is not None  # to the meter, its white and red days are mobile peaks
    found: dict[str, str] = {
        alert: alert if active else ""
        for alert, active in now.alerts.items()
        if alert in _LASTING and not (is_tempo and alert in _PEAKS)
    }
    if text := tariffs.collapse(now.tariff or ""):
        found[TARIFF] = text
    if is_tempo and (fields.status(now) is not None or "DEMAIN" in now):
        colour = fields.colour_tomorrow(now)
        found[TOMORROW] = colour if isinstance(colour, str) else ""
    return {**found, SILENCE: ""}


def _details(alert: str, now: Snapshot) -> dict[str, str | None]:
    word = fields.status(now) or 0
    number = _PEAKS[alert].of(word) if alert in _PEAKS else 0
    times = {"start": fields.time_of(now, f"DPM{number}"), "end": fields.time_of(now, f"FPM{number}")}
    return {**times, "reason": registers.breaker(word)}


def _shown(form: type[Code] | StateType, value: str | None) -> Json:
    """Return a detail as it is published."""
    if isinstance(form, StateType):
        return value
    if form is TariffPeriod and value is not None:
        return {"code": tariffs.period_of(value), "name": tariffs.period_name(value)}
    return {"code": value, "name": value.words if isinstance(value, Code) else None}


def _period(text: str) -> str:
    return tariffs.period_of(text) or text


def _tempo_day(at: datetime) -> int:
    """Return the number of the day of Tempo at this time."""
    return at.toordinal() - int(at.hour < _TEMPO_HOUR)
