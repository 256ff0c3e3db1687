"""
The history of the page becomes statistics of a real Home Assistant, by the script of the page.

    make test-homeassistant TESTS=tests/lab/homeassistant/at_work_history.py

They are judged by what the Energy dashboard shows: the changes of each day, month and year.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import subprocess
import sys
import time
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

import pytest

from teleinfo.contract.days import day_of, local, midnight
from teleinfo.history.fill import fill
from teleinfo.history.store import Store
from teleinfo.history.tables import table
from teleinfo.vocabulary.moment import DAY
from tests.lab.homeassistant.household import eventually
from tests.state.documents import DOCS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from teleinfo.history.tables import Table
    from tests.lab.homeassistant.household import Household

pytestmark = pytest.mark.real

NUMBER: Final = "041961123456"
DAYS: Final = 400
"""Days of the history: in whatever month the test runs, a year begins in them."""
HOUR: Final = 3600
SCRIPT: Final = DOCS / "examples" / "home-assistant-history.py"
PERIODS: Final = {"day": 10, "month": 7, "year": 4}
"""Each period of the dashboard, and the characters of a date that name it."""
OWN_DAYS: Final = 5
"""Days of the statistics that Home Assistant has already, in the second test."""


def index_at(seconds_ago: int) -> int:
    """Return the index in Wh at a time: the household draws another power on each day."""
    days, seconds = divmod(DAYS * 24 * HOUR - seconds_ago, 24 * HOUR)
    whole_days = sum(power_of_day(day) * 24 for day in range(days))
    return 10_000_000 + whole_days + power_of_day(days) * seconds // HOUR


def power_of_day(day: int) -> int:
    """Return the power in W on a day of the history."""
    return 300 + day % 17 * 10


def readings(now: int) -> Iterator[bytes]:
    """
    Yield the line of a reading at each whole hour, and each four minutes about midnight and at the end.

    A longer pause over midnight would belong to no day.
    """
    begin, last_days = now - DAYS * 24 * HOUR, now - 2 * 24 * HOUR
    for at in range(begin - begin % HOUR + HOUR, now, 240):
        is_about_midnight = (local(at) + dt.timedelta(minutes=10)).time() < dt.time(0, 20)
        if at % HOUR and at < last_days and not is_about_midnight:
            continue
        energy = index_at(now - at)
        values = {"timestamp": at * 1000, "ADCO": NUMBER, "OPTARIF": "HC", "ISOUSC": "45", "PTEC": "HP"}
        values |= {"HCHC": f"{energy // 3:09}", "HCHP": f"{energy - energy // 3:09}", "PAPP": "00380"}
        yield json.dumps(values).encode()


def exported(folder: Path) -> list[Table]:
    """Return the tables of days of the page, which have 30 days each, the latest one first."""
    now = int(time.time())
    fill(Store(folder / "history.sqlite"), readings(now), now=now)
    ends = [now, *(midnight(day_of(now) - back * DAY) - 1 for back in range(29, DAYS, 30))]
    with contextlib.closing(Store(folder / "history.sqlite")) as store:
        store.write([], now=0)
        tables = [table(store, [], NUMBER, "days30", now=end) for end in ends]
    return [each for each in tables if each is not None]


class Import:
    """The script of the page, and what it must do."""

    def __init__(self, household: Household) -> None:
        self._household = household
        self.energy = household.entity_ids()["energy_import_total"]
        self._tables = exported(household.folder)
        self._files = [household.folder / f"days{number}.json" for number, _ in enumerate(self._tables)]
        for path, each in zip(self._files, self._tables, strict=True):
            path.write_text(json.dumps(each))

    def run(self, *, without: int = 0) -> None:
        """Run the script with all files but the oldest ones `without`."""
        files = self._files[: len(self._files) - without]
        command = [sys.executable, str(SCRIPT), self._household.hass.url, self.energy, *map(str, files)]
        environ = os.environ | {"HASS_TOKEN": self._household.hass.token}
        subprocess.run(command, env=environ, check=True, timeout=120)

    def days(self, *, until: str, without: int = 0) -> dict[str, int]:
        """Return the energy of each day before the day `until`, as the page shows it, in Wh."""
        tables = self._tables[: len(self._tables) - without]
        found = {row[0]: sum(row[1:3]) for each in tables for row in each["rows"]}
        return {day: energy for day, energy in sorted(found.items()) if day < until}

    def changes(self, period: str) -> dict[str, float]:
        """Return the energy of each period that the dashboard shows, in Wh."""
        return {
            str(local(row["start"] // 1000).date())[: PERIODS[period]]: row["change"]
            for row in self.rows(period, "change")
        }

    def rows(self, period: str, *types: str) -> list[dict[str, Any]]:
        """Return what Home Assistant has of each period."""
        found: dict[str, list[dict[str, Any]]] = self._household.hass.ask(
            "recorder/statistics_during_period",
            start_time="2000-01-01T00:00:00+00:00",
            statistic_ids=[self.energy],
            period=period,
            types=types,
            units={"energy": "Wh"},
        )
        return found.get(self.energy, [])

    def expect(self, of_days: dict[str, int], own: dict[str, float]) -> None:
        """
        Expect the energies `of_days`, those that Home Assistant counted itself, `own`, and nothing else.

        The first row of all is judged too: it is the first change of each period.
        """
        for period, length in PERIODS.items():
            if period == "year" and not self._household.hass.newest:
                continue  # 2025.6 has no years, and sums the months
            expected: defaultdict[str, float] = defaultdict(float)
            for day, energy in [*of_days.items(), *own.items()]:
                expected[day[:length]] += energy
            changes = self.changes(period)
            drawn = {name: change for name, change in changes.items() if change or name in expected}
            assert drawn == pytest.approx(expected, abs=1), period
        assert all(row["change"] >= 0 for row in self.rows("hour", "change"))


def own_changes(imported: Import, since: int) -> dict[str, float]:
    """Return the energy by day that Home Assistant has counted itself since a time in ms."""
    found: defaultdict[str, float] = defaultdict(float)
    for row in imported.rows("hour", "change"):
        if row["start"] >= since:
            found[str(local(row["start"] // 1000).date())] += row["change"]
    return found


@pytest.mark.parametrize("household", ["hc"], indirect=True)
def test_a_home_assistant_that_has_just_begun_gets_all_days(household: Household) -> None:
    """It has statistics of five minutes only. Its own first hours then follow, with their own energy."""
    household.daemon.environ["TELEINFO_STATE_INTERVAL"] = "0"  # else nothing rises within seconds
    household.hass.start()
    household.daemon.start()
    household.expect_right()
    household.restart_later(300)
    imported = Import(household)
    eventually(lambda: [] if imported.rows("5minute", "sum") else ["no statistics"])
    begin = imported.rows("5minute", "sum")[0]["start"]
    assert imported.rows("hour", "sum") == []
    imported.run()
    today = str(local(begin // 1000).date())
    imported.expect(imported.days(until=today), {})
    household.restart_later(2 * HOUR)
    eventually(lambda: [] if imported.rows("hour", "state")[-1]["state"] else ["no statistics of an hour"])

    own = own_changes(imported, begin // 1000 // HOUR * HOUR * 1000)
    assert 0 < sum(own.values()) < 50_000
    imported.expect(imported.days(until=today), own)
    assert household.hass.complaints() == []


@pytest.mark.parametrize("household", ["hc"], indirect=True)
def test_the_statistics_of_some_days_get_those_before(household: Household) -> None:
    """
    The day of the first statistics has what the page says, and what Home Assistant has stays.

    1. Home Assistant has statistics of five days. 2. They get a part of the days, 3. all days, 4. all again.
    """
    household.hass.start()
    household.daemon.start()
    household.expect_right()
    household.restart_later(HOUR)
    imported = Import(household)
    eventually(lambda: [] if imported.rows("hour", "sum") else ["no statistics"])
    begin = seed(household, imported)
    own = own_changes(imported, begin * 1000)
    first_day = str(local(begin).date())
    whole = imported.days(until="9999")[first_day]
    assert 0 < own[first_day] < whole
    own[first_day] = whole  # the page knows the hours before Home Assistant began
    for without in (10, 0, 0):
        imported.run(without=without)
        imported.expect(imported.days(until=first_day, without=without), own)

    assert household.hass.complaints() == []


def seed(household: Household, imported: Import) -> int:
    """Give Home Assistant hours of its own from a day at 15:00 on; return their begin."""
    own = imported.rows("hour", "sum", "state")[0]
    real_begin = own["start"] // 1000
    day = day_of(real_begin) - OWN_DAYS * DAY
    begin = int(dt.datetime.combine(day, dt.time(15), local(real_begin).tzinfo).timestamp())
    hours = range(begin, real_begin, HOUR)
    risen = [(number + 1) * 100.0 for number, _ in enumerate(hours)]
    stats = [
        {"start": str(local(hour)), "state": own["state"] - risen[-1] + total, "sum": total}
        for hour, total in zip(hours, risen, strict=True)
    ]
    about: dict[str, object] = {"has_mean": False, "has_sum": True, "name": None, "source": "recorder"}
    about |= {"statistic_id": imported.energy, "unit_of_measurement": "Wh"}
    if household.hass.newest:
        about |= {"mean_type": 0, "unit_class": "energy"}
    household.hass.ask("recorder/import_statistics", metadata=about, stats=stats)
    household.hass.ask(
        "recorder/adjust_sum_statistics",
        statistic_id=imported.energy,
        start_time=str(local(real_begin)),
        adjustment=risen[-1],
        adjustment_unit_of_measurement="Wh",
    )
    eventually(lambda: [] if imported.rows("hour", "sum")[-1]["sum"] >= risen[-1] else ["not stored"])
    return begin
