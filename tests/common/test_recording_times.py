"""The times of a recording: each byte has the time of the last line before it, and damage ends the times."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo.common.recording_times import RecordingTimes
from tests.support.strategies import chunkings


@pytest.mark.parametrize(
    "damage",
    [b"4 101.0", b"4 101.000", b"x\n", b"\0\n", b"1 101.000\n", b"4 99.000\n", b"9" * 5000 + b" 1.000\n"],
)
def test_times_are_believed_up_to_the_first_damaged_line(damage: bytes) -> None:
    """A line that is cut short, has another form, or goes back."""
    assert RecordingTimes([b"2 100.500\n", damage, b"8 109.000\n"]).known == 2


def test_the_bytes_are_cut_where_a_time_begins() -> None:
    """Before the first line no time is known."""
    times = RecordingTimes([b"2 100.500\n", b"4 101.000\n", b"6 101.500\n"])

    assert [*times.split(b"abcdef", 0)] == [(b"ab", None), (b"cd", 100.5), (b"ef", 101.0)]
    assert [*times.split(b"d", 3)] == [(b"d", 100.5)]


@given(st.data())
def test_the_chunks_in_which_a_recording_is_read_do_not_matter(data: st.DataObject) -> None:
    """Each byte has the time of the last line at or before its offset."""
    offsets = sorted(data.draw(st.sets(st.integers(0, 50), min_size=1)))
    times = RecordingTimes(b"%d %d.000\n" % (offset, 100 + offset) for offset in offsets)
    recording = bytes(60)
    read = list[float | None]()
    for chunk in data.draw(chunkings(recording)):
        for piece, time in times.split(chunk, len(read)):
            read += [time] * len(piece)

    assert read == [
        max((100.0 + offset for offset in offsets if offset <= at), default=None) for at in range(60)
    ]
