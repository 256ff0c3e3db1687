"""
The limits of the pure modules, each on its two sides: at the limit and next to it.

Each test was written for a mutant, a program with one small change, that no other test noticed.
"""

from __future__ import annotations

import json

import pytest

from teleinfo.daemon import health
from teleinfo.daemon.rate_limit import RateLimit
from teleinfo.tic.decoder import Counts
from teleinfo.tic.labels import Mode
from teleinfo.tic.reading import Reading

HIGH = Reading(Mode.HISTORIQUE, {"PTEC": "HP"})
LOW = Reading(Mode.HISTORIQUE, {"PTEC": "HC"})
SHORT = Reading(Mode.HISTORIQUE, {"PAPP": "00750"})


@pytest.mark.parametrize(
    ("sent", "published"),
    [
        ([SHORT, HIGH], [True, False]),
        ([HIGH, SHORT, LOW], [True, False, True]),
        ([HIGH, SHORT, HIGH], [True, False, False]),
    ],
)
def test_a_tariff_is_news_when_it_differs_from_the_last_one_that_was_seen(
    sent: list[Reading], published: list[bool]
) -> None:
    """However many frames came without it; the first one that is seen is none."""
    pace = RateLimit(60)

    assert [pace.is_due(reading, now=float(second)) for second, reading in enumerate(sent)] == published


def test_the_quality_of_the_line_forgets_what_is_as_old_as_its_window() -> None:
    """What was counted until five minutes ago, to the second, is past."""
    quality = health.Quality()
    quality.sample(Counts(groups=0, checksum=10), now=0)
    quality.sample(Counts(groups=10, checksum=10), now=health.WINDOW - 1)
    before = quality.bad_share
    quality.sample(Counts(groups=20, checksum=10), now=health.WINDOW)

    assert before == 0.5
    assert quality.bad_share == 0.0


def test_the_health_is_compact_and_says_three_decimals() -> None:
    """One bad group in seven is 14.286 %."""
    quality = health.Quality()
    counts = Counts(groups=6, checksum=1)
    quality.sample(counts, now=0)
    text = health.encode(health.health_of(counts, quality, mode=None, baudrate=None, parity=None))

    assert b" " not in text
    assert json.loads(text)["bad_groups_percent"] == 14.286
