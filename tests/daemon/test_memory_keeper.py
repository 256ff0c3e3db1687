"""What must outlive a restart is read before the first state, and written when it must; in virtual time."""

from __future__ import annotations

import asyncio
import json
import logging
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta, timezone
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from teleinfo.daemon.memory_keeper import (
    DAY,
    OPEN_TIMEOUT,
    WRITE_INTERVAL,
    WRITES_AT_ONCE,
    MemoryKeeper,
)
from teleinfo.state.energy import DailyEnergy, EnergySpan
from teleinfo.state.memory import Memory, encode
from tests.state.test_memory import MEMORY, OTHER, TOTAL
from tests.support import virtual

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

NEWER = encode(MEMORY).replace(b'"version":1', b'"version":2')
NEXT = replace(MEMORY, import_total=replace(TOTAL, offset=5_000_777))


class Inline(ThreadPoolExecutor):
    """Does in the thread of the event loop what belongs into another one: virtual time knows no threads."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:  # noqa: ANN401
        """Call `fn`, and return its result."""
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except OSError as error:
            future.set_exception(error)
        return future


class Bench:
    """A keeper at work on the file of the topic `teleinfo` in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "teleinfo.json"
        self.loaded: list[Memory | None] = []
        self.writes: list[float] = []
        self.keeper = MemoryKeeper("teleinfo", self.loaded.append)

    @property
    def kept(self) -> dict[str, Any]:
        """What the file says."""
        return dict(json.loads(self._path.read_bytes())) if self._path.is_file() else {}

    async def offer(self, memory: Memory | None) -> None:
        """Offer a memory, as at a frame, and let the keeper do its work."""
        before = self._inode()
        self.keeper.offer(memory)
        await asyncio.sleep(1)
        if self._inode() != before:
            self.writes.append(asyncio.get_running_loop().time())

    def _inode(self) -> int:
        return self._path.stat().st_ino if self._path.exists() else 0


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the directory for what is remembered."""
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    return tmp_path


def play(folder: Path, scenario: Callable[[Bench], Awaitable[None]], *, early: Memory | None = None) -> Bench:
    """Run a scenario beside a keeper, to which `early` is offered first, end that, and return the bench."""

    async def together() -> Bench:
        asyncio.get_running_loop().set_default_executor(Inline())
        bench = Bench(folder)
        bench.keeper.offer(early)
        task = asyncio.create_task(bench.keeper.run())
        await asyncio.sleep(1)
        await scenario(bench)
        bench.keeper.end()
        await task
        return bench

    return virtual.run(together())


def write(folder: Path, content: bytes) -> None:
    """Leave a file of an earlier run."""
    (folder / "teleinfo.json").write_bytes(content)


def test_what_was_written_is_loaded_by_the_next_run(folder: Path) -> None:
    """The first run finds nothing."""

    async def offer_one(bench: Bench) -> None:
        await bench.offer(None)
        assert bench.kept == {}
        await bench.offer(MEMORY)
        assert bench.kept["import_total"]["offset"] == 5_000_000

    async def offer_nothing(_bench: Bench) -> None:
        pass

    assert play(folder, offer_one).loaded == [None]
    assert play(folder, offer_nothing).loaded == [MEMORY]


def test_what_is_known_without_the_file_does_not_take_its_place(folder: Path) -> None:
    write(folder, encode(MEMORY))

    async def end_soon(_bench: Bench) -> None:
        pass

    bench = play(folder, end_soon, early=replace(MEMORY, import_total=replace(TOTAL, offset=0)))

    assert bench.loaded == [MEMORY]
    assert bench.kept == json.loads(encode(MEMORY))


@pytest.mark.parametrize(
    "changed",
    [
        replace(MEMORY, meter=OTHER),
        NEXT,
    ],
)
def test_what_the_total_would_be_wrong_without_is_written_at_once(
    folder: Path, changed: Memory, caplog: pytest.LogCaptureFixture
) -> None:
    """A power cut a second later costs nothing; another meter is one line of the log, without its number."""
    caplog.set_level(logging.INFO)

    async def change(bench: Bench) -> None:
        await bench.offer(MEMORY)
        await bench.offer(changed)

    assert len(play(folder, change).writes) == 2
    is_another = changed.meter == OTHER
    anew = "this is another meter than before: its energy total begins anew"
    assert caplog.messages == ([anew] if is_another else [])


def test_a_day_of_frames_is_written_at_midnight_and_at_the_end(folder: Path) -> None:
    """The index rises with each frame, which needs no write: the meter says it again."""

    async def day(bench: Bench) -> None:
        for minute in range(24 * 60):
            at = MEMORY.heard + timedelta(minutes=minute)
            await bench.offer(
                replace(MEMORY, heard=at, import_total=replace(TOTAL, index=23 + minute, time=at))
            )
            await asyncio.sleep(59)

    bench = play(folder, day)

    assert len(bench.writes) == 2
    assert bench.kept["import_total"]["index"] == 23 + 24 * 60 - 1


def test_the_days_are_written_at_the_midnight_of_france(folder: Path) -> None:
    """Whatever the zone of the machine: a power cut later in the day then loses nothing."""

    async def midnight(bench: Bench) -> None:
        in_tokyo = MEMORY.heard.astimezone(timezone(timedelta(hours=9)))
        for day, hours in ((14, 0), (14, 10), (15, 13), (15, 23)):
            span = EnergySpan(date(2026, 1, day))
            total = MEMORY.import_total
            assert total is not None
            daily = DailyEnergy(span, None, EnergySpan(date(2026, 1, 1)), None, total, {})
            await bench.offer(replace(MEMORY, heard=in_tokyo + timedelta(hours=hours), daily_energy=daily))
            written = bench.kept["daily_energy"]["today"]["first"]
            assert written == f"2026-01-{day}"
            await asyncio.sleep(3600)
        assert len(bench.writes) == 2

    play(folder, midnight)


def test_fields_and_events_are_written_once_an_hour(folder: Path) -> None:
    def memory(number: int) -> Memory:
        fields = frozenset(f"labels/{n}" for n in range(number))
        return replace(MEMORY, fields=fields, situation={"tariff": f"{number}"})

    async def start(bench: Bench) -> None:
        for number in range(20):
            await bench.offer(memory(number))
        assert len(bench.writes) == 1
        await asyncio.sleep(WRITE_INTERVAL)
        await bench.offer(memory(1))
        assert len(bench.writes) == 2

    assert play(folder, start).kept == json.loads(encode(memory(1)))


def test_whatever_changes_there_are_at_most_30_writes_in_24_hours(folder: Path) -> None:
    def memory(number: int) -> Memory:
        at = MEMORY.heard + timedelta(days=400 if number % 2 else -400)
        total = replace(TOTAL, offset=number)
        return replace(MEMORY, heard=at, import_total=total, situation={"tariff": f"{number}"})

    async def change(bench: Bench) -> None:
        for number in range(2 * 24 * 6):
            await bench.offer(memory(number))
            await asyncio.sleep(599)

    bench = play(folder, change)

    days = zip(bench.writes, bench.writes[30:], strict=False)
    assert bench.writes[WRITES_AT_ONCE - 1] - bench.writes[0] < WRITE_INTERVAL
    assert all(later - earlier < WRITE_INTERVAL + 601 for earlier, later in pairwise(bench.writes))
    assert all(later - earlier >= DAY for earlier, later in days)
    assert bench.kept == json.loads(encode(memory(2 * 24 * 6 - 1)))


class Hanging(Inline):
    """A disk that has not done what was asked for since `hangs`; `go_on` lets it do that."""

    hangs = False
    go_on: Callable[[], None]

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:  # noqa: ANN401
        """Call `fn` later."""
        if not self.hangs:
            return super().submit(fn, *args, **kwargs)
        future: Future[Any] = Future()
        self.go_on = lambda: future.set_result(fn(*args, **kwargs))
        return future


def test_what_is_offered_during_a_write_is_written_at_the_end(folder: Path) -> None:
    """The card is slow, and the program ends meanwhile."""
    later = replace(MEMORY, heard=MEMORY.heard + timedelta(seconds=2))

    async def together() -> Bench:
        asyncio.get_running_loop().set_default_executor(disk := Hanging())
        bench = Bench(folder)
        task = asyncio.create_task(bench.keeper.run())
        await asyncio.sleep(1)
        disk.hangs = True
        await bench.offer(MEMORY)
        await bench.offer(later)
        bench.keeper.end()
        disk.hangs = False
        disk.go_on()
        await task
        return bench

    assert virtual.run(together()).kept == json.loads(encode(later))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (encode(MEMORY)[:-40], "damaged"),
        (encode(replace(MEMORY, announced=frozenset({"homeassistant"}))), "damaged"),
        (NEWER, "newer version of teleinfo wrote the file, which is now"),
    ],
)
def test_an_unreadable_file_costs_one_line_and_is_replaced(
    folder: Path, caplog: pytest.LogCaptureFixture, content: bytes, reason: str
) -> None:
    write(folder, content)

    async def work(bench: Bench) -> None:
        assert bench.loaded == [None]
        await bench.offer(MEMORY)

    bench = play(folder, work)

    assert [reason in line for line in caplog.messages] == [True]
    assert bench.kept["import_total"]["offset"] == 5_000_000
    kept = [path.read_bytes() for path in folder.glob("*.newer")]
    assert kept == ([NEWER] if content == NEWER else [])


def test_what_can_be_read_and_not_written_is_remembered_and_costs_one_line(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The system has made its damaged card read-only; once it is mended, the file is written."""
    write(folder, encode(MEMORY))
    (folder / "teleinfo.new").mkdir()

    async def work(bench: Bench) -> None:
        for _ in range(3 * 60):
            await bench.offer(NEXT)
            await asyncio.sleep(59)
        assert bench.writes == []
        (folder / "teleinfo.new").rmdir()
        for _ in range(60):
            await bench.offer(NEXT)
            await asyncio.sleep(59)
        assert bench.kept == json.loads(encode(NEXT))

    assert play(folder, work).loaded == [MEMORY]
    assert caplog.messages == [
        f"{folder} cannot be written: Is a directory; the energy total may begin anew after a restart"
    ]


@pytest.mark.usefixtures("folder")
def test_a_disk_that_hangs_delays_no_meter_more_than_another() -> None:
    """Each goes on after five seconds."""

    async def together() -> float:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(disk := Hanging())
        disk.hangs, begun = True, loop.time()
        async with asyncio.TaskGroup() as tasks:
            for number in range(10):
                keeper = MemoryKeeper(f"{number}", lambda _: None)
                tasks.create_task(keeper.run())
                keeper.end()
        return loop.time() - begun

    assert virtual.run(together()) == pytest.approx(OPEN_TIMEOUT)
