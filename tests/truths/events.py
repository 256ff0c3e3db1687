"""The truth of each event: when it begins and ends, from what the meter showed in each frame."""

from __future__ import annotations

import datetime as dt
from itertools import groupby, pairwise
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from teleinfo.vocabulary.codes import Event
from tests.truths.days import KEPT, REPLACED, SILENCES, Note, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LATE: Final = 13.0
"""Seconds within which an event is published: some frames confirm it."""


class Happened(NamedTuple):
    """An event in truth: when it happened, and members of its message, times as instants."""

    at: float
    details: dict[str, Any]


def _tariff_changed(world: World) -> Iterator[Happened]:
    for before, after in pairwise(world.notes):
        if before.period.ptec != after.period.ptec:
            yield Happened(
                after.instant, {"from": before.period.ptec.rstrip("."), "to": after.period.ptec.rstrip(".")}
            )


def _tomorrow_known(world: World) -> Iterator[Happened]:
    for before, after in pairwise(world.notes):
        if after.period.tomorrow and not before.period.tomorrow:
            colour = (None, "blue", "white", "red")[after.period.tomorrow]
            yield Happened(after.instant, {"colour": colour})


def _spells(world: World, alert: str, pause: float = 0.0) -> Iterator[list[Note]]:
    """Yield the frames of each time in which an alert lasts, a pause of less than `pause` s included."""
    spell: list[Note] = []
    for note in world.notes:
        if note.alerts.get(alert):
            spell.append(note)
        elif spell and note.instant - spell[-1].instant >= pause:
            yield spell
            spell = []


def _began(alert: str, pause: float = 0.0) -> Callable[[World], Iterator[Happened]]:
    def begins(world: World) -> Iterator[Happened]:
        for spell in _spells(world, alert, pause):
            yield Happened(spell[0].instant, {"since": spell[0].instant} if "notice" not in alert else {})

    return begins


def _ended(alert: str, pause: float = 0.0) -> Callable[[World], Iterator[Happened]]:
    """Return the ends of an alert, with its begin and its end."""

    def ends(world: World) -> Iterator[Happened]:
        for spell in _spells(world, alert, pause):
            since, until = spell[0].instant, spell[-1].instant
            yield Happened(until, {"since": since, "until": until})

    return ends


def _only(
    contract: str, found: Callable[[World], Iterator[Happened]]
) -> Callable[[World], Iterator[Happened]]:
    """Return the truth of an event that only a contract has: OPTARIF begins with `contract`."""
    return lambda world: found(world) if world.model.contract.optarif.startswith(contract) else iter(())


def _mode_changed(world: World) -> Iterator[Happened]:
    for before, after in pairwise(world.notes):
        if before.mode is not after.mode:
            yield Happened(after.instant, {"from": before.mode.value, "to": after.mode.value})


def _silences(edge: int) -> Callable[[World], Iterator[Happened]]:
    """Return begins (0) or ends (1) of the silences, by the frames around them."""

    def found(world: World) -> Iterator[Happened]:
        for before, after in pairwise(world.notes):
            if any(before.instant <= begin + LATE and after.instant >= end for begin, end in SILENCES):
                until = {"until": after.instant} if edge else {}
                yield Happened((before, after)[edge].instant, {"since": before.instant} | until)

    return found


EVENTS: Final[dict[Event, Callable[[World], Iterator[Happened]]]] = {
    Event.OVERRUN_BEGAN: _began("overrun", KEPT),
    Event.OVERRUN_ENDED: _ended("overrun", KEPT),
    Event.TARIFF_CHANGED: _tariff_changed,
    Event.MODE_CHANGED: _mode_changed,
    Event.CONTRACT_CHANGED: lambda _: iter(()),  # no meter of these days changes its contract
    Event.TOMORROW_KNOWN: _only("BBR", _tomorrow_known),
    Event.MOBILE_PEAK_ANNOUNCED: _only("EJP", _began("mobile_peak_notice", KEPT)),
    Event.MOBILE_PEAK_BEGAN: _only("EJP", _began("mobile_peak")),
    Event.MOBILE_PEAK_ENDED: _only("EJP", _ended("mobile_peak")),
    Event.BREAKER_OPENED: _began("breaker_open"),
    Event.BREAKER_CLOSED: _ended("breaker_open"),
    Event.SILENCE_BEGAN: _silences(0),
    Event.SILENCE_ENDED: _silences(1),
    Event.METER_REPLACED: lambda world: iter([Happened(REPLACED, {"former": world.model.number})]),
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
            for name, value in happened.details.items():
                shown = message.get(name)
                shown = shown.get("code") if isinstance(shown, dict) else shown
                is_time = isinstance(value, float)
                if (abs(_instant(shown) - value) > LATE) if is_time and shown else shown != value:
                    wrong.append(
                        f"{world.name}: {event} at {message['time']}: {name} is {shown}, in truth {value}"
                    )
    return wrong


def _instant(text: str) -> float:
    return dt.datetime.fromisoformat(text).timestamp()
