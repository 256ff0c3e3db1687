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
            today=EnergySpan(day, by_day={day: {}}),
            yesterday=None,
            this_month=EnergySpan(month_of(day), by_day={day: {}}),
            last_month=None,
            last=count.total,
            readings=count.indexes,
            contract=count.contract,
            running=count.running,
        )

    def of_another_meter(self, first: ImportTotal) -> DailyEnergy:
        """Return the energies to continue with after an exchange; the `first` total adds nothing."""
        today = replace(self.today, is_complete=False)
        month = replace(self.this_month, is_complete=False)
        last = replace(first, time=self.last.time)
        return DailyEnergy(
            today=today,
            yesterday=self.yesterday,
            this_month=month,
            last_month=self.last_month,
            last=last,
            readings={},
        )

    def next(self, count: Count) -> DailyEnergy:
        """Return the energies after a reading."""
        if self.before_leap is not None and self._undoes_leap(self.before_leap, count.total.time):
            return self.before_leap.next(count)
        if count.day >= self.today.first:
            return self._plus(count)
        return self._plus_if_behind(count)

    def _undoes_leap(self, before_leap: DailyEnergy, now: datetime) -> bool:
        """True if the clock is set back to `now` by about as much as it leapt after `before_leap`."""
        if now < before_leap.last.time:
            return False
        set_back = self.last.time - now
        # Up to half of the leap may be time that really passed without a reading.
        least = max(GAP_AFTER, self._leap / 2)
        most = self._leap + GAP_AFTER
        return least < set_back <= most

    def _plus_if_behind(self, count: Count) -> DailyEnergy:
        """
        Return the energies after a reading on a day before today, at which the clock may be behind.

        The reading counts for today, until the clock has been behind for `PATIENCE`.
        """
        now = count.total.time
        since = self.behind_since
        if_right = self.if_behind
        # A clock that is set back again, to before `since`, must prove anew that it is right.
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
        """The total at the last reading whose indexes had keys, the contract being known."""
        if self.indexed is None:
            return self.last
        return self.indexed

    def _plus(self, count: Count) -> DailyEnergy:
        """Return the energies after a reading on today or on a later day."""
        now = count.total
        elapsed = now.time - self.last.time
        is_gap = elapsed > GAP_AFTER
        # Most readings change nothing but the time: this saves the work below.
        if not is_gap and self._is_repeated_by(count):
            return self._repeated(count)
        leap = self._leap_after(now.time)
        turned = self._turned(count.day, is_gap=is_gap)
        today = turned.today
        this_month = turned.this_month
        # Where the total goes on with another offset, it may lack the energy of the change.
        if elapsed > SHORT_CHANGE and self.last.offset != now.offset:
            today = replace(today, is_complete=False)
            this_month = replace(this_month, is_complete=False)
        imported = now.total - self.last.total
        indexed = self._with_indexes(count)
        after_indexes = indexed.after  # these energies, with the new indexes
        return replace(
            after_indexes,
            today=today.plus(imported, indexed.counted, day=today.first),
            yesterday=turned.yesterday,
            this_month=this_month.plus(imported, indexed.counted, day=today.first),
            last_month=turned.last_month,
            last=now,
            before_leap=leap.before,
            leapt=leap.to,
            if_behind=None,
            behind_since=None,
        )

    def _repeated(self, count: Count) -> DailyEnergy:
        """Return the energies after a reading that shows what the last one showed."""
        indexed = self.indexed
        if count.contract is not None:
            indexed = None
        return replace(
            self,
            last=count.total,
            indexed=indexed,
            if_behind=None,
            behind_since=None,
            running=count.running or self.running,
        )

    def _leap_after(self, now: datetime) -> _Leap:
        """Return the longest leap of the clock within `PATIENCE`: the one before, or that to `now`."""
        elapsed = now - self.last.time
        # After a time in which the clock was behind, a gap is no leap: the clock was corrected.
        if elapsed > GAP_AFTER and self.behind_since is None and elapsed > self._leap:
            return _Leap(before=replace(self, before_leap=None, leapt=None), to=now)
        if self.leapt is not None and now - self.leapt >= PATIENCE:
            return _Leap(None, None)
        return _Leap(self.before_leap, self.leapt)

    def _is_repeated_by(self, count: Count) -> bool:
        """True if a reading shows what the last one showed."""
        shown = count.total
        last = self.last
        return (
            shown.total == last.total
            and count.indexes == self.readings
            and count.day == self.today.first
            and shown.counter == last.counter
            and count.contract == self.contract
        )

    def _with_indexes(self, count: Count) -> _Indexed:
        """Return what the indexes counted since the last reading, and these energies with the new indexes."""
        if count.contract is None:
            return self._with_indexes_without_keys(count.indexes)
        contract = count.contract
        running = count.running or self.running
        before_change = self.before_change
        is_change = self._is_change(count)
        if is_change:
            before_change = self._indexed.total
            if count.running in self.readings and count.running not in count.indexes:
                # The meter has set the index in force to another value. The decoder holds that value back
                # until it has come often enough; until then the contract before goes on.
                contract = self.contract or count.contract
                running = self.running
        counted = self._counted(count, is_change=is_change, before_change=before_change)
        readings = dict(count.indexes)
        if self._indexed.counter == count.total.counter:
            # An index that is missing for a while goes on from its last reading. With another counter, the
            # mode or the contract is another one, and the indexes of that before are forgotten.
            readings = {**self.readings, **count.indexes}
        after = replace(
            self,
            readings=readings,
            indexed=None,
            contract=contract,
            running=running,
            before_change=before_change,
        )
        return _Indexed(counted, after)

    def _with_indexes_without_keys(self, indexes: Mapping[str, int]) -> _Indexed:
        """
        Return the same as `_with_indexes`, while the contract is unknown.

        The indexes have no keys yet, and their readings wait. Only the injected energy has its key always.
        """
        counted: dict[str, int] = {}
        readings = dict(self.readings)
        if EXPORTED in indexes:
            exported = indexes[EXPORTED]
            before = readings.get(EXPORTED, exported)
            counted[EXPORTED] = max(0, exported - before)
            readings[EXPORTED] = exported
        return _Indexed(counted, replace(self, readings=readings, indexed=self._indexed))

    def _is_change(self, count: Count) -> bool:
        """True if the contract or the mode changed, or if the meter has set an index to another value."""
        if self._indexed.counter != count.total.counter:
            return True
        if self.contract not in {None, count.contract}:
            return True
        for label, index in count.indexes.items():
            has_fallen = index < self.readings.get(label, index)
            if has_fallen and label != EXPORTED:
                return True
        return False

    def _counted(self, count: Count, *, is_change: bool, before_change: int | None) -> dict[str, int]:
        """Return the energy in Wh that each index counted since its last reading, by key."""
        counted = self._rises(count, is_change=is_change, before_change=before_change)
        if not is_change or count.total.time - self._indexed.time > LONGEST_CHANGE:
            return counted
        if self.running is None or self.contract is None:
            return counted
        # What the total drew during the change, and no index shows, is of the index in force before.
        drawn = count.total.total - self._indexed.total
        shown = sum(energy for key, energy in counted.items() if key != EXPORTED)
        unshown = drawn - shown
        if unshown > 0:
            key_before = index_key(self.running, self.contract)
            counted[key_before] = counted.get(key_before, 0) + unshown
        return counted

    def _rises(self, count: Count, *, is_change: bool, before_change: int | None) -> dict[str, int]:
        """
        Return the energy in Wh by which each index rose since its last reading, by key.

        With a new contract, the meter may set its indexes to other values, some of which come frames later.
        So no index may rise by more than the total since `before_change`; one that does counts nothing.
        """
        total = count.total.total
        drawn = total - self._indexed.total
        rises: dict[str, int] = {}
        for label, index in count.indexes.items():
            key = self._key(label, count, is_change=is_change)
            rise = index - self._earlier(label, index, key, drawn, is_change=is_change)
            if rise <= 0:
                continue
            if before_change is not None and label != EXPORTED:
                most = total - before_change + MARGIN
                if rise > most:
                    continue
            rises[key] = rises.get(key, 0) + rise
        return rises

    def _key(self, label: str, count: Count, *, is_change: bool) -> str:
        """Return the key under which an index has counted since its last reading."""
        # An index that is not in force now rose before the change, under the contract before.
        rose_before_change = is_change and label in self.readings and label != count.running
        if rose_before_change and self.contract is not None:
            return index_key(label, self.contract)
        return index_key(label, count.contract or "")

    def _earlier(self, label: str, index: int, key: str, drawn: int, *, is_change: bool) -> int:
        """
        Return the reading in Wh from which an index has counted under `key`.

        It is `index`, so that nothing counts, if that is the first reading and the index was not set to zero.
        `drawn` is the rise of the total in Wh since the last reading.
        """
        if label in self.readings:
            return self.readings[label]
        if not is_change:
            return index
        # After a change of mode, another étiquette may have counted the same: the index goes on from it.
        for earlier_label, reading in self.readings.items():
            earlier_key = index_key(earlier_label, self.contract or "")
            rise = index - reading
            if earlier_key == key and 0 <= rise <= drawn + MARGIN:
                return reading
        # The index may have begun at zero with the contract. If it shows more than was drawn, it holds the
        # energy of an earlier contract.
        if index <= drawn:
            return 0
        return index

    def _turned(self, day: date, *, is_gap: bool) -> DailyEnergy:
        """Return these energies at the begin of `day`: the same if that is today, else with a new today."""
        if day == self.today.first:
            return self
        today, yesterday = _turn(self.today, day, DAY, is_gap=is_gap)
        # The days without a reading are added too: they cost their share of the subscription.
        last_read_day = self.today.first
        first_of_month = month_of(day)
        last_month = self.last_month
        if first_of_month == self.this_month.first:
            this_month = self.this_month.with_days(after=last_read_day, until=day)
        else:
            last_day = _last_of_month(self.this_month.first)
            ended = self.this_month.with_days(after=last_read_day, until=last_day)
            begun, last_month = _turn(ended, first_of_month, _LONGEST_MONTH, is_gap=is_gap)
            this_month = begun.with_days(after=first_of_month - DAY, until=day)
        return replace(self, today=today, yesterday=yesterday, this_month=this_month, last_month=last_month)


@dataclass(frozen=True, slots=True)
class _Leap:
    """The energies `before` a leap of the clock, and the time `to` which it leapt; None without a leap."""

    before: DailyEnergy | None
    to: datetime | None


@dataclass(frozen=True, slots=True)
class _Indexed:
    """The energy that the indexes `counted` since their last readings, by key, and what comes `after` it."""

    counted: Mapping[str, int]
    after: DailyEnergy


def _last_of_month(first: date) -> date:
    """Return the last day of a month, from its first day."""
    first_of_next = month_of(first + _LONGEST_MONTH)  # 31 days later is always in the next month
    return first_of_next - DAY


def _turn(
    span: EnergySpan, first: date, longest: timedelta, *, is_gap: bool
) -> tuple[EnergySpan, EnergySpan | None]:
    """
    Return the span that begins on the later day `first`, and `span`, which ends then.

    The latter is None if another span was between: no span is longer than `longest`. With `is_gap`, nothing
    was read for so long around the turn that neither span is complete.
    """
    begun = EnergySpan(first, is_complete=not is_gap, by_day={first: {}})
    if first - span.first > longest:
        return begun, None
    ended = replace(span, is_complete=span.is_complete and not is_gap)
    return begun, ended
