"""
The heartbeats of the tasks: whether each of them makes progress.

A task beats while it works, and while it waits for something that may never come: an absent meter or broker
stops no heart. Times are those of the clock of the event loop, in seconds.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

STUCK = 15.0
"""A task that did not beat for so long, seconds, is stuck; each promises a beat every 5 s."""


class Heartbeats:
    """When each task last beat."""

    def __init__(self) -> None:
        self._last: dict[str, float | None] = {}

    def of(self, task: str) -> Callable[[], None]:
        """Return what `task` has to call while it makes progress."""
        self._last[task] = None

        def beat() -> None:
            self._last[task] = asyncio.get_running_loop().time()

        return beat

    def started(self) -> bool:
        """Whether every task beat at least once."""
        return all(last is not None for last in self._last.values())

    def stuck(self, now: float) -> list[str]:
        """Return the tasks that began and then made no progress for too long."""
        return [task for task, last in self._last.items() if last is not None and now - last > STUCK]
