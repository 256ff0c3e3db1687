"""The script that adds the history of the page to the statistics of Home Assistant: its pure parts."""

from __future__ import annotations

import contextlib
import datetime as dt
import importlib.util
import itertools
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo.history.store import Store
from teleinfo.history.tables import table as table_of
from tests.state.documents import DOCS

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

SCRIPT = DOCS / "examples" / "home-assistant-history.py"
COLUMNS = ["time", "HC", "HP", "exported", "cost", "complete", "subscription"]


def load() -> ModuleType:
    """Return the script as a module."""
    spec = importlib.util.spec_from_file_location("home_assistant_history", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


HISTORY = load()


def table(*rows: list[Any], gaps: tuple[list[Any], ...] = (), **more: object) -> str:
    """Return the text of a file of the page."""
    return json.dumps({"step": "P1D", "columns": COLUMNS, "rows": rows, "gaps": gaps} | more)


DAY = ["2026-01-14", 3000, 6000, 500, 1.5, True, 0.51]
"""A row of the table: a day by `COLUMNS`, its energies in Wh."""
PAUSE = ["2026-01-15T21:00:00+01:00", "2026-01-17T08:20:00+01:00", {"HC": 100, "exported": 7}, None]
"""A gap of the table: its begin, its end, its energies in Wh, its cost."""


def test_it_knows_the_columns_of_the_page_that_count_no_drawn_energy(tmp_path: Path) -> None:
    """A history without a reading has no others."""
    with contextlib.closing(Store(tmp_path / "history.sqlite")) as store:
        empty = table_of(store, [], "041961123456", "days30", now=1768431674)

    assert empty is not None
    assert set(empty["columns"]) == HISTORY.NOT_DRAWN
    assert {"step", "columns", "rows", "gaps"} <= empty.keys()


def energies(path: Path, *columns: str) -> dict[str, float]:
    """Return the energies of a file in kWh, by the hour of France in which they count."""
    history = HISTORY.History()
    history.read(path, columns)
    end = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)
    by_hour = history.until(end, "kWh")
    return {f"{hour.astimezone(HISTORY.PARIS):%m-%d %H}": energy for hour, energy in by_hour.items()}


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ((), {"01-14 23": 9.0, "01-17 07": 0.1}),
        (("HC",), {"01-14 23": 3.0, "01-17 07": 0.1}),
        (("exported",), {"01-14 23": 0.5, "01-17 07": 0.007}),
    ],
)
def test_a_day_counts_in_its_last_hour_and_a_pause_in_its_last_whole_hour(
    tmp_path: Path, columns: tuple[str, ...], expected: dict[str, float]
) -> None:
    """Without a column, all energy that is drawn counts: HC and HP."""
    path = tmp_path / "days30.json"
    path.write_text(table(DAY, gaps=(PAUSE,)))

    assert energies(path, *columns) == expected


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"])
def test_the_last_hour_of_a_day_with_another_length_is_its_own(tmp_path: Path, day: str) -> None:
    path = tmp_path / "days30.json"
    path.write_text(table([day, *DAY[1:]]))

    assert energies(path) == {f"{day[5:]} 23": 9.0}


def test_of_a_day_in_two_files_the_larger_energy_counts(tmp_path: Path) -> None:
    """The other file was made while the day lasted."""
    history = HISTORY.History()
    for number, energy in enumerate((3000, 9000, 5000)):
        path = tmp_path / f"{number}.json"
        path.write_text(table(["2026-01-14", energy, None, None, None, False, None]))
        history.read(path, ())

    assert set(history.days.values()) == {9000}


@given(
    energies=st.dictionaries(st.integers(0, 500), st.integers(0, 50_000), min_size=1),
    also=st.sets(st.integers(-100, 600)),
)
def test_the_changes_of_the_sums_are_the_energies(energies: dict[int, int], also: set[int]) -> None:
    """
    Of an hour without a row, nothing is drawn. The first sum is 0: a row before the first energy has it.

    `energies` are by the number of an hour after `begin`; the hours `also` have a row in any case.
    """
    begin = dt.datetime(2026, 1, 14, 22, tzinfo=dt.UTC)
    energy_by_hour = {begin + number * HISTORY.HOUR: float(energy) for number, energy in energies.items()}
    also_hours = {begin + number * HISTORY.HOUR for number in also}
    rows = HISTORY.sums(energy_by_hour, also=list(also_hours))
    change_by_hour = {rows[0].start: rows[0].sum}
    for earlier, later in itertools.pairwise(rows):
        change_by_hour[later.start] = later.sum - earlier.sum

    for hour in energy_by_hour.keys() | change_by_hour.keys():
        assert change_by_hour.get(hour, 0) == energy_by_hour.get(hour, 0)
    assert also_hours <= change_by_hour.keys()
    assert rows[0].sum == 0


@pytest.mark.parametrize(
    ("content", "arguments", "expected"),
    [
        (table(DAY), ["--columns", "HN"], "has no column HN. It has HC, HP, exported, cost, "),
        (table(DAY), ["--columns", "time"], "has no column time."),
        ("time,HC\n2026-01-14,3", [], "is not days30.json of the page."),
        (table(["yesterday", *DAY[1:]]), [], "is not days30.json of the page."),
        (table(DAY[:-1]), [], "is not days30.json of the page."),
        (table(["2026-01-14", "3", 6, 5, 1, True, 0.5]), [], "is not days30.json of the page."),
        ("[]", [], "is not days30.json of the page."),
        (table(step="P1M"), [], "is not days30.json of the page."),
        (None, [], "cannot be read: No such file or directory."),
        (table(DAY), [], "Home Assistant does not answer at http://127.0.0.1:9"),
    ],
)
def test_what_is_wrong_is_a_sentence(
    tmp_path: Path, content: str | None, arguments: list[str], expected: str
) -> None:
    path = tmp_path / "days30.json"
    if content is not None:
        path.write_text(content)
    ended = run("http://127.0.0.1:9", "sensor.x", str(path), *arguments, token="secret")

    assert ended.returncode == 1
    assert expected in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert "Traceback" not in ended.stderr


def test_without_a_token_it_says_which_variable_is_wanted(tmp_path: Path) -> None:
    path = tmp_path / "days30.json"
    path.write_text(table(DAY))
    ended = run("http://127.0.0.1:9", "sensor.x", str(path), token=None)

    assert ended.returncode == 2
    assert "HASS_TOKEN is not set: a long-lived access token of Home Assistant" in ended.stderr


def run(*arguments: str, token: str | None) -> subprocess.CompletedProcess[str]:
    """Run the script with these arguments."""
    environ = os.environ | {"LC_ALL": "C.UTF-8"}
    environ.pop("HASS_TOKEN", None)
    if token is not None:
        environ["HASS_TOKEN"] = token
    command = [sys.executable, str(SCRIPT), *arguments]
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=60)
