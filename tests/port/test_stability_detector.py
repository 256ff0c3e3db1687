"""Canonical mode is safe while frames come one after the other, and not too long."""

from __future__ import annotations

from teleinfo.port.canonical_mode import LONGEST_FRAME, OVERDUE, PATIENCE, STABLE_ROW, StabilityDetector


class Line:
    """A line that was opened just now."""

    def __init__(self) -> None:
        self._now, self._count = 0.0, 0
        self._detector = StabilityDetector(0, 0)

    def frames(self, count: int, *, interval: float = 1.0, size: int = 800) -> list[bool]:
        """Let so many frames come, and return whether the line was stable at the end of each."""
        stable = []
        for _ in range(count):
            self._now += interval
            self._count += size
            self._detector.note_frame(self._now, self._count)
            stable.append(self.is_stable(0))
        return stable

    def is_stable(self, silent_for: float) -> bool:
        """Return the judgement so many seconds after the last frame."""
        return self._detector.is_stable(self._now + silent_for)


ROW = [False] * (STABLE_ROW - 1) + [True]


def test_a_few_frames_in_a_row_make_a_line_stable() -> None:
    assert Line().frames(STABLE_ROW) == ROW


def test_a_frame_that_is_too_long_for_the_kernel_is_not_waited_for() -> None:
    line = Line()

    assert line.frames(STABLE_ROW, size=LONGEST_FRAME) == ROW
    assert line.frames(1, size=LONGEST_FRAME + 1) == [False]
    assert line.frames(STABLE_ROW) == ROW


def test_after_a_silence_a_row_begins_anew() -> None:
    line = Line()
    line.frames(STABLE_ROW)

    assert line.is_stable(OVERDUE)
    assert not line.is_stable(OVERDUE + 0.01)
    assert line.frames(1, interval=PATIENCE + 1) + line.frames(STABLE_ROW - 1) == ROW


def test_a_frame_that_is_missing_begins_a_row_anew() -> None:
    line = Line()
    line.frames(STABLE_ROW)

    assert line.frames(1, interval=OVERDUE) == [True]
    assert line.frames(1, interval=OVERDUE + 0.01) + line.frames(STABLE_ROW - 1) == ROW


def test_what_is_usual_is_the_longest_time_between_frames_of_the_row() -> None:
    line = Line()
    for interval in (20, 1, 2, 3):
        line.frames(1, interval=interval)

    assert line.is_stable(2 * OVERDUE)
    assert not line.is_stable(2 * OVERDUE + 0.01)
