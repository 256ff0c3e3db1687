"""The truth of each event, its times and its details, by what the meter showed in each frame."""

from __future__ import annotations

import datetime as dt
from itertools import groupby, pairwise
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from teleinfo.simulator.tariff import FRANCE
from teleinfo.tic.labels import Mode
from teleinfo.vocabulary.codes import Event
from tests.truths.days import KEPT, NEW_NUMBER, REPLACED, SILENCES, Note, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LATE: Final = 13.0
"""Seconds within which an event is published: some frames confirm it."""


class Happened(NamedTuple):
    """An event in truth: when it happened, and members of its message, times as instants."""

    at: float
    details: dict[str, Any]


def _spells(world: World, alert: str, pause: float) -> Iterator[list[Note]]:
    """Yield the frames of each time in which an alert lasts, a pause of less than `pause` s included."""
    spell: list[Note] = []
    for note in world.notes:
        if note.alerts.get(alert):
            spell.append(note)
        elif spell and note.instant - spell[-1].instant >= pause:
            yield spell
            spell = []


def _began(alert: str, pause: float = 0.0, **details: object) -> Callable[[World], Iterator[Happened]]:
    """Return the begins of an alert; only mode standard says from when to when a mobile peak lasts."""

    def begins(world: World) -> Iterator[Happened]:
        for first, *_ in _spells(world, alert, pause):
            found: dict[str, Any] = {**details}
            if "peak" in alert:
                [peak] = first.period.peaks
                times = (at.replace(tzinfo=FRANCE).timestamp() for at in (peak.start, peak.end))
                found |= zip(
                    ("start", "end"), times if first.mode is Mode.STANDARD else (None, None), strict=True
                )
            yield Happened(first.instant, found)

    return begins


def _ended(alert: str, pause: float = 0.0) -> Callable[[World], Iterator[Happened]]:
    """Return the ends of an alert, with its begin and its end; for an overrun, with its greatest values."""

    def ends(world: World) -> Iterator[Happened]:
        for spell in _spells(world, alert, pause):
            start, end = spell[0].instant, spell[-1].instant
            found = {"start": start, "end": end}
            if alert == "overrun":
                found["max_power"] = max(note.power for note in spell)
                found["max_current"] = max(note.current for note in spell)
            yield Happened(end, found)

    return ends


def _only(
    contract: str, found: Callable[[World], Iterator[Happened]]
) -> Callable[[World], Iterator[Happened]]:
    """Return the truth of an event that only the `contract` has."""
    return lambda world: found(world) if world.notes[0].contract == contract else iter(())


def _changed(part: Callable[[Note], Any]) -> Callable[[World], Iterator[Happened]]:
    """Return the changes of a part of the frames."""

    def changes(world: World) -> Iterator[Happened]:
        for before, after in pairwise(world.notes):
            if part(before) != part(after):
                yield Happened(after.instant, {"from": part(before), "to": part(after)})

    return changes


def _tariff(note: Note) -> str:
    return note.contract if note.contract == "PRODUCER" else note.period.ptec.rstrip(".")


def _tomorrow_known(world: World) -> Iterator[Happened]:
    for before, after in pairwise(world.notes):
        if after.period.tomorrow and not before.period.tomorrow:
            colour = (None, "blue", "white", "red")[after.period.tomorrow]
            yield Happened(after.instant, {"color": colour})


def _silences(edge: int) -> Callable[[World], Iterator[Happened]]:
    """Return begins (0) or ends (1) of the silences, by the frames around them."""

    def found(world: World) -> Iterator[Happened]:
        for before, after in pairwise(world.notes):
            if any(before.instant <= begin + LATE and after.instant >= end for begin, end in SILENCES):
                found = {"start": before.instant, "end": after.instant} if edge else {}
                yield Happened((before, after)[edge].instant, found)

    return found


EVENTS: Final[dict[Event, Callable[[World], Iterator[Happened]]]] = {
    Event.OVERRUN_STARTED: _began("overrun", KEPT),
    Event.OVERRUN_ENDED: _ended("overrun", KEPT),
    Event.TARIFF_CHANGED: _changed(_tariff),
    Event.MODE_CHANGED: _changed(lambda note: note.mode),
    Event.CONTRACT_CHANGED: _changed(lambda note: note.contract),
    Event.TOMORROW_KNOWN: _only("TEMPO", _tomorrow_known),
    Event.MOBILE_PEAK_ANNOUNCED: _only("EJP", _began("mobile_peak_notice", KEPT)),
    Event.MOBILE_PEAK_STARTED: _only("EJP", _began("mobile_peak")),
    Event.MOBILE_PEAK_ENDED: _only("EJP", _ended("mobile_peak")),
    Event.BREAKER_OPENED: _began("breaker_open", reason="overvoltage"),
    Event.BREAKER_CLOSED: _ended("breaker_open"),
    Event.PHASE_MISSING_STARTED: _began("phase_missing", phases=["l1"]),  # bit 1 of PPOT (02E)
    Event.PHASE_MISSING_ENDED: _ended("phase_missing"),
    Event.SILENCE_STARTED: _silences(0),
    Event.SILENCE_ENDED: _silences(1),
    Event.METER_REPLACED: lambda world: iter(
        [Happened(REPLACED, {"from": world.model.number, "to": NEW_NUMBER})]
    ),
}


def wrong_events(world: World) -> list[str]:
    """Return what is wrong with the published events, one line each."""
    wrong = []
    published = {
        event: [*found]
        for event, found in groupby(
            sorted(world.events, key=itemgetter("event", "time")), itemgetter("event")
        )
    }
    for event, truth in EVENTS.items():
        expected, found = [*truth(world)], published.get(event, [])
        if len(expected) != len(found):
            wrong.append(f"{world.name}: {event} {len(found)} times, in truth {len(expected)} times")
            continue
        for happened, message in zip(expected, found, strict=True):
            late = _instant(message["time"]) - happened.at
            if not -1 <= late <= LATE:
                wrong.append(f"{world.name}: {event} at {message['time']}, {late:+.0f} s from the truth")
            number = world.model.number if happened.at < REPLACED else NEW_NUMBER
            usual = {"time": message["time"], "event": event, "name": event.words, "meter": number}
            shown = {name: _plain(value, happened.details.get(name)) for name, value in message.items()}
            if shown != usual | happened.details:
                wrong.append(f"{world.name}: {event} says {message}, in truth {usual | happened.details}")
    return wrong


def _instant(text: str) -> float:
    return dt.datetime.fromisoformat(text).timestamp()


def _plain(value: Any, truth: Any) -> Any:  # noqa: ANN401
    """Return the code of an object, and for a time that is near enough its truth."""
    if isinstance(value, dict):
        return value["code"]
    is_near = isinstance(value, str) and isinstance(truth, float) and abs(_instant(value) - truth) <= LATE
    return truth if is_near else value
