"""Run the event loop of a command, with calls in threads and handlers of the signals to stop."""

from __future__ import annotations

import asyncio
import signal
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar

from teleinfo.common.stop_signals import STOP_SIGNALS

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

P = ParamSpec("P")
T = TypeVar("T")


class DaemonThreadExecutor(ThreadPoolExecutor):
    """
    Runs each call in a fresh daemon thread, for which the process does not wait at its end.

    A thread that is stuck in connect(), open() or getaddrinfo() cannot be interrupted. The standard executor
    would wait for it: with a call that hangs for 25 s a stop took 21 s, and takes 0.2 to 0.7 s with this one.
    It is a `ThreadPoolExecutor` by name only, since `loop.set_default_executor` accepts nothing else. The
    number of threads is not limited.
    """

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Start `fn` and return a future of its result, which may be cancelled before `fn` starts."""
        future: Future[T] = Future()

        def work() -> None:
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(fn(*args, **kwargs))
                except BaseException as error:  # noqa: BLE001 - raised again where the future is awaited
                    future.set_exception(error)

        threading.Thread(target=work, name="teleinfo.worker", daemon=True).start()
        return future

    def shutdown(
        self,
        wait: bool = True,  # noqa: FBT001, FBT002 - the signature of the base
        *,
        cancel_futures: bool = False,
    ) -> None:
        """Do nothing: calls that still run end with the process."""


HARMLESS: Final = frozenset({"socket.accept() out of system resource"})
"""
Messages of asyncio about what it repairs itself.

There is no descriptor for a new client of a server. asyncio accepts no other for a second, and tries again.
"""


def run(work: Coroutine[Any, Any, T]) -> T:
    """
    Return the result of `work` like `asyncio.run`, but do not wait for threads that hang.

    An error in a callback of the loop, or in a task that nobody awaits, is logged with its traceback, cancels
    `work`, and raises SystemExit: asyncio would go on without the callback, and so half of a program would.
    """
    is_broken = False

    async def main() -> T:
        task = asyncio.current_task()

        def end(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
            nonlocal is_broken
            if context["message"] in HARMLESS:
                return
            if task is None or is_broken:  # the first error counts; others follow from it
                return
            loop.default_exception_handler(context)
            is_broken = True
            task.cancel()

        asyncio.get_running_loop().set_exception_handler(end)
        return await work

    with asyncio.Runner() as runner:
        runner.get_loop().set_default_executor(DaemonThreadExecutor())
        try:
            return runner.run(main())
        except asyncio.CancelledError:
            if is_broken:
                raise SystemExit(1) from None
            raise


def on_stop(act: Callable[[], object], *, once: bool = False) -> None:
    """
    Call `act` at each of `STOP_SIGNALS`, in place of an earlier `act`.

    With `once`, the next signal ends the process at once. An ignored SIGHUP stays ignored: under nohup(1) a
    program goes on without its terminal.
    """
    loop = asyncio.get_running_loop()

    def handle() -> None:
        act()
        if not once:
            return
        for number in STOP_SIGNALS:
            if loop.remove_signal_handler(number):
                # asyncio restores Python's handler of SIGINT, which raises KeyboardInterrupt.
                signal.signal(number, signal.SIG_DFL)

    for number in STOP_SIGNALS:
        if number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN:
            continue
        loop.add_signal_handler(number, handle)


def cancel_on_stop() -> None:
    """Make each of `STOP_SIGNALS` cancel the calling task."""
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - it is called in a task
    on_stop(task.cancel)
