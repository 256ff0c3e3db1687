"""Off-peak hours are learned from what was seen, and only from that."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from teleinfo.state.hours_learner import Learner
from teleinfo.state.learned_hours import Change, LearnedHours, Slots, learn, next_change
from teleinfo.tic.horodate import PARIS
from teleinfo.vocabulary.moment import Moment

NIGHT: Slots = ((390, "HP"), (1350, "HC"))
NOON: Slots = ((90, "HC"), (420, "HP"), (750, "HC"), (840, "HP"))
FIRST = date(2026, 1, 12)


def at(day: int, minute: int, month: int = 1) -> datetime:
    """Return the time of this minute of a day of 2026."""
    return datetime(2026, month, day, minute // 60, minute % 60, tzinfo=PARIS)


def changes(slots: Slots, days: range) -> tuple[Change, ...]:
    """Return the changes of these days of January."""
    return tuple(Change(at(day, minute), period) for day in days for minute, period in slots)


MISSED = tuple(change for change in changes(NIGHT, range(12, 20)) if change.at.day not in {13, 15})
LATE_CLOCK = tuple(
    Change(change.at + timedelta(minutes=change.at.day % 3), change.period)
    for change in changes(NIGHT, range(12, 20))
)


@pytest.mark.parametrize(
    ("seen", "learned"),
    [
        (changes(NIGHT, range(12, 20)), NIGHT),
        (changes(NIGHT, range(12, 18)), ()),  # six days
        ((*changes(NIGHT, range(12, 20)), Change(at(14, 600), "HC")), NIGHT),  # once: an accident
        ((*changes(NIGHT, range(12, 20)), *changes(((600, "HC"),), range(12, 14))), ()),
        (changes(((1350, "HC"),), range(12, 20)), ()),  # what ends it is never seen
        ((*changes(NOON, range(1, 11)), *changes(NIGHT, range(12, 20))), NIGHT),  # long ago
        (MISSED, ()),  # six days are left
        (LATE_CLOCK, ((391, "HP"), (1351, "HC"))),  # the last one counts
        (tuple(Change(at(day, 60 * (day - 11)), "HC") for day in range(12, 20)), ()),  # each day another hour
        ((), ()),
    ],
)
def test_slots_are_what_the_changes_of_seven_days_prove(seen: tuple[Change, ...], learned: Slots) -> None:
    assert learn(seen, date(2026, 1, 19)) == learned


@pytest.mark.parametrize(
    ("now", "present", "expected"),
    [
        (at(14, 720), "HP", (at(14, 1350), "HC")),
        (at(14, 1400), "HC", (at(15, 390), "HP")),
        (at(14, 1351), "HP", (at(14, 1350), "HC")),  # the frame shows the change a minute late
        (at(14, 1349), "HC", (at(15, 390), "HP")),  # the frame showed the change a minute early
        (at(14, 720), "HC", None),
        (at(14, 720), None, None),
        (at(28, 1400, month=3), "HC", (at(29, 390, month=3), "HP")),
    ],
)
def test_the_next_change_follows_from_the_slots(
    now: datetime, present: str | None, expected: tuple[datetime, str] | None
) -> None:
    assert next_change((NIGHT, NIGHT, NIGHT), now, present) == expected


def test_a_change_just_before_midnight_may_come_after_it() -> None:
    slots: Slots = ((360, "HP"), (1439, "HC"))

    assert next_change((slots, slots, slots), at(15, 0), "HP") == (at(14, 1439), "HC")
    assert next_change(((), (), ()), at(15, 0), "HP") is None


class Followed:
    """A learner that gets a frame every minute of the days of January."""

    def __init__(self) -> None:
        self.learner = Learner(LearnedHours())

    def days(self, slots: Slots, days: range, *, step: int = 1) -> Followed:
        """Follow a meter for some days."""
        for day in days:
            for minute in range(0, 24 * 60, step):
                period = next((what for start, what in reversed(slots) if start <= minute), slots[-1][1])
                time = at(day, minute)
                self.learner.note(period, Moment(time.timestamp(), time))
        return self


def test_two_days_that_contradict_drop_what_was_learned() -> None:
    followed = Followed().days(NIGHT, range(6, 14)).days(NOON, range(14, 15))
    known = followed.learner.hours
    assert (known.doubt, len(known.changes)) == (date(2026, 1, 14), 21)
    assert followed.learner.next(at(14, 1439), "HP") is None
    assert [followed.learner.days_left(date(2026, 1, day)) for day in (14, 15, 16)] == [2, 1, 0]

    followed.days(NOON, range(15, 16))
    known = followed.learner.hours
    assert known.doubt is None
    assert {change.at.day for change in known.changes} == {14, 15}
    assert followed.learner.days_left(date(2026, 1, 15)) == 5

    followed.days(NOON, range(16, 21))
    assert followed.learner.next(at(20, 1439), "HP") == (at(21, 90), "HC")


WINTER = {"06:30": "HP", "22:30": "HC"}


@pytest.mark.parametrize(
    ("seen", "days"),
    [((), 1), (changes(NIGHT, range(2, 3)), 1), (changes(NOON, range(2, 3)), 6)],
    ids=["nothing", "the same", "others"],
)
def test_the_hours_of_the_other_half_year_need_one_day(seen: tuple[Change, ...], days: int) -> None:
    """As long as the changes since agree with them; else the new ones need a week."""
    in_april = tuple(Change(change.at.replace(month=4), change.period) for change in seen)

    assert LearnedHours(in_april, winter=WINTER).days_left(date(2026, 4, 2)) == days


def test_the_days_before_a_half_year_and_its_first_whole_day_prove_the_hours_together() -> None:
    """On 2 April, nothing being remembered: six days of March prove nothing; with 1 April, they do."""
    in_march = tuple(
        Change(at(day, minute, month=3), period) for day in range(26, 32) for minute, period in NIGHT
    )
    in_april = tuple(Change(at(1, minute, month=4), period) for minute, period in NIGHT)
    april_2 = date(2026, 4, 2)

    assert LearnedHours(in_march).slots(april_2, today=april_2) == ()
    assert LearnedHours((*in_march, *in_april)).slots(april_2, today=april_2) == NIGHT


def test_a_memory_with_a_time_that_is_none_has_no_hours() -> None:
    january = date(2026, 1, 14)

    assert LearnedHours(winter=WINTER).slots(january, january) == NIGHT
    assert LearnedHours(winter=WINTER | {"24:00": "HP"}).slots(january, january) == ()


@pytest.mark.parametrize(
    ("summer", "expected"),
    [(WINTER, (at(31, 390, month=3) + timedelta(days=1), "HP")), ({"12:30": "HC", "14:00": "HP"}, None)],
    ids=["the same", "another period"],
)
def test_hours_that_begin_at_midnight_with_another_period_make_the_next_change_unknown(
    summer: dict[str, str], expected: tuple[datetime, str] | None
) -> None:
    """It is the last evening of a half-year: whether the meter changes at midnight was never seen."""
    seen = (Change(at(31, 1350, month=3), "HC"),)
    learner = Learner(LearnedHours(seen, winter=WINTER, summer=summer))

    assert learner.next(at(31, 1380, month=3), "HC") == expected


@pytest.mark.parametrize(
    ("later", "clock", "counted"),
    [
        (20, 20, 1),
        (61, 61, 0),  # it was not seen to the minute
        (20, 3600, 0),  # our clock jumped
        (20, -20, 0),
    ],
)
def test_a_change_is_seen_between_two_frames(later: float, clock: float, counted: int) -> None:
    """They follow within a minute, by both clocks of the machine."""
    learner = Learner(LearnedHours())
    start = at(14, 1350)
    for period, now, seconds in (
        ("HP", -2, -2),
        ("HP", 0, 0),
        ("HC", later, clock),
        ("HC", later + 2, clock + 2),
    ):
        learner.note(period, Moment(now, start + timedelta(seconds=seconds)))

    assert [change.period for change in learner.hours.changes] == ["HC"] * counted
    assert all(change.at == start for change in learner.hours.changes)
