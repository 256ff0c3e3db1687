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
    AT_ONCE_WITHIN,
    OPEN_TIMEOUT,
    WRITE_INTERVAL,
    WRITES_AT_ONCE,
    MemoryKeeper,
)
from teleinfo.state.daily_energy import DailyEnergy
from teleinfo.state.energy_span import EnergySpan
from teleinfo.state.memory import VERSION, Memory, encode
from tests.state.test_memory import MEMORY, OTHER, TOTAL
from tests.support import virtual

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

NEWER = encode(MEMORY).replace(b'"version":%d' % VERSION, b'"version":%d' % (VERSION + 1))
NEXT = replace(MEMORY, import_total=replace(TOTAL, offset=5_000_777))


class Inline(ThreadPoolExecutor):
    """Calls in the thread of the event loop what belongs into another one: virtual time knows no threads."""

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
        self.contents: list[dict[str, Any]] = []
        self.keeper = MemoryKeeper("teleinfo", self.loaded.append)

    @property
    def kept(self) -> dict[str, Any]:
        """The content of the file; empty if there is none."""
        if not self._path.is_file():
            return {}
        return dict(json.loads(self._path.read_bytes()))

    async def offer(self, memory: Memory | None) -> None:
        """Offer a memory, as at a frame; note time and content if the keeper writes within a second."""
        before = self._inode()  # each write is a new file
        self.keeper.offer(memory)
        await asyncio.sleep(1)
        if self._inode() != before:
            self.writes.append(asyncio.get_running_loop().time())
            self.contents.append(self.kept)

    def _inode(self) -> int | None:
        if not self._path.exists():
            return None
        return self._path.stat().st_ino


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the directory for what is remembered."""
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    return tmp_path


def play(folder: Path, offers: Iterable[tuple[Memory | None, float]]) -> Bench:
    """Run a keeper, and offer each memory, after which so many seconds pass."""

    async def together() -> Bench:
        asyncio.get_running_loop().set_default_executor(Inline())
        bench = Bench(folder)
        task = asyncio.create_task(bench.keeper.run())
        await asyncio.sleep(1)
        for memory, seconds in offers:
            await bench.offer(memory)
            await asyncio.sleep(seconds - 1)
        bench.keeper.end()
        await task
        return bench

    return virtual.run(together())


def as_json(memory: Memory) -> dict[str, Any]:
    """Return the content of the file with this memory."""
    return dict(json.loads(encode(memory)))


def write(folder: Path, content: bytes) -> None:
    """Leave a file of an earlier run."""
    (folder / "teleinfo.json").write_bytes(content)


def test_what_was_written_is_loaded_by_the_next_run(folder: Path) -> None:
    """The first run finds nothing."""
    first = play(folder, [(None, 1), (MEMORY, 1)])
    second = play(folder, [])

    assert (first.loaded, second.loaded) == ([None], [MEMORY])
    assert len(first.writes) == 1


@pytest.mark.parametrize(
    ("changed", "lines"),
    [
        (replace(MEMORY, meter=OTHER), ["this is another meter than before: its energy total begins anew"]),
        (NEXT, []),
    ],
)
def test_what_the_total_would_be_wrong_without_is_written_at_once(
    folder: Path, changed: Memory, lines: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    """A power cut a second later costs nothing; another meter is one line of the log, without its number."""
    caplog.set_level(logging.INFO)

    assert len(play(folder, [(MEMORY, 1), (changed, 1)]).writes) == 2
    assert caplog.messages == lines


def test_a_day_of_frames_is_written_at_midnight_and_at_the_end(folder: Path) -> None:
    """The index rises with each frame, which needs no write: the meter says it again."""

    def at(minute: int) -> Memory:
        now = MEMORY.heard + timedelta(minutes=minute)
        total = replace(TOTAL, index=TOTAL.index + minute, time=now)
        return replace(MEMORY, heard=now, import_total=total)

    minutes = range(24 * 60)
    bench = play(folder, [(at(minute), 60) for minute in minutes])

    # The first memory, and that of midnight. The bench does not count the write at the end.
    assert len(bench.writes) == 2
    assert bench.kept == as_json(at(minutes[-1]))


def test_the_days_are_written_at_the_midnight_of_france(folder: Path) -> None:
    """The zone of the machine does not matter: a power cut later in the day then loses nothing."""
    in_tokyo = MEMORY.heard.astimezone(timezone(timedelta(hours=9)))

    def memory(day: int, hours: int) -> Memory:
        today = EnergySpan(date(2026, 1, day))
        this_month = EnergySpan(date(2026, 1, 1))
        daily = DailyEnergy(today, None, this_month, None, TOTAL, {})
        return replace(MEMORY, heard=in_tokyo + timedelta(hours=hours), daily_energy=daily)

    first = memory(14, 0)
    same_day = memory(14, 10)
    next_day = memory(15, 13)
    same_next_day = memory(15, 23)
    memories = [first, same_day, next_day, same_next_day]
    bench = play(folder, [(each, 3600) for each in memories])

    assert bench.contents == [as_json(first), as_json(next_day)]


def test_fields_and_events_are_written_once_an_hour(folder: Path) -> None:
    """Of twenty changes in twenty seconds, the first is written; an hour later, the next change."""

    def memory(number: int) -> Memory:
        fields = frozenset(f"labels/{label}" for label in range(number))
        return replace(MEMORY, fields=fields, situation={"tariff": f"{number}"})

    changes: list[tuple[Memory | None, float]] = [(memory(number), 1) for number in range(20)]
    bench = play(folder, [*changes, (None, WRITE_INTERVAL), (memory(1), 1)])

    assert bench.contents == [as_json(memory(0)), as_json(memory(1))]


def test_whatever_changes_there_are_at_most_30_writes_in_24_hours(folder: Path) -> None:
    """For two days everything changes every ten minutes, and the clock of the machine leaps by 800 days."""
    pause = 600  # seconds

    def memory(number: int) -> Memory:
        days = 400 if number % 2 == 1 else -400
        at = MEMORY.heard + timedelta(days=days)
        total = replace(TOTAL, offset=number)
        return replace(MEMORY, heard=at, import_total=total, situation={"tariff": f"{number}"})

    memories = [memory(number) for number in range(round(2 * AT_ONCE_WITHIN) // pause)]
    bench = play(folder, [(each, pause) for each in memories])

    # The first ones come at once, then one an hour.
    assert bench.writes[WRITES_AT_ONCE - 1] - bench.writes[0] < WRITE_INTERVAL
    for earlier, later in pairwise(bench.writes):
        assert later - earlier <= WRITE_INTERVAL + pause
    for first, thirty_first in zip(bench.writes, bench.writes[30:], strict=False):
        assert thirty_first - first >= AT_ONCE_WITHIN
    assert bench.kept == as_json(memories[-1])


class Hanging(Inline):
    """A disk that does nothing while `hangs`; `go_on` does what was asked for last."""

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

    assert virtual.run(together()).kept == as_json(later)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(encode(MEMORY)[:-40], "damaged", id="cut off"),
        pytest.param(
            encode(replace(MEMORY, announced=frozenset({"homeassistant"}))),
            "damaged",
            id="announced on what is no topic of an announcement",
        ),
        pytest.param(NEWER, "newer version of teleinfo wrote the file, which is now", id="newer"),
    ],
)
def test_an_unreadable_file_costs_one_line_and_is_replaced(
    folder: Path, caplog: pytest.LogCaptureFixture, content: bytes, reason: str
) -> None:
    write(folder, content)
    bench = play(folder, [(MEMORY, 1)])

    assert bench.loaded == [None]
    [line] = caplog.messages
    assert reason in line
    assert bench.kept == as_json(MEMORY)


def test_the_file_of_a_newer_version_is_kept_under_another_name(folder: Path) -> None:
    write(folder, NEWER)
    play(folder, [(MEMORY, 1)])

    assert (folder / "teleinfo.newer").read_bytes() == NEWER


def test_what_can_be_read_and_not_written_is_remembered_and_costs_one_line(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The system has made its damaged card read-only; once that is repaired, the file is written."""
    write(folder, encode(MEMORY))
    (folder / "teleinfo.new").mkdir()

    def offers() -> Iterator[tuple[Memory, float]]:
        hour = [(NEXT, 60.0)] * 60
        yield from hour * 3
        assert as_json(MEMORY) == json.loads((folder / "teleinfo.json").read_bytes())
        (folder / "teleinfo.new").rmdir()
        yield from hour
        assert as_json(NEXT) == json.loads((folder / "teleinfo.json").read_bytes())

    assert play(folder, offers()).loaded == [MEMORY]
    assert caplog.messages == [
        f"{folder} cannot be written: Is a directory; the energy total may begin anew after a restart"
    ]


def test_what_a_slow_disk_gives_later_still_counts_and_is_not_replaced_before(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A drive of the network was asleep: the state begins without it after five seconds."""
    write(folder, encode(MEMORY))

    async def together() -> Bench:
        asyncio.get_running_loop().set_default_executor(disk := Hanging())
        disk.hangs = True
        bench = Bench(folder)
        task = asyncio.create_task(bench.keeper.run())
        await asyncio.sleep(OPEN_TIMEOUT + 0.1)
        await bench.offer(replace(MEMORY, import_total=None))
        assert (bench.loaded, bench.kept) == ([None], as_json(MEMORY))
        disk.hangs = False
        disk.go_on()
        await bench.offer(None)
        await bench.offer(NEXT)
        bench.keeper.end()
        await task
        return bench

    bench = virtual.run(together())
    assert bench.loaded == [None, MEMORY]
    assert bench.contents == [as_json(NEXT)]
    assert caplog.messages == [f"{folder} does not answer within 5 s: the energies begin anew until it does"]
