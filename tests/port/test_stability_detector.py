"""Canonical mode is safe while frames come one after the other, and not too long."""

from __future__ import annotations

import pytest

from teleinfo.port.canonical_mode import LONGEST_FRAME, OVERDUE, PATIENCE, StabilityDetector

IN_TIME = OVERDUE
TOO_LATE = OVERDUE + 0.01


@pytest.mark.parametrize(
    ("intervals", "size", "silent_for", "stable"),
    [
        ([1, 1], 800, 0, False),
        ([1, 1, 1], LONGEST_FRAME, IN_TIME, True),
        ([1, 1, 1], LONGEST_FRAME + 1, 0, False),
        ([1, 1, 1], 800, TOO_LATE, False),
        ([1, 1, 1, IN_TIME], 800, 0, True),
        ([1, 1, 1, TOO_LATE], 800, 0, False),
        ([1, 1, 1, TOO_LATE, 1, 1], 800, 0, True),
        ([1, 1, PATIENCE + 1, 1], 800, 0, False),
        ([20, 1, 2], 800, 2 * IN_TIME, True),
        ([20, 1, 2, 3], 800, 2 * TOO_LATE, False),
    ],
)
def test_a_few_frames_in_a_row_make_a_line_stable(
    intervals: list[float],
    size: int,
    silent_for: float,
    stable: bool,  # noqa: FBT001 - a row of the table
) -> None:
    """The longest time between two frames of the row is the usual time."""
    detector = StabilityDetector(0, 0)
    now = 0.0
    for number, interval in enumerate(intervals, start=1):
        now += interval
        detector.note_frame(now, number * size)

    assert detector.is_stable(now + silent_for) is stable
