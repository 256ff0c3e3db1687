"""The total never falls, and never rises by more than the indexes did, whatever is behind it."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo.state.import_total import MARGIN, ImportTotal
from teleinfo.tic.labels import CONTRACTS
from tests.state.golden import tracker
from tests.state.test_tracker import NUMBER, historique, standard
from tests.support.judged import moment

if TYPE_CHECKING:
    from teleinfo.state.tracker import StateTracker
    from teleinfo.tic.reading import Reading

START = datetime(2026, 1, 14, 12, tzinfo=timezone(timedelta(hours=1)))
SUBSCRIBED = 6000
COUNTERS = ("BASE", "BBR", "EAST", "HC")


class Simulation:
    """A meter that draws `power` W, whose counters each hold less than EAST, and who reads it."""

    def __init__(self, missing: dict[str, int]) -> None:
        self.missing = missing
        self.energy = 5_000_000
        self.seconds = 0
        self.tracker: StateTracker = tracker()
        self.state: Any = {}

    def reading(self, counter: str) -> Reading:
        """Return what the meter says in the mode and with the contract of `counter`."""
        index = max(0, self.energy - self.missing[counter])
        if counter == "EAST":
            return standard(EAST=f"{index:09}")
        labels = CONTRACTS[counter]
        shares = dict.fromkeys(labels, f"{0:09}") | {labels[0]: f"{index:09}"}
        return historique(ADCO=NUMBER, OPTARIF=counter, ISOUSC="30", **shares)

    def run(self, counter: str, seconds: int, power: int) -> None:
        """Draw for a time, then read two frames."""
        self.seconds += seconds
        self.energy += power * seconds // 3600
        for _ in range(2):
            self.seconds += 2
            time = (START + timedelta(seconds=self.seconds)).isoformat()
            self.tracker.update(self.reading(counter), moment(float(self.seconds), time))
        self.state = self.tracker.state(moment(float(self.seconds)))

    def restart(self) -> None:
        """Another process follows the meter, and knows no more than what is remembered."""
        memory = self.tracker.memory()
        assert memory is not None
        self.tracker = tracker()
        self.tracker.restore(memory)


STEPS = st.lists(
    st.tuples(st.sampled_from(COUNTERS), st.integers(0, 100_000), st.integers(0, 6000), st.booleans()),
    min_size=2,
    max_size=8,
)


@given(st.fixed_dictionaries({name: st.sampled_from([0, 40, 3000, 10**9]) for name in COUNTERS}), STEPS)
def test_the_total_goes_on_whatever_counts(
    missing: dict[str, int], steps: list[tuple[str, int, int, bool]]
) -> None:
    """
    With changes of mode, of contract and restarts in any order the total never falls.

    With the same index it rises by exactly what that did, with another one by no more than the subscription
    can have drawn since.
    """
    meter = Simulation(missing)
    meter.run("EAST", 0, 0)
    before = meter.state["energy"]
    counter = "EAST"
    for step, seconds, power, restarts in steps:
        if restarts:
            meter.restart()
        meter.run(step, seconds, power)
        energy = meter.state["energy"]
        rise = energy["import_total"] - before["import_total"]
        assert energy["import_total"] == energy["import_index"] + energy["import_offset"]
        assert rise >= 0
        if step == counter:
            assert rise == energy["import_index"] - before["import_index"]
        else:
            assert rise <= 1.5 * SUBSCRIBED * (seconds + 4) / 3600 + MARGIN
        before = energy
        counter = step


@pytest.mark.parametrize(
    ("counter", "index", "total", "offset"),
    [
        ("EAST", 1045, 1045, 0),  # the most that can have been drawn: 40 Wh in 16 s, and the margin
        ("EAST", 1046, 1000, -46),
        ("BASE", 7, 1007, 1000),  # a new index, which began at zero
        ("EAST", 51_010, 1000, -50_010),  # holds what an earlier contract counted
        ("BASE", 800, 1000, 200),  # counted before, then stood
    ],
)
def test_another_index_goes_on_from_the_total(counter: str, index: int, total: int, offset: int) -> None:
    before = ImportTotal("HCHC+HCHP", 1000, 0, START)
    after = before.next(counter, index, at=START + timedelta(seconds=16), subscribed=SUBSCRIBED)

    assert (after.total, after.offset) == (total, offset)


@pytest.mark.parametrize(
    ("index", "seconds", "follows"),
    [(999, 16, False), (1000, 16, True), (1045, 16, True), (1046, 16, False), (1006, -9, False)],
)
def test_an_index_that_fell_or_rose_too_much_does_not_follow(
    index: int, seconds: int, *, follows: bool
) -> None:
    before = ImportTotal("BASE", 1000, 0, START)
    at = START + timedelta(seconds=seconds)

    assert before.is_followed_by("BASE", index, at=at, subscribed=SUBSCRIBED) is follows
    assert before.is_followed_by("EAST", index, at=at, subscribed=SUBSCRIBED)
