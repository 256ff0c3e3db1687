"""The watchdog tells systemd: ready, alive while every task makes progress, a status; in virtual time."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import resource
import socket
from typing import TYPE_CHECKING

import pytest

from teleinfo.daemon.watchdog import WATCHDOG_INTERVAL, Notifier, Watchdog
from tests.support import virtual
from tests.support.process import LIMIT

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path


class Bench(Notifier):
    """A watchdog between a reader, a publisher that may take 100 s, and a systemd that waits 30 s."""

    def __init__(self) -> None:
        super().__init__({"WATCHDOG_USEC": "30000000"})
        self.heard: list[tuple[float, str]] = []
        self.status = ("key", "all is well")  # what `status_key` and `status_text` return
        self.watchdog = Watchdog(self)
        self._reader_heartbeat = self.watchdog.heartbeat_of("reader")
        self._publisher_heartbeat = self.watchdog.heartbeat_of("publisher", limit=100)

    def send(self, assignment: str) -> None:
        """Be systemd."""
        self.heard.append((asyncio.get_running_loop().time(), assignment))

    async def live(self, seconds: int, *, reader: bool = True, publisher: bool = True) -> None:
        """Let so many seconds pass, with the heartbeats of the two tasks."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while loop.time() < end:
            if reader:
                self._reader_heartbeat()
            if publisher:
                self._publisher_heartbeat()
            await asyncio.sleep(0.5)

    def times(self, text: str) -> list[float]:
        """Return when systemd heard exactly `text`."""
        return [at for at, said in self.heard if said == text]


def play(scenario: Callable[[Bench], Awaitable[None]]) -> Bench:
    """Run a scenario beside a running watchdog, and return the bench."""

    async def together() -> Bench:
        bench = Bench()
        async with asyncio.TaskGroup() as tasks:
            watchdog = tasks.create_task(
                bench.watchdog.run(lambda _now: bench.status[0], lambda _now: bench.status[1])
            )
            await scenario(bench)
            watchdog.cancel()
        return bench

    return virtual.run(together())


def test_the_status_is_shown_at_each_change_and_every_ten_seconds() -> None:
    async def scenario(bench: Bench) -> None:
        await bench.live(15)
        bench.status = ("key", "all is well, 15 frames")
        await bench.live(2)
        bench.status = ("other", "the meter is silent")
        await bench.live(2)

    bench = play(scenario)

    # At 0 and 10 s; a text whose key is the same waits for the next 10 s, and was replaced by then.
    assert len(bench.times("STATUS=all is well")) == 2
    assert bench.times("STATUS=all is well, 15 frames") == []
    assert len(bench.times("STATUS=the meter is silent")) == 1


def test_ready_waits_for_both_tasks() -> None:
    begun = []

    async def scenario(bench: Bench) -> None:
        await bench.live(5, publisher=False)
        assert bench.times("READY=1") == []
        begun.append(asyncio.get_running_loop().time())
        await bench.live(5)

    bench = play(scenario)
    [ready] = bench.times("READY=1")
    [both_begun] = begun

    assert 0 <= ready - both_begun <= 0.5


def test_who_was_held_up_as_a_whole_is_not_called_stuck(caplog: pytest.LogCaptureFixture) -> None:
    """The process had no processor for a while; its tasks go on as soon as they have their turn."""
    caplog.set_level(logging.INFO)
    moments = []

    async def scenario(bench: Bench) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, virtual.VirtualLoop)
        await bench.live(60)
        loop.leap(20)  # longer than a task may take between two heartbeats
        moments.append(loop.time())
        for _ in range(3):  # the watchdog has its turn before the others
            await asyncio.sleep(0)
        await bench.live(20)

    bench = play(scenario)
    [after_the_leap] = moments

    assert caplog.messages == []
    assert bench.times("WATCHDOG=1")[-1] > after_the_leap


@pytest.mark.parametrize(("stuck", "limit"), [("reader", 15), ("publisher", 100)])
def test_the_watchdog_is_not_fed_while_a_task_is_stuck(
    caplog: pytest.LogCaptureFixture, stuck: str, limit: float
) -> None:
    """
    1. One task makes no progress any more: systemd would restart the daemon, and the log says why.

    2. It goes on: the watchdog is fed again.
    """
    caplog.set_level(logging.INFO)
    marks = []

    async def scenario(bench: Bench) -> None:
        await bench.live(60)
        marks.append(asyncio.get_running_loop().time())
        await bench.live(180, reader=stuck != "reader", publisher=stuck != "publisher")
        marks.append(asyncio.get_running_loop().time())
        await bench.live(20)

    bench = play(scenario)
    began, ended = marks
    fed = bench.times("WATCHDOG=1")

    # A sign of life comes every 10 s at most, and none after the limit.
    last_before_restart = max(at for at in fed if at < ended)
    assert limit - WATCHDOG_INTERVAL <= last_before_restart - began <= limit + 1
    assert fed[-1] > ended
    assert caplog.messages == [f"stuck: {stuck}; the watchdog of systemd will start teleinfo again"]


@pytest.mark.parametrize("start", ["@teleinfo-test-", "user@"])
def test_a_leading_at_stands_for_the_nul_of_an_abstract_address(
    start: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    address = f"{start}{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(re.sub("^@", "\0", address))
        listening.settimeout(LIMIT)
        Notifier({"NOTIFY_SOCKET": address}).send("READY=1")

        assert listening.recv(100) == b"READY=1"


@pytest.mark.parametrize("environ", [{}, {"NOTIFY_SOCKET": "/nonexistent/notify"}])
def test_without_a_service_manager_that_listens_nothing_happens(environ: dict[str, str]) -> None:
    Notifier(environ).send("WATCHDOG=1")


def test_nothing_is_sent_and_nothing_raised_without_a_free_file_descriptor() -> None:
    notifier = Notifier({"NOTIFY_SOCKET": "@teleinfo-test"})
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))  # standard input, output and errors only
    try:
        notifier.send("WATCHDOG=1")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_the_watchdog_is_fed_only_where_it_watches_this_process(
    environ: dict[str, str], expected: float | None
) -> None:
    """WATCHDOG_USEC counts in microseconds, and WATCHDOG_PID says for whom."""
    assert Notifier(environ).watchdog_interval == expected
