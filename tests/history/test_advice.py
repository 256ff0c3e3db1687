"""The verdict on the offers, also where some colours are unknown, and a rise of what runs day and night."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from teleinfo.contract.advice import power, standby, verdict
from teleinfo.contract.days import midnight
from teleinfo.vocabulary.moment import DAY


def offer(name: str, energy: float, unknown: float = 0.0, *, is_open: bool = True) -> dict[str, Any]:
    """Return an offer with a cost."""
    now = {"energy": energy, "subscription": 100.0, "unknown": unknown}
    return {"id": name, "is_open": is_open, "now": now, "unknown_days": 3 if unknown else 0}


@pytest.mark.parametrize(
    ("own", "other", "best", "saved", "is_sure", "is_same"),
    [
        (offer("own", 1000), offer("tempo", 900), "tempo", (100, 100), True, False),
        (offer("own", 1000), offer("tempo", 850, 60), "tempo", (90, 150), True, False),
        (offer("own", 1000), offer("tempo", 950, 90), "tempo", (-40, 50), False, False),
        (offer("own", 1000), offer("tempo", 990, 6), "tempo", (4, 10), True, True),
        (offer("own", 1000), offer("tempo", 1010, 60), "own", (0, 0), True, True),
        (offer("own", 1000), offer("tempo", 960, 90), "own", (0, 0), False, True),
        (offer("own", 1000, 60), offer("base", 1010), "base", (-10, 50), False, False),
        (offer("own", 900), offer("tempo", 100, is_open=False), None, (0, 0), True, True),
    ],
)
def test_the_verdict_is_sure_only_if_no_colour_can_change_it(
    own: dict[str, Any],
    other: dict[str, Any],
    best: str | None,
    saved: tuple[float, float],
    *,
    is_sure: bool,
    is_same: bool,
) -> None:
    found = verdict([own, other], "own")
    if best is None:
        assert found is None
        return
    assert found is not None
    assert (found["best"], found["saved"], found["saved_most"]) == (best, *saved)
    assert (found["is_sure"], found["is_same"]) == (is_sure, is_same)


@pytest.mark.parametrize(
    ("powers", "power", "number"),
    [((100, 200, 260), 130, 1), ((100, 130, 300), 185, 2)],
    ids=["first", "second"],
)
def test_of_two_rises_of_what_runs_day_and_night_the_greater_is_told(
    powers: tuple[int, ...], power: int, number: int
) -> None:
    """Each power lasts twenty days. A rise is that of the median of all days before and after it."""
    first = dt.date(2026, 6, 1)
    half_hours = {}
    for day in range(20 * len(powers)):
        half_hours[midnight(first + day * DAY, hour=3)] = powers[day // 20] / 2
    found = standby(half_hours, (), None)

    assert found is not None
    assert found["rose"] == {"power": power, "day": str(first + 20 * number * DAY)}


def test_a_rise_of_a_watt_is_not_told() -> None:
    first = dt.date(2026, 6, 1)
    half_hours = {}
    for day in range(40):
        watts = 100 if day < 20 else 101
        half_hours[midnight(first + day * DAY, hour=3)] = watts / 2
    found = standby(half_hours, (), None)

    assert found is not None
    assert found["rose"] is None


def test_with_the_greatest_subscribed_power_each_step_is_shown() -> None:
    day = dt.date(2026, 6, 1)
    found = power([(midnight(day, hour=19), 20_000)], None, 36, day)

    assert found is not None
    assert [(step["kva"], step["exceeded"]) for step in found["steps"]][-3:] == [(24, 0), (30, 0), (36, 0)]


def test_with_solar_panels_the_nights_alone_tell_what_runs_day_and_night() -> None:
    """At noon the panels supply a part: a house that draws 100 W draws 20 W from the network."""
    half_hours = {}
    for day in range(40):
        date = dt.date(2026, 6, 1) + day * DAY
        half_hours[midnight(date, hour=3)] = 100 / 2
        half_hours[midnight(date, hour=12)] = 20 / 2
    injected = (midnight(dt.date(2026, 6, 1), hour=13),)

    assert (standby(half_hours, injected, None) or {})["power"] == 100
    assert (standby(half_hours, (), None) or {})["power"] == 20
