"""
Waits that end when the task is to stop, and that call a heartbeat meanwhile.

A task that waits for the network or for a device in this way can be stopped at any moment, and its heartbeat
tells the watchdog that it is not stuck.
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
    """The waits of one task; each begins with a call of `heartbeat`."""

    def __init__(self, heartbeat: Callable[[], None]) -> None:
        self._heartbeat = heartbeat
        self._stop: asyncio.Future[None] | None = None
        self.stopped = False

    def stop(self) -> None:
        """End every wait, the present one and those to come."""
        self.stopped = True
        if self._stop is not None and not self._stop.done():
            self._stop.set_result(None)

    async def wait(self, *futures: asyncio.Future[Any], limit: float = math.inf) -> None:
        """Return once one of `futures` is done, after `limit` seconds, or once `stop` was called."""
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
        Return what `work` returns, done in a task called `name`, or raise what it raises.

        Raise TimeoutError after `limit` seconds or once `stop` was called; `work` is cancelled then, and
        waited for.
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
