"""A task that makes no progress is found out."""

from __future__ import annotations

import asyncio

from teleinfo.daemon.watchdog import STUCK_AFTER, Heartbeats
from tests.support import virtual


def test_a_task_without_heartheartbeats_is_stuck() -> None:
    """Within `STUCK_AFTER` seconds of its last heartbeat a task is well, after them it is named."""

    async def scenario() -> list[list[str]]:
        heartbeats = Heartbeats()
        reader, publisher = heartbeats.of("reader"), heartbeats.of("publisher")
        loop = asyncio.get_running_loop()
        found = [heartbeats.stuck(loop.time())]
        reader()
        publisher()
        await asyncio.sleep(STUCK_AFTER)
        found.append(heartbeats.stuck(loop.time()))
        publisher()
        await asyncio.sleep(1)
        found.append(heartbeats.stuck(loop.time()))
        reader()
        found.append(heartbeats.stuck(loop.time()))
        return found

    assert virtual.run(scenario()) == [[], [], ["reader"], []]


def test_all_have_started_when_each_sent_a_heartbeat() -> None:
    """A task that has not begun yet is not stuck, and the daemon is not ready."""

    async def scenario() -> list[bool]:
        heartbeats = Heartbeats()
        reader, publisher = heartbeats.of("reader"), heartbeats.of("publisher")
        reader()
        before = heartbeats.started()
        publisher()
        return [before, heartbeats.started()]

    assert virtual.run(scenario()) == [False, True]
