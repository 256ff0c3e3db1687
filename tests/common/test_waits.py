"""Whatever is waited for, a stop ends the wait, and the heartbeat goes on meanwhile."""

from __future__ import annotations

import asyncio
import gc
import logging

import pytest

from teleinfo.common import waits as module
from teleinfo.common.waits import StoppableWaits


async def fail() -> None:
    """Go wrong."""
    raise LookupError("so")


async def answer() -> int:
    """Return a number, a moment later."""
    await asyncio.sleep(0.001)
    return 42


def test_the_result_of_the_work_is_returned_and_its_error_raised() -> None:
    """`run` is transparent for work that ends by itself."""

    async def scenario() -> int:
        waits = StoppableWaits(lambda: None)
        with pytest.raises(LookupError):
            await waits.run(fail(), name="work")
        return await waits.run(answer(), name="work")

    assert asyncio.run(scenario()) == 42


def test_a_stop_ends_a_wait_at_once_and_those_to_come() -> None:
    """Work is cancelled at the stop; a wait that begins after it returns at once, also the first one."""

    async def scenario() -> None:
        early = StoppableWaits(lambda: None)
        early.stop()
        waits = StoppableWaits(lambda: None)
        asyncio.get_running_loop().call_later(0.01, waits.stop)
        async with asyncio.timeout(5):
            with pytest.raises(TimeoutError):
                await waits.run(asyncio.sleep(60), name="work")
            assert waits.stopped
            waits.stop()
            await waits.wait(limit=60)
            await early.wait(limit=60)
            with pytest.raises(TimeoutError):
                await waits.run(asyncio.sleep(60), name="work")

    asyncio.run(scenario())


def test_a_limit_ends_a_wait() -> None:
    """`wait` returns after its limit, `run` raises TimeoutError."""

    async def scenario() -> None:
        waits = StoppableWaits(lambda: None)
        async with asyncio.timeout(5):
            await waits.wait(limit=0.01)
            with pytest.raises(TimeoutError):
                await waits.run(asyncio.sleep(60), name="work", limit=0.01)

    asyncio.run(scenario())


def test_a_future_ends_a_wait() -> None:
    """One of several is enough, and it need not be a task."""

    async def scenario() -> None:
        waits = StoppableWaits(lambda: None)
        loop = asyncio.get_running_loop()
        first, second = loop.create_future(), loop.create_future()
        loop.call_later(0.01, second.set_result, None)
        async with asyncio.timeout(5):
            await waits.wait(first, second)
        assert not first.done()

    asyncio.run(scenario())


def test_work_has_ended_when_it_was_cut_off(caplog: pytest.LogCaptureFixture) -> None:
    """What it does while it is cancelled is waited for, and an error of that moment is retrieved."""
    ended = []

    async def slow_to_end() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.01)
            ended.append(True)
            raise LookupError("too late")

    async def scenario() -> None:
        waits = StoppableWaits(lambda: None)
        with pytest.raises(TimeoutError):
            await waits.run(slow_to_end(), name="work", limit=0.01)
        assert ended == [True]
        running = asyncio.create_task(waits.run(slow_to_end(), name="work"))
        await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.wait({running})
        assert ended == [True, True]

    with caplog.at_level(logging.ERROR):
        asyncio.run(scenario())
        gc.collect()
    assert caplog.messages == []


def test_the_heartbeat_goes_on_while_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """A watchdog must not take patience for a task that is stuck."""
    monkeypatch.setattr(module, "HEARTBEAT_INTERVAL", 0.01)
    heartbeats = []

    async def scenario() -> None:
        waits = StoppableWaits(lambda: heartbeats.append(1))
        await waits.wait(limit=0.2)
        with pytest.raises(TimeoutError):
            await waits.run(asyncio.sleep(60), name="work", limit=0.2)

    asyncio.run(scenario())

    assert len(heartbeats) > 10
