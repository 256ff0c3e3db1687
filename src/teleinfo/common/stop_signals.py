"""
Hold back the signals that ask for a clean end, while the program loads.

Their meaning depends on the command: `teleinfo.__main__` blocks them in its first lines, until the command is
known. This module imports nothing slow.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Final

STOP_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
"""Signals for a clean end: systemd's stop, Ctrl-C, and the loss of the terminal."""


def hold_back() -> None:
    """Keep the signals pending until `let_in`."""
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)


def let_in(*, daemon: bool) -> None:
    """
    Act on the signals that were held back, and on later ones until the command has its own handlers.

    The `daemon` ends with status 0, as it will later: nothing is open yet. Any other command is ended by the
    signal, without a traceback. If `hold_back` was not called, the signals are the caller's: do nothing.
    """
    if signal.SIGTERM not in signal.pthread_sigmask(signal.SIG_BLOCK, ()):
        return
    for number in STOP_SIGNALS:
        if daemon and signal.getsignal(number) is not signal.SIG_IGN:
            # Not by an exception, which the module that is being imported may catch.
            signal.signal(number, lambda *_: os._exit(0))
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    # The first process of a container receives only signals for which it has a handler.
    if os.getpid() == 1 and not daemon:
        signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
