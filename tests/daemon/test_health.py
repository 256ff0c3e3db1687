"""The health of the line: the share of bad groups over five minutes, in figures and in a word."""

from __future__ import annotations

import json

import pytest

from teleinfo.daemon.health import WINDOW, Facts, LineGrade, Quality, encode
from teleinfo.tic.decoder import Counts
from teleinfo.tic.labels import Mode


def test_without_any_group_the_line_is_silent() -> None:
    """No group, no share."""
    quality = Quality()
    quality.sample(Counts(), now=0)

    assert quality.bad_share is None
    assert quality.verdict is LineGrade.SILENT


@pytest.mark.parametrize(
    ("bad", "verdict"),
    [
        (0, LineGrade.GOOD),
        (1, LineGrade.FAIR),
        (9, LineGrade.FAIR),
        (10, LineGrade.POOR),
        (100, LineGrade.BAD),
    ],
)
def test_the_verdict_follows_the_share_of_bad_groups(bad: int, verdict: LineGrade) -> None:
    """Fewer than 1 in 1000 is good, in 100 fair, in 10 poor."""
    quality = Quality()
    quality.sample(Counts(groups=1000 - bad, checksum=bad), now=0)

    assert quality.bad_share == bad / 1000
    assert quality.verdict is verdict


def test_only_the_last_five_minutes_count() -> None:
    """What was bad before the window no longer matters, and the memory of it is bounded."""
    quality = Quality()
    for minute in range(1000):
        quality.sample(Counts(groups=10 * minute, parity=min(minute, 900)), now=60.0 * minute)

    assert quality.bad_share == 0
    assert len(quality._samples) <= WINDOW / 60 + 2


def test_what_was_counted_before_the_first_sample_is_in_the_window() -> None:
    """Right after the start the window is all that came so far."""
    quality = Quality()
    quality.sample(Counts(groups=1, malformed=1), now=1000)
    quality.sample(Counts(groups=2, malformed=2), now=1001)

    assert quality.bad_share == 0.5


def test_health_says_all_that_the_contract_names() -> None:
    """Version, mode, speed, counts by cause, share and verdict, last frame, uptime."""
    counts = Counts(bytes_=1, frames=2, groups=997, parity=1, checksum=1, malformed=1, interrupted=4)
    quality = Quality()
    quality.sample(counts, now=0)
    facts = Facts(
        version="1.2.3",
        mode=Mode.STANDARD,
        baudrate=9600,
        parity=True,
        last_frame="2026-01-31T12:00:00+00:00",
        uptime=61.9,
    )

    assert json.loads(encode(facts, counts, quality)) == {
        "version": "1.2.3",
        "mode": "standard",
        "baudrate": 9600,
        "parity": True,
        "frames": 2,
        "groups": 997,
        "rejected": {"parity": 1, "checksum": 1, "malformed": 1},
        "interrupted": 4,
        "bad_groups_percent": 0.3,
        "line": "fair",
        "last_frame": "2026-01-31T12:00:00+00:00",
        "uptime": 61,
    }


def test_before_the_first_frame_health_has_nothing_to_say_and_says_so() -> None:
    """Unknown is null, never a guess."""
    facts = Facts(version="1", mode=None, baudrate=None, parity=None, last_frame=None, uptime=0)
    localized = json.loads(encode(facts, Counts(), Quality()))

    assert (localized["mode"], localized["bad_groups_percent"], localized["line"]) == (None, None, "silent")
