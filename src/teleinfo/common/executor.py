"""
An executor whose threads the process does not wait for at its end.

A thread that is stuck in connect(), open() or getaddrinfo() cannot be interrupted. The standard executor
joins it at the end of `asyncio.run` and again at the end of the interpreter: a daemon that is asked to stop
would hang for as long. Here each call has a daemon thread, which ends with the call or with the process.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
T = TypeVar("T")


class DaemonThreadExecutor(ThreadPoolExecutor):
    """
    Runs each call in a fresh daemon thread.

    It is a `ThreadPoolExecutor` by name only, because `loop.set_default_executor` accepts nothing else.
    The number of threads is not limited: the caller makes few calls at a time.
    """

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Start `fn` and return the future of its result; a future cancelled in time never starts it."""
        future: Future[T] = Future()

        def work() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                result = fn(*args, **kwargs)
            except BaseException as error:  # noqa: BLE001 - raised again where the future is awaited
                future.set_exception(error)
            else:
                future.set_result(result)

        threading.Thread(target=work, name="teleinfo.worker", daemon=True).start()
        return future

    def shutdown(
        self,
        wait: bool = True,  # noqa: FBT001, FBT002 - the signature of the base
        *,
        cancel_futures: bool = False,
    ) -> None:
        """Do nothing: calls that still run end with the process."""
