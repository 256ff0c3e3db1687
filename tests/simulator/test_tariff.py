"""The tariff clock: announcements and summer time; the frames of test_meters.py show the rest."""

from __future__ import annotations

import datetime as dt

import pytest

from teleinfo.simulator import tariff

# 2026-01-12 is a Monday: bleu, then blanc, bleu, rouge, blanc, bleu, bleu.
MONDAY = dt.datetime(2026, 1, 12)  # noqa: DTZ001 -- a meter knows local time only


def at(day: int, hour: int) -> dt.datetime:
    """Return a time of the week; day 0 is Monday."""
    return MONDAY + dt.timedelta(days=day, hours=hour)


def test_a_tempo_peak_is_announced_and_kept_until_its_end() -> None:
    """A white day is peak 1, a red one peak 2, from 06:00 to 06:00, announced on the evening before."""
    white = tariff.Peak(1, at(1, 6), at(2, 6))
    red = tariff.Peak(2, at(3, 6), at(4, 6))
    next_white = tariff.Peak(1, at(4, 6), at(5, 6))

    assert tariff.TEMPO.period(at(0, 19)).peaks == ()
    assert tariff.TEMPO.period(at(0, 20)).peaks == (white,)
    assert tariff.TEMPO.period(at(2, 5)).peaks == (white,)
    assert tariff.TEMPO.period(at(2, 6)).peaks == ()
    assert tariff.TEMPO.period(at(3, 21)).peaks == (next_white, red)


@pytest.mark.parametrize(
    ("when", "fold", "summer"),
    [
        ("2026-03-29T01:59:59", 0, False), ("2026-03-29T03:00:00", 0, True),
        ("2024-10-27T02:59:59", 0, True), ("2026-10-25T01:59:59", 0, True), ("2026-10-25T03:00:00", 0, False),
        ("2026-10-25T02:30:00", 0, True), ("2026-10-25T02:30:00", 1, False),
    ],
)  # fmt: skip
def test_summer_time_follows_the_last_sundays(when: str, fold: int, summer: bool) -> None:  # noqa: FBT001 -- a column of the table above
    """It is that of France; `fold` tells the two times of the hour apart that comes twice."""
    assert summer is tariff.is_summer(dt.datetime.fromisoformat(when).replace(fold=fold))
