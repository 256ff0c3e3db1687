"""What the log says of a meter that is not heard although its port is open."""

from __future__ import annotations

import itertools
import logging

import pytest

from teleinfo.port.line_log import LineLog
from teleinfo.port.link_status import LinkStatus
from teleinfo.tic.labels import Mode

QUIET = "no sound frame from the meter for 10 s, and no byte at all: it may be interrupted, without power"


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Return the log from INFO up."""
    caplog.set_level(logging.INFO)
    return caplog


class Line:
    """A line whose port was opened at 0 s, and its log."""

    def __init__(self, *, searching: bool = False, baudrate: int | None = 1200) -> None:
        self.status = LinkStatus(url="/dev/ttyUSB0", baudrate=baudrate, searching=searching)
        self.log = LineLog(self.status)
        self.status.note_open(0.0)

    def frame(self, now: int) -> None:
        """Let a frame come."""
        self.status.note_bytes(now)
        self.status.note_frame(now)

    def live(self, begin: int, end: int, *, bytes_: bool = False, frames: bool = False) -> None:
        """Let the seconds from `begin` up to `end` pass."""
        for now in range(begin, end):
            if bytes_:
                self.status.note_bytes(now)
            if frames:
                self.frame(now)
            self.log.check({}, now)


@pytest.mark.parametrize(
    ("baudrate", "searching", "bytes_", "patience", "words"),
    [
        (1200, True, False, 10, "for 10 s, and no byte at all: check its wires"),
        (1200, False, True, 30, "at 1200 baud, but none makes sense: the speed is probably wrong"),
        (1200, True, True, 60, "at 1200 baud or at 9600: check the wiring"),
        (None, False, True, 30, "the bridge probably has another speed than the meter"),
    ],
)
def test_a_meter_that_is_not_heard_is_said_once(
    said: pytest.LogCaptureFixture,
    *,
    baudrate: int | None,
    searching: bool,
    bytes_: bool,
    patience: int,
    words: str,
) -> None:
    """However long it lasts: one line names the wires, or the speed."""
    line = Line(searching=searching, baudrate=baudrate)
    line.live(0, patience, bytes_=bytes_)
    assert said.messages == []

    line.live(patience, 24 * 3600, bytes_=bytes_)
    [record] = said.records

    assert record.levelname == "WARNING"
    assert words in record.getMessage()


def test_a_meter_that_comes_and_goes_is_one_silence(said: pytest.LogCaptureFixture) -> None:
    line = Line()
    line.live(0, 60, frames=True)
    for now in range(60, 3660):
        if now % 15 == 0:
            line.frame(now)
        line.log.check({}, now)
    line.live(3660, 7200, frames=True)
    line.live(7200, 7260)
    line.live(7260, 7400, frames=True)

    assert [text.removesuffix(", or its wires loose") for text in said.messages] == [
        QUIET,
        "the meter is heard again, after 15 s",
        f"the meter comes and goes: {QUIET}",
        "the meter is heard again, after 1 h 00 min",
        QUIET,
        "the meter is heard again, after 1 min",
    ]


def test_withheld_values_are_two_lines(said: pytest.LogCaptureFixture) -> None:
    line = Line()
    counts: dict[str, int] = {}
    for now in range(10_000):
        if now in (10, 11, 12):
            counts["BASE"] = counts.get("BASE", 0) + 1
        if now == 2410:
            counts["EAST"] = 1
        line.frame(now)
        line.log.check(counts, now)

    assert [record.levelname for record in said.records] == ["WARNING", "INFO"]
    withheld, ended = said.messages
    assert withheld.startswith("values that cannot follow those before are withheld, of BASE: bytes get lost")
    assert ended == "no value has been withheld for 2 h; before, some were for 40 min"


def test_a_mode_that_changes_all_the_time_is_one_line_a_minute(said: pytest.LogCaptureFixture) -> None:
    """
    Noise, or two meters behind one bridge, must not fill the log.

    1. Every 2 s another mode at the same speed, for 10 minutes: a line a minute. 2. Another speed: at once.
    """
    line = Line()
    modes = itertools.cycle([Mode.HISTORIQUE, Mode.STANDARD])
    for now in range(0, 600, 2):
        line.status.mode = next(modes)
        line.frame(now)
        line.log.check({}, now)
    assert len(said.messages) == 10

    line.status.baudrate = 9600
    line.log.check({}, 601)
    assert said.messages[-1].startswith("the meter changed its mode: now mode standard at 9600 baud, before ")
