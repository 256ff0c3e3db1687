"""
The present values of the meter, in the order of the screen.

Pure: readings, health and the monotonic time come in, rows and figures go out. Frames differ (short ones of
three phases, notices, damaged groups), so that a value stays until a newer one comes or it is too old.
Readings may come from a broker, where anybody may publish: their texts are made fit for a terminal here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from teleinfo.common.terminal_text import printable
from teleinfo.port.health import is_orphan
from teleinfo.tic.labels import ALARMS, METER_NUMBERS, lookup, parse_uint
from teleinfo.tic.reading import HORODATE_SUFFIX
from teleinfo.watch.power_history import PowerHistory
from teleinfo.watch.sections import PERIODS, POWERS, Section, section_of

if TYPE_CHECKING:
    from teleinfo.port.health import Health
    from teleinfo.tic.labels import LabelSpec, Mode
    from teleinfo.tic.reading import Reading
    from teleinfo.watch.notes import Note

KEPT: Final = 30.0
"""Seconds that a value stays without being sent again: 20 short frames of three phases last up to 17 s."""

KEPT_ALARM: Final = 5.0
"""The same for an alarm, which is sent only while it lasts."""

MAX_VALUES: Final = 2000
"""The most values that are kept, many times those of the largest meter: a bound on memory."""


@dataclass(frozen=True, slots=True)
class Row:
    """
    One étiquette: its `value` as the meter sent it, and the `horodate` of its group.

    `label` is None where the table does not know it. `age`: seconds since the value changed, None where it
    never did.
    """

    key: str
    value: str
    horodate: str | None
    label: LabelSpec | None
    section: Section
    age: float | None


@dataclass(slots=True)
class _Entry:
    value: str
    seen: float
    changed: float | None = None


class LiveModel:
    """
    The meter as it was heard so far.

    A feed sets the health of the line, `online` (the last value of the topic `status`) and `note` (on the
    port or the broker); None is not known. After `patience` seconds without a reading the meter is silent;
    with None it is silent when `online` is False.
    """

    def __init__(self, *, patience: float | None) -> None:
        self._patience = patience
        self._health: Health | None = None
        self._frames_since = 0
        self.online: bool | None = None
        self.note: Note | None = None
        self.mode: Mode | None = None
        self.heard: float | None = None
        self._entries: dict[str, _Entry] = {}
        self._history = PowerHistory()

    def add_reading(self, reading: Reading, *, now: float) -> None:
        """Note a reading of the monotonic time `now`."""
        if self.mode is not reading.mode:
            self._entries.clear()
            self.mode = reading.mode
        self.heard = now
        self._frames_since += 1
        if len(self._entries) > MAX_VALUES:
            self._entries.clear()
        for label, text in reading.values.items():
            key, value = printable(label), printable(text)
            entry = self._entries.get(key)
            if entry is None:
                self._entries[key] = _Entry(value, now)
            else:
                entry.seen = now
                if entry.value != value:
                    entry.value, entry.changed = value, now
        for key in [key for key, entry in self._entries.items() if self._is_expired(key, entry, now)]:
            del self._entries[key]
        power = self.power
        if power is not None:
            self._history.add(power, now=now)

    def set_health(self, health: Health | None) -> None:
        """Note the health of the line."""
        self._health = health
        self._frames_since = 0

    @property
    def health(self) -> Health | None:
        """The health of the line; None where it is not known, or of a daemon that is gone."""
        health = self._health
        return None if health is None or is_orphan(health, online=self.online) else health

    @property
    def frames(self) -> int | None:
        """The frames so far: those of the health, which may be a minute old, and the readings since."""
        counted = None if self.health is None else self.health.frames
        return None if counted is None else counted + (self._frames_since if self.remote else 0)

    def rows(self, *, now: float) -> list[Row]:
        """Return a row for each étiquette, by section, each section in the order of the meter."""
        rows = [
            row for key, entry in self._entries.items() if (row := self._row(key, entry, now)) is not None
        ]
        return sorted(rows, key=lambda row: row.section)

    @property
    def remote(self) -> bool:
        """Whether readings come from a broker, so that `online` says whether the meter is silent."""
        return self._patience is None

    def silence(self, *, now: float) -> float | None:
        """Return for how many seconds the meter has been silent; None where it is not, or was never heard."""
        if self.heard is None:
            return None
        gone = now - self.heard
        silent = self.online is False if self._patience is None else gone >= self._patience
        return gone if silent else None

    @property
    def number(self) -> str | None:
        """The number of the meter, None before it was sent."""
        return next((entry.value for key in METER_NUMBERS if (entry := self._entries.get(key))), None)

    @property
    def power(self) -> int | None:
        """The apparent power that is drawn, VA; None where the meter does not send it."""
        texts = (entry.value for key in POWERS if (entry := self._entries.get(key)))
        return next((power for text in texts if (power := parse_uint(text)) is not None), None)

    @property
    def period(self) -> tuple[str, str] | None:
        """The étiquette and the value of the tariff period that is in force."""
        return next(((key, entry.value) for key in PERIODS if (entry := self._entries.get(key))), None)

    def history(self, points: int, *, now: float) -> list[float | None]:
        """Return the mean power that was drawn in each of the last points: see `PowerHistory.means`."""
        return self._history.means(points, now=now)

    def _is_expired(self, key: str, entry: _Entry, now: float) -> bool:
        kept = KEPT_ALARM if key in ALARMS else KEPT
        return entry.seen != now and now - entry.seen > kept

    def _row(self, key: str, entry: _Entry, now: float) -> Row | None:
        """Return the row of an étiquette, None for a horodate, which is part of the row of its group."""
        mode = self.mode
        label = None if mode is None else lookup(mode, key)
        if (
            label is None
            and key.removesuffix(HORODATE_SUFFIX) in self._entries
            and key.endswith(HORODATE_SUFFIX)
        ):
            return None
        horodate = self._entries.get(key + HORODATE_SUFFIX)
        return Row(
            key=key,
            value=entry.value,
            horodate=None if horodate is None else horodate.value,
            label=label,
            section=section_of(key, label, entry.value),
            age=None if entry.changed is None else now - entry.changed,
        )
