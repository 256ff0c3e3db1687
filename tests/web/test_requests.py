"""Requests for the history: many at once, abandoned ones, and what they must not delay."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import sqlite3
import threading
import time
from typing import TYPE_CHECKING

import pytest

from teleinfo.history import recorder as recorder_module
from teleinfo.history import tables
from teleinfo.history.recorder import HistoryRecorder, UnreadableError
from teleinfo.live.model import LiveModel
from teleinfo.simulator.encode import encode_frame, with_parity
from tests.history import decade
from tests.history.scenario import FILE
from tests.support.frames import whole
from tests.support.person import HC
from tests.support.process import LIMIT
from tests.web.process import PageProcess
from tests.web.scenario import Page
from tests.web.test_server import ask

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.daemon import Meter

CONTRACT = f"history/{decade.METER}/contract.json"
ENDS = [f"?end=2026-{month:02}-{day:02}" for month in range(1, 6) for day in range(1, 13)]


class Maker:
    """Makes tables when it may, and notes which ones."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.made: list[str] = []
        self.begun = threading.Semaphore(0)
        self.may_end = threading.Semaphore(0)
        monkeypatch.setattr(tables, "table", self._table)

    def _table(
        self, _store: object, _pending: object, meter: str, name: str, **_more: object
    ) -> dict[str, str]:
        self.made.append(name)
        self.begun.release()
        assert self.may_end.acquire(timeout=LIMIT)
        return {"of": meter, "name": name}


@pytest.fixture
def maker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Maker]:
    """Return what makes the tables; at the end it may end."""
    found = Maker(monkeypatch)
    yield found
    found.may_end.release(100)


def test_equal_tables_are_made_once(tmp_path: Path, maker: Maker) -> None:
    """Those who wait for the same table get the same one; a later reader gets another."""
    recorder = HistoryRecorder(tmp_path / FILE, LiveModel(patience=None))

    async def read() -> None:
        readers = [asyncio.create_task(recorder.table("1", "hour")) for _ in range(20)]
        await asyncio.to_thread(maker.begun.acquire)
        maker.may_end.release(2)  # once for each table that is to be made
        first, *others = await asyncio.gather(*readers)
        assert all(other is first for other in others)
        await recorder.table("1", "hour")

    asyncio.run(read())
    assert maker.made == ["hour", "hour"]


def test_a_table_that_nobody_waits_for_any_more_is_not_made(tmp_path: Path, maker: Maker) -> None:
    """1. One is being made. 2. Four others wait, two of them for the same. 3. Three leave."""
    recorder = HistoryRecorder(tmp_path / FILE, LiveModel(patience=None))

    async def read() -> None:
        names = ("hour", "days2", "days30", "days30")
        first, left, leaving, stays = (asyncio.create_task(recorder.table("1", name)) for name in names)
        await asyncio.to_thread(maker.begun.acquire)
        for reader in (first, left, leaving):
            reader.cancel()
        await asyncio.wait([first, left, leaving])
        maker.may_end.release(2)
        assert await stays == {"of": "1", "name": "days30"}

    asyncio.run(read())
    assert maker.made == ["hour", "days30"]


def test_a_table_that_fails_is_reported_to_those_who_still_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And to nobody else: an error that nobody awaits would end the process."""
    begun = threading.Event()
    goes_on = threading.Event()
    told = list[object]()

    def fail(*_: object, **_more: object) -> None:
        begun.set()
        goes_on.wait(LIMIT)
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(tables, "table", fail)
    recorder = HistoryRecorder(tmp_path / FILE, LiveModel(patience=None))

    async def read() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: told.append(context))
        leaves = asyncio.create_task(recorder.table("1", "hour"))
        await asyncio.to_thread(begun.wait)
        leaves.cancel()
        stays = asyncio.create_task(recorder.table("1", "days2"))
        await asyncio.sleep(0)
        goes_on.set()
        with pytest.raises(UnreadableError):
            await stays

    asyncio.run(read())
    assert told == []


def test_a_fault_of_the_program_reaches_the_loop_if_nobody_waits_for_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unlike a history that cannot be read, it must end the process."""
    begun = threading.Event()
    goes_on = threading.Event()
    reported = list[object]()

    def fail(*_: object, **_more: object) -> None:
        begun.set()
        goes_on.wait(LIMIT)
        raise RuntimeError

    monkeypatch.setattr(tables, "table", fail)
    recorder = HistoryRecorder(tmp_path / FILE, LiveModel(patience=None))

    async def read() -> None:
        is_reported = asyncio.Event()

        def report(_loop: object, context: dict[str, object]) -> None:
            reported.append(context.get("exception"))
            is_reported.set()

        asyncio.get_running_loop().set_exception_handler(report)
        leaves = asyncio.create_task(recorder.table("1", "hour"))
        await asyncio.to_thread(begun.wait)
        leaves.cancel()
        await asyncio.wait([leaves])
        goes_on.set()
        await asyncio.wait_for(is_reported.wait(), LIMIT)

    asyncio.run(read())
    assert [type(error) for error in reported] == [RuntimeError]


def test_a_batch_that_fails_as_the_page_ends_is_reported_by_the_last_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And by nothing else: an error of the disk that nobody awaits would end the process with a traceback."""
    begun = threading.Event()
    goes_on = threading.Event()
    told = list[object]()

    def fail(*_: object, **_more: object) -> None:
        begun.set()
        goes_on.wait(LIMIT)
        raise sqlite3.OperationalError("disk I/O error")

    recorder = HistoryRecorder(tmp_path / FILE, LiveModel(patience=None))
    monkeypatch.setattr(recorder._store, "write", fail)

    async def end_while_writing() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: told.append(context))
        running = asyncio.create_task(recorder.run())
        await asyncio.to_thread(begun.wait)
        running.cancel()
        await asyncio.sleep(0)
        goes_on.set()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        del running
        gc.collect()  # a task whose error nobody took reports it when it goes

    asyncio.run(end_while_writing())

    assert told == []
    assert capsys.readouterr().err.count("disk I/O error") == 1


def test_more_than_a_few_are_asked_to_come_back(maker: Maker) -> None:
    """The answer says when; nothing of it is kept."""
    with Page() as served:
        waiting = [
            threading.Thread(target=ask, args=(served, f"/history/1/hour.json{end}"), daemon=True)
            for end in ENDS[: recorder_module.MAX_TABLES]
        ]
        for each in waiting:
            each.start()
        end = time.monotonic() + LIMIT
        while len(served.recorder._requests) < recorder_module.MAX_TABLES:
            assert time.monotonic() < end
            time.sleep(0.01)
        status, headers, body = ask(served, "/history/1/days2.json")
        assert (status, headers["Retry-After"]) == (503, "5")
        assert body == "Too many other requests are waiting.\n"
        maker.may_end.release(100)
        for each in waiting:
            each.join(LIMIT)
        assert ask(served, "/history/1/days2.json")[0] == 200
        assert served.recorder._requests == {}


@pytest.mark.real
def test_abandoned_requests_delay_no_picture_and_lose_no_reading(tmp_path: Path, meter: Meter) -> None:
    """
    Sixty clients ask for the contract, each of another day, and leave: the next picture comes at once.

    After SIGTERM, while more tables are made, what the meter sent last is in the history.
    """
    history = tmp_path / "history/teleinfo.sqlite"
    decade.write(history, int(time.time()) - 300)
    with PageProcess(tmp_path, serial_port=meter.line.port) as page:
        page.show('"figure":"1 940"')
        began = time.monotonic()
        assert page.table(decade.METER, "contract")["is_year"]
        one = time.monotonic() - began
        for end in ENDS:
            page.abandon(CONTRACT + end)
        began = time.monotonic()
        assert page.table(decade.METER, "hour")["rows"]
        assert time.monotonic() - began < 10 * one + 1.0
        meter.frame = with_parity(encode_frame(whole(**HC | {"HCHP": "000068307", "PAPP": "02740"})))
        page.show('"figure":"2 740"')
        for end in ENDS:
            page.abandon(CONTRACT + end)
        assert page.stop()[0] == 0
    query = "SELECT value FROM reading WHERE label = 'HCHP' ORDER BY time DESC LIMIT 1"
    with contextlib.closing(sqlite3.connect(history)) as base:
        assert base.execute(query).fetchone() == (68_307,)
