"""One sleeps through frames that come one after the other, with parity, and fit into the kernel's buffer."""

from __future__ import annotations

from teleinfo.port.stability import LONGEST, OVERDUE, PATIENCE, ROW, StabilityDetector

FRAME = 800  # bytes


def calm_after(frames: int, *, size: int = FRAME, parity: bool | None = True) -> StabilityDetector:
    """Return a line that was opened at 0 s, and sent one frame a second."""
    calm = StabilityDetector(0, 0)
    for number in range(1, frames + 1):
        calm.frame(number, number * size, parity=parity)
    return calm


def test_a_few_frames_in_a_row_make_a_line_calm() -> None:
    """Before, the speed may be wrong, or the frame the end of one."""
    assert not StabilityDetector(0, 0).holds(1)
    assert not calm_after(ROW - 1).holds(ROW)
    assert calm_after(ROW).holds(ROW)


def test_without_parity_no_line_is_calm() -> None:
    """There CR and LF could not be told apart."""
    assert not calm_after(ROW, parity=False).holds(ROW)
    assert not calm_after(ROW, parity=None).holds(ROW)


def test_a_frame_that_is_too_long_for_the_kernel_is_not_slept_through() -> None:
    """What is counted is everything since the frame before; one short frame more is not enough to trust."""
    assert calm_after(ROW, size=LONGEST).holds(ROW)
    assert not calm_after(ROW, size=LONGEST + 1).holds(ROW)

    calm = calm_after(ROW)
    calm.frame(ROW + 1, ROW * FRAME + LONGEST + 1, parity=True)
    assert not calm.holds(ROW + 1)
    calm.frame(ROW + 2, (ROW + 1) * FRAME + LONGEST + 1, parity=True)
    assert not calm.holds(ROW + 2)


def test_a_line_without_frames_is_not_calm_until_a_few_came_again() -> None:
    """The meter may have changed its speed: then every byte is looked at."""
    calm = calm_after(ROW)

    assert calm.holds(ROW + OVERDUE)
    assert not calm.holds(ROW + OVERDUE + 0.01)
    calm.frame(ROW + 6, (ROW + 1) * FRAME, parity=True)
    assert not calm.holds(ROW + 6)


def held_after(calm: StabilityDetector, now: float, count: int) -> list[bool]:
    """Return whether the line was calm after each frame of a row that begins behind byte number `count`."""
    held = []
    for number in range(1, ROW + 1):
        calm.frame(now + number, count + number * FRAME, parity=True)
        held.append(calm.holds(now + number))
    return held


def test_after_a_frame_that_was_too_long_a_row_begins_anew() -> None:
    """It takes as many frames as after the opening."""
    calm = calm_after(ROW)
    count = ROW * FRAME + LONGEST + 1
    calm.frame(ROW + 1, count, parity=True)

    assert held_after(calm, ROW + 1, count) == [False] * (ROW - 1) + [True]


def test_after_a_silence_a_row_begins_anew() -> None:
    """It takes as many frames as after the opening."""
    calm = calm_after(ROW)

    assert not calm.holds(ROW + PATIENCE)
    assert held_after(calm, ROW + PATIENCE, ROW * FRAME) == [False] * (ROW - 1) + [True]


def test_a_frame_that_is_missing_begins_a_row_anew() -> None:
    """Another program may have taken it: an awake reader finds that out."""
    calm = calm_after(ROW)
    calm.frame(ROW + OVERDUE, (ROW + 1) * FRAME, parity=True)
    assert calm.holds(ROW + OVERDUE)

    late = ROW + 2 * OVERDUE + 0.01
    calm.frame(late, (ROW + 2) * FRAME, parity=True)
    assert not calm.holds(late)
    assert held_after(calm, late, (ROW + 2) * FRAME) == [False] * (ROW - 2) + [True] * 2


def test_what_is_usual_is_the_longest_time_between_frames_of_the_row() -> None:
    """What came before the row does not count, and a meter whose frames differ in length is slept through."""
    calm = StabilityDetector(0, 0)
    for number, now in enumerate((20, 21, 23, 26), start=1):
        calm.frame(now, number * FRAME, parity=True)

    assert calm.holds(26)
    calm.frame(26 + 2 * OVERDUE + 0.01, 5 * FRAME, parity=True)
    assert not calm.holds(26 + 2 * OVERDUE + 0.01)


def test_the_bytes_of_before_the_opening_do_not_count() -> None:
    """The count goes on over many openings."""
    calm = StabilityDetector(100, 1_000_000)
    for number in range(1, ROW + 1):
        calm.frame(100 + number, 1_000_000 + number * FRAME, parity=True)

    assert calm.holds(100 + ROW)
