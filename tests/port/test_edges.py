"""
The limits of the pure modules, each on its two sides: at the limit and next to it.

Each test was written for a mutant, a program with one small change, that no other test noticed.
"""

from __future__ import annotations

from teleinfo.port.baud_detector import DWELL_FAST, DWELL_SLOW, BaudDetector
from teleinfo.tic.labels import Mode


def test_three_groups_are_no_accident_and_two_may_be() -> None:
    """In a whole frame and in one that has not ended."""
    assert BaudDetector([1200, 9600]).frame(Mode.HISTORIQUE, 3, 0.0)
    assert not BaudDetector([1200, 9600]).frame(Mode.HISTORIQUE, 2, 0.0)
    assert BaudDetector([1200, 9600]).piece(Mode.HISTORIQUE, 3, 0.0)
    assert not BaudDetector([1200, 9600]).piece(Mode.HISTORIQUE, 2, 0.0)


def test_a_frame_in_progress_puts_the_next_speed_off() -> None:
    """From its evidence on the time counts anew."""
    tuner = BaudDetector([1200, 9600])
    tuner.opened(0.0)
    tuner.piece(Mode.HISTORIQUE, 3, 4.0)

    assert not tuner.due(9.9)
    assert tuner.due(10.0)


def test_the_slowest_speeds_are_given_longer() -> None:
    """2400 baud is one of them."""
    slow, fast = BaudDetector([2400, 9600]), BaudDetector([4800, 9600])
    slow.opened(0.0)
    fast.opened(0.0)

    assert (slow.due(DWELL_FAST), slow.due(DWELL_SLOW), fast.due(DWELL_FAST)) == (False, True, True)


def test_the_speeds_are_tried_in_their_order() -> None:
    """The first, the second, the third, and the first again."""
    tuner = BaudDetector([1200, 9600, 4800])
    tried = [tuner.baudrate]
    for _ in range(3):
        tuner.move()
        tried.append(tuner.baudrate)

    assert tried == [1200, 9600, 4800, 1200]
