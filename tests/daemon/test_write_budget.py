"""A memory card is written to 20 times in any 24 hours at most, and what matters most is written first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo.daemon.write_budget import CAPACITY, REFILL_SECONDS, RESERVE, WriteBudget

START = datetime(2026, 1, 14, 12, tzinfo=UTC)
DAY = 24 * 3600.0


def spend(budget: WriteBudget, now: float, *, urgent: bool) -> int:
    """Write as often as is allowed, and return how often that was."""
    count = 0
    while budget.allows(now, urgent=urgent):
        budget.spend()
        count += 1
    return count


WISHES = st.lists(st.tuples(st.floats(0, DAY), st.integers(1, 30), st.booleans(), st.booleans()), max_size=30)


@given(WISHES)
def test_in_any_day_there_are_at_most_twenty_writes(wishes: list[tuple[float, int, bool, bool]]) -> None:
    """However often it is wished for, and however often the program is started anew."""
    budget, now = WriteBudget(now=0.0), 0.0
    writes: list[float] = []
    for pause, wanted, urgent, restarts in wishes:
        written = budget.to_json(START + timedelta(seconds=now))
        now += pause
        if restarts:
            budget = WriteBudget(now=now)
            budget.restore(written, at=START + timedelta(seconds=now))
        for _ in range(wanted):
            if budget.allows(now, urgent=urgent):
                budget.spend()
                writes.append(now)

    assert all(sum(now <= other < now + DAY - 1 for other in writes) <= 20 for now in writes)


def test_a_reserve_is_kept_for_what_the_total_would_be_wrong_without() -> None:
    """Midnights and restarts leave some tokens."""
    budget = WriteBudget(now=0.0)

    assert spend(budget, 0.0, urgent=False) == CAPACITY - RESERVE
    assert spend(budget, 0.0, urgent=True) == RESERVE
    assert not budget.allows(REFILL_SECONDS - 1, urgent=True)
    assert budget.allows(REFILL_SECONDS, urgent=True)
    assert spend(budget, 100 * DAY, urgent=True) == CAPACITY


@pytest.mark.parametrize(
    ("elapsed", "left"),
    [(timedelta(), 2), (timedelta(hours=6), 3), (timedelta(days=400), CAPACITY), (timedelta(days=-400), 2)],
)
def test_a_restart_goes_on_with_what_was_left(elapsed: timedelta, left: int) -> None:
    """A clock that was set forward fills the bucket, one that was set back adds nothing."""
    earlier, budget = WriteBudget(now=0.0), WriteBudget(now=0.0)
    for _ in range(CAPACITY - 2):
        earlier.spend()
    budget.restore(earlier.to_json(START), at=START + elapsed)

    assert spend(budget, 0.0, urgent=True) == left


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        [],
        {},
        {"left": "2", "time": START.isoformat()},
        {"left": -1, "time": START.isoformat()},
        {"left": 1e999, "time": START.isoformat()},
        {"left": 2, "time": 5},
        {"left": 2, "time": "yesterday"},
        {"left": 2, "time": "2026-01-14T12:00:00"},
    ],
)
def test_an_unreadable_budget_is_a_full_one(wrong: object) -> None:
    """The file was damaged."""
    budget = WriteBudget(now=0.0)
    budget.restore(wrong, at=START)

    assert spend(budget, 0.0, urgent=True) == CAPACITY
