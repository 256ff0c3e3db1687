"""
The total energy drawn, and the energy of today, yesterday, this month and last month.

Pure: the times come with the readings.

The total neither falls nor jumps when the meter switches to another index. Enedis may change the mode of the
meter: EAST then replaces the sum of the historique indexes. The contract may change: its indexes begin at
zero, or hold the energy of an earlier contract. So the total is the sum of an index and an offset.

Days are those of France, 23 or 25 hours long when the clock changes. An energy is the difference of two
readings of an index. So only the readings around midnight matter, and a restart in the course of a day loses
nothing.

- The energy between the last reading of a day and the first reading of a later day counts for the later day.
- If more than `GAP` lies between these two readings, there is a gap: the energy cannot be divided between the
  days, and neither day is complete. The same holds for months.
- A day or a month that began before the first reading is not complete.
- An index that fell, or was not sent before, counts from its present reading.

The clock of the machine may be wrong: a Raspberry Pi without a network starts in the past. While the day of
the readings is before today, they count for today; after `PATIENCE` they are believed, and all begins anew.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping  # noqa: TC003 - `typed_json` reads the types
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from teleinfo.state.tariffs import INDEX_OF_PERIOD
from teleinfo.tic.horodate import PARIS

if TYPE_CHECKING:
    from collections.abc import Callable

    from teleinfo.vocabulary.codes import TariffPeriod

MARGIN: Final = 5
"""Wh by which two indexes of the same energy may differ: they do not step in the same frame (54E)."""

_OVERLOAD: Final = 1.5  # times the subscribed power, as in `tic.plausibility`
_LARGEST_SUBSCRIPTION: Final = 36_000  # VA, the most for a blue meter or a Linky
_SECONDS_PER_HOUR: Final = 3600

GAP: Final = timedelta(minutes=5)
"""The longest time without a reading at midnight after which the days are still complete."""

PATIENCE: Final = timedelta(days=1)
"""Time after which a clock that was set back to an earlier day is believed."""

EXPORTED: Final = "EAIT"
COUNTED: Final = (*INDEX_OF_PERIOD.values(), *(f"EASF{number:02}" for number in range(1, 11)), EXPORTED)
"""The étiquettes whose energy is counted: the indexes of the suppliers, and the injected energy."""

_DAY: Final = timedelta(days=1)
_LONGEST_MONTH: Final = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class ImportTotal:
    """
    A total: `index`, read from the étiquettes `counter` at a `time`, and an `offset`; both in Wh.

    `counter` names one étiquette, or several with + between them.
    """

    counter: str
    index: int
    offset: int
    time: datetime

    @property
    def total(self) -> int:
        """The total energy drawn, Wh."""
        return self.index + self.offset

    def next(self, counter: str, index: int, *, at: datetime, subscribed: int | None) -> ImportTotal:
        """
        Return the total after `counter` shows `index`, Wh; `subscribed` is the subscribed power in VA.

        - Same counter, not lower than before: keep the offset.
        - New counter of the same energy: keep the offset.
        - Counter that began at zero: the offset is the old total.
        - Any other counter: continue exactly at the old total.

        The second and the third rule apply only if the meter can have drawn the difference in the meantime.
        """
        offset = self.offset
        if counter != self.counter or index < self.index:
            most = self._most(at, subscribed)
            fitting = (one for one in (self.offset, self.total) if 0 <= index + one - self.total <= most)
            offset = next(fitting, self.total - index)
        return ImportTotal(counter, index, offset, at)

    def is_followed_by(self, counter: str, index: int, *, at: datetime, subscribed: int | None) -> bool:
        """True unless the same counter fell, or rose by more than can have been drawn until `at`."""
        return counter != self.counter or 0 <= index - self.index <= self._most(at, subscribed)

    def _most(self, at: datetime, subscribed: int | None) -> float:
        """Return the most Wh that can have been drawn until `at`; a clock that was set back counts as 0 s."""
        seconds = max(0.0, (at - self.time).total_seconds())
        return (subscribed or _LARGEST_SUBSCRIPTION) * _OVERLOAD * seconds / _SECONDS_PER_HOUR + MARGIN


@dataclass(frozen=True, slots=True)
class EnergySpan:
    """
    The energy of a day, or of a month whose first day is `first`, in Wh.

    `imported` is the energy drawn in all, `counted` the energy by étiquette. `periods` has the energy by code
    of the tariff period, of the indexes whose period is known. An energy of 0 may be missing.
    """

    first: date
    is_complete: bool = False
    imported: int = 0
    counted: Mapping[str, int] = field(default_factory=dict)
    periods: Mapping[str, int] = field(default_factory=dict)

    @property
    def exported(self) -> int:
        """The energy injected."""
        return self.counted.get(EXPORTED, 0)

    def plus(self, imported: int, counted: Mapping[str, int], periods: Mapping[str, int]) -> EnergySpan:
        """Return this span with more energy."""
        return replace(
            self,
            imported=self.imported + imported,
            counted=dict(Counter(self.counted) + Counter(counted)),
            periods=dict(Counter(self.periods) + Counter(periods)),
        )


@dataclass(frozen=True, slots=True)
class DailyEnergy:
    """
    The energies until the last reading; `yesterday` and `last_month` are None while they are unknown.

    `readings` are the indexes of the last reading, and `codes` the tariff periods that they counted when they
    last rose, both by étiquette. `behind_since` is the time, by the clock of
    the machine, at which the clock was set back to a day before today.
    """

    today: EnergySpan
    yesterday: EnergySpan | None
    this_month: EnergySpan
    last_month: EnergySpan | None
    readings: Mapping[str, int]
    behind_since: datetime | None = None
    codes: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def begin(cls, day: date, readings: Mapping[str, int]) -> DailyEnergy:
        """Return the energies at the first reading, which is made in the middle of `day`."""
        return cls(EnergySpan(day), None, EnergySpan(month_of(day)), None, readings)

    def next(
        self,
        before: ImportTotal,
        after: ImportTotal,
        day: date,
        readings: Mapping[str, int],
        period: Callable[[str], TariffPeriod | None],
    ) -> DailyEnergy:
        """
        Return the energies after a reading on `day`.

        `before` and `after` are the totals of the last reading and of this reading; `period` returns the
        tariff period that an étiquette counts, None if it is unknown now.
        """
        behind = None
        if day < self.today.first:
            behind = min(self.behind_since or after.time, after.time)
            if after.time - behind >= PATIENCE:
                return DailyEnergy.begin(day, readings)
            day = self.today.first
        # Another contract may have left an old reading under an étiquette.
        known = self.readings if before.counter == after.counter else {}
        now = (self.today.first, self.behind_since, known, before.total)
        if now == (day, behind, readings, after.total):
            return self
        is_gap = after.time - before.time > GAP
        today, yesterday = _turn(self.today, self.yesterday, day, _DAY, is_gap=is_gap)
        month, last = _turn(self.this_month, self.last_month, month_of(day), _LONGEST_MONTH, is_gap=is_gap)
        if is_gap and before.offset != after.offset:  # the indexes do not show the energy of the gap
            today, month = (replace(span, is_complete=False) for span in (today, month))
        rises = {label: index - known.get(label, index) for label, index in readings.items()}
        counted = {label: rise for label, rise in rises.items() if rise > 0}
        known_now = {label: code.value for label in counted if (code := period(label)) is not None}
        codes = {**self.codes, **known_now}
        periods: Counter[str] = Counter()
        for label in (label for label in counted if label in codes):
            periods[codes[label]] += counted[label]
        more = after.total - before.total, counted, periods
        return DailyEnergy(
            today.plus(*more), yesterday, month.plus(*more), last, {**known, **readings}, behind, codes
        )


def day_in_france(at: datetime) -> date:
    """Return the day in metropolitan France."""
    return at.astimezone(PARIS).date()


def month_of(day: date) -> date:
    """Return the first day of the month."""
    return day.replace(day=1)


def _turn(
    span: EnergySpan, previous: EnergySpan | None, first: date, longest: timedelta, *, is_gap: bool
) -> tuple[EnergySpan, EnergySpan | None]:
    """Return the span that begins on the day `first`, which may be `span` itself, and the span before it."""
    if first == span.first:
        return span, previous
    ended = replace(span, is_complete=span.is_complete and not is_gap)
    return EnergySpan(first, is_complete=not is_gap), ended if first - span.first <= longest else None
