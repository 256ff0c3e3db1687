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
- When the contract or the mode changes, the energy that the total drew meanwhile, and that no index shows,
  counts for the index that was in force before. Within `LONGEST_CHANGE` it is a matter of cents which of the
  two contracts it belongs to.
- When the meter is replaced, the days go on with the new meter, and are not complete.

The clock of the machine may be wrong: a Raspberry Pi without a network starts in the past.

- A clock that is behind: while the day of the readings is before today, they count for today. After
  `PATIENCE` the clock is believed.
- A clock that was ahead: the energies before a leap of the clock are kept for `PATIENCE`. When the clock is
  set back by about as much, they go on, and lose nothing, since energies are differences of readings.

A Wh costs the price of its day, and each day its share of the subscription, from the first reading on. The
prices of a day may become known later: so a month keeps the energies of each of its days, and its cost is
computed when it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping  # noqa: TC003 - `typed_json` reads the types
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from teleinfo.state.prices import in_cents
from teleinfo.state.tariffs import INDEX_OF_PERIOD

if TYPE_CHECKING:
    from teleinfo.state.prices import DatedPrices
    from teleinfo.vocabulary.codes import TariffPeriod

MARGIN: Final = 5
"""Wh by which two indexes of the same energy may differ: they do not step in the same frame (54E)."""

UNKNOWN_ENERGY: Final = 20
"""The same for the energy of a day or a month."""

_OVERLOAD: Final = 1.5  # times the subscribed power, as in `tic.plausibility`
_LARGEST_SUBSCRIPTION: Final = 36_000  # VA, the most for a blue meter or a Linky

GAP: Final = timedelta(minutes=5)
"""The longest time without a reading at midnight after which the days are still complete."""

LONGEST_CHANGE: Final = timedelta(minutes=15)
"""The longest change of contract or mode whose energy is given to one index: the meter may be silent."""

SHORT_CHANGE: Final = timedelta(minutes=2)
"""The longest change of index after which a day is complete, although the total may lack its energy."""

PATIENCE: Final = timedelta(days=1)
"""Time after which a clock that leapt is believed."""

EXPORTED: Final = "EAIT"
COUNTED: Final = (*INDEX_OF_PERIOD.values(), *(f"EASF{number:02}" for number in range(1, 11)), EXPORTED)
"""The étiquettes whose energy is counted: the indexes of the suppliers, and the injected energy."""

DAY: Final = timedelta(days=1)
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
        return (subscribed or _LARGEST_SUBSCRIPTION) * _OVERLOAD * seconds / 3600 + MARGIN


@dataclass(frozen=True, slots=True)
class EnergySpan:
    """
    The energy of a day, or of a month whose first day is `first`, in Wh.

    `imported` is the energy drawn in all, `counted` the energy by étiquette. An energy of 0 may be missing.
    `by_day` has the energy of each day by code of the tariff period, of the indexes whose period is known; a
    day without energy is in it too, since it costs its share of the subscription.
    """

    first: date
    is_complete: bool = False
    imported: int = 0
    counted: Mapping[str, int] = field(default_factory=dict)
    by_day: Mapping[date, Mapping[str, int]] = field(default_factory=dict)

    @property
    def exported(self) -> int:
        """The energy injected."""
        return self.counted.get(EXPORTED, 0)

    def plus(
        self, imported: int, counted: Mapping[str, int], day: date, periods: Mapping[str, int]
    ) -> EnergySpan:
        """Return this span with more energy, of a `day`."""
        of_day = _sum(self.by_day.get(day, {}), periods)
        return replace(
            self,
            imported=self.imported + imported,
            counted=_sum(self.counted, counted),
            by_day={**self.by_day, day: of_day},
        )

    def with_days(self, after: date, until: date) -> EnergySpan:
        """Return this span with the days after a day until another one, which have no energy yet."""
        by_day = dict(self.by_day)
        for number in range(1, (until - after).days + 1):
            by_day.setdefault(after + number * DAY, {})
        return replace(self, by_day=by_day)

    def cost_at(self, prices: DatedPrices) -> float | None:
        """
        Return the cost in €, the subscription included.

        It is None if the tariff period of a part of the energy is unknown, or has no price.
        """
        unknown = self.imported
        cost = 0.0
        for day, periods in self.by_day.items():
            of_day = prices.of_day(day, periods)
            if of_day is None:
                return None
            cost += of_day
            unknown -= sum(periods.values())
        if abs(unknown) > UNKNOWN_ENERGY:
            return None
        return in_cents(cost)

    def unpriced(self, prices: DatedPrices) -> set[str]:
        """Return the tariff periods in which energy was drawn on a day on which they have no price."""
        found = set[str]()
        for day, periods in self.by_day.items():
            of_day = prices.on(day)
            if of_day is not None:
                found |= of_day.missing(periods)
        return found


@dataclass(frozen=True, slots=True)
class Count:
    """
    What a reading on `day` counts: the `total`, and the `indexes` by étiquette.

    `period_of` returns the tariff period that an étiquette counts, `contract` is the contract, `running` the
    étiquette of the index in force; each is None while it is unknown.
    """

    total: ImportTotal
    day: date
    indexes: Mapping[str, int]
    period_of: Callable[[str], TariffPeriod | None]
    contract: str | None = None
    running: str | None = None


@dataclass(frozen=True, slots=True)
class DailyEnergy:
    """
    The energies until the reading `last`; `yesterday` and `last_month` are None while they are unknown.

    `readings` are the indexes of the last reading, and `codes` the tariff periods that they counted when they
    last rose, both by étiquette. `contract` and `running` are the last that a `Count` knew; `before_change`
    is the total before the contract changed, None if it never did.
    `before_leap` has the energies before the longest leap of the clock, to the time `leapt`, which may be a
    gap. `if_behind` has the energies since the clock was set back to a day before today, at the time
    `behind_since`, in case it is right.
    """

    today: EnergySpan
    yesterday: EnergySpan | None
    this_month: EnergySpan
    last_month: EnergySpan | None
    last: ImportTotal
    readings: Mapping[str, int]
    codes: Mapping[str, str] = field(default_factory=dict)
    before_leap: DailyEnergy | None = None
    leapt: datetime | None = None
    if_behind: DailyEnergy | None = None
    behind_since: datetime | None = None
    contract: str | None = None
    running: str | None = None
    before_change: int | None = None

    @classmethod
    def begin(cls, count: Count) -> DailyEnergy:
        """Return the energies at the first reading, which is made in the middle of a day."""
        day = count.day
        return cls(
            EnergySpan(day, by_day={day: {}}),
            None,
            EnergySpan(month_of(day), by_day={day: {}}),
            None,
            count.total,
            count.indexes,
            contract=count.contract,
            running=count.running,
        )

    def of_another_meter(self, first: ImportTotal) -> DailyEnergy:
        """Return the energies to continue with after an exchange; the `first` total adds nothing."""
        today, month = (replace(span, is_complete=False) for span in (self.today, self.this_month))
        last = replace(first, time=self.last.time)
        return DailyEnergy(today, self.yesterday, month, self.last_month, last, {})

    def next(self, count: Count) -> DailyEnergy:
        """Return the energies after a reading."""
        now = count.total.time
        before, leap, set_back = self.before_leap, self._leap, self.last.time - now
        if before is not None and before.last.time <= now and max(GAP, leap / 2) < set_back <= leap + GAP:
            return before.next(count)
        if count.day >= self.today.first:
            return self._plus(count)
        # The clock may be behind: count for today, and apart from that as if the clock were right.
        since, right = self.behind_since, self.if_behind
        if since is None or right is None or now < since:
            since, right = now, DailyEnergy.begin(count)
        right = right.next(count)
        if now - since >= PATIENCE:
            return right
        return replace(self._plus(replace(count, day=self.today.first)), if_behind=right, behind_since=since)

    @property
    def _leap(self) -> timedelta:
        """The time by which the clock leapt, or that passed without a reading."""
        return self.leapt - self.before_leap.last.time if self.before_leap and self.leapt else timedelta()

    def _plus(self, count: Count) -> DailyEnergy:
        """Return the energies after a reading on today or on a later day."""
        now, day, indexes = count.total, count.day, count.indexes
        contract = count.contract or self.contract
        running = count.running or self.running
        seen = self.today.first, self.last.total, self.last.counter, self.readings, self.contract
        elapsed = now.time - self.last.time
        is_gap = elapsed > GAP
        if seen == (day, now.total, now.counter, indexes, contract) and not is_gap:
            return replace(self, last=now, if_behind=None, behind_since=None, running=running)
        is_change = self._is_change(count)
        if is_change and count.running in self.readings and count.running not in indexes:
            # The meter has set the index in force to another value, which is not believed at once: until it
            # is, the change goes on.
            contract, running = self.contract, self.running
        before_leap, leapt = self.before_leap, self.leapt
        if is_gap and self.behind_since is None and elapsed > self._leap:
            before_leap, leapt = replace(self, before_leap=None, leapt=None), now.time
        elif leapt is not None and now.time - leapt >= PATIENCE:
            before_leap = leapt = None
        today, yesterday, month, last_month = self._turned(day, is_gap=is_gap)
        # The indexes may not show the energy of a change.
        if elapsed > SHORT_CHANGE and self.last.offset != now.offset:
            today, month = (replace(span, is_complete=False) for span in (today, month))
        known: Mapping[str, int] = {}
        if self.last.counter == now.counter:  # another contract may have left an old reading
            known = self.readings
        before_change = self.last.total if is_change else self.before_change
        counted = self._rises(count, known, is_change=is_change, before_change=before_change)
        codes = self._codes(count, counted, is_change=is_change)
        periods: dict[str, int] = {}
        for label in (label for label in counted if label in codes):
            periods[codes[label]] = periods.get(codes[label], 0) + counted[label]
        more = now.total - self.last.total, counted, today.first, periods
        return DailyEnergy(
            today.plus(*more),
            yesterday,
            month.plus(*more),
            last_month,
            last=now,
            readings={**known, **indexes},
            codes=codes,
            before_leap=before_leap,
            leapt=leapt,
            contract=contract,
            running=running,
            before_change=before_change,
        )

    def _is_change(self, count: Count) -> bool:
        """True if the contract or the mode changed, or if the meter has set an index to another value."""
        if self.last.counter != count.total.counter:
            return True
        if None not in {self.contract, count.contract} and self.contract != count.contract:
            return True
        fallen = (label for label, index in count.indexes.items() if index < self.readings.get(label, index))
        return any(label != EXPORTED for label in fallen)

    def _rises(
        self, count: Count, known: Mapping[str, int], *, is_change: bool, before_change: int | None
    ) -> dict[str, int]:
        """Return the energy that each index counted since its `known` reading, by étiquette."""
        total = count.total.total
        rises: dict[str, int] = {}
        for label, index in count.indexes.items():
            earlier = known.get(label, index)
            if is_change and label not in known and index <= total - self.last.total:
                earlier = 0  # the index began with the contract
            rise = index - earlier
            if rise <= 0:
                continue
            # With a new contract, the meter may set its indexes to other values; some come frames later.
            if label != EXPORTED and before_change is not None and rise > total - before_change + MARGIN:
                continue
            rises[label] = rise
        if not is_change:
            return rises
        rest = total - self.last.total - sum(rises.values()) + rises.get(EXPORTED, 0)
        if self.running is not None and rest > 0 and count.total.time - self.last.time <= LONGEST_CHANGE:
            rises[self.running] = rises.get(self.running, 0) + rest
        return rises

    def _codes(self, count: Count, rises: Iterable[str], *, is_change: bool) -> dict[str, str]:
        """Return the tariff periods that the indexes counted when they last rose, by étiquette."""
        codes = dict(self.codes)
        for label in rises:
            # An index that is not in force now rose before the change.
            if is_change and label in codes and label != count.running:
                continue
            code = count.period_of(label)
            if code is not None:
                codes[label] = code.value
        return codes

    def _turned(
        self, day: date, *, is_gap: bool
    ) -> tuple[EnergySpan, EnergySpan | None, EnergySpan, EnergySpan | None]:
        """Return today, yesterday, this month and last month at the begin of `day`, which may be today."""
        if day == self.today.first:
            return self.today, self.yesterday, self.this_month, self.last_month
        today, yesterday = _turn(self.today, day, DAY, is_gap=is_gap)
        month, last_month = self.this_month, self.last_month
        if month_of(day) != month.first:
            # A contract costs its subscription also while no index is read.
            last_day = month_of(month.first + _LONGEST_MONTH) - DAY
            month = month.with_days(self.today.first, last_day)
            month, last_month = _turn(month, month_of(day), _LONGEST_MONTH, is_gap=is_gap)
        month = month.with_days(max(self.today.first, month.first - DAY), day)
        return today, yesterday, month, last_month


def month_of(day: date) -> date:
    """Return the first day of the month."""
    return day.replace(day=1)


def _sum(energies: Mapping[str, int], more: Mapping[str, int]) -> dict[str, int]:
    """Return the sum of two energies for each key."""
    return {**energies, **{key: energies.get(key, 0) + energy for key, energy in more.items()}}


def _turn(
    span: EnergySpan, first: date, longest: timedelta, *, is_gap: bool
) -> tuple[EnergySpan, EnergySpan | None]:
    """Return the span that begins on the later day `first`, and `span` if it is the span directly before."""
    begun = EnergySpan(first, is_complete=not is_gap, by_day={first: {}})
    if first - span.first > longest:
        return begun, None
    return begun, replace(span, is_complete=span.is_complete and not is_gap)
