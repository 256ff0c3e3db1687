"""
The facts that decoded states add to the history: powers, indexes, tariff periods, alerts, colours.

Pure: the time of a state is an argument, s since 1970. `ledger` explains why readings of the indexes suffice.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from teleinfo.vocabulary.codes import Alert, Colour, TariffPeriod
from teleinfo.watch.declared import find, integer
from teleinfo.watch.history import REACH
from teleinfo.watch.ledger import IndexReading, local, midnight

if TYPE_CHECKING:
    from collections.abc import Iterator

    from teleinfo.state.fields import Json

MINUTE: Final = 60

INJECTED: Final = "injected"
"""The code of the injected energy, beside those of `TariffPeriod`."""

EXPORT_LABEL: Final = "EAIT"
ALERT, TARIFF = "alert", "tariff"
"""The kinds of what lasts for a time."""

LONGEST_PAUSE: Final = 600
"""Seconds without a reading after which a tariff period is recorded anew."""

OLDEST_STATE: Final = 40 * 24 * 3600
"""Greatest age of a published state that tells midnights, in seconds."""

_DAY: Final = dt.timedelta(days=1)
TEMPO_DAY: Final = dt.timedelta(hours=6)
"""Time of day at which the colour of Tempo changes."""
_END: Final = 10**12


@dataclass(slots=True)
class MinutePower:
    """Sums and numbers of the powers drawn and injected in a minute, VA."""

    drawn: int = 0
    readings: int = 0
    injected: int = 0
    injections: int = 0

    @property
    def means(self) -> tuple[int, int | None]:
        """The mean powers drawn and injected; the latter is None for a meter that does not measure it."""
        return (
            round(self.drawn / self.readings),
            round(self.injected / self.injections) if self.injections else None,
        )


@dataclass(slots=True)
class Batch:
    """
    What the meter with the id `meter` adds to the history until `until`.

    `powers` are those of each minute by its begin, `readings` those of each index by its étiquette; `runs`
    maps kind, code and begin of an alert or a tariff period to the time at which it was last in force.
    """

    meter: str
    until: int
    powers: dict[int, MinutePower] = field(default_factory=dict)
    readings: dict[str, set[IndexReading]] = field(default_factory=dict)
    runs: dict[tuple[str, str, int], int] = field(default_factory=dict)
    colours: dict[dt.date, str] = field(default_factory=dict)


class Chronicle:
    """What was not yet taken to the history; `published` is the last state that a daemon published."""

    def __init__(self) -> None:
        self.published: Json = None
        self._state: Json = None
        self._batch: Batch | None = None
        self._earlier: list[Batch] = []
        self._tariff: tuple[str, str, int] = (TARIFF, "", 0)

    def add(self, state: Json, *, at: int) -> None:
        """Add the state after a reading at the time `at`."""
        meter = find(state, "meter.id")
        if not isinstance(meter, str):
            return
        if self._batch is None or self._batch.meter != meter:
            self._close()
            self._batch, self._tariff = Batch(meter, at - LONGEST_PAUSE - 1), (TARIFF, "", 0)
        batch, self._state = self._batch, state
        pause, batch.until = at - batch.until, at
        if pause > LONGEST_PAUSE:
            _add(batch, _readings(state, at))
        self._add_power(batch, state, pause)
        code = find(state, "tariff.code")
        if isinstance(code, TariffPeriod):
            if code != self._tariff[1] or pause > LONGEST_PAUSE:
                self._tariff = (TARIFF, code, at)
            batch.runs[self._tariff] = at
        for alert in Alert:
            since = find(state, f"alerts.{alert}.since")
            if find(state, f"alerts.{alert}.active") is True and isinstance(since, str):
                batch.runs[ALERT, alert, int(dt.datetime.fromisoformat(since).timestamp())] = at
        today = (local(at) - TEMPO_DAY).date()
        for day, name in ((today, "today"), (today + _DAY, "tomorrow")):
            if isinstance(colour := find(state, f"tempo.{name}"), Colour):
                batch.colours[day] = colour

    def _add_power(self, batch: Batch, state: Json, pause: int) -> None:
        drawn, injected = integer(state, "power.apparent"), integer(state, "power.injected")
        if drawn is None:
            return
        begin = batch.until - batch.until % MINUTE
        last = max(batch.powers, default=begin)
        if pause <= REACH:  # messages may come once a minute
            for missed in range(last + MINUTE, begin, MINUTE):
                batch.powers[missed] = batch.powers[last]
        power = batch.powers.setdefault(begin, MinutePower())
        power.drawn, power.readings = power.drawn + drawn, power.readings + 1
        if injected is not None:
            power.injected, power.injections = power.injected + injected, power.injections + 1

    def _close(self) -> None:
        if self._batch is not None:
            self._earlier.append(self.peek() or self._batch)

    def peek(self) -> Batch | None:
        """Return what was not taken so far, with the last reading of each index and the days it proves."""
        if self._batch is None:
            return None
        batch = self._batch
        _add(batch, _readings(self._state, batch.until))
        for state in (self._state, self.published):
            if find(state, "meter.id") == batch.meter:
                _add(batch, (found for found in _midnights(state, batch.until) if found[0] in batch.readings))
        return batch

    def take(self) -> list[Batch]:
        """Return what was not taken so far; the minute that has not ended is taken again by the next call."""
        self._close()
        taken, self._earlier, last = self._earlier, [], self._batch
        self._batch = None if last is None else Batch(last.meter, last.until)
        if last is not None and self._batch is not None and last.powers:
            minute = max(last.powers)
            self._batch.powers[minute] = last.powers[minute]
        return taken


def _add(batch: Batch, readings: Iterator[tuple[str, IndexReading]]) -> None:
    for label, reading in readings:
        batch.readings.setdefault(label, set()).add(reading)


def _readings(state: Json, at: int) -> Iterator[tuple[str, IndexReading]]:
    """Yield the étiquette and the reading of each index at the time `at`."""
    indexes = find(state, "energy.indexes")
    for label, index in indexes.items() if isinstance(indexes, dict) else ():
        value, period = find(index, "value"), find(index, "period")
        if isinstance(value, int) and 0 <= value < _END:
            is_known = isinstance(period, str) and period in TariffPeriod.__members__
            yield label, IndexReading(at, value, str(period) if is_known else label)
    injected = integer(state, "energy.export_total")
    if injected is not None and 0 <= injected < _END:
        yield EXPORT_LABEL, IndexReading(at, injected, INJECTED)


def _midnights(state: Json, until: int) -> Iterator[tuple[str, IndexReading]]:
    """Yield the étiquette and the reading of each index at the last two midnights of a state, if known."""
    try:
        time = int(dt.datetime.fromisoformat(str(find(state, "time"))).timestamp())
    except (ValueError, OverflowError):
        return
    if abs(until - time) > OLDEST_STATE:
        return
    today = local(time).date()
    readings = dict(_readings(state, 0))
    for day, span in ((today, "today"), (today - _DAY, "yesterday")):
        if find(state, f"energy.{span}.is_complete") is not True:
            return
        for label, reading in [*readings.items()]:
            path = "exported" if label == EXPORT_LABEL else f"indexes.{label}"
            counted = integer(state, f"energy.{span}.{path}")
            if counted is not None and 0 <= counted <= reading.value:
                readings[label] = IndexReading(midnight(day), reading.value - counted, reading.code)
                yield label, readings[label]
            else:
                del readings[label]
