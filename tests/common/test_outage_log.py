"""An outage is logged in few lines, whatever happens and however long it lasts."""

from __future__ import annotations

import logging

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from teleinfo.common.outage_log import MAX_CAUSES, QUIET, REMINDER_INTERVAL, OutageLog, OutageTexts

TEXTS = OutageTexts(
    begins="{name} away: {reason}",
    lost_again="{name} away again: {reason}",
    still="{name} away for {lasted}: {reason}",
    ends="{name} back after {lasted}",
)
DAY = 24 * 3600


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Return the log from INFO up."""
    caplog.set_level(logging.INFO)
    return caplog


def test_an_outage_is_two_lines(log: pytest.LogCaptureFixture) -> None:
    """A warning says why, an information how long since it began; attempts in between are not news."""
    outage = OutageLog("it", TEXTS)
    for second in range(0, 180, 10):
        outage.failed("gone", "unplugged", 1000.0 + second, since=940.0)

    outage.works(1180.0)
    outage.works(1180.0)
    assert [(line.levelname, line.getMessage()) for line in log.records] == [
        ("WARNING", "it away: unplugged"),
        ("INFO", "it back after 4 min"),
    ]


def test_each_new_cause_is_one_line_up_to_a_limit(log: pytest.LogCaptureFixture) -> None:
    outage = OutageLog("it", TEXTS)
    outage.failed(None, "first", 0.0)
    for cause in (*range(20), None, *range(20)):
        outage.failed(cause, f"cause {cause}", 1.0)

    assert log.messages == [
        "it away: first",
        *(f"it away for 1 s: cause {number}" for number in range(MAX_CAUSES - 1)),
    ]


def test_a_long_outage_is_recalled_once_an_hour(log: pytest.LogCaptureFixture) -> None:
    """A day, whatever its causes, stays below 30 lines."""
    outage = OutageLog("it", TEXTS)
    for second in range(0, DAY, 5):
        outage.failed(second % 7, "gone", float(second))
    outage.works(float(DAY))

    assert "it away for 1 h 00 min: gone" in log.messages
    assert log.messages[-1] == "it back after 24 h 00 min"
    assert DAY / REMINDER_INTERVAL <= len(log.messages) < 30


def test_what_does_not_hold_is_one_outage(log: pytest.LogCaptureFixture) -> None:
    outage = OutageLog("it", TEXTS)
    for second in range(0, 3600, 6):
        outage.failed("gone", "unplugged", float(second))
        outage.works(second + 3.0)
    outage.works(3657.0)
    outage.failed("gone", "unplugged", 5000.0)
    outage.works(5003.0)

    assert log.messages == [
        "it away: unplugged",
        "it back after 3 s",
        "it away again: unplugged",
        "it back after 59 min",
        "it away: unplugged",
        "it back after 3 s",
    ]


@pytest.mark.parametrize("up", [40, 70, 300, 3600, 7300])
def test_a_day_on_which_a_connection_comes_and_goes_is_30_lines(
    log: pytest.LogCaptureFixture, up: int
) -> None:
    """However long it holds in between. After a quiet time, the next loss is logged at once."""
    outage = OutageLog("it", TEXTS)
    back = 0
    while back + up < DAY:
        outage.failed("gone", "unplugged", float(back))
        outage.works(back + 20.0)
        back += 20 + up
        outage.works(float(back))
    assert len(log.messages) <= 30
    outage.works(back + QUIET)
    log.clear()
    outage.failed("gone", "unplugged", back + QUIET + 1)

    assert [line.startswith("it away") for line in log.messages] == [True]


@given(st.lists(st.sampled_from([None, 0.0, QUIET])))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_each_line_that_begins_has_one_that_ends(
    caplog: pytest.LogCaptureFixture, works: list[float | None]
) -> None:
    caplog.set_level(logging.INFO)
    caplog.clear()
    outage = OutageLog("it", TEXTS)
    for now in works:
        if now is None:
            outage.failed("gone", "unplugged", 0.0)
        else:
            outage.works(now)
    levels = [line.levelname for line in caplog.records]

    assert levels == ["WARNING", "INFO"] * (len(levels) // 2) + ["WARNING"] * (len(levels) % 2)


def test_a_line_without_a_text_of_its_own_is_that_of_the_beginning(log: pytest.LogCaptureFixture) -> None:
    """Without a text for reminders there are none: a meter may be without power for months."""
    outage = OutageLog("it", OutageTexts(begins="away: {reason}", ends="back after {lasted}"))
    for second in range(0, DAY, 60):
        outage.failed("gone" if second < 60 else "busy", "unplugged", float(second))
    outage.works(float(DAY))
    outage.failed("gone", "pulled", DAY + 1.0)

    lines = ["away: unplugged", "away: unplugged", "back after 24 h 00 min", "away: pulled"]
    assert log.messages == lines
