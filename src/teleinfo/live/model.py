"""
The meter so far: its étiquettes in the order of the screen, its decoded state.

Frames differ (short frames of three phases, notices, damaged groups), so a value stays until a newer value
comes or until it is too old. Readings may come from a broker, where anybody may publish. So texts are made
fit for a terminal, only values that a meter can send reach the state, and memory is bounded.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from teleinfo.common.i18n import _
from teleinfo.common.journal import is_journald
from teleinfo.common.terminal_text import printable
from teleinfo.contract.price_source import PriceSource
from teleinfo.live.declared import find
from teleinfo.port.health import Health, is_orphan
from teleinfo.state import metrics
from teleinfo.state.field_entry import FieldPath, message
from teleinfo.state.tariffs import codes_of_one_index
from teleinfo.state.tracker import StateTracker
from teleinfo.tic.horodate import PARIS
from teleinfo.tic.judge import Judge
from teleinfo.tic.labels import ALARMS, NOTICES, STATUS_REGISTER, Kind, Label, Mode, lookup
from teleinfo.tic.meter_id import identity_of, number_of
from teleinfo.tic.reading import HORODATE_SUFFIX, Reading, belief_of, judged
from teleinfo.vocabulary.codes import Phase, TariffPeriod
from teleinfo.vocabulary.moment import Moment

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping
    from collections.abc import Set as AbstractSet

    from teleinfo.state.fields import Json
    from teleinfo.vocabulary.words import Message

KEPT: Final = 30.0
"""
Seconds that a value stays without being sent again: 20 short frames of three phases last up to 17 s.

An alarm stays while it is in force, see `Belief.sending`.
"""

MAX_VALUES: Final = 2000
"""The most values that are kept, many times those of the largest meter: a bound on memory."""

_HORODATE_LENGTH: Final = 13

_SECTIONS: Final[tuple[AbstractSet[str | Kind], ...]] = (
    ALARMS,
    {"PAPP", "SINST1", "LTARF", "PTEC", "SINSTI", "DEMAIN", "PEJP", "IINST", "IRMS", "URMS", "SINSTS"},
    {STATUS_REGISTER},
    {Kind.INDEX},
    {Kind.QUANTITY, Kind.COMPOSITE},  # maxima and means
    {"OPTARIF", "NGTF", "ISOUSC", "PREF", "PCOUP", "HHPHC", "PMAX", "IMAX", Kind.ENUMERATION},
    {"NTARF", "NJOURF", "NJOURF+1", "PJOURF+1", "RELAIS"} | NOTICES - {"MODE", "PEJP"},  # the calendar
    {f"EASD{number:02}" for number in range(1, 5)},  # indexes that are on no bill
    {*Kind},  # the meter
)
"""
The sections of the screen in order, rows that change most first: their étiquettes and their kinds.

An étiquette may be followed by the number of a phase; it belongs to the section that names it, or else to the
first with its kind.
"""


def _places() -> dict[str | Kind, int]:
    """Return the place in `_SECTIONS` of each étiquette and kind, the first one if it is in several."""
    places: dict[str | Kind, int] = {}
    for place, section in enumerate(_SECTIONS):
        for name in section:
            places.setdefault(name, place)
    return places


_PLACES: Final = _places()

_PHASE_NUMBERS: Final = "".join(phase.number for phase in Phase)


@dataclass(slots=True)
class Row:
    """
    One étiquette: its `value` as the meter sent it, and the `horodate` of its group.

    `label` is None for an étiquette that the table does not know. `seen` is the monotonic time of the last
    reading with the étiquette, `changed` the time of the last change, None for a value that never changed.
    """

    key: str
    label: Label | None
    value: str
    horodate: str | None
    seen: float
    changed: float | None = None

    @property
    def is_alarm(self) -> bool:
        """True for an étiquette that is sent only while an alarm lasts."""
        return self.key in ALARMS

    @property
    def section(self) -> int:
        """The place in `_SECTIONS`; unknown étiquettes and indexes that have not counted come last."""
        if self.label is None or (self.label.kind is Kind.INDEX and not self.value.strip("0")):
            return len(_SECTIONS)
        for name in (self.key, self.key.rstrip(_PHASE_NUMBERS)):
            if name in _PLACES:
                return _PLACES[name]
        return _PLACES[self.label.kind]

    @property
    def is_clock(self) -> bool:
        """True if the value is a time, which changes with each frame and is no news."""
        return self.label is not None and self.label.kind is Kind.HORODATE


class Note(NamedTuple):
    """A line of text. Two notes of one `kind` differ only in a duration."""

    kind: Hashable
    message: Message

    @property
    def text(self) -> str:
        """The text in the language of the reader."""
        return printable(_(self.message))


class LiveModel:
    """
    The meter so far, between a feed and a screen or page; `clock` returns the time at the meter.

    A feed sets `told_health` (of the line), `online` (the last value of the topic `status`) and `note` (on
    the port or the broker), each None if unknown; it sets `changed` after each change. With `prints_notes`,
    each note of another kind than the note before is printed on standard error. The meter is silent after
    `patience` seconds without a reading; if `patience` is None, it is silent while `online` is False.
    `prices` are those of the household.
    `remembered` are the fields that only the memory of the daemon knows, by path.
    `on_state` gets each state of a known meter and its time, s since 1970; None if nothing is kept.
    """

    def __init__(
        self,
        *,
        patience: float | None,
        clock: Callable[[], dt.datetime] | None = None,
        prices: PriceSource | None = None,
        prints_notes: bool = False,
    ) -> None:
        self.clock = clock or self._clock
        self.changed = asyncio.Event()
        self.on_state: Callable[[Json, int], None] | None = None
        self.online: bool | None = None
        self.remembered: Mapping[FieldPath, Json] = {}
        self.note: Note | None = None
        self.mode: Mode | None = None
        self.heard: float | None = None
        self.patience = patience
        self.prices = prices or PriceSource(None)
        self._prints_notes = prints_notes
        self.told_health: Health | None = None
        self._is_overseas = False
        self._rows: dict[str, Row] = {}
        self._judge = Judge()
        self._tracker = StateTracker(topic="", exclude=frozenset(), prices=self.prices.loaded.prices)

    def _clock(self) -> dt.datetime:
        """Return the time at the meter."""
        return dt.datetime.now(dt.UTC).astimezone(self.zone)

    @property
    def zone(self) -> dt.tzinfo | None:
        """The time zone of the meter; None for that of the machine, which a meter overseas has."""
        return None if self._is_overseas else PARIS

    @property
    def minutes_ahead(self) -> int | None:
        """Minutes by which the clock of a meter overseas is ahead of UTC; None for a meter in France."""
        offset = self.clock().utcoffset()
        if offset is None or not self._is_overseas:
            return None
        return round(offset.total_seconds() / 60)

    def add_reading(self, reading: Reading, *, now: float) -> bool:
        """
        Add a reading that came at the monotonic time `now`.

        Return True if an alert, the tariff or a colour changed.
        """
        if self.mode is not reading.mode or len(self._rows) > MAX_VALUES:
            self._rows.clear()
        self.mode = reading.mode
        self.heard = now
        number = number_of(reading)
        if number is not None:
            # Before the tracker: the first reading decides on which day its energies begin.
            self._is_overseas = identity_of(number).overseas
        time = self.clock()
        sent = {key: text for key, text in reading.values.items() if _is_possible(reading.mode, key, text)}
        possible = judged(reading.mode, sent, belief_of(reading))
        if belief_of(possible) is None:  # the reading comes from a broker
            self._judge.judge(possible)
        values = {printable(key): printable(text) for key, text in reading.values.items()}
        for key, value in values.items():
            label = lookup(reading.mode, key)
            group = key.removesuffix(HORODATE_SUFFIX)
            if label is None and group != key and group in values:
                continue  # a horodate is part of the row of its group
            horodate = values.get(key + HORODATE_SUFFIX)
            row = self._rows.setdefault(key, Row(key, label, value, horodate, now))
            if row.value != value:
                row.changed = now
            row.value = value
            row.horodate = horodate
            row.seen = now
        belief = belief_of(possible)
        in_force = () if belief is None else belief.sending
        for key, row in [*self._rows.items()]:
            if now - row.seen > KEPT or (row.is_alarm and key not in in_force):
                del self._rows[key]
        moment = Moment(now, time.replace(microsecond=0))
        is_news = self._tracker.update(possible, moment)
        if self.on_state is not None and self._tracker.is_known:
            self.on_state(self._tracker.state(moment), int(time.timestamp()))
        return is_news

    def use_prices(self) -> None:
        """Take over the prices after a change of their files."""
        self._tracker.prices = self.prices.loaded.prices
        self.changed.set()

    def on_reading(self, reading: Reading, /) -> None:
        """Add a reading that comes now, and set `changed`."""
        self.add_reading(reading, now=asyncio.get_running_loop().time())
        self.changed.set()

    def state(self, *, now: float | None = None) -> dict[str, Json]:
        """Return the decoded state in codes (docs/state.md), at the monotonic `now` or the last reading."""
        monotonic = now if now is not None else self.heard or 0.0
        state = self._tracker.state(Moment(monotonic, self.clock()))
        return message(self.remembered, state) if state and self.online is not False else state

    def codes_of(self, meter: str) -> dict[str, str]:
        """
        Return by key the codes that one index alone has, for the meter with this id.

        Nothing is known of any other meter: then it is {}.
        """
        state = self.state()
        indexes = find(state, "energy.indexes")
        if find(state, "meter.id") != meter or not isinstance(indexes, dict):
            return {}
        codes: dict[str, TariffPeriod | None] = {}
        for key, index in indexes.items():
            code = find(index, "code")
            codes[key] = code if isinstance(code, TariffPeriod) else None
        return codes_of_one_index(codes)

    @property
    def is_known(self) -> bool:
        """True once the meter is identified."""
        return self._tracker.is_known

    def rows(self) -> list[Row]:
        """Return a row for each étiquette, by section, each section in the order of the meter."""
        return sorted(self._rows.values(), key=lambda row: row.section)

    async def next_change(self, limit: float) -> None:
        """Return once the model has `changed`, or after `limit` seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limit):
                await self.changed.wait()

    def set_note(self, note: Note) -> None:
        """Set the note, and `changed`."""
        if self._prints_notes and (self.note is None or self.note.kind != note.kind):
            # journald writes the time itself, by the clock of the machine.
            time = "" if is_journald(sys.stderr) else f"{self.clock():%H:%M:%S} "
            sys.stderr.write(f"{time}{note.text}\n")
            sys.stderr.flush()
        self.note = note
        self.changed.set()

    @property
    def health(self) -> Health | None:
        """The health of the line; None if it is unknown, or of a daemon that is gone."""
        health = self.told_health
        return None if health is None or is_orphan(health, online=self.online) else health

    def is_online(self, *, now: float) -> bool | None:
        """True while readings come; None if this is unknown."""
        if self.patience is None:
            return self.online
        return self.heard is not None and self.silence(now=now) is None

    def silence(self, *, now: float) -> float | None:
        """Return the seconds since the last reading if the meter is silent, else None."""
        if self.heard is None:
            return None
        seconds = now - self.heard
        if self.patience is None:
            is_silent = self.online is False
        else:
            is_silent = seconds >= self.patience
        return seconds if is_silent else None


def exposition(models: Mapping[str, LiveModel], *, now: float) -> str:
    """Return the metrics for Prometheus of the meters of these models, by base topic."""
    meters = {}
    for topic, model in models.items():
        meters[topic] = metrics.MeterNow(model.state(now=now), model.health, model.is_online(now=now))
    return metrics.exposition(meters)


def _is_possible(mode: Mode, key: str, text: str) -> bool:
    """True if the table has this étiquette, with the characters and the length of its value."""
    label = lookup(mode, key)
    if label is None:
        label_of_horodate = lookup(mode, key.removesuffix(HORODATE_SUFFIX))
        return label_of_horodate is not None and len(text) <= _HORODATE_LENGTH
    characters = set(text.encode())
    for form in label.forms():
        if characters <= set(form.charset.value) and len(text) <= max(form.widths):
            return True
    return False
