"""
The signals that ask for a clean end, while the program loads.

`teleinfo.__main__` holds them back in its first lines, since only the command tells what they mean; they are
let in as soon as it is known. This module imports nothing that takes its time.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from types import FrameType

STOP_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
"""A clean end: systemd's stop, Ctrl-C, and the terminal that went away."""


def hold_back() -> None:
    """Let signals wait until `let_in`."""
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)


def let_in(*, daemon: bool) -> None:
    """
    Act on the signals that were held back, and on those that come from now on, until the command does.

    The `daemon` ends with status 0, as it will later: nothing is open yet. Any other command is ended by the
    signal, without a traceback. Without `hold_back` nothing is changed: the signals are the caller's.
    """
    if signal.SIGTERM not in signal.pthread_sigmask(signal.SIG_BLOCK, ()):
        return
    for number in STOP_SIGNALS:
        if daemon and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _end)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    # The kernel keeps from the first process of a container every signal that has no handler.
    if os.getpid() == 1 and not daemon:
        signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)


def _end(_number: int, _frame: FrameType | None) -> None:
    # An exception would meet whatever is being imported, which may catch it.
    os._exit(0)
