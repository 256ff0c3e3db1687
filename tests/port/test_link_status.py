"""What is known of the line, and why no frame comes."""

from __future__ import annotations

import pytest

from teleinfo.port.errors import PortError
from teleinfo.port.link_status import NONSENSE_FIXED, NONSENSE_SEARCHING, SILENT_AFTER, LinkStatus
from teleinfo.vocabulary.line import LinkProblem, PortErrorKind
from teleinfo.vocabulary.words import Message


def link(*, searching: bool = False) -> LinkStatus:
    """Return a line whose port was opened at 100 s."""
    status = LinkStatus(url="/dev/ttyUSB0", baudrate=1200, searching=searching)
    status.note_open(100.0)
    return status


def test_a_port_that_is_away_says_why_until_it_is_open() -> None:
    status = LinkStatus(url="/dev/ttyUSB0", baudrate=1200, searching=False)
    assert status.problem(0.0) is LinkProblem.OPENING
    status.note_lost(PortError(PortErrorKind.BUSY, Message("lost")))
    assert status.problem(101.0) is PortErrorKind.BUSY

    status.note_open(3600.0)
    assert status.problem(3600.0 + SILENT_AFTER - 0.1) is LinkProblem.LISTENING
    assert status.error is None


def test_a_line_without_a_byte_is_dead_after_ten_seconds() -> None:
    status = link()
    assert status.problem(100.0 + SILENT_AFTER - 0.1) is LinkProblem.LISTENING
    status.note_open(105.0)
    assert status.problem(100.0 + SILENT_AFTER) is LinkProblem.NO_DATA

    status.note_bytes(120.0)
    assert status.problem(120.0 + SILENT_AFTER - 0.1) is LinkProblem.LISTENING
    assert status.problem(120.0 + SILENT_AFTER) is LinkProblem.NO_DATA


@pytest.mark.parametrize(("searching", "patience"), [(False, NONSENSE_FIXED), (True, NONSENSE_SEARCHING)])
def test_bytes_without_sense_are_nonsense_after_a_while(
    searching: bool,  # noqa: FBT001 - a parameter of the test
    patience: float,
) -> None:
    status = link(searching=searching)
    for second in range(200, 300):
        status.note_bytes(second)
        assert status.problem(second) is (
            LinkProblem.LISTENING if second < 200 + patience else LinkProblem.NONSENSE
        )


def test_sound_groups_of_a_long_frame_keep_the_meter_heard() -> None:
    """A frame may take longer than 10 s at 1200 baud; but without any frame no meter was heard."""
    status = link()
    status.last_sound = 101.0
    assert not status.is_heard(101.0)

    status.note_frame(110.0)
    status.note_bytes(149.0)
    status.last_sound = 149.0
    assert status.is_heard(158.0)
    assert status.problem(158.0) is None


def test_the_time_in_which_the_process_was_stopped_does_not_count() -> None:
    status = link()
    status.note_bytes(110.0)
    status.note_frame(110.0)
    status.listening_since = 500.0

    assert status.problem(500.0) is LinkProblem.LISTENING
    assert status.problem(500.0 + SILENT_AFTER) is LinkProblem.NO_DATA
