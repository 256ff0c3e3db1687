"""A task that makes no progress is found out."""

from __future__ import annotations

import asyncio

from teleinfo.daemon.heartbeats import STUCK, Heartbeats
from tests.support import virtual


def test_a_task_is_stuck_when_its_heart_stopped() -> None:
    """Within `STUCK` seconds of its last beat a task is well, after them it is named."""

    async def scenario() -> list[list[str]]:
        beats = Heartbeats()
        reader, publisher = beats.of("reader"), beats.of("publisher")
        loop = asyncio.get_running_loop()
        found = [beats.stuck(loop.time())]
        reader()
        publisher()
        await asyncio.sleep(STUCK)
        found.append(beats.stuck(loop.time()))
        publisher()
        await asyncio.sleep(1)
        found.append(beats.stuck(loop.time()))
        reader()
        found.append(beats.stuck(loop.time()))
        return found

    assert virtual.run(scenario()) == [[], [], ["reader"], []]


def test_all_have_started_when_each_has_beaten() -> None:
    """A task that has not begun yet is not stuck, and the daemon is not ready."""

    async def scenario() -> list[bool]:
        beats = Heartbeats()
        reader, publisher = beats.of("reader"), beats.of("publisher")
        reader()
        before = beats.started()
        publisher()
        return [before, beats.started()]

    assert virtual.run(scenario()) == [False, True]
