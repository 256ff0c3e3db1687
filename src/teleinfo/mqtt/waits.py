"""
Wait for something, but never past the stop, and beat all the while.

Each of these ends early once `stop` was called, so that a daemon that is told to end does so at any moment:
it may be dialling, waiting for an answer, or for its next attempt.
"""

from __future__ import annotations

import asyncio
import math
import time
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

BEAT: Final = 2.0
"""Longest wait in seconds between two calls of `beat`."""

GRACE: Final = 0.1
"""Seconds that work has to end by itself, and say why, once an alarm rang."""


class StoppableWaits:
    """The waits of one task, `name`; `stopped` tells whether they are over. `beat` is called at each turn."""

    def __init__(self, name: str, beat: Callable[[], None]) -> None:
        self._name = name
        self._beat = beat
        self._stopping = asyncio.Event()
        self._stop: asyncio.Task[Any] | None = None
        self._patience: asyncio.Timeout | None = None

    @property
    def stopped(self) -> bool:
        """Whether `stop` was called."""
        return self._stopping.is_set()

    def stop(self) -> None:
        """End every wait, the present one and those to come."""
        self._stopping.set()
        if self._patience is not None and not self._patience.expired():
            self._patience.reschedule(0)

    async def until(self, *events: asyncio.Future[None], limit: float = math.inf) -> None:
        """Wait for one of `events`, for the stop, or for `limit` seconds."""
        if self._stop is None:
            self._stop = asyncio.create_task(self._stopping.wait(), name=f"{self._name}.stop")
        deadline = time.monotonic() + limit
        awaited: set[asyncio.Future[Any]] = {self._stop, *events}
        done: set[asyncio.Future[Any]] = set()
        while not done and (left := deadline - time.monotonic()) > 0:
            self._beat()
            done, _ = await asyncio.wait(
                awaited,
                timeout=min(left, BEAT),
                return_when=asyncio.FIRST_COMPLETED,
            )

    async def finish(
        self,
        work: Coroutine[Any, Any, None],
        *alarms: asyncio.Future[None],
        name: str,
        limit: float = math.inf,
    ) -> bool:
        """
        Do `work` in a task and return True, or raise what it raised.

        Return False, `work` cancelled, when an alarm, the stop or the end of `limit` seconds came before.
        """
        task = asyncio.create_task(work, name=f"{self._name}.{name}")
        try:
            await self.until(task, *alarms, limit=limit)
            if any(alarm.done() for alarm in alarms):
                # What rang the alarm may be about to end the work too, and say more.
                await asyncio.wait({task}, timeout=GRACE)
            if task.done():
                task.result()
                return True
            return False
        finally:
            task.cancel()
            task.add_done_callback(_seen)

    async def finish_soon(self, work: Coroutine[Any, Any, object], *, limit: float | None = None) -> bool:
        """
        Do `work`, of a few seconds, and return True, or raise what it raised; False when it was cut off.

        Without a task of its own, unlike `finish`: this happens for every message.
        """
        self._beat()
        if self.stopped:
            work.close()
            return False
        try:
            async with asyncio.timeout(limit) as self._patience:
                await work
        except TimeoutError:
            return False
        finally:
            self._patience = None
        return True

    def close(self) -> None:
        """Let go of the task that waits for the stop."""
        if self._stop is not None:
            self._stop.cancel()


def _seen(task: asyncio.Task[None]) -> None:
    """Take note of how a cancelled task ended, or asyncio would report that nobody did."""
    if not task.cancelled():
        task.exception()
