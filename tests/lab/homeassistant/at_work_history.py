"""
The history of the page becomes statistics of a real Home Assistant, by the script of the page.

    make test-homeassistant TESTS=tests/lab/homeassistant/at_work_history.py
"""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from teleinfo.history.fill import fill
from teleinfo.history.store import Store
from teleinfo.history.tables import as_csv, table
from tests.state.documents import DOCS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lab.homeassistant.household import Household

pytestmark = pytest.mark.real

NUMBER = "041961123456"
DAYS = 20
PER_DAY = 9_000
"""Wh that are drawn in a day, two thirds in the peak hours."""
HOUR = 3600


def readings(now: float) -> Iterator[bytes]:
    """Yield the lines of a reading each four minutes, as the service publishes them."""
    for at in range(int(now - (DAYS + 2) * 24 * HOUR), int(now), 240):
        energy = (at - int(now)) * PER_DAY // (24 * HOUR) + 10_000_000
        values = {"timestamp": at * 1000, "ADCO": NUMBER, "OPTARIF": "HC", "ISOUSC": "45", "PTEC": "HP"}
        values |= {"HCHC": f"{energy // 3:09}", "HCHP": f"{energy - energy // 3:09}", "PAPP": "00380"}
        yield json.dumps(values).encode()


def exported(folder: Path) -> str:
    """Return the CSV of the last 30 days, as the page gives it."""
    now = time.time()
    fill(Store(folder / "history.sqlite"), readings(now), now=now)
    with contextlib.closing(Store(folder / "history.sqlite")) as store:
        store.write([], now=0)
        found = table(store, [], NUMBER, "days30", now=int(now))
    assert found is not None
    return as_csv(found)


@pytest.mark.parametrize("household", ["hc"], indirect=True)
def test_the_days_before_are_those_of_the_page(household: Household) -> None:
    """Each day has its energy, the first hour of Home Assistant goes on, and a second import adds nothing."""
    household.hass.start()
    household.daemon.start()
    household.expect_right()
    household.restart_later(HOUR)
    energy = household.entity_ids()["energy_import"]
    (folder := household.folder / "days30.csv").write_text(exported(household.folder))
    command = [sys.executable, str(DOCS / "examples" / "home-assistant-history.py")]
    environ = os.environ | {"HASS_TOKEN": household.hass.token}
    before = _hours(household, energy)
    for _ in range(2):
        subprocess.run([*command, household.hass.url, energy, str(folder)], env=environ, check=True)
        household.hass.ask("recorder/info")
    rows = _hours(household, energy)

    assert [row for row in rows if row in before] == before
    days = [later["sum"] - earlier["sum"] for earlier, later in itertools.pairwise(rows)]
    imported = [round(energy) for energy in days[: -len(before)] if energy]
    assert len(imported) == DAYS + 2
    assert all(abs(each - PER_DAY) <= 1 for each in imported[1:])  # the first one began with the recording
    assert household.hass.complaints() == []


def _hours(household: Household, energy: str) -> list[dict[str, Any]]:
    begin = (dt.datetime.now(dt.UTC) - dt.timedelta(days=40)).isoformat()
    found: dict[str, list[dict[str, Any]]] = household.hass.ask(
        "recorder/statistics_during_period",
        start_time=begin,
        statistic_ids=[energy],
        period="hour",
        types=["sum", "state"],
    )
    return found[energy]
