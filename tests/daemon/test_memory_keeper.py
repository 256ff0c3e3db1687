"""What must outlive a restart is read before the first state, and written when it must; in virtual time."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from teleinfo.daemon.memory_keeper import (
    DAY,
    MAX_WRITES,
    RESERVE,
    ROUTINE_INTERVAL,
    MemoryFile,
    MemoryKeeper,
)
from teleinfo.state.energy import DailyEnergy, EnergySpan
from teleinfo.state.memory import VERSION, Memory, encode
from tests.state.test_memory import MEMORY, OTHER, TOTAL
from tests.support import virtual

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

NOW = time.time()
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
        self.keeper = MemoryKeeper("teleinfo", asyncio.Lock(), self.loaded.append)

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
    """A frame came before a slow card was read, and the program ends before the next frame."""
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
        replace(MEMORY, import_total=None),
        replace(MEMORY, import_total=replace(TOTAL, counter="EAST")),
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
            daily = DailyEnergy(span, None, EnergySpan(date(2026, 1, 1)), None, {})
            await bench.offer(replace(MEMORY, heard=in_tokyo + timedelta(hours=hours), daily_energy=daily))
            written = bench.kept["daily_energy"]["today"]["first"]
            assert written == f"2026-01-{day}"
            await asyncio.sleep(3600)
        assert len(bench.writes) == 2

    play(folder, midnight)


@pytest.mark.parametrize("part", ["fields", "situation"])
def test_fields_and_events_are_written_some_minutes_after_a_write(folder: Path, part: str) -> None:
    """The fields come one by one in the first minutes; at once, if the last write is not recent."""

    def memory(number: int) -> Memory:
        if part == "fields":
            return replace(MEMORY, fields=frozenset(f"labels/{n}" for n in range(number)))
        return replace(MEMORY, situation={"tariff": f"{number}"})

    async def start(bench: Bench) -> None:
        for number in range(20):
            await bench.offer(memory(number))
        assert len(bench.writes) == 1
        await asyncio.sleep(ROUTINE_INTERVAL)
        await bench.offer(memory(1))
        assert len(bench.writes) == 2

    assert play(folder, start).kept[part] == json.loads(encode(memory(1)))[part]


def test_a_clock_that_jumps_costs_no_more_writes_than_a_day_has(folder: Path) -> None:
    """It is another day with each frame, for an hour; what matters is written all the same."""

    async def jump(bench: Bench) -> None:
        for minute in range(600):
            heard = MEMORY.heard + timedelta(days=400 if minute % 2 else -400)
            await bench.offer(replace(MEMORY, heard=heard))
            await asyncio.sleep(59)
        assert len(bench.writes) <= MAX_WRITES - RESERVE
        await bench.offer(NEXT)
        assert bench.kept["import_total"]["offset"] == 5_000_777

    play(folder, jump)


def test_a_restart_again_and_again_costs_no_more_writes_than_a_day_has(folder: Path) -> None:
    """Each run ends with a write, until only the reserve is left."""
    writes = 0
    for number in range(40):

        async def live(bench: Bench, number: int = number) -> None:
            await bench.offer(replace(MEMORY, heard=datetime.now().astimezone() + timedelta(seconds=number)))

        before = (folder / "teleinfo.json").stat().st_ino if number else 0
        play(folder, live)
        writes += (folder / "teleinfo.json").stat().st_ino != before

    assert writes == MAX_WRITES - RESERVE


def test_in_any_24_hours_there_are_at_most_20_writes(folder: Path) -> None:
    """For three days the total would be wrong without a write every ten minutes."""

    async def change(bench: Bench) -> None:
        for number in range(3 * 24 * 6):
            await bench.offer(replace(MEMORY, import_total=replace(TOTAL, offset=number)))
            await asyncio.sleep(599)

    writes = play(folder, change).writes

    assert len(writes) == 3 * MAX_WRITES == 60
    assert all(later - earlier >= DAY for earlier, later in zip(writes, writes[MAX_WRITES:], strict=False))


@pytest.mark.parametrize(
    ("writes", "left"),
    [
        ([NOW - 60] * 18, 2),
        ([NOW - DAY / 2] * 18 + [NOW + 1e6], 1),
        ([NOW - 60] * 1000, 0),
        ([NOW - DAY - 60] * 20, MAX_WRITES),
        ([0.0, -1.0, "2", None, [], 10**400, False] * 20, MAX_WRITES),
        ({"left": 2}, MAX_WRITES),
    ],
    ids=["a minute ago", "a clock that was set back", "too many", "yesterday", "damaged", "another form"],
)
def test_a_restart_goes_on_with_the_writes_of_the_last_24_hours(
    folder: Path, writes: object, left: int
) -> None:
    """Whatever the file says of them, and whatever the clock has done."""
    write(folder, encode(MEMORY, writes=writes))

    async def change(bench: Bench) -> None:
        for number in range(30):
            await bench.offer(replace(MEMORY, import_total=replace(TOTAL, offset=number)))

    assert len(play(folder, change).writes) == left


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "damaged"),
        (encode(MEMORY)[:-40], "damaged"),
        (b"[" * 10_000, "damaged"),
        (encode(MEMORY).replace(b"BASE", b"BASF"), "damaged"),
        (encode(MEMORY, version=VERSION + 1), "newer version"),
    ],
)
def test_an_unreadable_file_costs_one_line_and_is_replaced(
    folder: Path, caplog: pytest.LogCaptureFixture, content: bytes, reason: str
) -> None:
    """A card lost the end of it, or somebody went back to an older version."""
    write(folder, content)

    async def work(bench: Bench) -> None:
        assert bench.loaded == [None]
        await bench.offer(MEMORY)

    bench = play(folder, work)

    assert [reason in line for line in caplog.messages] == [True]
    assert bench.kept["import_total"]["offset"] == 5_000_000


def test_a_directory_that_cannot_be_written_costs_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Everything else goes on; it is tried again once an hour, in silence."""
    (tmp_path / "file").write_text("in its way")
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "file" / "teleinfo"))

    async def work(bench: Bench) -> None:
        for _ in range(3 * 60):
            await bench.offer(MEMORY)
            await asyncio.sleep(59)
        assert bench.writes == []
        (tmp_path / "file").unlink()
        for _ in range(60):
            await bench.offer(MEMORY)
            await asyncio.sleep(59)
        assert (tmp_path / "file" / "teleinfo" / "teleinfo.json").exists()

    assert play(tmp_path / "file" / "teleinfo", work).loaded == [None]
    assert [line.rpartition(": ")[2] for line in caplog.messages] == [
        "Not a directory; the energy total may begin anew after a restart"
    ]
    assert str(tmp_path) in caplog.text


def test_what_can_be_read_and_not_written_is_remembered(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The system has made its damaged card read-only: the total goes on for as long as that lasts."""
    write(folder, encode(MEMORY))
    (folder / "teleinfo.lock").mkdir()

    async def work(bench: Bench) -> None:
        await bench.offer(NEXT)

    bench = play(folder, work)

    assert bench.loaded == [MEMORY]
    assert bench.kept["import_total"]["offset"] == 5_000_000
    assert len(caplog.messages) == 1


def test_of_two_at_one_file_the_second_goes_on_without_it(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It says so once, and the state is published without a memory."""
    write(folder, encode(MEMORY))
    first = MemoryFile(folder, "teleinfo")
    first.open()

    async def work(bench: Bench) -> None:
        await bench.offer(NEXT)

    bench = play(folder, work)
    first.close()

    assert bench.loaded == [None]
    assert bench.kept == json.loads(encode(MEMORY))
    assert ["another teleinfo remembers this meter in" in line for line in caplog.messages] == [True]
