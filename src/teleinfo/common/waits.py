"""
Waits of a task for the network or for a device.

They end when the task is asked to stop. Meanwhile they call a heartbeat, which tells the watchdog that the
task is not stuck.
"""

from __future__ import annotations

import asyncio
import math
import time
from typing import TYPE_CHECKING, Any, Final, TypeVar

from teleinfo.common.durations import until_tick

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

T = TypeVar("T")

HEARTBEAT_INTERVAL: Final = 2.0
"""Seconds between two calls of the heartbeat, at most."""


class StoppableWaits:
    """The waits of a task; each begins with a call of `heartbeat`."""

    def __init__(self, heartbeat: Callable[[], None]) -> None:
        self._heartbeat = heartbeat
        self._stop: asyncio.Future[None] | None = None
        self.stopped = False

    def stop(self) -> None:
        """End the present wait and all later waits."""
        self.stopped = True
        if self._stop is not None and not self._stop.done():
            self._stop.set_result(None)

    async def wait(self, *futures: asyncio.Future[Any], limit: float = math.inf) -> None:
        """Return once a future of `futures` is done, `limit` seconds are over, or `stop` was called."""
        if self._stop is None:
            self._stop = asyncio.get_running_loop().create_future()
        deadline = time.monotonic() + limit
        self._heartbeat()
        while not self.stopped and (left := deadline - (now := time.monotonic())) > 0:
            done, _ = await asyncio.wait(
                {self._stop, *futures},
                timeout=min(left, until_tick(now, HEARTBEAT_INTERVAL)),
                return_when=asyncio.FIRST_COMPLETED,
            )
            self._heartbeat()
            if done:
                return

    async def run(self, work: Coroutine[Any, Any, T], *, name: str, limit: float = math.inf) -> T:
        """
        Return the result of `work`, which runs in a task called `name`, or raise its exception.

        After `limit` seconds, or once `stop` was called, cancel `work`, wait for its end, and raise
        TimeoutError.
        """
        task = asyncio.create_task(work, name=name)
        try:
            await self.wait(task, limit=limit)
            if not task.done():
                raise TimeoutError
            return task.result()
        finally:
            if not task.done():
                task.cancel()
                await asyncio.wait({task})
            if not task.cancelled():
                task.exception()  # asyncio logs an exception that was never retrieved
