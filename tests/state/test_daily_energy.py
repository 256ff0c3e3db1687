"""The energies of days and months: those of the indexes, through restarts, changes and gaps."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo.state.daily_energy import Count, DailyEnergy
from teleinfo.state.energy_span import month_of
from teleinfo.state.import_total import ImportTotal
from teleinfo.state.memory import Memory, encode, from_json
from teleinfo.tic.labels import Mode
from teleinfo.tic.reading import Reading
from tests.state.documents import VALIDATOR
from tests.state.golden import tracker
from tests.state.test_tracker import NUMBER, historique, standard
from tests.support.judged import moment

if TYPE_CHECKING:
    from collections.abc import Callable

    from teleinfo.state.prices import DatedPrices, Prices
    from teleinfo.state.tracker import StateTracker

PARIS = ZoneInfo("Europe/Paris")
UTC = dt.UTC
SPANS = ("today", "yesterday", "this_month", "last_month")


def paris(*parts: int) -> dt.datetime:
    """Return a time in France."""
    return dt.datetime(*parts, tzinfo=PARIS)  # type: ignore[arg-type,misc]  # no part is a zone


class House:
    """
    A house that draws a constant power, and the tracker that follows its meter, from `at` on.

    `reading` makes a frame of the Wh drawn so far; `zone` is that of the machine.
    """

    def __init__(
        self,
        at: dt.datetime,
        reading: Callable[[int], Reading],
        zone: dt.tzinfo = UTC,
        prices: Prices | DatedPrices | None = None,
    ) -> None:
        self.at = at.astimezone(UTC)
        self.reading = reading
        self.wrong = dt.timedelta()
        self._zone = zone
        self._drawn = 0.0
        self._seconds = 0.0
        self._prices = prices
        self.tracker: StateTracker = tracker(prices=prices)
        self.clock_was_ahead: dt.timedelta | None = None
        self.read()

    def read(self) -> None:
        """Read a frame at the present moment, by the clock of the machine, which may be `wrong`."""
        time = (self.at + self.wrong).astimezone(self._zone).isoformat()
        self.tracker.update(self.reading(round(self._drawn)), moment(self._seconds, time))
        self.clock_was_ahead = self.tracker.take_clock_was_ahead() or self.clock_was_ahead

    def off(self, until: dt.datetime, *, watts: int) -> None:
        """Let the household draw until a moment; send no reading."""
        until = until.astimezone(UTC)
        elapsed = (until - self.at).total_seconds()
        self.at = until
        self._seconds += elapsed
        self._drawn += watts * elapsed / 3600

    def run(self, until: dt.datetime, *, watts: int = 1000, every: int = 60) -> None:
        """Draw until a moment, and read `every` so many seconds."""
        until = until.astimezone(UTC)
        while self.at < until:
            next_frame = min(self.at + dt.timedelta(seconds=every), until)
            self.off(next_frame, watts=watts)
            self.read()

    def restart(self, memory: Memory | None = None, prices: Prices | DatedPrices | None = None) -> None:
        """Follow the meter with a new process, which knows the latest memory, or an older one."""
        self._prices = prices or self._prices
        kept = memory or self.tracker.memory()
        assert kept is not None
        found = from_json(json.loads(encode(kept)))
        assert found == kept
        self.tracker = tracker(prices=self._prices)
        self.tracker.restore(found)

    @property
    def state(self) -> Any:  # noqa: ANN401 - a message
        """The state at the present moment."""
        state = self.tracker.state(moment(self._seconds))
        VALIDATOR.validate(json.loads(json.dumps(state)))
        return state

    @property
    def energy(self) -> Any:  # noqa: ANN401 - a part of the message
        """The energies in the state."""
        return self.state["energy"]

    def imported(self) -> list[int | None]:
        """Return the energy drawn today, yesterday, this month and last month."""
        energy = self.energy
        return [energy[span]["imported"] for span in SPANS]

    def is_complete(self) -> list[bool | None]:
        """Return True for each of the four that is complete."""
        energy = self.energy
        return [energy[span]["complete"] for span in SPANS]


def base(drawn: int) -> Reading:
    """Return a frame of a contract without periods."""
    return historique(ADCO=NUMBER, OPTARIF="BASE", ISOUSC="60", BASE=f"{1_000_000 + drawn:09}")


def hc(drawn: int) -> Reading:
    """Return a frame of a contract with two periods, a quarter of the energy in the first."""
    low = drawn // 4
    indexes = {"HCHC": f"{500_000 + low:09}", "HCHP": f"{500_000 + drawn - low:09}"}
    return historique(ADCO=NUMBER, OPTARIF="HC", ISOUSC="60", **indexes)


def producer(drawn: int) -> Reading:
    """Return a frame of a meter that has injected twice as much as it drew."""
    return standard(EAST=f"{1_000_000 + drawn:09}", EAIT=f"{2 * drawn:09}")


def test_the_days_are_those_of_france_whatever_the_zone_of_the_machine() -> None:
    """A machine in UTC or in Tokyo has the midnight of France."""
    for zone in (UTC, PARIS, ZoneInfo("Asia/Tokyo")):
        house = House(paris(2026, 6, 9, 23, 0), base, zone)
        house.run(paris(2026, 6, 10, 0, 30))

        assert house.imported() == [500 + 17, 1000 - 17, 1500, None]
        assert house.is_complete() == [True, False, False, None]


def test_a_meter_of_the_overseas_islands_has_the_days_of_the_machine() -> None:
    def overseas(drawn: int) -> Reading:
        return historique(ADCO="041986123456", OPTARIF="BASE", ISOUSC="60", BASE=f"{drawn:09}")

    reunion = ZoneInfo("Indian/Reunion")
    house = House(dt.datetime(2026, 6, 9, 23, tzinfo=reunion), overseas, reunion)
    house.run(dt.datetime(2026, 6, 10, 1, tzinfo=reunion), watts=600)

    assert house.imported()[:2] == [600 + 10, 600 - 10]


@pytest.mark.parametrize(("month", "day", "hours"), [(3, 29, 23), (10, 25, 25), (6, 10, 24)])
def test_a_day_on_which_the_clock_changes_has_23_or_25_hours(month: int, day: int, hours: int) -> None:
    """A kilowatt for the whole day is that many kWh."""
    house = House(paris(2026, month, day - 1, 22), base)
    house.run(paris(2026, month, day + 1, 0))
    house.run(paris(2026, month, day + 1, 1))

    assert house.energy["yesterday"]["imported"] == hours * 1000
    assert house.energy["yesterday"]["complete"] is True


@pytest.mark.parametrize(("minutes", "complete"), [(4, True), (5, True), (6, False)])
def test_a_gap_at_midnight_makes_both_days_incomplete(minutes: int, *, complete: bool) -> None:
    """The energy of the gap counts for the new day; up to five minutes it is the error of both days."""
    house = House(paris(2026, 6, 8, 12), base)
    house.run(paris(2026, 6, 9, 23, 58), every=120)
    house.off(house.at + dt.timedelta(minutes=minutes), watts=60_000 // minutes)
    house.read()

    assert house.imported()[:2] == [1000, 24_000]
    assert house.is_complete()[:2] == [complete, complete]


@pytest.mark.parametrize(
    ("month", "day", "imported"), [(6, 10, [42_000, None, 48_000, None]), (8, 1, [1_290_000, None] * 2)]
)
def test_a_day_or_a_month_without_a_reading_is_unknown(
    month: int, day: int, imported: list[int | None]
) -> None:
    house = House(paris(2026, 6, 8, 12), base)
    house.run(paris(2026, 6, 8, 18))
    house.off(paris(2026, month, day, 12), watts=1000)
    house.restart()
    house.read()

    assert house.imported() == imported
    assert house.is_complete() == [False, None, False, None]


@pytest.mark.parametrize("restarted", [False, True])
def test_the_days_go_on_with_another_meter(*, restarted: bool) -> None:
    """The household has drawn both; what was drawn during the exchange is unknown, so neither is complete."""
    house = House(paris(2026, 6, 8, 12), base)
    house.run(paris(2026, 6, 9, 12))
    if restarted:
        house.restart()
    house.reading = lambda drawn: historique(ADCO="041961654321", OPTARIF="BASE", BASE=f"{drawn:09}")
    house.run(paris(2026, 6, 9, 13))
    today, yesterday, month, _ = house.imported()

    assert yesterday == 11_983
    assert today == pytest.approx(13_000, abs=90)
    assert (yesterday or 0) + (today or 0) == month
    assert house.is_complete() == [False, False, False, None]
    house.run(paris(2026, 6, 10, 1))
    assert house.is_complete()[:2] == [True, False]


@pytest.mark.parametrize(("minutes", "complete"), [(0, True), (1, True), (3, False), (300, False)])
def test_energy_that_no_index_shows_makes_the_day_incomplete(minutes: int, *, complete: bool) -> None:
    """The new contract counts from an index that holds other energy, and the machine was off meanwhile."""
    house = House(paris(2026, 6, 8, 12), base)
    house.run(paris(2026, 6, 9, 6), every=120)
    begin = paris(2026, 6, 9, 6) + dt.timedelta(minutes=minutes)
    house.off(begin, watts=1000)
    house.reading = lambda drawn: hc(drawn + 90_000_000)
    house.run(begin + dt.timedelta(hours=1), every=20)

    assert house.energy["today"]["complete"] is complete


def test_a_contract_that_comes_back_counts_from_its_present_reading() -> None:
    house = House(paris(2026, 6, 8, 12), hc)
    house.run(paris(2026, 6, 9, 6), every=120)
    for reading, hour in ((base, 8), (hc, 10)):
        house.reading = reading
        house.run(paris(2026, 6, 9, hour), every=120)
    indexes = house.energy["today"]["indexes"]

    assert indexes["HC"] + indexes["HP"] == 6000 + 2000 + 33 - 67


def test_an_index_that_is_damaged_for_minutes_loses_nothing() -> None:
    """It counts from its last reading when it is read again."""
    house = House(paris(2026, 6, 8, 12), producer)
    house.reading = lambda drawn: standard(EAST=f"{1_000_000 + drawn:09}")
    house.run(paris(2026, 6, 8, 13))
    house.reading = producer
    house.run(paris(2026, 6, 8, 14))

    assert house.energy["today"]["exported"] == 4000


def test_what_is_injected_counts_before_the_contract_is_known() -> None:
    """It has the same key in every contract; what is drawn has none yet, and is only in the sum."""

    def without_contract(drawn: int) -> Reading:
        return Reading(
            Mode.STANDARD, {key: text for key, text in producer(drawn).values.items() if key != "NGTF"}
        )

    house = House(paris(2026, 6, 8, 12), without_contract)
    house.run(paris(2026, 6, 8, 13))
    today = house.energy["today"]
    assert (today["imported"], today["exported"], today.get("indexes")) == (1000, 2000, None)
    house.reading = producer
    house.run(paris(2026, 6, 8, 14))

    assert house.energy["today"]["exported"] == 4000


def test_a_change_of_mode_before_the_contract_is_known_loses_nothing() -> None:
    """The index of historique has the same key as that of standard, which goes on from it."""
    at = paris(2026, 6, 8, 12)
    day = dt.date(2026, 6, 8)
    energy = DailyEnergy.begin(Count(ImportTotal("BASE", 1000, 0, at), day, {"BASE": 1000}))
    later = at + dt.timedelta(minutes=1)
    total = ImportTotal("EAST", 1500, 0, later)
    after = energy.next(Count(total, day, {"EASF01": 1500}, "BASE", "EASF01"))

    assert after.today.counted == {"TH": 500}


def test_an_index_that_begins_again_loses_nothing() -> None:
    """In standard a new contract may set the index of a supplier to zero; EAST goes on."""
    house = House(
        paris(2026, 6, 8, 12), lambda drawn: standard(EAST=f"{drawn:09}", EASF01=f"{drawn + 900:09}")
    )
    house.run(paris(2026, 6, 8, 13))
    house.reading = lambda drawn: standard(EAST=f"{drawn:09}", EASF01=f"{drawn - 1000:09}")
    house.run(paris(2026, 6, 8, 14))

    assert house.energy["today"]["imported"] == 2000
    assert house.energy["today"]["indexes"]["TH"] == 2000


NOON = paris(2026, 6, 10, 12)
NIGHT = paris(2026, 6, 10, 23, 55)
END = paris(2026, 6, 30, 23, 55)
EVENING = paris(2026, 6, 30, 20)
DRAWN_MEANWHILE = 1100
"""Wh that the household draws in the longest wrong time, 60 minutes, and until the next frame."""


@pytest.mark.parametrize(
    ("at", "days", "minutes", "restarted"),
    [
        (NOON, 1, 10, True),
        (NOON, -100, 60, False),
        (NIGHT, 40, 60, False),
        (NIGHT, -1, 10, True),
        (END, 365, 10, True),
        (END, -1, 60, False),
        (EVENING, 3 / 24, 90, True),
    ],
)
def test_a_clock_that_is_wrong_for_a_while_loses_nothing(
    at: dt.datetime, days: float, minutes: int, *, restarted: bool
) -> None:
    """It is wrong in either direction, at the start too: what is drawn over midnight meanwhile has no day."""
    house, right = (House(at - dt.timedelta(hours=26), base) for _ in range(2))
    house.run(at, every=240)
    if restarted:
        house.restart()
    house.wrong = dt.timedelta(days=days)
    house.run(at + dt.timedelta(minutes=minutes))
    house.wrong = dt.timedelta()
    passes_midnight = at in {NIGHT, END}
    corrected = at + dt.timedelta(minutes=minutes + 1)
    for end in (corrected, at + dt.timedelta(days=2)):
        house.run(end, every=240)
        right.run(house.at, every=240)

        if passes_midnight:
            # What is drawn in the wrong hour, and until the next frame, may be in the day beside its own.
            assert house.imported() == pytest.approx(right.imported(), abs=DRAWN_MEANWHILE)
        else:
            assert house.imported() == right.imported()
            assert house.is_complete() == right.is_complete()
        if passes_midnight and end == corrected:
            today, yesterday, this_month, last_month = (energy or 0 for energy in house.imported())
            right_today, right_yesterday, right_month, right_last = (wh or 0 for wh in right.imported())
            assert today + yesterday == right_today + right_yesterday
            assert this_month + last_month == right_month + right_last
    expected = dt.timedelta(days=days, minutes=-1) if days > 0 else None  # a frame comes each minute
    assert house.clock_was_ahead == expected


def test_a_clock_that_was_ahead_until_after_midnight_makes_both_days_incomplete() -> None:
    house = House(EVENING - dt.timedelta(days=40), base)
    house.run(EVENING, every=240)
    house.wrong = dt.timedelta(hours=3)
    house.run(EVENING + dt.timedelta(hours=7), every=240)
    house.wrong = dt.timedelta()
    house.read()

    assert house.is_complete() == [False] * 4


def test_a_clock_that_was_ahead_since_the_first_start_is_believed_after_a_day() -> None:
    house = House(paris(2027, 7, 13, 12), base)
    house.run(paris(2027, 7, 13, 13))
    house.wrong = dt.timedelta(days=-400)
    house.run(paris(2027, 7, 14, 6), every=240)
    house.restart()
    house.run(paris(2027, 7, 14, 12), every=240)
    assert house.imported()[0] == 24_000
    house.run(paris(2027, 7, 14, 20), every=240)

    assert house.imported()[:3] == pytest.approx([20_000, 11_000, 31_000], abs=140)
    assert house.is_complete() == [True, False, False, None]


def test_a_long_absence_is_no_clock_that_was_ahead() -> None:
    """A machine that was off for a month, and whose clock is a day behind for a while after its start."""
    house = House(paris(2026, 5, 1, 12), base)
    house.off(paris(2026, 6, 10, 12), watts=1000)
    house.restart()
    house.run(paris(2026, 6, 10, 13))
    house.wrong = dt.timedelta(days=-1)
    house.run(paris(2026, 6, 10, 14))
    house.wrong = dt.timedelta()
    house.run(paris(2026, 6, 11, 1), every=120)

    assert house.imported()[0] == 1033
    assert house.clock_was_ahead is None


def test_a_clock_behind_the_reading_before_an_absence_undoes_no_leap() -> None:
    """The clock is two months behind for an hour, after a month in which the machine was off."""
    house = House(paris(2026, 5, 1, 12), base)
    house.off(paris(2026, 6, 10, 12), watts=1000)
    house.run(paris(2026, 6, 10, 13))
    house.wrong = dt.timedelta(days=-60)
    house.run(paris(2026, 6, 10, 14))
    house.wrong = dt.timedelta()
    house.run(paris(2026, 6, 10, 15))

    assert house.clock_was_ahead is None
    assert house.imported()[0] == (40 * 24 + 3) * 1000


def test_a_short_gap_is_no_clock_that_was_ahead() -> None:
    """After midnight the clock is behind, by more than the gap at noon lasted: the day goes on."""
    house = House(NOON - dt.timedelta(days=1), base)
    house.run(NOON, every=240)
    house.off(NOON + dt.timedelta(minutes=10), watts=1000)
    house.run(NOON + dt.timedelta(hours=12.1), every=120)
    house.wrong = dt.timedelta(minutes=-40)
    house.read()

    assert house.energy["today"]["imported"] < 1000


STEPS = st.lists(
    st.tuples(
        st.sampled_from([2, 240, 3600, 86_400, 40 * 86_400, -2, -7200, -86_400, -40 * 86_400]),
        st.integers(0, 5000),
        st.sampled_from(["EAST", "BASE"]),
        st.sampled_from([None, "BASE", "HC SEM WE MERCR"]),
        st.booleans(),
    ),
    max_size=30,
)


# 2020 to 2029, in UTC: a time of France in the hour that comes twice equals none of another zone (PEP 495).
@given(st.integers(1_577_836_800, 1_893_456_000).map(lambda at: dt.datetime.fromtimestamp(at, dt.UTC)), STEPS)
def test_whatever_the_clock_does_no_energy_is_lost(
    start: dt.datetime, steps: list[tuple[int, int, str, str | None, bool]]
) -> None:
    """While the clock is not set back by much, each rise is added to its day and to its month."""
    at = start
    total = ImportTotal("EAST", 0, 0, start)
    energy = DailyEnergy.begin(Count(total, at.astimezone(PARIS).date(), {"BASE": 0}, "BASE"))
    for seconds, rise, counter, contract, is_written in steps:
        before = energy
        at += dt.timedelta(seconds=seconds)
        total = ImportTotal(counter, total.index + rise, 0, at)
        day_of_reading = at.astimezone(PARIS).date()
        energy = energy.next(Count(total, day_of_reading, {"BASE": total.index}, contract))
        day = energy.today.first
        month = energy.this_month.first
        assert month == month_of(day)
        assert energy.last == total
        if day >= before.today.first and seconds >= -2:
            earlier_today = before.today.imported if day == before.today.first else 0
            earlier_this_month = before.this_month.imported if month == before.this_month.first else 0
            assert energy.today.imported == earlier_today + rise
            assert energy.this_month.imported == earlier_this_month + rise
        if energy.yesterday is not None:
            assert energy.yesterday.first == day - dt.timedelta(days=1)
        if energy.last_month is not None:
            assert energy.last_month.first == month_of(month - dt.timedelta(days=1))
        if is_written:
            memory = Memory(NUMBER, at, total, daily_energy=energy)
            assert from_json(json.loads(encode(memory))) == memory
