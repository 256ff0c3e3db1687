"""Numbers of the state are held back until they change by more than their noise, or for their interval."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo.homeassistant.held_state import HeldState, ends_period
from teleinfo.state.field_entry import message
from teleinfo.state.fields import USED_MARKS

if TYPE_CHECKING:
    from teleinfo.state.fields import Json

START = dt.datetime(2026, 1, 14, 12, tzinfo=dt.UTC)
PATHS = {
    "power.active": ("W", 75, 120),
    "headroom.used": ("%", 5, 120),
    "headroom.power": ("VA", 75, 120),
    "current.2": ("A", 1, 30),
    "voltage.1": ("V", 3, 300),
    "energy.import_total": ("Wh", None, 300),
    "energy.indexes.EASF01.value": ("Wh", None, 300),
    "energy.today.indexes.EASF01": ("Wh", None, 300),
    "cost.today.value": ("EUR", None, 300),
    "labels.EASD01": ("Wh", None, 60),
}
AT_ONCE: dict[str, tuple[Json, Json]] = {
    "tariff.code": ("HC", "HP"),
    "alerts.overrun.active": (False, True),
    "cost.price": (0.17, 0.21),
    "meter.clock_offset": (0, 6),
    "labels.DPM1_HORODATE": ("2026-01-14T07:00:00+01:00", "2026-01-15T07:00:00+01:00"),
    "day_profile.tomorrow": ([], [{"start": "00:00"}]),
}


def state(path: str, value: Json) -> dict[str, Json]:
    """Return a state with one value."""
    return message({tuple(path.split(".")): value}, {})


def shown(path: str, *values: tuple[float, Json]) -> list[Json]:
    """Return what is shown of one value at these seconds; the time of the state is not in it."""
    held = HeldState()
    found: list[Json] = []
    for now, value in values:
        inner: Any = held.update(state(path, value), now=now)
        for name in path.split("."):
            inner = inner[name]
        found.append(inner)
    return found


@pytest.mark.parametrize(("path", "noise"), [(path, noise) for path, (_, noise, _) in PATHS.items() if noise])
def test_a_change_beyond_the_noise_is_shown_at_once(path: str, noise: int) -> None:
    values = [1000, 1000 + noise, 1000 - noise, 1001 + noise, 1002 + noise, 1000]

    assert shown(path, *enumerate(values)) == [1000, 1000, 1000, 1001 + noise, 1001 + noise, 1000]


@pytest.mark.parametrize(("path", "interval"), [(path, interval) for path, (_, _, interval) in PATHS.items()])
def test_any_change_is_shown_after_the_interval(path: str, interval: int) -> None:
    """The interval begins with the last change that was shown."""
    times = (0, interval - 1, interval, 2 * interval - 1, 2 * interval, 9 * interval, 9 * interval + 1)

    assert shown(path, *zip(times, (1, 2, 2, 3, 3, 3, 4), strict=True)) == [1, 1, 2, 2, 3, 3, 4]


@pytest.mark.parametrize("path", ["energy.today.imported", "cost.this_month.value"])
def test_a_day_or_a_month_that_begins_is_shown_at_once(path: str) -> None:
    """Home Assistant then counts nothing twice: `since` changes in the same message."""
    assert shown(path, (0, 1000), (1, 1001), (2, 0), (3, 1)) == [1000, 1000, 0, 0]


@pytest.mark.parametrize("mark", USED_MARKS)
def test_a_share_of_the_subscription_that_passes_a_mark_is_shown_at_once(mark: int) -> None:
    """What sheds load compares with these, and waits for no interval: above, below, or equal."""
    values = [mark - 2, mark - 1, mark, mark + 1, mark + 2, mark + 1, mark - 1]

    found = shown("headroom.used", *enumerate(values))

    assert found == [mark - 2, mark - 2, mark, mark + 1, mark + 1, mark + 1, mark - 1]


@pytest.mark.parametrize("path", PATHS)
def test_a_number_that_becomes_known_or_unknown_is_shown_at_once(path: str) -> None:
    assert shown(path, (0, None), (1, 5), (2, None), (3, 6)) == [None, 5, None, 6]


@pytest.mark.parametrize("path", AT_ONCE)
def test_what_is_no_quantity_is_shown_at_once(path: str) -> None:
    """Tariffs, alerts, words, flags, prices, times of a mobile peak."""
    one, two = AT_ONCE[path]

    assert shown(path, (0, one), (1, two), (2, one)) == [one, two, one]


@pytest.mark.parametrize("path", ["time", "meter.clock"])
def test_a_clock_is_shown_once_a_minute(path: str) -> None:
    """Else nothing would ever be the same as before."""
    times = [f"2026-01-14T12:00:{second:02}+01:00" for second in range(0, 60, 30)]

    assert shown(path, (0, times[0]), (30, times[1]), (60, times[1])) == [times[0], times[0], times[1]]


def test_a_value_that_is_gone_is_forgotten() -> None:
    """When it comes again, it is shown at once."""
    held = HeldState()
    held.update(state("power.active", 1000), now=0)
    held.update({}, now=1)

    assert held.update(state("power.active", 1001), now=2) == state("power.active", 1001)


@pytest.mark.parametrize(
    ("clock", "expected"),
    [
        *(("12:04:57", True), ("12:04:59", True), ("12:04:56", False), ("12:05:00", False)),
        *(("12:59:47", False), ("12:59:48", True), ("13:00:11", True), ("13:00:12", False)),
    ],
)
def test_the_last_seconds_of_five_minutes_end_a_period(clock: str, *, expected: bool) -> None:
    """Home Assistant makes its statistics at whole five minutes, and of each hour by its own clock."""
    assert ends_period(dt.datetime.fromisoformat(f"2026-01-14T{clock}+01:00")) is expected


@given(steps=st.lists(st.tuples(st.integers(1, 20), st.integers(0, 60)), min_size=1, max_size=400))
def test_at_the_end_of_a_period_every_energy_is_that_of_the_meter(steps: list[tuple[int, int]]) -> None:
    """It is at most three seconds old."""
    held, now, energies, last = HeldState(), 0, [(0, 100_000)], -1
    for seconds, drawn in steps:
        now, energy = now + seconds, energies[-1][1] + drawn
        energies.append((now, energy))
        at = START + dt.timedelta(seconds=now)
        given_state: dict[str, Json] = {
            "time": at.isoformat("T", "seconds"),
            "energy": {"import_total": energy, "indexes": {"HC": {"value": energy}}},
        }
        found: Any = held.update(given_state, now=float(now))["energy"]
        total = found["import_total"]
        assert last <= total <= energy
        last = total
        if ends_period(at):
            recent = [each for time, each in energies if now - time < 3]
            assert total in recent
            assert found["indexes"]["HC"]["value"] in recent


@pytest.mark.parametrize("apart", range(-10, 11))
def test_at_a_whole_hour_of_a_clock_ten_seconds_apart_every_energy_is_that_of_the_meter(apart: int) -> None:
    """A frame comes every two seconds: the one before the hour of Home Assistant is shown."""
    held, shown_last, end = HeldState(), -1, 3600 + apart
    for second in range(0, end, 2):
        at = START + dt.timedelta(seconds=second)
        given_state: dict[str, Json] = {
            "time": at.isoformat("T", "seconds"),
            "energy": {"import_total": second},
        }
        found: Any = held.update(given_state, now=float(second))
        shown_last = found["energy"]["import_total"]

    assert end - shown_last <= 2
