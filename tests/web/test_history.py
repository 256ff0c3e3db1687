"""The history as a browser requests it, and as a process keeps it."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import datetime as dt
import errno
import json
import os
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from teleinfo.history import copies
from teleinfo.history import recorder as recorder_module
from teleinfo.history.recorder import HistoryRecorder
from teleinfo.live.model import LiveModel
from teleinfo.tic.labels import Mode
from teleinfo.tic.reading import Reading
from tests.history.scenario import FILE
from tests.support.process import LIMIT
from tests.web.scenario import Page
from tests.web.test_server import ask

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

METER = "041961123456"
READING = Reading(
    Mode.HISTORIQUE,
    {
        "ADCO": METER,
        "OPTARIF": "HC..",
        "HCHC": "000000100",
        "HCHP": "000000200",
        "PTEC": "HP..",
        "PAPP": "01940",
    },
)


@pytest.fixture
def served() -> Iterator[Page]:
    """Return the page of a meter that sent three frames, with its history."""
    page = Page()
    for number in range(3):
        page.time += dt.timedelta(minutes=1)
        drawn = {"HCHP": f"{200 + number:09}"}
        page.model.add_reading(Reading(Mode.HISTORIQUE, dict(READING.values) | drawn), now=time.monotonic())
    with page:
        yield page


def table(page: Page, name: str) -> dict[str, Any]:
    """Return a table of the meter."""
    status, headers, body = ask(page, f"/history/{METER}/{name}.json")
    assert (status, headers["Content-Type"]) == (200, "application/json; charset=utf-8")
    return dict(json.loads(body))


def written_as(value: object) -> str:
    """Return how a value of the JSON is written in the CSV."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


@pytest.mark.parametrize(
    ("name", "step", "columns"),
    [
        ("hour", "PT10S", ["time", "apparent_import", "apparent_export"]),
        ("days2", "PT1M", ["time", "apparent_import", "apparent_export"]),
        ("days30", "P1D", ["time", "HC", "HP", "exported", "cost", "complete", "subscription"]),
        ("years10", "P1Y", ["time", "HC", "HP", "exported", "cost", "complete", "subscription"]),
    ],
)
def test_each_picture_is_a_table_as_json_and_as_csv(
    served: Page, name: str, step: str, columns: list[str]
) -> None:
    """Times have the offset of France; the CSV has the same rows, and nothing for what is unknown."""
    found = table(served, name)
    _status, headers, body = ask(served, f"/history/{METER}/{name}.csv")

    assert (found["step"], found["start"][-6:]) in [(step, "+01:00"), (step, "+02:00")]
    assert headers["Content-Type"] == "text/csv; charset=utf-8"
    is_energy = "gaps" in found
    rows = [[*row, *[None] * is_energy] for row in found["rows"]]
    assert [*csv.reader(body.splitlines())] == [
        [*columns, *["end"] * is_energy],
        *[[written_as(value) for value in row] for row in rows],
    ]
    assert found["columns"] == columns
    assert found["rows"]


def test_the_tariff_periods_lie_behind_the_powers(served: Page) -> None:
    [[begin, end, code]] = table(served, "hour")["periods"]

    assert begin <= end
    assert code == "HP"
    assert table(served, "season") == {}
    assert table(served, "alerts") == {"rows": []}


WRONG_ENDS = [f"1/days30.json?end={end}" for end in ("", "today", "2026-02-30")]


@pytest.mark.parametrize(
    "path",
    ["1/week.json", "1/hour.xml", "1/alerts.csv", "1/totals.csv", "1/../hour.json", "hour.json", *WRONG_ENDS],
)
def test_there_is_no_other_history(served: Page, path: str) -> None:
    assert ask(served, f"/history/{path}")[0] == 404


def test_any_earlier_day_can_be_shown(served: Page) -> None:
    """`end` is the last day of the table; a day that is yet to come is now."""
    today = served.time.date()
    for days in (-1, 0, 1, 4000):
        end = today - dt.timedelta(days=days)
        _status, _headers, body = ask(served, f"/history/{METER}/days30.json?end={end}")
        first = min(end, today) - dt.timedelta(days=29)
        assert json.loads(body)["start"][:10] == f"{first}"
        assert (json.loads(body)["rows"] != []) == (days < 1)


def test_a_history_that_cannot_be_kept_is_reported_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(recorder_module, "BATCH_INTERVAL", 0.02)
    monkeypatch.setattr(recorder_module, "END_TIMEOUT", LIMIT)
    folder = tmp_path / "history"
    model = LiveModel(patience=None)
    folder.touch()
    recorder = HistoryRecorder(folder / FILE, model)
    sentence = f"the history cannot be kept in {folder / FILE}: File exists"
    seen = list[str | None]()

    async def repair() -> None:
        running = asyncio.create_task(recorder.run())
        async with asyncio.timeout(LIMIT):
            while not (folder / FILE).is_file():
                model.add_reading(READING, now=0.0)
                found = await recorder.table(METER, "days2")
                assert found is not None
                assert found["rows"]
                seen.append(recorder.fault)
                if seen.count(sentence) > 2 and folder.is_file():
                    folder.unlink()
                await asyncio.sleep(0.1)
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running

    asyncio.run(repair())

    assert capsys.readouterr().err == f"teleinfo web: {sentence}\n"
    assert recorder.fault is None


@pytest.mark.parametrize(("year", "is_kept"), [(1970, False), (2000, False), (2019, False), (2026, True)])
def test_nothing_is_kept_while_the_clock_is_not_set(tmp_path: Path, year: int, *, is_kept: bool) -> None:
    """A machine without a clock starts in 1970, one whose battery is empty in 2000."""
    time = dt.datetime(year, 6, 15, 12, tzinfo=dt.UTC)
    model = LiveModel(patience=None, clock=lambda: time)
    recorder = HistoryRecorder(tmp_path / FILE, model, clock=time.timestamp)
    for second in range(3):
        model.add_reading(READING, now=float(second))

    async def keep() -> None:
        assert await recorder._write(is_last=True)

    asyncio.run(keep())
    assert [name for name, *_times in recorder.meters] == ([METER] if is_kept else [])


def test_a_copy_that_cannot_be_written_is_reported_as_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The history is kept meanwhile; the copy is tried again after hours, and leaves nothing behind."""
    path = tmp_path / FILE
    model = LiveModel(patience=None)
    recorder = HistoryRecorder(path, model)
    tried = list[str]()

    def full(path: Path) -> bytes:
        tried.append(path.name)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    async def keep() -> bool:
        model.add_reading(READING, now=0.0)
        assert await recorder._write()
        await recorder._back_up()
        return [name for name, *_times in recorder.meters] == [METER]

    async def keep_all() -> None:
        with monkeypatch.context() as patch:
            patch.setattr(copies, "content_of", full)
            for _ in range(5):
                kept = await keep()
                assert str(recorder.fault).startswith("the history is kept, but its weekly copy")
            assert kept
        recorder._copy_due = 0.0
        await keep()
        await keep()
        recorder._store.close()

    asyncio.run(keep_all())
    assert (tried, recorder.fault) == ([FILE], None)
    assert capsys.readouterr().err == (
        f"teleinfo web: the history is kept, but its weekly copy cannot be written beside {path}: "
        "No space left on device\n"
    )
    assert not path.with_suffix(".part").exists()
    assert len([*tmp_path.glob("*.copy-*")]) == 1


def test_a_call_that_is_cancelled_ends_before_the_next_one(tmp_path: Path) -> None:
    """A reader leaves while a thread makes a table: the last batch must not disturb its transaction."""
    recorder = HistoryRecorder(tmp_path / FILE, LiveModel(patience=None))
    begun = threading.Event()
    goes_on = threading.Event()
    ended = list[str]()

    def first() -> None:
        begun.set()
        goes_on.wait(LIMIT)
        ended.append("first")

    async def leave() -> None:
        reader = asyncio.create_task(recorder._call(first))
        await asyncio.to_thread(begun.wait, LIMIT)
        reader.cancel()
        last = asyncio.create_task(recorder._call(lambda: ended.append("last")))
        await asyncio.wait([last], timeout=0.1)  # it ends at once if nothing keeps it
        goes_on.set()
        await last

    asyncio.run(leave())
    assert ended == ["first", "last"]
