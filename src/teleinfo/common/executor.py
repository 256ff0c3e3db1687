"""
An executor that nobody has to wait for.

A thread that is stuck in connect(), open() or getaddrinfo() cannot be interrupted. The standard executor
joins it at the end of `asyncio.run` and again at the end of the interpreter, so that a daemon told to stop
would hang for as long. Here each call has a daemon thread of its own, which ends with the call or with the
process.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

P = ParamSpec("P")
T = TypeVar("T")


class DaemonThreadExecutor(ThreadPoolExecutor):
    """
    Runs each call in a fresh daemon thread.

    It is a `ThreadPoolExecutor` by name only, because `loop.set_default_executor` accepts nothing else.
    It sets no bound: the caller keeps few calls under way.
    """

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Start `fn` and return the future of its result; a future cancelled in time never starts it."""
        future: Future[T] = Future()

        def work() -> None:
            if future.set_running_or_notify_cancel():
                with FailureGoesTo(future.set_exception):
                    future.set_result(fn(*args, **kwargs))

        threading.Thread(target=work, name="teleinfo.loose", daemon=True).start()
        return future

    def shutdown(
        self,
        wait: bool = True,  # noqa: FBT001, FBT002 - the signature of the base
        *,
        cancel_futures: bool = False,
    ) -> None:
        """Do nothing: what still runs is left to itself."""


class FailureGoesTo:
    """Hands whatever is raised inside the block to `take`, so that it is raised where somebody waits."""

    def __init__(self, take: Callable[[BaseException], None]) -> None:
        self._take = take

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        if error is not None:
            self._take(error)
        return True
