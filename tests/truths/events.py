"""The truth of each event, its times and its details, by what the meter showed in each frame."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from itertools import pairwise
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
            continue
        if spell and note.instant - spell[-1].instant >= pause:
            yield spell
            spell = []


def _began(alert: str, pause: float = 0.0, **details: object) -> Callable[[World], Iterator[Happened]]:
    """Return the begins of an alert; only mode standard says from when to when a mobile peak lasts."""
    is_peak = "peak" in alert

    def begins(world: World) -> Iterator[Happened]:
        for first, *_ in _spells(world, alert, pause):
            members: dict[str, Any] = {**details}
            if is_peak:
                members["start"] = None
                members["end"] = None
                if first.mode is Mode.STANDARD:
                    [peak] = first.period.peaks
                    members["start"] = peak.start.replace(tzinfo=FRANCE).timestamp()
                    members["end"] = peak.end.replace(tzinfo=FRANCE).timestamp()
            yield Happened(first.instant, members)

    return begins


def _ended(alert: str, pause: float = 0.0) -> Callable[[World], Iterator[Happened]]:
    """Return the ends of an alert, with its begin and its end; for an overrun, with its greatest values."""

    def ends(world: World) -> Iterator[Happened]:
        for spell in _spells(world, alert, pause):
            begin = spell[0].instant
            end = spell[-1].instant
            members = {"start": begin, "end": end}
            if alert == "overrun":
                members["max_power"] = max(note.power for note in spell)
                members["max_current"] = max(note.current for note in spell)
            yield Happened(end, members)

    return ends


def _only(
    contract: str, happenings: Callable[[World], Iterator[Happened]]
) -> Callable[[World], Iterator[Happened]]:
    """Return the truth of an event that a meter has only if it began with the `contract`."""

    def of_contract(world: World) -> Iterator[Happened]:
        if world.notes[0].contract == contract:
            yield from happenings(world)

    return of_contract


def _changed(part: Callable[[Note], Any]) -> Callable[[World], Iterator[Happened]]:
    """Return the changes of a part of the frames."""

    def changes(world: World) -> Iterator[Happened]:
        for before, after in pairwise(world.notes):
            if part(before) != part(after):
                yield Happened(after.instant, {"from": part(before), "to": part(after)})

    return changes


def _tariff(note: Note) -> str:
    """Return the code of the tariff period: PTEC without its padding."""
    if note.contract == "PRODUCER":
        return note.contract
    return note.period.ptec.rstrip(".")


def _tomorrow_known(world: World) -> Iterator[Happened]:
    """Yield each first frame that shows the colour of tomorrow."""
    for before, after in pairwise(world.notes):
        if after.period.tomorrow and not before.period.tomorrow:
            colour = (None, "blue", "white", "red")[after.period.tomorrow]
            yield Happened(after.instant, {"color": colour})


def _around_silences(world: World) -> Iterator[tuple[Note, Note]]:
    """Yield the last frame before each silence, and the first one after it."""
    for before, after in pairwise(world.notes):
        for begin, end in SILENCES:
            if before.instant <= begin + LATE and after.instant >= end:
                yield before, after


def _silences_began(world: World) -> Iterator[Happened]:
    """Yield the begin of each silence, which is its last frame."""
    for before, _after in _around_silences(world):
        yield Happened(before.instant, {})


def _silences_ended(world: World) -> Iterator[Happened]:
    """Yield the end of each silence, which is the first frame after it."""
    for before, after in _around_silences(world):
        yield Happened(after.instant, {"start": before.instant, "end": after.instant})


def _replaced(world: World) -> Iterator[Happened]:
    """Yield the exchange of the meter."""
    yield Happened(REPLACED, {"from": world.model.number, "to": NEW_NUMBER})


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
    Event.SILENCE_STARTED: _silences_began,
    Event.SILENCE_ENDED: _silences_ended,
    Event.METER_REPLACED: _replaced,
}


def wrong_events(world: World) -> list[str]:
    """Return what is wrong with the published events, one line each."""
    wrong = []
    published = defaultdict(list)
    for message in sorted(world.events, key=itemgetter("time")):
        published[message["event"]].append(message)
    for event, truth in EVENTS.items():
        expected = list(truth(world))
        messages = published[event]
        if len(expected) != len(messages):
            wrong.append(f"{world.name}: {event} {len(messages)} times, in truth {len(expected)} times")
            continue
        for happened, message in zip(expected, messages, strict=True):
            late = _instant(message["time"]) - happened.at
            # A time in a message is cut off to the second: it may be before the truth.
            if not -1 <= late <= LATE:
                wrong.append(f"{world.name}: {event} at {message['time']}, {late:+.0f} s from the truth")
            number = world.model.number if happened.at < REPLACED else NEW_NUMBER
            in_truth = {"time": message["time"], "event": event, "name": event.words, "meter": number}
            in_truth |= happened.details
            shown = {name: _plain(value, happened.details.get(name)) for name, value in message.items()}
            if shown != in_truth:
                wrong.append(f"{world.name}: {event} says {message}, in truth {in_truth}")
    return wrong


def _instant(text: str) -> float:
    """Return the instant of a time in ISO 8601."""
    return dt.datetime.fromisoformat(text).timestamp()


def _plain(value: Any, truth: Any) -> Any:  # noqa: ANN401
    """Return the code of an object, for a time that is near enough its truth, and else the value."""
    if isinstance(value, dict):
        return value["code"]
    is_time = isinstance(value, str) and isinstance(truth, float)
    if is_time and abs(_instant(value) - truth) <= LATE:
        return truth
    return value
