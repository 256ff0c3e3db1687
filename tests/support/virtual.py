"""
An event loop whose clock leaps: a day passes as fast as the machine can count it.

When nothing is ready, the time of the loop goes on to the next moment at which something is due. For code
that waits by the clock of its loop only, and for no thread, socket or process.
"""

from __future__ import annotations

import asyncio
import selectors
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")


class _VirtualSelector(selectors.SelectSelector):
    """Never waits, but notes how long it would have waited."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what is ready now; if nothing is, let `timeout` seconds pass."""
        events = super().select(0)
        if not events:
            assert timeout is not None, "nothing will ever happen"
            self.now += max(0.0, timeout)
        return events


class VirtualLoop(asyncio.SelectorEventLoop):
    """Its `time` is that of its selector."""

    def __init__(self) -> None:
        self._virtual = _VirtualSelector()
        super().__init__(self._virtual)

    def time(self) -> float:
        """Return the virtual time, seconds."""
        return self._virtual.now

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Do nothing: to wait for a thread, as the base does, virtual time would leap over its limit."""

    def leap(self, seconds: float) -> None:
        """Let `seconds` pass in which nobody has the processor, as in a laptop's sleep."""
        self._virtual.now += seconds


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` to its end in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)
