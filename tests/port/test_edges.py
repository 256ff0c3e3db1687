"""
The limits of the pure modules, each on its two sides: at the limit and next to it.

Each test was written for a mutant, a program with one small change, that no other test noticed.
"""

from __future__ import annotations

from teleinfo.port.baud_detector import DWELL_FAST, DWELL_SLOW, BaudDetector
from teleinfo.tic.labels import Mode


def test_three_groups_are_no_accident_and_two_may_be() -> None:
    """In a whole frame and in one that has not ended."""
    assert BaudDetector([1200, 9600]).frame(Mode.HISTORIQUE, 3)
    assert not BaudDetector([1200, 9600]).frame(Mode.HISTORIQUE, 2)
    assert BaudDetector([1200, 9600]).partial_frame(Mode.HISTORIQUE, 3)
    assert not BaudDetector([1200, 9600]).partial_frame(Mode.HISTORIQUE, 2)


def test_a_frame_in_progress_puts_the_next_speed_off() -> None:
    """Its evidence locks the speed, which is then given longer."""
    detector = BaudDetector([1200, 9600])
    detector.partial_frame(Mode.HISTORIQUE, 3)

    assert not detector.should_switch(5.9)
    assert detector.should_switch(6.0)


def test_the_slowest_speeds_are_given_longer() -> None:
    """2400 baud is one of them."""
    slow, fast = BaudDetector([2400, 9600]), BaudDetector([4800, 9600])

    assert not slow.should_switch(DWELL_FAST)
    assert slow.should_switch(DWELL_SLOW)
    assert fast.should_switch(DWELL_FAST)


def test_the_speeds_are_tried_in_their_order() -> None:
    """The first, the second, the third, and the first again."""
    detector = BaudDetector([1200, 9600, 4800])
    tried = [detector.baudrate]
    for _ in range(3):
        detector.next_rate()
        tried.append(detector.baudrate)

    assert tried == [1200, 9600, 4800, 1200]
