"""A clock that is wrong is logged once, and once that it is right again."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from teleinfo.common.clock import is_synchronized
from teleinfo.daemon import clock_log
from teleinfo.daemon.clock_log import ClockLog

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

AHEAD = "the clock of the meter is 5 min ahead of the clock of this machine: see which of them is wrong"
BEHIND = "the clock of the meter is 1 h 00 min behind the clock of this machine: see which of them is wrong"
AGAIN = "the clock of the meter agrees with the clock of this machine again"


def test_it_is_said_once(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock_log, "is_synchronized", lambda: None)
    clock = ClockLog()
    with caplog.at_level(logging.INFO):
        for offset in (None, 120, -120, -3600, 0, 0, 300, 400, 110, 300, None, 60):
            clock.note_offset(offset)

    assert caplog.messages == [BEHIND, AGAIN, AHEAD, AGAIN]


def test_nothing_is_said_before_our_own_clock_is_set(
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
    folder = tmp_path / "run/systemd/timesync"
    assert is_synchronized(tmp_path) is None
    folder.mkdir(parents=True)
    assert is_synchronized(tmp_path) is False
    (folder / "synchronized").touch()
    assert is_synchronized(tmp_path) is True
