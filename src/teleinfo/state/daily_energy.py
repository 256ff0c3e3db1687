"""
The energy of today, yesterday, this month and last month.

Pure: the times come with the readings.

Days are those of France, 23 or 25 hours long when the clock changes. An energy is the difference of two
readings of an index. So only the readings around midnight matter, and a restart in the course of a day loses
nothing.

- The energy between the last reading of a day and the first reading of a later day counts for the later day.
- If more than `GAP_AFTER` lies between these two readings, there is a gap: the energy cannot be divided
  between the days, and neither day is complete. The same holds for months.
- A day or a month that began before the first reading is not complete.
- An index that fell, or was not sent before, counts from its present reading.
- An energy is kept under the key that its index had while it counted (`tariffs.index_key`). Before the
  contract is known an index has no key: its energy counts once the contract is known, that of the total now.
- When the mode changes, an index goes on from the reading of the index with the same key.
- When the contract or the mode changes, the energy that the total drew meanwhile, and that no index shows,
  counts for the index that was in force before. Within `LONGEST_CHANGE` it is a matter of cents which of the
  two contracts it belongs to.
- When the meter is replaced, the days go on with the new meter, and are not complete.

The clock of the machine may be wrong: a Raspberry Pi without a network starts in the past.

- A clock that is behind: while the day of the readings is before today, they count for today. After
  `PATIENCE` the clock is believed.
- A clock that was ahead: the energies before a leap of the clock are kept for `PATIENCE`. When the clock is
  set back by about as much, they go on, and lose nothing, since energies are differences of readings.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - `typed_json` reads the types
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final, Literal, TypeAlias

from teleinfo.state.energy_span import EXPORTED, EnergySpan, month_of
from teleinfo.state.import_total import MARGIN, ImportTotal
from teleinfo.state.tariffs import index_key
from teleinfo.vocabulary.moment import DAY

GAP_AFTER: Final = timedelta(minutes=5)
"""The longest time without a reading at midnight after which the days are still complete."""

LONGEST_CHANGE: Final = timedelta(minutes=15)
"""The longest change of contract or mode whose energy is given to one index: the meter may be silent."""

SHORT_CHANGE: Final = timedelta(minutes=2)
"""The longest change of index after which a day is complete, although the total may lack its energy."""

PATIENCE: Final = timedelta(days=1)
"""Time after which a clock that leapt is believed."""

SpanName: TypeAlias = Literal["today", "yesterday", "this_month", "last_month"]
"""The days and months whose energy is published."""

SPANS: Final[tuple[SpanName, ...]] = ("today", "yesterday", "this_month", "last_month")

_LONGEST_MONTH: Final = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class Count:
    """
    What a reading on `day` counts: the `total`, and the `indexes` by étiquette.

    `contract` is the contract (`tariffs.contract_identity`), `running` the étiquette of the index in force;
    each is None while it is unknown.
    """

    total: ImportTotal
    day: date
    indexes: Mapping[str, int]
    contract: str | None = None
    running: str | None = None


@dataclass(frozen=True, slots=True)
class DailyEnergy:
    """
    The energies until the reading `last`; `yesterday` and `last_month` are None while they are unknown.

    `readings` are the indexes of the last reading with a known contract, by étiquette; `indexed` is its
    total, None if that is `last`. `contract` and `running` are the last that a `Count` knew; `before_change`
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
    indexed: ImportTotal | None = None
    before_leap: DailyEnergy | None = None
    leapt: datetime | None = None
    if_behind: DailyEnergy | None = None
    behind_since: datetime | None = None
    contract: str | None = None
    running: str | None = None
    before_change: int | None = None

    def span(self, name: SpanName) -> EnergySpan | None:
        """Return the energy of a day or a month; None while it is unknown."""
        if name == "today":
            return self.today
        if name == "yesterday":
            return self.yesterday
        if name == "this_month":
            return self.this_month
        return self.last_month

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
        today = replace(self.today, is_complete=False)
        month = replace(self.this_month, is_complete=False)
        last = replace(first, time=self.last.time)
        return DailyEnergy(today, self.yesterday, month, self.last_month, last, {})

    def next(self, count: Count) -> DailyEnergy:
        """Return the energies after a reading."""
        if self.before_leap is not None and self._undoes_leap(count.total.time):
            return self.before_leap.next(count)
        if count.day >= self.today.first:
            return self._plus(count)
        return self._plus_if_behind(count)

    def _undoes_leap(self, now: datetime) -> bool:
        """True if the clock is set back at a reading by about as much as it leapt."""
        if self.before_leap is None or self.before_leap.last.time > now:
            return False
        set_back = self.last.time - now
        return max(GAP_AFTER, self._leap / 2) < set_back <= self._leap + GAP_AFTER

    def _plus_if_behind(self, count: Count) -> DailyEnergy:
        """Return the energies after a reading on a day before today, at which the clock may be behind."""
        now = count.total.time
        since = self.behind_since
        if_right = self.if_behind
        if since is None or if_right is None or now < since:
            since = now
            if_right = DailyEnergy.begin(count)
        if_right = if_right.next(count)
        if now - since >= PATIENCE:
            return if_right
        as_today = self._plus(replace(count, day=self.today.first))
        return replace(as_today, if_behind=if_right, behind_since=since)

    @property
    def _leap(self) -> timedelta:
        """The time by which the clock leapt, or that passed without a reading."""
        if self.before_leap is None or self.leapt is None:
            return timedelta()
        return self.leapt - self.before_leap.last.time

    @property
    def _indexed(self) -> ImportTotal:
        """The total when the indexes were read last while the contract was known."""
        return self.last if self.indexed is None else self.indexed

    def _plus(self, count: Count) -> DailyEnergy:
        """Return the energies after a reading on today or on a later day."""
        now = count.total
        elapsed = now.time - self.last.time
        is_gap = elapsed > GAP_AFTER
        if not is_gap and self._is_repeated_by(count):
            return replace(
                self,
                last=now,
                indexed=self.indexed if count.contract is None else None,
                if_behind=None,
                behind_since=None,
                running=count.running or self.running,
            )
        before_leap = self.before_leap
        leapt = self.leapt
        if is_gap and self.behind_since is None and elapsed > self._leap:
            before_leap = replace(self, before_leap=None, leapt=None)
            leapt = now.time
        elif leapt is not None and now.time - leapt >= PATIENCE:
            before_leap = None
            leapt = None
        today, yesterday, month, last_month = self._turned(count.day, is_gap=is_gap)
        # The indexes may not show the energy of a change.
        if elapsed > SHORT_CHANGE and self.last.offset != now.offset:
            today = replace(today, is_complete=False)
            month = replace(month, is_complete=False)
        indexed = self._with_indexes(count)
        imported = now.total - self.last.total
        return replace(
            indexed.after,
            today=today.plus(imported, indexed.counted, today.first),
            yesterday=yesterday,
            this_month=month.plus(imported, indexed.counted, today.first),
            last_month=last_month,
            last=now,
            before_leap=before_leap,
            leapt=leapt,
            if_behind=None,
            behind_since=None,
        )

    def _is_repeated_by(self, count: Count) -> bool:
        """True if a reading shows what the last one showed."""
        return (
            self.last.total == count.total.total
            and self.readings == count.indexes
            and self.today.first == count.day
            and self.last.counter == count.total.counter
            and self.contract == count.contract
        )

    def _with_indexes(self, count: Count) -> _Indexed:
        """Return what the indexes counted since the last reading, and these energies with the new indexes."""
        indexes = count.indexes
        if count.contract is None:
            # The indexes have no keys yet: they wait. The injected energy has the same key always.
            counted: dict[str, int] = {}
            readings = dict(self.readings)
            if EXPORTED in indexes:
                rise = indexes[EXPORTED] - readings.get(EXPORTED, indexes[EXPORTED])
                counted[EXPORTED] = max(0, rise)
                readings[EXPORTED] = indexes[EXPORTED]
            return _Indexed(counted, replace(self, readings=readings, indexed=self._indexed))
        is_change = self._is_change(count)
        contract = count.contract
        running = count.running or self.running
        if is_change and count.running in self.readings and count.running not in indexes:
            # The meter has set the index in force to another value, which is not believed at once: until it
            # is, the change goes on.
            contract = self.contract or count.contract
            running = self.running
        before_change = self._indexed.total if is_change else self.before_change
        counted = self._counted(count, is_change=is_change, before_change=before_change)
        readings = dict(indexes)
        if self._indexed.counter == count.total.counter:  # another contract may have left an old reading
            readings = {**self.readings, **indexes}
        after = replace(
            self,
            readings=readings,
            indexed=None,
            contract=contract,
            running=running,
            before_change=before_change,
        )
        return _Indexed(counted, after)

    def _is_change(self, count: Count) -> bool:
        """True if the contract or the mode changed, or if the meter has set an index to another value."""
        if self._indexed.counter != count.total.counter:
            return True
        if self.contract not in {None, count.contract}:
            return True
        for label, index in count.indexes.items():
            if label != EXPORTED and index < self.readings.get(label, index):
                return True
        return False

    def _counted(self, count: Count, *, is_change: bool, before_change: int | None) -> dict[str, int]:
        """Return the energy that each index counted since its last reading, by key."""
        total = count.total.total
        drawn = total - self._indexed.total
        counted: dict[str, int] = {}
        for label, index in count.indexes.items():
            key = self._key(label, count, is_change=is_change)
            earlier = self._earlier(label, index, key, drawn, is_change=is_change)
            rise = index - earlier
            if rise <= 0:
                continue
            # With a new contract, the meter may set its indexes to other values; some come frames later.
            if label != EXPORTED and before_change is not None and rise > total - before_change + MARGIN:
                continue
            counted[key] = counted.get(key, 0) + rise
        if not is_change:
            return counted
        rest = drawn - sum(energy for key, energy in counted.items() if key != EXPORTED)
        if rest <= 0 or count.total.time - self._indexed.time > LONGEST_CHANGE:
            return counted
        if self.running is not None and self.contract is not None:
            running = index_key(self.running, self.contract)
            counted[running] = counted.get(running, 0) + rest
        return counted

    def _key(self, label: str, count: Count, *, is_change: bool) -> str:
        """Return the key under which an index has counted."""
        # An index that is not in force now rose before the change.
        if is_change and self.contract is not None and label in self.readings and label != count.running:
            return index_key(label, self.contract)
        return index_key(label, count.contract or "")

    def _earlier(self, label: str, index: int, key: str, drawn: int, *, is_change: bool) -> int:
        """Return the reading from which an index has counted; `drawn` is the rise of the total, Wh."""
        if label in self.readings:
            return self.readings[label]
        if not is_change:
            return index  # its first reading
        for former, reading in self.readings.items():
            # The mode changed, and not what the index counts.
            is_same = index_key(former, self.contract or "") == key
            if is_same and 0 <= index - reading <= drawn + MARGIN:
                return reading
        # The index began with the contract, or it holds the energy of an earlier one.
        return 0 if index <= drawn else index

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


@dataclass(frozen=True, slots=True)
class _Indexed:
    """The energy that the indexes `counted` since their last readings, by key, and what comes `after` it."""

    counted: Mapping[str, int]
    after: DailyEnergy


def _turn(
    span: EnergySpan, first: date, longest: timedelta, *, is_gap: bool
) -> tuple[EnergySpan, EnergySpan | None]:
    """Return the span that begins on the later day `first`, and `span` if it is the span directly before."""
    begun = EnergySpan(first, is_complete=not is_gap, by_day={first: {}})
    if first - span.first > longest:
        return begun, None
    return begun, replace(span, is_complete=span.is_complete and not is_gap)
