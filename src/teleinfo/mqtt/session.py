"""The tasks that use one connection to the broker, and the time that it has to acknowledge what they send."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from teleinfo.mqtt.client import GRACE
from teleinfo.mqtt.errors import silent

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from teleinfo.mqtt.client import Connection

PUBACK_TIMEOUT: Final = 3.5
"""
Seconds that the broker has for the next acknowledgement, while messages are in flight.

With the 2 s that a meter may take for a frame, a broker that freezes in between is noticed within 6 s.
"""


class Session:
    """
    The tasks that use `connection`; `failed` gets the error of the first that fails.

    It is no TaskGroup, because readings start tasks from outside, also in the moment in which one fails.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._loop = asyncio.get_running_loop()
        self.failed: asyncio.Future[None] = self._loop.create_future()
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Do `work` in a task."""
        task = asyncio.create_task(work, name="teleinfo.publisher.session")
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            self._fail(task.exception())

    def _fail(self, error: BaseException | None) -> None:
        if error is not None and not self.failed.done():
            self.failed.set_exception(error)

    def expect_acknowledgement(self, *, waiting: bool = True) -> None:
        """Give the broker `PUBACK_TIMEOUT` from now on for the next one, if messages are `waiting` for it."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(PUBACK_TIMEOUT, self._on_timeout) if waiting else None

    def _on_timeout(self) -> None:
        # Where the process was held up, the acknowledgement may come in this very turn: it counts.
        self._timer = self._loop.call_later(GRACE, self._fail, silent())

    async def close(self) -> None:
        """Cancel the tasks and wait for their end."""
        self.expect_acknowledgement(waiting=False)
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        if self.failed.done():
            self.failed.exception()  # asyncio logs an exception that was never retrieved
