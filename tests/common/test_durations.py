"""Lengths of time are said as people say them."""

from __future__ import annotations

import pytest

from teleinfo.common.durations import duration


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.0, "1 s"), (7.6, "8 s"), (59.9, "60 s"), (60, "1 min"), (3599, "59 min"), (11_100, "3 h 05 min")],
)
def test_durations_are_said_as_people_say_them(seconds: float, words: str) -> None:
    """Seconds below a minute, minutes below an hour, then hours and minutes."""
    assert words == duration(seconds)
