"""Horodates as moments that Home Assistant understands."""

from __future__ import annotations

import pytest
from hypothesis import given

from teleinfo.tic.horodate import iso
from tests.support.strategies import horodates


@pytest.mark.parametrize(
    ("horodate", "moment"),
    [
        ("H081225223518", "2008-12-25T22:35:18+01:00"),
        ("E090714074553", "2009-07-14T07:45:53+02:00"),
        ("e090714074553", "2009-07-14T07:45:53+02:00"),
        # The hour that comes twice: the letter tells which.
        ("E261025023000", "2026-10-25T02:30:00+02:00"),
        ("H261025023000", "2026-10-25T02:30:00+01:00"),
        # A blank season: by the calendar.
        (" 230213060000", "2023-02-13T06:00:00+01:00"),
        (" 230713060000", "2023-07-13T06:00:00+02:00"),
        # Clocks go from 02:00 to 03:00: this is that moment, and the same as 03:00+02:00.
        (" 260329020000", "2026-03-29T02:00:00+01:00"),
    ],
)
def test_the_season_gives_the_offset(horodate: str, moment: str) -> None:
    """H is UTC+1, E is UTC+2, whatever the machine's own zone."""
    assert iso(horodate) == moment


@pytest.mark.parametrize("text", ["", "H26", "H261325000000", "H260230000000", "X260101000000", "26/01/14"])
def test_what_is_no_moment_gives_none(text: str) -> None:
    assert iso(text) is None


@given(horodates())
def test_no_horodate_of_any_meter_raises(horodate: str) -> None:
    """Whatever passes the decoder is a moment or None."""
    moment = iso(horodate)

    assert moment is None or len(moment) == len("2026-01-14T12:00:00+01:00")
