"""A year of Tempo costs between two bounds if the colours of some days are unknown."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo.contract.days import local, midnight, season_of
from teleinfo.contract.tempo import dearest, may_be_other_than_blue, may_be_red
from teleinfo.history.chronicle import COLOUR, Batch
from teleinfo.vocabulary.codes import Colour
from tests.history import year
from tests.history.test_contract import METER, batch_of, table_of

if TYPE_CHECKING:
    from pathlib import Path

DAYS = st.dates(dt.date(2025, 11, 1), dt.date(2026, 6, 30)).filter(may_be_other_than_blue)
EUROS = st.floats(0, 20)
LEFT = st.integers(0, 3)


def truths(days: list[dt.date], reds: int, whites: int) -> list[dict[dt.date, Colour]]:
    """Return each way in which these days may be coloured, with so many red and white ones at most."""
    colourings: list[dict[dt.date, Colour]] = [{}]
    for day in days:
        colours = [Colour.BLUE, Colour.WHITE]
        if may_be_red(day):
            colours.append(Colour.RED)
        colourings = [{**before, day: colour} for before in colourings for colour in colours]
    possible = []
    for colouring in colourings:
        used = Counter(colouring.values())
        if used[Colour.RED] <= reds and used[Colour.WHITE] <= whites:
            possible.append(colouring)
    return possible


@given(
    st.dictionaries(DAYS, st.tuples(EUROS, EUROS), min_size=1, max_size=5),
    st.integers(0, 3),
    st.integers(0, 3),
)
def test_no_colouring_costs_more_than_the_bound(
    more: dict[dt.date, tuple[float, float]], reds: int, whites: int
) -> None:
    """Within one season, in which so many days of each colour are left."""
    first = dt.date(2025, 9, 1)
    known = {first + number * year.DAY: Colour.RED for number in range(22 - reds)}
    known |= {first + (40 + number) * year.DAY: Colour.WHITE for number in range(43 - whites)}
    by_colour = {day: {Colour.WHITE: white, Colour.RED: white + red} for day, (white, red) in more.items()}
    most = 0.0
    for truth in truths([*more], reds, whites):
        extra_cost = sum(by_colour[day].get(colour, 0.0) for day, colour in truth.items())
        most = max(most, extra_cost)
    assert dearest(by_colour, known) == pytest.approx(most)


def coloured(batch: Batch) -> Batch:
    """Give the days of a batch colours, with at most 22 red and 43 white days in each season."""
    left: dict[dt.date, dict[str, int]] = {}
    for kind, time in sorted(batch.days):
        if kind != COLOUR:
            continue
        day = local(time).date()
        of_season = left.setdefault(season_of(day), {"red": 22, "white": 43})
        colour = "blue"
        if may_be_red(day) and day.month != 11 and day.day % 3 == 0 and of_season["red"]:
            colour = "red"
        elif may_be_other_than_blue(day) and day.day % 4 == 1 and of_season["white"]:
            colour = "white"
        if colour != "blue":
            of_season[colour] -= 1
        batch.days[kind, time] = colour
    return batch


def odd_days(batch: Batch) -> list[tuple[str, int]]:
    """Return the days of the year of the card that are not blue."""
    first = midnight(dt.date(2025, 11, 1))
    last = midnight(dt.date(2026, 10, 31))
    days = [key for key, colour in batch.days.items() if key[0] == COLOUR and colour != "blue"]
    return [key for key in days if first <= key[1] < last]


def test_days_of_unknown_colour_leave_two_bounds(tmp_path: Path) -> None:
    """
    The true cost is between them, whether one day is missing or six.

    The history has six colours less than the truth; five of them come with its second batch, then the last.
    """
    batch = coloured(batch_of(list(year.pieces(year.heat_pump))))
    colours = dict(batch.days)
    missing = random.Random(6).sample(odd_days(batch), 6)
    for key in missing:
        del batch.days[key]
    six = tempo(table_of(tmp_path, batch))
    one = tempo(table_of(tmp_path, colours_of(colours, missing[:5])))
    whole = tempo(table_of(tmp_path, colours_of(colours, missing[5:])))

    assert (whole["unknown_days"], whole["now"]["unknown"]) == (0, 0)
    for days, offer in ((1, one), (6, six)):
        assert offer["why"] is None
        assert offer["unknown_days"] == days
        for when in ("then", "now"):
            assert offer[when]["energy"] <= whole[when]["energy"] + 0.01
            assert offer[when]["energy"] + offer[when]["unknown"] >= whole[when]["energy"] - 0.01
            assert 0 < offer[when]["unknown"] < 12 * days


def colours_of(colours: dict[tuple[str, int], str], days: list[tuple[str, int]]) -> Batch:
    """Return a batch with the colours of some days."""
    return Batch(METER, midnight(year.LAST), days={day: colours[day] for day in days})


@pytest.mark.long
def test_a_day_without_energy_needs_no_colour(tmp_path: Path) -> None:
    def house(now: dt.datetime, _chance: random.Random) -> float:
        return 0 if now.date() in {dt.date(2026, 2, 3), dt.date(2026, 2, 4)} else 300

    batch = batch_of(list(year.pieces(house)))
    [key] = [key for key in batch.days if key[0] == COLOUR and key[1] // 86_400 == 20_487]
    del batch.days[key]
    assert tempo(table_of(tmp_path, batch))["unknown_days"] == 0


def tempo(table: dict[str, Any]) -> dict[str, Any]:
    """Return the offer Tempo."""
    offers: list[dict[str, Any]] = table["offers"]
    [found] = [offer for offer in offers if offer["id"] == "tempo"]
    return found
