"""Whatever is waited for, a stop ends the wait, and the watchdog hears of it all the while."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from teleinfo.common import waits as module
from teleinfo.common.waits import StoppableWaits

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    Wait = Callable[[StoppableWaits, Coroutine[None, None, None]], Coroutine[None, None, bool]]


async def finish(waits: StoppableWaits, work: Coroutine[None, None, None]) -> bool:
    """Wait in the first way."""
    return await waits.finish(work, name="work")


async def finish_soon(waits: StoppableWaits, work: Coroutine[None, None, None]) -> bool:
    """Wait in the second way."""
    return await waits.finish_soon(work)


async def fail() -> None:
    """Go wrong."""
    raise LookupError("so")


@pytest.fixture(params=[finish, finish_soon])
def wait(request: pytest.FixtureRequest) -> Wait:
    """Give both ways of waiting for work."""
    way: Wait = request.param
    return way


def test_work_that_ends_is_done(wait: Wait) -> None:
    """It is told that it was, and what it raises is raised."""

    async def scenario() -> bool:
        waits = StoppableWaits("test", lambda: None)
        done = await wait(waits, asyncio.sleep(0.001))
        with pytest.raises(LookupError):
            await wait(waits, fail())
        waits.close()
        return done

    assert asyncio.run(scenario())


def test_a_stop_ends_a_wait_at_once(wait: Wait) -> None:
    """The work is cut off; nor does any begin after that."""

    async def scenario() -> list[bool]:
        waits = StoppableWaits("test", lambda: None)
        asyncio.get_running_loop().call_later(0.01, waits.stop)
        async with asyncio.timeout(5):
            done = [await wait(waits, asyncio.sleep(60)), await wait(waits, asyncio.sleep(60))]
        assert waits.stopped
        waits.stop()
        waits.close()
        return done

    assert asyncio.run(scenario()) == [False, False]


def test_a_limit_ends_a_wait() -> None:
    """Whoever waits says for how long."""

    async def scenario() -> list[bool]:
        waits = StoppableWaits("test", lambda: None)
        async with asyncio.timeout(5):
            await waits.until(limit=0.01)
            done = [
                await waits.finish(asyncio.sleep(60), name="work", limit=0.01),
                await waits.finish_soon(asyncio.sleep(60), limit=0.01),
            ]
        waits.close()
        return done

    assert asyncio.run(scenario()) == [False, False]


def test_a_long_wait_beats_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A watchdog must not take patience for a task that is stuck."""
    monkeypatch.setattr(module, "BEAT", 0.01)
    beats = []

    async def scenario() -> None:
        waits = StoppableWaits("test", lambda: beats.append(1))
        await waits.until(limit=0.2)
        waits.close()

    asyncio.run(scenario())

    assert len(beats) > 5
