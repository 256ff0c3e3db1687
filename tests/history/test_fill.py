"""Recordings that fill the history of the page."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import random
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pytest

from teleinfo.contract.days import midnight
from teleinfo.history.fill import fill
from teleinfo.history.store import Store
from teleinfo.history.tables import table
from teleinfo.simulator.catalogue import build
from teleinfo.tic.decoder import Decoder
from teleinfo.tic.horodate import PARIS
from tests.history.scenario import FILE
from tests.support.command import run_forked
from tests.support.parts import part_of

if TYPE_CHECKING:
    from pathlib import Path

START = dt.datetime(2026, 1, 14, 22, 0)  # noqa: DTZ001 - a meter knows local time only
NOW = midnight(START.date()) + 5 * 86_400


@lru_cache
def recording(meter: str, *, hours: int = 28, stamp: bool = False) -> list[bytes]:
    """Return the messages of a meter, one each four minutes, with a timestamp in ms if it is to have one."""
    source = build(meter, start=START, rng=random.Random(1))
    decoder = Decoder(plausibility=False)
    source.metrology.step = 30
    lines = []
    for minutes in range(0, hours * 60, 4):
        time = START + dt.timedelta(minutes=minutes)
        stamped = {"timestamp": int(time.replace(tzinfo=PARIS).timestamp() * 1000)} if stamp else {}
        lines += [
            json.dumps(stamped | dict(reading.values)).encode() for reading in decoder.feed(source.emit(time))
        ]
    return lines


def days(folder: Path, meter: str) -> dict[str, Any]:
    """Return the table of the days in a history."""
    with contextlib.closing(Store(folder / FILE)) as store:
        store.write([], now=0)
        found = table(store, [], meter, "days30", now=NOW)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("meter", "number", "stamp"), [("standard", "041961123456", False), ("hc", "041961123456", True)]
)
def test_a_recording_fills_the_days(tmp_path: Path, meter: str, number: str, stamp: bool) -> None:  # noqa: FBT001
    lines = recording(meter, stamp=stamp)
    added, others = fill(Store(tmp_path / FILE), [*lines, b"nonsense"], now=NOW)
    found = days(tmp_path, number)

    assert (added, others) == (len(lines), 1)
    assert [day for day, *_ in found["rows"]] == ["2026-01-14", "2026-01-15", "2026-01-16"]
    assert [is_complete for *_, is_complete, _subscription in found["rows"]] == [False, True, True]
    assert found["gaps"] == []
    fill(Store(tmp_path / FILE), lines, now=NOW)
    assert days(tmp_path, number) == found


def test_the_progress_within_a_day_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("teleinfo.history.fill.TOLD_EACH", 100)
    told: list[tuple[int, str]] = []
    fill(Store(tmp_path / FILE), recording("hc", stamp=True), now=NOW, progress=lambda *row: told.append(row))

    assert told[:2] == [(100, "15/01/2026"), (200, "15/01/2026")]


def test_a_recording_does_not_change_what_was_known(tmp_path: Path) -> None:
    lines = recording("hc", stamp=True)
    fill(Store(tmp_path / FILE), lines[200:], now=NOW)
    later = days(tmp_path, "041961123456")["rows"]
    fill(Store(tmp_path / FILE), lines, now=NOW)
    whole = days(tmp_path, "041961123456")["rows"]

    assert len(later) < len(whole)
    assert whole[-len(later) + 1 :] == later[1:]


@pytest.mark.parametrize("year", part_of((1, 1969, 1999, 2099, 9999), played=(1969, 2099)))
def test_a_line_of_an_impossible_time_is_none(tmp_path: Path, year: int) -> None:
    """It changes nothing: nobody has heard the future, and nothing older than ten years is kept."""
    lines = recording("hc", stamp=True)
    fill(Store(tmp_path / FILE), lines, now=NOW)
    before = days(tmp_path, "041961123456")
    since_1970 = (
        dt.datetime(year, 6, 1, tzinfo=dt.UTC) - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    ).total_seconds()
    wrong = [json.dumps(json.loads(lines[0]) | {"timestamp": int(since_1970 * 1000)}).encode()]
    if year in range(2000, 2100):
        wrong += [json.dumps(json.loads(lines[0]) | {"DATE": f"E{year % 100}0601120000"}).encode()]

    assert fill(Store(tmp_path / FILE), wrong, now=NOW) == (0, len(wrong))
    assert days(tmp_path, "041961123456") == before


@pytest.mark.real
@pytest.mark.parametrize(
    ("lines", "status", "words"), [(2, 0, "2 readings were added"), (0, 1, "0 readings")]
)
def test_the_command_adds_what_it_reads(tmp_path: Path, lines: int, status: int, words: str) -> None:
    """`teleinfo history import` says how much it added, and where a damaged database is."""
    environ = {"STATE_DIRECTORY": str(tmp_path), "LC_ALL": "C.UTF-8", "TELEINFO_LANGUAGE": "en"}
    given = b"\n".join([*recording("standard")[:lines], b"x" * 300_000])
    (tmp_path / "teleinfo.sqlite").write_text("nothing of ours")
    done = run_forked(["history", "import"], environ=environ, folder=tmp_path, given=given)

    assert done.returncode == status
    assert words in done.stderr
    assert "the history was damaged: it was moved to" in done.stderr
