"""The choice of the speed, with a clock that the test turns."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from teleinfo.port.baud_detector import DWELL_FAST, DWELL_FOUND, DWELL_SLOW, ENOUGH, BaudDetector, candidates
from teleinfo.tic.labels import Mode

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


def test_there_must_be_a_speed() -> None:
    """A tuner without a speed is a mistake of the program."""
    with pytest.raises(ValueError, match=r"^no speed to listen at$"):
        BaudDetector(())


def test_an_unheard_speed_is_left_after_its_dwell() -> None:
    """5 s at 1200 baud, 4 s at 9600, and around again for ever."""
    tuner = BaudDetector((1200, 9600))
    now = 100.0

    for baudrate, dwell in [(1200, DWELL_SLOW), (9600, DWELL_FAST)] * 3:
        tuner.opened(now)
        assert tuner.baudrate == baudrate
        assert not tuner.due(now + dwell - 0.01)
        now += dwell
        assert tuner.due(now)
        tuner.move()


@given(st.floats(0, 1e9), st.sampled_from([300, 1200, 9600, 19200]))
def test_a_single_speed_is_never_left(later: float, baudrate: int) -> None:
    """What the household fixed is kept, however long nothing comes."""
    tuner = BaudDetector((baudrate,))
    tuner.opened(0.0)

    assert tuner.fixed
    assert not tuner.due(later)


def test_a_meter_that_was_heard_is_given_longer() -> None:
    """Once sound groups came, 6 s without any are allowed, counted from the last one."""
    tuner = BaudDetector((1200, 9600))
    tuner.opened(0.0)

    found = [tuner.found]
    assert tuner.frame(Mode.HISTORIQUE, 11, 4.0)
    found.append(tuner.found)
    assert not tuner.due(4.0 + DWELL_FOUND - 0.01)
    assert tuner.due(4.0 + DWELL_FOUND)
    tuner.move()
    assert [*found, tuner.found] == [False, True, False]


def test_a_port_that_was_away_does_not_use_up_the_time() -> None:
    """After a reopening the speed that worked is listened to as long as before."""
    tuner = BaudDetector((1200, 9600))
    tuner.opened(0.0)
    tuner.frame(Mode.HISTORIQUE, 11, 1.0)

    tuner.opened(5000.0)

    assert not tuner.due(5000.0 + DWELL_FOUND - 0.01)


@given(st.lists(st.tuples(st.sampled_from([None, *Mode]), st.integers(0, ENOUGH - 1)), max_size=60))
def test_few_sound_groups_in_a_piece_are_no_evidence(pieces: list[tuple[Mode | None, int]]) -> None:
    """Garbage in which one or two groups pass the checks does not hold the tuner."""
    tuner = BaudDetector((1200, 9600))
    tuner.opened(0.0)

    assert not any(tuner.piece(mode, groups, 0.05 * step) for step, (mode, groups) in enumerate(pieces))
    assert tuner.due(DWELL_SLOW)


def test_a_piece_that_does_not_grow_is_evidence_once() -> None:
    """Sound groups that were followed by nothing do not count again and again."""
    tuner = BaudDetector((1200, 9600))
    tuner.opened(0.0)

    assert tuner.piece(Mode.HISTORIQUE, 5, 1.0)
    assert not tuner.piece(Mode.HISTORIQUE, 5, 2.0)
    assert tuner.piece(Mode.HISTORIQUE, 6, 3.0)


def test_one_accidental_frame_is_no_evidence_and_two_are() -> None:
    """A frame of one group is believed when another of its mode follows, as from an old meter in "veille"."""
    tuner = BaudDetector((1200, 9600))
    tuner.opened(0.0)

    assert not tuner.frame(Mode.STANDARD, 1, 1.0)
    assert not tuner.frame(Mode.HISTORIQUE, 1, 2.0)
    assert tuner.frame(Mode.HISTORIQUE, 1, 3.0)


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
    tuner = BaudDetector((1200, 9600))
    tuner.opened(0.0)
    if first == 9600:
        tuner.move()
    tuner.opened(0.0)
    tuner.frame(OWN_SPEED[first], 11, 0.0)
    frame = frame if meter == 1200 else min(frame, 1.8)

    found = _find(tuner, meter=meter, phase=phase * frame, frame=frame, look=look)

    assert found <= 15.0
    assert tuner.baudrate == meter


def _find(tuner: BaudDetector, *, meter: int, phase: float, frame: float, look: float) -> float:
    """Turn the clock until the tuner hears a meter that sends a group each twelfth of `frame` seconds."""
    opened = 0.0
    now = look
    while now < 60.0:
        if tuner.due(now):
            tuner.move()
            opened = now + REOPEN
            tuner.opened(opened)
            now = opened
        now += LOOK
        if tuner.baudrate != meter:
            tuner.piece(None, 0, now)
            continue
        # The piece in progress begins with the last STX, if the port was open by then.
        begun = (now - phase) // frame * frame + phase
        complete = begun - frame >= opened
        groups = int((now - begun) / frame * 12) if begun >= opened else 0
        if (complete and tuner.frame(OWN_SPEED[meter], 12, now)) or tuner.piece(
            OWN_SPEED[meter], groups, now
        ):
            return now
    return now
