"""The choice of the speed, with a clock that the test turns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from teleinfo.port.baud_detector import (
    DWELL_FAST,
    DWELL_LOCKED,
    DWELL_SLOW,
    ENOUGH_GROUPS,
    BaudDetector,
    candidates,
)
from teleinfo.tic.labels import Mode

if TYPE_CHECKING:
    from collections.abc import Callable

OWN_SPEED = {1200: Mode.HISTORIQUE, 9600: Mode.STANDARD}
LOOK = 1.0  # seconds between two looks at the frame in progress, as the reader does it
REOPEN = 0.1  # seconds, generous


@pytest.mark.parametrize(
    ("mode", "baudrate", "expected"),
    [
        ("auto", None, (1200, 9600)),
        ("historique", None, (1200,)),
        ("standard", None, (9600,)),
        ("auto", 2400, (2400,)),
        ("standard", 19200, (19200,)),
    ],
)
def test_the_settings_say_which_speeds_are_tried(
    mode: str, baudrate: int | None, expected: tuple[int, ...]
) -> None:
    """An explicit speed is the only one; otherwise the mode decides, 1200 baud first."""
    assert candidates(mode, baudrate) == expected


def test_an_unheard_speed_is_left_after_its_dwell() -> None:
    """5 s at 1200 baud, 4 s at more, and around again in the same order for ever."""
    detector = BaudDetector((1200, 9600, 4800))

    for baudrate, dwell in [(1200, DWELL_SLOW), (9600, DWELL_FAST), (4800, DWELL_FAST)] * 3:
        assert detector.baudrate == baudrate
        assert not detector.should_switch(dwell - 0.01)
        assert detector.should_switch(dwell)
        detector.next_speed()


@pytest.mark.parametrize("silent_for", [0.0, DWELL_LOCKED, 1e9])
@pytest.mark.parametrize("baudrate", [300, 1200, 9600, 19200])
def test_a_single_speed_is_never_left(silent_for: float, baudrate: int) -> None:
    """A speed from the settings is kept, however long nothing comes."""
    detector = BaudDetector((baudrate,))

    assert detector.fixed
    assert not detector.should_switch(silent_for)


@pytest.mark.parametrize(
    "hear",
    [
        lambda detector: setattr(detector, "mode", Mode.HISTORIQUE),
        lambda detector: detector.note_partial_frame(Mode.HISTORIQUE, 3),
    ],
    ids=["a frame", "a frame in progress"],
)
def test_a_meter_that_was_heard_is_given_longer(hear: Callable[[BaudDetector], object]) -> None:
    """Once sound groups came, 6 s without any are allowed; a reopening of the port changes nothing in it."""
    detector = BaudDetector((1200, 9600))

    modes = [detector.mode]
    hear(detector)
    detector.reset()
    modes.append(detector.mode)
    assert not detector.should_switch(DWELL_LOCKED - 0.01)
    assert detector.should_switch(DWELL_LOCKED)
    detector.next_speed()
    assert [*modes, detector.mode] == [None, Mode.HISTORIQUE, None]


@given(st.lists(st.tuples(st.sampled_from([None, *Mode]), st.integers(0, ENOUGH_GROUPS - 1)), max_size=60))
def test_few_sound_groups_in_a_partial_frame_are_no_evidence(
    partial_frames: list[tuple[Mode | None, int]],
) -> None:
    """Garbage in which one or two groups pass the checks does not hold the detector."""
    detector = BaudDetector((1200, 9600))

    assert not any(detector.note_partial_frame(mode, groups) for mode, groups in partial_frames)
    assert detector.mode is None


def test_a_partial_frame_that_does_not_grow_is_evidence_once() -> None:
    """Sound groups that were followed by nothing do not count again and again."""
    detector = BaudDetector((1200, 9600))

    assert detector.note_partial_frame(Mode.HISTORIQUE, 3)
    assert not detector.note_partial_frame(Mode.HISTORIQUE, 3)
    assert detector.note_partial_frame(Mode.HISTORIQUE, 4)


@given(
    meter=st.sampled_from([1200, 9600]),
    first=st.sampled_from([1200, 9600]),
    phase=st.floats(0, 1),
    frame=st.floats(0.65, 3.7),
    look=st.floats(0, LOOK),
)
@example(meter=1200, first=9600, phase=0.0, frame=3.7, look=0.0)
def test_the_meter_is_found_in_time_and_again_when_it_changes(
    meter: int, first: int, phase: float, frame: float, look: float
) -> None:
    """Whatever speed worked before, and wherever in its frame the meter is, it is heard within 15 s."""
    detector = BaudDetector((1200, 9600))
    if first == 9600:
        detector.next_speed()
    detector.mode = OWN_SPEED[first]
    frame = frame if meter == 1200 else min(frame, 1.8)

    found = _find(detector, meter=meter, phase=phase * frame, frame=frame, look=look)

    assert found <= 15.0
    assert detector.baudrate == meter


def _find(detector: BaudDetector, *, meter: int, phase: float, frame: float, look: float) -> float:
    """Turn the clock until the detector hears a meter that sends a group each twelfth of `frame` seconds."""
    opened = 0.0
    now = look
    while now < 60.0:
        if detector.should_switch(now - opened):
            detector.next_speed()
            detector.reset()
            now = opened = now + REOPEN
        now += LOOK
        if detector.baudrate != meter:
            detector.note_partial_frame(None, 0)
            continue
        # The frame in progress begins with the last STX, if the port was open by then.
        begun = (now - phase) // frame * frame + phase
        complete = begun - frame >= opened
        groups = int((now - begun) / frame * 12) if begun >= opened else 0
        if complete or detector.note_partial_frame(OWN_SPEED[meter], groups):
            return now
    return now


def test_the_slowest_speeds_are_given_longer() -> None:
    """2400 baud is one of them."""
    slow, fast = BaudDetector([2400, 9600]), BaudDetector([4800, 9600])

    assert not slow.should_switch(DWELL_FAST)
    assert slow.should_switch(DWELL_SLOW)
    assert fast.should_switch(DWELL_FAST)
