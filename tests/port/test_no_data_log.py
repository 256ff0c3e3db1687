"""What the log says of a meter that is not heard although its port is open."""

from __future__ import annotations

import logging

import pytest

from teleinfo.port.baud_detector import BaudDetector
from teleinfo.port.no_data_log import Silence


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Return the log from INFO up."""
    caplog.set_level(logging.INFO)
    return caplog


def silence_of(*speeds: int) -> Silence:
    """Return the story of a port that was opened at 0 s."""
    silence = Silence("/dev/ttyUSB0", BaudDetector(speeds))
    silence.opened(0.0)
    return silence


def live(silence: Silence, begin: int, end: int, *, bytes_: bool = False, frames: bool = False) -> None:
    """Let the seconds from `begin` up to `end` pass."""
    for now in range(begin, end):
        if bytes_ or frames:
            silence.bytes_came(float(now))
        if frames:
            silence.frame_came(float(now))
        silence.check(float(now))


def test_a_dead_line_is_said_after_ten_seconds(said: pytest.LogCaptureFixture) -> None:
    """No byte for 10 s: one line that names the wires, however long it lasts."""
    silence = silence_of(1200, 9600)
    live(silence, 0, 10)
    assert said.messages == []

    live(silence, 10, 24 * 3600)
    (line,) = said.records

    assert line.levelname == "WARNING"
    assert "no sound frame from the meter for 10 s, and no byte at all: check its wires" in line.getMessage()


def test_a_silence_is_two_lines(said: pytest.LogCaptureFixture) -> None:
    """1. Frames. 2. Silence: one warning. 3. Frames: one line says how long there was none."""
    silence = silence_of(1200)
    live(silence, 0, 60, frames=True)
    live(silence, 60, 180)
    live(silence, 180, 7200, frames=True)

    assert [(line.levelname, line.getMessage()) for line in said.records] == [
        (
            "WARNING",
            (
                "no sound frame from the meter for 10 s, and no byte at all: it may be interrupted, without "
                "power, or its wires loose"
            ),
        ),
        ("INFO", "the meter is heard again, after 2 min"),
    ]


@pytest.mark.parametrize(
    ("speeds", "patience", "words"),
    [
        ((1200,), 30, "It is that of mode historique; the meter may be in mode standard at 9600 baud"),
        ((9600,), 30, "It is that of mode standard; the meter may be in mode historique at 1200 baud"),
        ((1200, 9600), 60, "at 1200 baud or at 9600: check the wiring"),
    ],
)
def test_bytes_without_sense_are_said_once(
    said: pytest.LogCaptureFixture, speeds: tuple[int, ...], patience: int, words: str
) -> None:
    """A fixed speed that makes no sense names the other mode, a search that finds nothing the wiring."""
    silence = silence_of(*speeds)
    live(silence, 0, patience, bytes_=True)
    assert said.messages == []

    live(silence, patience, 24 * 3600, bytes_=True)
    (line,) = said.records

    assert words in line.getMessage()


def test_a_meter_that_comes_and_goes_is_one_silence(said: pytest.LogCaptureFixture) -> None:
    """
    1. A frame every 15 s, for an hour: it is said that it comes and goes, once.

    2. Frames again: when they have held for a while, one line says for how long they did not.
    3. A silence after that is a new one.
    """
    silence = silence_of(1200)
    live(silence, 0, 60, frames=True)
    for now in range(60, 3660):
        if now % 15 == 0:
            silence.bytes_came(float(now))
            silence.frame_came(float(now))
        silence.check(float(now))
    live(silence, 3660, 7200, frames=True)
    live(silence, 7200, 7260)
    live(silence, 7260, 7400, frames=True)

    quiet = "no sound frame from the meter for 10 s, and no byte at all: it may be interrupted, without power"
    assert [line.getMessage().removesuffix(", or its wires loose") for line in said.records] == [
        quiet,
        "the meter is heard again, after 15 s",
        f"the meter comes and goes: {quiet}",
        "the meter is heard again, after 1 h 00 min",
        quiet,
        "the meter is heard again, after 1 min",
    ]


def test_a_dead_line_that_begins_to_talk_is_given_its_time(said: pytest.LogCaptureFixture) -> None:
    """After a long silence the first bytes are not yet nonsense: a frame takes a while."""
    silence = silence_of(1200, 9600)
    live(silence, 0, 1000)
    live(silence, 1000, 1015, bytes_=True)
    live(silence, 1015, 1100, frames=True)

    assert [line.levelname for line in said.records] == ["WARNING", "INFO"]


def test_the_time_without_a_port_is_no_silence(said: pytest.LogCaptureFixture) -> None:
    """A port that is back after an hour has ten seconds to be heard, and an absent one is not spoken of."""
    silence = silence_of(1200, 9600)
    live(silence, 0, 60, frames=True)
    silence.opened(3600.0)
    live(silence, 3600, 3609)
    live(silence, 3609, 3700, frames=True)

    assert said.messages == []
