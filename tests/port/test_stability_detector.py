"""Canonical mode is safe while frames come one after the other, and not too long."""

from __future__ import annotations

from teleinfo.port.canonical_mode import LONGEST_FRAME, OVERDUE, PATIENCE, STABLE_ROW, StabilityDetector

FRAME = 800  # bytes


def after_frames(count: int, *, interval: float = 1.0, size: int = FRAME) -> StabilityDetector:
    """Return what is known of a line that sent so many frames, one each `interval` seconds."""
    detector = StabilityDetector()
    add_frames(detector, count, interval=interval, size=size)
    return detector


def add_frames(
    detector: StabilityDetector, count: int, *, interval: float = 1.0, size: int = FRAME
) -> list[bool]:
    """Note so many frames more, and return whether the line was stable at the end of each."""
    stable = []
    for _ in range(count):
        detector.note_frame(interval=interval, size=size)
        stable.append(detector.is_stable(0))
    return stable


def test_a_few_frames_in_a_row_make_a_line_stable() -> None:
    """Before, the speed may be wrong, or the frame the end of one."""
    assert not StabilityDetector().is_stable(1)
    assert not after_frames(STABLE_ROW - 1).is_stable(0)
    assert after_frames(STABLE_ROW).is_stable(0)


def test_a_frame_that_is_too_long_for_the_kernel_is_not_waited_for() -> None:
    """What is counted is everything since the frame before; one short frame more is not enough to trust."""
    assert after_frames(STABLE_ROW, size=LONGEST_FRAME).is_stable(0)
    assert not after_frames(STABLE_ROW, size=LONGEST_FRAME + 1).is_stable(0)

    detector = after_frames(STABLE_ROW)
    assert add_frames(detector, 1, size=LONGEST_FRAME + 1) == [False]
    assert add_frames(detector, 1) == [False]


def test_after_a_frame_that_was_too_long_a_row_begins_anew() -> None:
    """It takes as many frames as after the opening."""
    detector = after_frames(STABLE_ROW)
    add_frames(detector, 1, size=LONGEST_FRAME + 1)

    assert add_frames(detector, STABLE_ROW) == [False] * (STABLE_ROW - 1) + [True]


def test_after_a_silence_a_row_begins_anew() -> None:
    """The meter may have changed its speed; the first frame after it counts as the first of a row."""
    detector = after_frames(STABLE_ROW)

    assert detector.is_stable(OVERDUE)
    assert not detector.is_stable(OVERDUE + 0.01)
    assert not detector.is_stable(PATIENCE)
    assert add_frames(detector, 1, interval=PATIENCE + 1) == [False]
    assert add_frames(detector, STABLE_ROW - 1) == [False] * (STABLE_ROW - 2) + [True]


def test_a_frame_that_is_missing_begins_a_row_anew() -> None:
    """Another program may have taken it: a reader that is not in canonical mode finds that out."""
    detector = after_frames(STABLE_ROW)
    assert add_frames(detector, 1, interval=OVERDUE) == [True]

    assert add_frames(detector, 1, interval=OVERDUE + 0.01) == [False]
    assert add_frames(detector, STABLE_ROW) == [False] * (STABLE_ROW - 2) + [True] * 2


def test_what_is_usual_is_the_longest_time_between_frames_of_the_row() -> None:
    """What came before the row does not count, and frames may differ in length."""
    detector = StabilityDetector()
    for interval in (20, 1, 2, 3):
        detector.note_frame(interval=interval, size=FRAME)

    assert detector.is_stable(2 * OVERDUE)
    assert not detector.is_stable(2 * OVERDUE + 0.01)
