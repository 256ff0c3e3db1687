"""
The facts that decoded states add to the history.

Pure: the time of a state is an argument, s since 1970. Days are those at the meter.
"""

from __future__ import annotations

import copy
import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from teleinfo.contract.days import TEMPO_HOUR, day_of, in_zone_of, local, midnight
from teleinfo.contract.half_hours import HALF_HOUR
from teleinfo.live.declared import POSSIBLE, find, integer
from teleinfo.state.daily_energy import LONGEST_CHANGE
from teleinfo.state.energy_span import EXPORTED
from teleinfo.state.fields import VA_PER_AMPERE, Json
from teleinfo.tic.labels import Mode
from teleinfo.vocabulary.codes import Alert, Colour, Phase
from teleinfo.vocabulary.moment import DAY

if TYPE_CHECKING:
    from collections.abc import Iterator


SLOT: Final = 10
"""Seconds of which the mean power is the smallest unit of the history."""

EXPORTED_KEY: Final = "exported"
"""The key of the injected energy, beside those of the indexes."""

ALERT = "alert"
TARIFF = "tariff"
"""The kinds of what lasts for a time."""

COLOUR = "colour"
CONTRACT = "contract"
"""The kinds of what a day has."""

LONGEST_PAUSE: Final = 600
"""Seconds without a reading after which a tariff period is recorded anew."""

LONGEST_WAIT: Final = 330
"""
The longest time between two messages, in seconds, in which a power stays; at midnight an index does.

With an interval of five minutes they are five minutes and a frame apart.
"""

COLOURLESS: Final = 300
"""
Seconds before and after 6:00 in which no colour is recorded: a frame that began before still tells those of
the day before, and the clock of the meter may be as far from ours. They are told again all day.
"""

MAX_AGE: Final = 3660 * 86_400
"""Seconds: the greatest age of what is imported."""

TIMES: Final = range(946_684_800, 4_102_444_800)
"""The years 2000 to 2099, those of a horodate: a clock that says another time is wrong."""

MAX_KEY: Final = 32
"""The most characters of a key in the database."""

MAX_METERS: Final = 8
"""The most meters of which there are observations at a time."""


class IndexReading(NamedTuple):
    """
    The `value` of an index in Wh at a `time`, s since 1970.

    `code` is the key under which the index counted before.
    """

    time: int
    value: int
    code: str


class Present(NamedTuple):
    """
    The indexes of a meter at a `time`, s since 1970, by étiquette, and their `total` in Wh.

    `contract` is the name of the contract, `running` the étiquette of the index in force.
    """

    time: int
    mode: Json
    contract: Json
    total: int
    running: str
    readings: dict[str, IndexReading]


@dataclass(slots=True)
class Batch:
    """
    What the meter with the id `meter` adds to the history until `until`.

    `powers` maps the begin of a slot to the power drawn and the power injected in it, VA (None: not
    measured). `readings` are the first and the last reading of each index by étiquette, code and half-hour.
    `runs` maps kind, code and begin of an alert or a tariff period to the time at which it was last in
    force; `tariff` is the last period. `peaks` has time and power of the greatest power of each day, VA.
    `days` has the colour of each day of Tempo, and contract and kVA of each day, by kind and begin. `count`
    is the number of states.
    """

    meter: str
    until: int
    powers: dict[int, list[tuple[int, int | None]]] = field(default_factory=dict)
    readings: dict[tuple[str, str, int], tuple[IndexReading, IndexReading]] = field(default_factory=dict)
    runs: dict[tuple[str, str, int], int] = field(default_factory=dict)
    tariff: tuple[str, str, int] = (TARIFF, "", 0)
    peaks: dict[dt.date, tuple[int, int]] = field(default_factory=dict)
    days: dict[tuple[str, int], str] = field(default_factory=dict)
    count: int = 0

    def repeat_power(self, *, until: int) -> None:
        """Repeat the last power in the slots between its own and that of the time `until`."""
        if not self.powers:
            return
        last = next(reversed(self.powers))
        for slot in range(last + SLOT, until - until % SLOT, SLOT):
            self.powers[slot] = self.powers[last]

    def add_power(self, time: int, drawn: int, injected: int | None) -> None:
        """Add the powers at a time, VA, to those of its slot."""
        slot = time - time % SLOT
        # A new list: `repeat_power` gave the one that is there to several slots.
        self.powers[slot] = [*self.powers.get(slot, ()), (drawn, injected)]

    def add_peak(self, time: int, power: int) -> None:
        """Keep a power, VA, if it is the greatest of its day."""
        day = day_of(time)
        if day not in self.peaks or power > self.peaks[day][1]:
            self.peaks[day] = time, power

    def add_reading(self, label: str, reading: IndexReading, *, is_end: bool = False) -> None:
        """Add a reading of the index `label`; one that ends a contract is kept beside later ones."""
        group = "end" if is_end else reading.code
        key = label, group, reading.time // HALF_HOUR
        first, last = self.readings.get(key, (reading, reading))
        # The first member of a reading is its time.
        first = min(first, reading)
        last = max(last, reading)
        self.readings[key] = first, last


class Chronicle:
    """Observations that are not in the history yet."""

    def __init__(self) -> None:
        self._batches: dict[str, Batch] = {}
        self._present: dict[str, Present] = {}  # by the id of the meter

    def add(self, state: Json, at: int) -> None:
        """Add the state after a reading at the time `at`; forget the rarest of too many meters."""
        meter = find(state, "meter.id")
        if isinstance(meter, str) and at in TIMES:
            with in_zone_of(meter):
                self._add(meter, state, at)

    def _add(self, meter: str, state: Json, at: int) -> None:
        if meter not in self._batches and len(self._batches) >= MAX_METERS:
            rarest = min(self._batches.values(), key=lambda batch: batch.count)
            del self._batches[rarest.meter]
        batch = self._batches.setdefault(meter, Batch(meter, at - LONGEST_PAUSE - 1))
        batch.count += 1
        pause = at - batch.until
        batch.until = at
        drawn = integer(state, "power.apparent_import")
        injected = integer(state, "power.apparent_export")
        if drawn is not None:
            if pause <= LONGEST_WAIT:
                batch.repeat_power(until=at)
            batch.add_power(at, drawn, injected)
        _add_runs(batch, state, pause)
        _add_days(batch, state)
        _add_peaks(batch, state, drawn)
        # The first reading of a day is not the last one of the day before, unless that one is too long ago.
        time_of_reading = at
        if at == midnight(day_of(at)) and pause <= LONGEST_WAIT:
            time_of_reading = at + 1
        readings = dict(_readings(state, time_of_reading))
        present = _present(state, at, readings)
        if present is not None:
            before = self._present.get(meter)
            self._present = {meter: present}
            if before is not None and _is_change(before, present):
                for label, reading in _ends(before, present):
                    batch.add_reading(label, reading, is_end=True)
                readings = _with_former_codes(before, present)
        for label, reading in readings.items():
            batch.add_reading(label, reading)

    def peek(self) -> list[Batch]:
        """Return a copy of what was not taken so far."""
        return copy.deepcopy([*self._batches.values()])

    def take(self) -> list[Batch]:
        """Return what was not taken so far; the slot that has not ended is taken again by the next call."""
        taken = [*self._batches.values()]
        self._batches = {}
        if taken:
            latest = max(taken, key=lambda batch: batch.until)
            next_batch = Batch(latest.meter, latest.until)
            if latest.powers:
                slot = next(reversed(latest.powers))
                next_batch.powers[slot] = latest.powers[slot]
            self._batches[latest.meter] = next_batch
        return taken


def _add_runs(batch: Batch, state: Json, pause: int) -> None:
    """Add the tariff period in force and the alerts that are active; `pause` is the time before, s."""
    code = find(state, "tariff.index") or find(state, "tariff.code")
    if isinstance(code, str) and len(code) <= MAX_KEY:
        if code != batch.tariff[1] or pause > LONGEST_PAUSE:
            batch.tariff = (TARIFF, code, batch.until)
        batch.runs[batch.tariff] = batch.until
    for alert in Alert:
        since = _time(find(state, f"alerts.{alert}.start"))
        if find(state, f"alerts.{alert}.active") is True and since is not None:
            batch.runs[ALERT, alert, since] = batch.until


def _add_days(batch: Batch, state: Json) -> None:
    """Add the contract of the day, and the colours of today and tomorrow, which begin at 6:00."""
    today = day_of(batch.until)
    power = integer(state, "contract.subscribed_power")  # VA
    if power is not None:
        code = find(state, "contract.code")
        batch.days[CONTRACT, midnight(today)] = f"{code} {power // 1000}"
    change_of_colour = midnight(today, hour=TEMPO_HOUR)
    if abs(batch.until - change_of_colour) <= COLOURLESS:
        return
    today_of_tempo = (local(batch.until) - dt.timedelta(hours=TEMPO_HOUR)).date()
    for day, name in ((today_of_tempo, "today"), (today_of_tempo + DAY, "tomorrow")):
        colour = find(state, f"tempo.{name}")
        if isinstance(colour, Colour):
            batch.days[COLOUR, midnight(day, hour=TEMPO_HOUR)] = colour


def _add_peaks(batch: Batch, state: Json, drawn: int | None) -> None:
    """Add the power, the maximum that the meter tells, and with three phases three times that of each."""
    if drawn is not None:
        batch.add_peak(batch.until, drawn)
    time = _time(find(state, "max_power.today.imported.time"))
    most = integer(state, "max_power.today.imported.value")
    if time is not None and most is not None:
        batch.add_peak(time, most)
    if find(state, "meter.phases") != len(Phase):
        return
    for phase in Phase:
        power = integer(state, f"power.apparent_import_{phase}")
        current = integer(state, f"current.{phase}")
        # The current has no sign: while no power is drawn, it flows out.
        if power is None and current is not None and drawn != 0:
            power = VA_PER_AMPERE * current
        if power is not None:
            batch.add_peak(batch.until, len(Phase) * power)


def _time(text: Json) -> int | None:
    """Return a time of a state, s since 1970; None if it is unknown or impossible."""
    if not isinstance(text, str):
        return None
    time = int(dt.datetime.fromisoformat(text).timestamp())
    return time if time in TIMES else None


def _readings(state: Json, at: int) -> Iterator[tuple[str, IndexReading]]:
    """Yield the étiquette and the reading of each index at the time `at`."""
    indexes = find(state, "energy.indexes")
    if isinstance(indexes, dict):
        for key, index in indexes.items():
            label = find(index, "label")
            value = find(index, "value")
            if isinstance(label, str) and isinstance(value, int) and 0 <= value < POSSIBLE:
                yield label, IndexReading(at, value, key)
    is_standard = find(state, "meter.mode") == Mode.STANDARD
    injected = integer(state, "energy.export_total")
    if is_standard and injected is not None and 0 <= injected < POSSIBLE:
        yield EXPORTED, IndexReading(at, injected, EXPORTED_KEY)


def _present(state: Json, at: int, readings: dict[str, IndexReading]) -> Present | None:
    """
    Return the indexes with their contract; None while the contract or the index in force is unknown.

    An index that a new contract set to another value is not believed at once.
    """
    mode = find(state, "meter.mode")
    contract = find(state, "contract.name")
    total = integer(state, "energy.import_total")
    running_key = find(state, "tariff.index")
    running = find(state, f"energy.indexes.{running_key}.label")
    if contract is None or total is None:
        return None
    if not isinstance(running, str) or running not in readings:
        return None
    return Present(at, mode, contract, total, running, readings)


def _is_change(before: Present, after: Present) -> bool:
    """True if the mode or the contract changed, or if an index fell: the meter has set it."""
    if before.mode != after.mode or before.contract != after.contract:
        return True
    for label, reading in after.readings.items():
        reading_before = before.readings.get(label)
        if reading_before is not None and reading.value < reading_before.value:
            return True
    return False


def _with_former_codes(before: Present, after: Present) -> dict[str, IndexReading]:
    """
    Return the first readings after a change, each with the code under which its index counted before.

    The index in force, and an index that is new, keep their codes.
    """
    readings = {}
    for label, reading in after.readings.items():
        code = reading.code
        if label in before.readings and label != after.running:
            code = before.readings[label].code
        readings[label] = IndexReading(reading.time, reading.value, code)
    return readings


def _ends(before: Present, after: Present) -> Iterator[tuple[str, IndexReading]]:
    """
    Yield étiquette and reading at the end of the former contract for each index that needs one.

    An index that is new, and began at zero, had the value 0. What the total drew meanwhile, and no index
    shows, counts for the index that was in force before, as in `state.daily_energy`.
    """
    rest = after.total - before.total  # Wh that no index shows
    for label, reading in after.readings.items():
        if label == EXPORTED:
            continue
        reading_before = before.readings.get(label)
        rise = reading.value
        if reading_before is not None:
            rise -= reading_before.value
        # A greater rise is no rise: the index has another value from an earlier contract.
        if not 0 < rise <= rest:
            continue
        rest -= rise
        if reading_before is None:
            yield label, IndexReading(before.time, 0, reading.code)
    last = before.readings[before.running]
    first = after.readings.get(before.running)
    goes_on = first is not None and first.value >= last.value
    is_short = after.time - before.time <= LONGEST_CHANGE.total_seconds()
    if rest > 0 and is_short and not goes_on:
        yield before.running, IndexReading(last.time, last.value + rest, last.code)
