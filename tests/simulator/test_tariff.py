"""The tariff clock: periods, colours, announcements."""

from __future__ import annotations

import datetime as dt

import pytest

from teleinfo.simulator import tariff

# 2026-01-12 is a Monday: bleu, then blanc, bleu, rouge, blanc, bleu, bleu.
MONDAY = dt.datetime(2026, 1, 12)  # noqa: DTZ001 -- a meter knows local time only


def at(day: int, hour: int, minute: int = 0) -> dt.datetime:
    """Return a time of the week; day 0 is Monday."""
    return MONDAY + dt.timedelta(days=day, hours=hour, minutes=minute)


@pytest.mark.parametrize(
    ("when", "ptec", "tomorrow"),
    [
        (at(0, 5, 59), "HCJB", 1),  # still Sunday's day, and Monday is known
        (at(0, 6), "HPJB", 0),
        (at(0, 19, 59), "HPJB", 0),
        (at(0, 20), "HPJB", 2),
        (at(0, 22), "HCJB", 2),
        (at(1, 5, 59), "HCJB", 2),
        (at(1, 6), "HPJW", 0),
        (at(3, 5, 59), "HCJB", 3),
        (at(3, 6), "HPJR", 0),
        (at(3, 23), "HCJR", 2),
        (at(4, 6), "HPJW", 0),
    ],
)
def test_a_tempo_day_lasts_from_six_to_six_and_the_next_is_known_from_eight_in_the_evening(
    when: dt.datetime, ptec: str, tomorrow: int
) -> None:
    """PTEC has the colour of the day that began at 06:00; the next one is known from 20:00."""
    period = tariff.TEMPO.period(when)

    assert (ptec, tomorrow) == (period.ptec, period.tomorrow)


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
    ("when", "ptec", "notice"),
    [
        (at(1, 6, 29), "HN..", False),
        (at(1, 6, 30), "HN..", True),
        (at(1, 7), "PM..", True),
        (at(2, 0, 59), "PM..", True),
        (at(2, 1), "HN..", False),
        (at(2, 12), "HN..", False),
    ],
)
def test_an_ejp_peak_has_half_an_hour_of_notice(when: dt.datetime, ptec: str, notice: bool) -> None:  # noqa: FBT001 -- a column of the table above
    """PEJP comes 30 minutes before the peak and stays through it, from 07:00 to 01:00."""
    period = tariff.EJP.period(when)

    assert (ptec, notice) == (period.ptec, bool(period.peaks))


@pytest.mark.parametrize(
    ("hour", "ptec"), [(0, "HC.."), (5, "HC.."), (6, "HP.."), (21, "HP.."), (22, "HC..")]
)
def test_the_night_is_off_peak(hour: int, ptec: str) -> None:
    """Heures creuses run from 22:00 to 06:00, and close the contact."""
    period = tariff.HC.period(at(0, hour))

    assert ptec == period.ptec
    assert period.off_peak == (ptec == "HC..")


@pytest.mark.parametrize("contract", [tariff.BASE, tariff.PRODUCER, tariff.HC, tariff.EJP, tariff.TEMPO])
def test_words_have_the_width_of_the_wire(contract: tariff.SimulatedContract) -> None:
    """OPTARIF and PTEC have 4 characters, NGTF and LTARF 16; the running index is one of the contract's."""
    periods = [contract.period(at(day, hour)) for day in range(7) for hour in range(24)]

    assert (len(contract.optarif), len(contract.ngtf)) == (4, 16)
    assert {(4, 16)} == {(len(period.ptec), len(period.ltarf)) for period in periods}
    assert set(range(len(contract.indexes))) == {period.index for period in periods}


@pytest.mark.parametrize(
    ("when", "summer"),
    [
        ("2026-03-29T01:59:59", False),
        ("2026-03-29T03:00:00", True),
        ("2026-10-25T01:59:59", True),
        ("2026-10-25T02:30:00", True),
        ("2026-10-25T03:00:00", False),
        ("2024-10-27T02:59:59", True),
    ],
)
def test_summer_time_follows_the_last_sundays(when: str, summer: bool) -> None:  # noqa: FBT001 -- a column of the table above
    """Summer is from the last Sunday of March to the last one of October, at the hours of France."""
    now = dt.datetime.fromisoformat(when)

    assert summer is tariff.is_summer(now)


def test_the_hour_that_comes_twice_is_winter_the_second_time() -> None:
    """`fold` tells the two apart."""
    twice = dt.datetime(2026, 10, 25, 2, 30)  # noqa: DTZ001 -- a meter knows local time only

    assert tariff.is_summer(twice)
    assert not tariff.is_summer(twice.replace(fold=1))
