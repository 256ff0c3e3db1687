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
from tests.lab.homeassistant.hass_process import STATISTICS_PERIOD
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
    since_begin = DAYS * 24 * HOUR - seconds_ago
    whole_days, seconds_of_day = divmod(since_begin, 24 * HOUR)
    energy = 10_000_000
    for day in range(whole_days):
        energy += power_of_day(day) * 24
    return energy + power_of_day(whole_days) * seconds_of_day // HOUR


def power_of_day(day: int) -> int:
    """Return the power in W on a day of the history."""
    return 300 + day % 17 * 10


def readings(now: int) -> Iterator[bytes]:
    """
    Yield the line of a reading at each whole hour, and each four minutes about midnight and at the end.

    A longer pause over midnight would belong to no day.
    """
    begin = now - DAYS * 24 * HOUR
    last_days = now - 2 * 24 * HOUR
    first_whole_hour = begin - begin % HOUR + HOUR
    for at in range(first_whole_hour, now, 240):
        # From 23:50 to 0:10.
        is_about_midnight = (local(at) + dt.timedelta(minutes=10)).time() < dt.time(0, 20)
        is_whole_hour = at % HOUR == 0
        if not is_whole_hour and not is_about_midnight and at < last_days:
            continue
        energy = index_at(now - at)
        values = {"timestamp": at * 1000, "ADCO": NUMBER, "OPTARIF": "HC", "ISOUSC": "45", "PTEC": "HP"}
        values |= {"HCHC": f"{energy // 3:09}", "HCHP": f"{energy - energy // 3:09}", "PAPP": "00380"}
        yield json.dumps(values).encode()


def exported(folder: Path) -> list[Table]:
    """Return the tables of days of the page, which have 30 days each, the latest one first."""
    now = int(time.time())
    fill(Store(folder / "history.sqlite"), readings(now), now=now)
    # The last table ends now; each one before it, on the eve of the first day of the one behind it.
    ends = [now]
    for days_back in range(29, DAYS, 30):
        ends.append(midnight(day_of(now) - days_back * DAY) - 1)
    tables = []
    with contextlib.closing(Store(folder / "history.sqlite")) as store:
        store.write([], now=0)
        for end in ends:
            days = table(store, [], NUMBER, "days30", now=end)
            if days is not None:
                tables.append(days)
    return tables


class Import:
    """The script of the page, and what it must do."""

    def __init__(self, household: Household) -> None:
        self._household = household
        self.energy = household.entity_ids()["energy_import_total"]
        self._tables = exported(household.folder)
        self._files: list[Path] = []
        for number, days in enumerate(self._tables):
            path = household.folder / f"days{number}.json"
            path.write_text(json.dumps(days))
            self._files.append(path)

    def run(self, *, without: int = 0) -> None:
        """Run the script with all files but the `without` oldest ones, which are the last ones."""
        files = self._files[: len(self._files) - without]
        command = [sys.executable, str(SCRIPT), self._household.hass.url, self.energy, *map(str, files)]
        environ = os.environ | {"HASS_TOKEN": self._household.hass.token}
        subprocess.run(command, env=environ, check=True, timeout=120)

    def days(self, *, until: str, without: int = 0) -> dict[str, int]:
        """
        Return the energy of each day before the day `until`, as the page shows it, in Wh.

        The days of the `without` oldest files are left out.
        """
        energy_by_day = {}
        for days in self._tables[: len(self._tables) - without]:
            for day, off_peak, peak, *_rest in days["rows"]:
                if day < until:
                    energy_by_day[day] = off_peak + peak
        return energy_by_day

    def changes(self, period: str) -> dict[str, float]:
        """Return the energy of each period that the dashboard shows, in Wh, by the begin of its date."""
        energy_by_period = {}
        for row in self.rows(period, "change"):
            name = day_at(row["start"])[: PERIODS[period]]
            energy_by_period[name] = row["change"]
        return energy_by_period

    def rows(self, period: str, *types: str) -> list[dict[str, Any]]:
        """Return the `types` of statistics of each period, with its `start` in ms, the first one first."""
        rows_by_statistic: dict[str, list[dict[str, Any]]] = self._household.hass.ask(
            "recorder/statistics_during_period",
            start_time="2000-01-01T00:00:00+00:00",
            statistic_ids=[self.energy],
            period=period,
            types=types,
            units={"energy": "Wh"},
        )
        return rows_by_statistic.get(self.energy, [])

    def expect(self, of_days: dict[str, int], own: dict[str, float]) -> None:
        """
        Expect the energies `of_days`, those that Home Assistant counted itself, `own`, and nothing else.

        Both are Wh by day. The first row of all is judged too: it is the first change of each period.
        """
        for period, length in PERIODS.items():
            if period == "year" and not self._household.hass.newest:
                continue  # 2025.6 has no years, and sums the months
            expected: defaultdict[str, float] = defaultdict(float)
            for day, energy in [*of_days.items(), *own.items()]:
                expected[day[:length]] += energy
            drawn = {}
            for name, change in self.changes(period).items():
                # A period of which nothing is known may have a row that is 0.
                if change != 0 or name in expected:
                    drawn[name] = change
            assert drawn == pytest.approx(expected, abs=1), period
        assert all(row["change"] >= 0 for row in self.rows("hour", "change"))


def day_at(milliseconds: int) -> str:
    """Return the day of a time of Home Assistant, such as 2026-01-14, in France."""
    return local(milliseconds // 1000).date().isoformat()


def own_changes(imported: Import, since: int) -> dict[str, float]:
    """Return the energy in Wh by day that Home Assistant has counted itself since a time in ms."""
    energy_by_day: defaultdict[str, float] = defaultdict(float)
    for row in imported.rows("hour", "change"):
        if row["start"] >= since:
            energy_by_day[day_at(row["start"])] += row["change"]
    return energy_by_day


@pytest.mark.parametrize("household", ["hc"], indirect=True)
def test_a_home_assistant_that_has_just_begun_gets_all_days(household: Household) -> None:
    """It has statistics of five minutes only. Its own first hours then follow, with their own energy."""
    household.daemon.environ["TELEINFO_STATE_INTERVAL"] = "0"  # else nothing rises within seconds
    household.hass.start()
    household.daemon.start()
    household.expect_right()
    household.restart_later(STATISTICS_PERIOD)
    imported = Import(household)
    eventually(lambda: [] if imported.rows("5minute", "sum") else ["no statistics"])
    begin_ms = imported.rows("5minute", "sum")[0]["start"]
    assert imported.rows("hour", "sum") == []
    imported.run()
    today = day_at(begin_ms)
    imported.expect(imported.days(until=today), {})
    household.restart_later(2 * HOUR)
    # Hours that were imported have no state.
    eventually(lambda: [] if imported.rows("hour", "state")[-1]["state"] else ["no statistics of an hour"])

    own = own_changes(imported, since=begin_ms - begin_ms % (HOUR * 1000))
    # Less than 50 kWh: the index of the meter itself has not become energy of these hours.
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
    own = own_changes(imported, since=begin * 1000)
    first_day = day_at(begin * 1000)
    whole_day = imported.days(until="9999")[first_day]
    assert 0 < own[first_day] < whole_day
    own[first_day] = whole_day  # the page knows the hours before Home Assistant began
    for without in (10, 0, 0):
        imported.run(without=without)
        imported.expect(imported.days(until=first_day, without=without), own)

    assert household.hass.complaints() == []


def seed(household: Household, imported: Import) -> int:
    """
    Give Home Assistant hours of its own, OWN_DAYS before its first one, from 15:00 on; return their begin.

    They have 100 Wh each. What it really has goes on behind them: its state stays, its sum is raised.
    """
    first_hour = imported.rows("hour", "sum", "state")[0]
    real_begin = first_hour["start"] // 1000
    day = day_of(real_begin) - OWN_DAYS * DAY
    begin = int(dt.datetime.combine(day, dt.time(15), local(real_begin).tzinfo).timestamp())
    hours = range(begin, real_begin, HOUR)
    sum_of_all = len(hours) * 100.0
    stats: list[dict[str, object]] = []
    for number, hour in enumerate(hours, start=1):
        sum_so_far = number * 100.0
        state = first_hour["state"] - sum_of_all + sum_so_far
        stats.append({"start": str(local(hour)), "state": state, "sum": sum_so_far})
    about: dict[str, object] = {"has_mean": False, "has_sum": True, "name": None, "source": "recorder"}
    about |= {"statistic_id": imported.energy, "unit_of_measurement": "Wh"}
    if household.hass.newest:
        about |= {"mean_type": 0, "unit_class": "energy"}
    household.hass.ask("recorder/import_statistics", metadata=about, stats=stats)
    household.hass.ask(
        "recorder/adjust_sum_statistics",
        statistic_id=imported.energy,
        start_time=str(local(real_begin)),
        adjustment=sum_of_all,
        adjustment_unit_of_measurement="Wh",
    )
    # Home Assistant answers before it has stored them.
    eventually(lambda: [] if imported.rows("hour", "sum")[-1]["sum"] >= sum_of_all else ["not stored"])
    return begin
