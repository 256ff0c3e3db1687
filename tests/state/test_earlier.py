"""A restart in the middle of an alert: when it began is known from the state that the broker retained."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from teleinfo.state.earlier import earlier_run
from teleinfo.state.tracker import STALE_AFTER
from tests.state.golden import TIME, tracker
from tests.state.test_tracker import NUMBER, follow, historique

if TYPE_CHECKING:
    from teleinfo.tic.reading import Reading

OVERRUN = historique(ADCO=NUMBER, ISOUSC="30", IINST="045", ADPS="045")
NORMAL = historique(ADCO=NUMBER, ISOUSC="30", IINST="010")
START = datetime.fromisoformat(TIME)


def at(seconds: float) -> str:
    """Return the time of day so many seconds after an overrun began."""
    return (START + timedelta(seconds=seconds)).isoformat()


def retained() -> Any:  # noqa: ANN401 - the JSON of a message
    """Return the state that a run leaves that ends while more is drawn than subscribed, since TIME."""
    return follow(OVERRUN)[1]


def since(*readings: Reading, restored: Any, gap: float = 10, restored_at: int = 0) -> Any:  # noqa: ANN401
    """
    Return since when there is an overrun, after `readings` 2 s apart that begin `gap` seconds later.

    What was retained comes before the reading number `restored_at`.
    """
    followed = tracker()
    for position, reading in enumerate(readings):
        if position == restored_at:
            followed.restore(restored)
        followed.update(reading, now=2.0 * position, time=at(gap + 2 * position))
    state: Any = followed.state(now=2.0 * (len(readings) - 1))
    return state["alerts"]["overrun"]["since"]


def test_an_alert_goes_on_after_a_restart() -> None:
    """It is active at the first reading: it began when the retained state says."""
    assert since(OVERRUN, restored=retained()) == TIME


def test_the_retained_state_may_come_after_the_first_readings() -> None:
    """The broker needs a second or two to answer."""
    assert since(OVERRUN, OVERRUN, restored=retained(), restored_at=1) == TIME


def test_an_alert_that_ended_meanwhile_began_anew() -> None:
    """It is not active at a reading between the restart and the present: it began after that."""
    assert since(NORMAL, NORMAL, OVERRUN, restored=retained()) == at(14)
    assert since(NORMAL, OVERRUN, restored=retained(), restored_at=1) == at(12)


@pytest.mark.parametrize("gap", [STALE_AFTER + 1, -1])
def test_what_was_long_ago_says_nothing_of_now(gap: float) -> None:
    """Between two runs that far apart it may have ended; and a state from the future is none of ours."""
    assert since(OVERRUN, restored=retained(), gap=gap) == at(gap)


def test_the_alerts_of_another_meter_are_its_own() -> None:
    """The retained state is of the meter that was here before."""
    other = historique(ADCO="041961654321", ISOUSC="30", IINST="045", ADPS="045")

    assert since(other, restored=retained()) == at(10)


@pytest.mark.parametrize("wrong", [None, 5, "yesterday", "2026-01-14T12:02:28", "2030-01-01T00:00:00+01:00"])
def test_what_is_no_time_is_left_out(wrong: object) -> None:
    """Anybody can have published it: no time, none with its offset, or one after the message."""
    state = retained() | {"alerts": {"overrun": {"active": True, "since": wrong}, "overvoltage": wrong}}

    run = earlier_run(state)

    assert run is not None
    assert run.alerts_since == {}
