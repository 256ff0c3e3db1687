"""Numbers of the state are held back until they change by more than their noise, or for their interval."""

from __future__ import annotations

import datetime as dt
import random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo.homeassistant.held_state import HeldState, ends_period
from teleinfo.simulator.catalogue import METERS, build
from teleinfo.state.field_entry import message
from tests.lab.homeassistant.rows import rows

if TYPE_CHECKING:
    from teleinfo.state.fields import Json

START = dt.datetime(2026, 1, 14, 12, tzinfo=dt.UTC)
NOISES = {"power.active": 75, "headroom.power": 75, "voltage.l1": 3}
"""The noise of quantities by path: in W, VA and V."""
INTERVALS = {
    "power.active": 120,
    "headroom.power": 120,
    "voltage.l1": 300,
    "energy.import_total": 300,
    "energy.indexes.EASF01.value": 300,
    "energy.today.indexes.EASF01": 300,
    "cost.today.value": 300,
    "labels.EASD01": 60,
}
"""The seconds after which any change is shown, by path."""
AT_ONCE: dict[str, tuple[Json, Json]] = {
    "headroom.used_percent": (70, 71),
    "current.l2": (4, 5),
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
    """
    Give the values of one path, with their times in s, to one `HeldState`; return what it shows after each.

    The states have no time of day.
    """
    held = HeldState()
    shown_values: list[Json] = []
    for now, value in values:
        inner: Any = held.update(state(path, value), now=now)
        for name in path.split("."):
            inner = inner[name]
        shown_values.append(inner)
    return shown_values


@pytest.mark.parametrize(("path", "noise"), NOISES.items())
def test_a_change_beyond_the_noise_is_shown_at_once(path: str, noise: int) -> None:
    """A change by the noise itself is not shown. The next change is measured from the value that is shown."""
    beyond = 1001 + noise
    values = [1000, 1000 + noise, 1000 - noise, beyond, beyond + 1, 1000]

    assert shown(path, *enumerate(values)) == [1000, 1000, 1000, beyond, beyond, 1000]


@pytest.mark.parametrize(("path", "interval"), INTERVALS.items())
def test_any_change_is_shown_after_the_interval(path: str, interval: int) -> None:
    """The interval begins with the last change that was shown: if that was long ago, it is over."""
    assert shown(
        path,
        (0, 1),
        (interval - 1, 2),
        (interval, 2),
        (2 * interval - 1, 3),
        (2 * interval, 3),
        (9 * interval, 3),
        (9 * interval + 1, 4),
    ) == [1, 1, 2, 2, 3, 3, 4]


@pytest.mark.parametrize("path", ["energy.today.imported", "cost.this_month.value"])
def test_a_day_or_a_month_that_begins_is_shown_at_once(path: str) -> None:
    """Home Assistant then counts nothing twice: `since` changes in the same message."""
    assert shown(path, (0, 1000), (1, 1001), (2, 0), (3, 1)) == [1000, 1000, 0, 0]


@pytest.mark.parametrize("path", INTERVALS)
def test_a_number_that_becomes_known_or_unknown_is_shown_at_once(path: str) -> None:
    assert shown(path, (0, None), (1, 5), (2, None), (3, 6)) == [None, 5, None, 6]


@pytest.mark.parametrize("path", AT_ONCE)
def test_what_is_no_quantity_and_what_sheds_load_is_shown_at_once(path: str) -> None:
    """Tariffs, alerts, words, flags, prices, times of a mobile peak; what has a threshold of any number."""
    former, latter = AT_ONCE[path]

    assert shown(path, (0, former), (1, latter), (2, former)) == [former, latter, former]


@pytest.mark.parametrize("path", ["time", "meter.clock"])
def test_a_clock_is_shown_once_a_minute(path: str) -> None:
    """Else nothing would ever be the same as before."""
    first = "2026-01-14T12:00:00+01:00"
    second = "2026-01-14T12:00:30+01:00"

    assert shown(path, (0, first), (30, second), (60, second)) == [first, first, second]


def test_a_value_that_is_gone_is_forgotten() -> None:
    """When it comes again, it is shown at once."""
    held = HeldState()
    held.update(state("power.active", 1000), now=0)
    held.update({}, now=1)

    assert held.update(state("power.active", 1001), now=2) == state("power.active", 1001)


@pytest.mark.parametrize(
    ("clock", "expected"),
    [
        ("12:04:55", False),
        ("12:04:56", True),
        ("12:04:59", True),
        ("12:05:00", False),
        ("12:59:44", False),
        ("12:59:45", True),
        ("13:00:14", True),
        ("13:00:15", False),
    ],
)
def test_the_last_seconds_of_five_minutes_end_a_period(clock: str, *, expected: bool) -> None:
    """Home Assistant makes its statistics at whole five minutes, and of each hour by its own clock."""
    assert ends_period(dt.datetime.fromisoformat(f"2026-01-14T{clock}+01:00")) is expected


@given(steps=st.lists(st.tuples(st.integers(1, 20), st.integers(0, 60)), min_size=1, max_size=400))
def test_at_the_end_of_a_period_every_energy_is_that_of_the_meter(steps: list[tuple[int, int]]) -> None:
    """It is at most four seconds old. A step is the seconds to the next frame, and the Wh drawn in them."""
    held = HeldState()
    now = 0
    energy = 100_000
    energies = [(now, energy)]
    last_total = -1
    for seconds, drawn in steps:
        now += seconds
        energy += drawn
        energies.append((now, energy))
        at = START + dt.timedelta(seconds=now)
        decoded: dict[str, Json] = {
            "time": at.isoformat("T", "seconds"),
            "energy": {"import_total": energy, "indexes": {"HC": {"value": energy}}},
        }
        section: Any = held.update(decoded, now=float(now))["energy"]
        total = section["import_total"]
        assert last_total <= total <= energy
        last_total = total
        if ends_period(at):
            recent = [counted for time, counted in energies if now - time < 4]
            assert total in recent
            assert section["indexes"]["HC"]["value"] in recent


@pytest.mark.parametrize("frame", [1.5, 2.3, 3.0])
@pytest.mark.parametrize("apart", range(-12, 13))
def test_at_a_whole_hour_of_a_clock_twelve_seconds_apart_every_energy_is_that_of_the_meter(
    apart: int, frame: float
) -> None:
    """
    The last frame before the hour of Home Assistant is shown, whenever the frames end.

    `frame` is the seconds of a frame; the hour of the meter ends at 3600 s, that of Home Assistant `apart`
    seconds later. The energy at each moment is the number of seconds. The first frame ends at each tenth of a
    second in turn; only those near the hour are played.
    """
    hour_of_hass = 3600 + apart
    for tenth in range(round(frame * 10)):
        ends = [tenth / 10 + number * frame for number in range(round(3700 / frame))]
        played = [second for second in ends if 3200 < second < hour_of_hass]
        held = HeldState()
        last_shown = -1.0
        for second in played:
            at = START + dt.timedelta(seconds=second)
            decoded: dict[str, Json] = {
                "time": at.isoformat("T", "seconds"),
                "energy": {"import_total": second},
            }
            section: Any = held.update(decoded, now=second)["energy"]
            last_shown = section["import_total"]
        assert last_shown == played[-1]


@pytest.mark.parametrize("meter", METERS)
def test_a_frame_takes_three_seconds_at_most(meter: str) -> None:
    """The seconds about a whole hour leave as much beside the difference of the clocks."""
    baud = 9600 if meter.startswith("standard") else 1200
    start = START.replace(tzinfo=None)
    simulated = build(meter, start=start, rng=random.Random(7))
    frames = [simulated.emit(start + dt.timedelta(seconds=2 * number)) for number in range(50)]
    longest = max(len(frame) for frame in frames)

    # Ten bits on the line for each character.
    assert longest * 10 / baud <= 3.0


@pytest.mark.parametrize(
    ("meter", "most"), [("hc", 300), pytest.param("standard-tri", 450, marks=pytest.mark.long)]
)
def test_the_rows_of_an_hour_are_bounded(meter: str, most: int) -> None:
    """The state has its default interval, and it is evening: docs/home-assistant.md has the table."""
    assert rows(meter, 10).total() <= most
