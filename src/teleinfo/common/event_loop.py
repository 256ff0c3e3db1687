"""Run the event loop of a command, and act on the signals that ask it to stop."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING, Any, TypeVar

from teleinfo.common.executor import DaemonThreadExecutor
from teleinfo.common.stop_signals import STOP_SIGNALS

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """Return the result of `work` like `asyncio.run`, but do not wait for threads that hang."""
    with asyncio.Runner() as runner:
        runner.get_loop().set_default_executor(DaemonThreadExecutor())
        return runner.run(work)


def on_stop(act: Callable[[], object], *, once: bool = False) -> None:
    """
    Call `act` at each of `STOP_SIGNALS`, in place of an earlier `act`.

    With `once`, the next signal ends the process at once. An ignored SIGHUP stays ignored: under nohup(1) a
    program goes on without its terminal.
    """
    loop = asyncio.get_running_loop()

    def handle() -> None:
        act()
        for number in STOP_SIGNALS if once else ():
            if loop.remove_signal_handler(number):
                signal.signal(number, signal.SIG_DFL)

    for number in STOP_SIGNALS:
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            loop.add_signal_handler(number, handle)


def cancel_on_stop() -> None:
    """Cancel the task that calls this, at each of `STOP_SIGNALS`."""
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - it is called in a task
    on_stop(task.cancel)
