"""A clock that is wrong is logged once, and once that it is right again."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from teleinfo.common.clock import is_synchronized
from teleinfo.daemon import clock_log
from teleinfo.daemon.clock_log import ClockLog
from teleinfo.state.meter_clock import TOLERANCE

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

AHEAD = "the clock of the meter is 5 min ahead of the clock of this machine: see which of them is wrong"
BEHIND = "the clock of the meter is 1 h 00 min behind the clock of this machine: see which of them is wrong"
AGAIN = "the clock of the meter agrees with the clock of this machine again"


def test_an_offset_that_is_too_large_and_its_end_are_each_logged_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An offset is too large above 120 s, and small again at half of that: 110 s after 400 s is no end."""
    monkeypatch.setattr(clock_log, "is_synchronized", lambda: None)
    caplog.set_level(logging.INFO)
    clock = ClockLog()

    def logged(*offsets: int | None) -> list[str]:
        caplog.clear()
        for offset in offsets:
            clock.note_offset(offset)
        return list(caplog.messages)

    assert logged(None, TOLERANCE, -TOLERANCE) == []
    assert logged(-3600, -3600) == [BEHIND]
    assert logged(0, 0) == [AGAIN]
    assert logged(300, 400, 110, 300, None) == [AHEAD]
    assert logged(60) == [AGAIN]


def test_nothing_is_logged_before_our_own_clock_is_set(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Raspberry Pi starts in the past: what differs then is its own clock."""
    clock = ClockLog()
    monkeypatch.setattr(clock_log, "is_synchronized", lambda: False)
    clock.note_offset(300)
    assert caplog.messages == []
    monkeypatch.setattr(clock_log, "is_synchronized", lambda: True)
    clock.note_offset(300)

    assert caplog.messages == [AHEAD]


def test_a_machine_says_whether_its_clock_was_set(tmp_path: Path) -> None:
    """None without systemd-timesyncd, which makes a file once it has set the clock."""
    folder = tmp_path / "run/systemd/timesync"
    assert is_synchronized(tmp_path) is None
    folder.mkdir(parents=True)
    assert is_synchronized(tmp_path) is False
    (folder / "synchronized").touch()
    assert is_synchronized(tmp_path) is True
