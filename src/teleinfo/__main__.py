"""Let `python -m teleinfo` be the same as the command `teleinfo`."""

from __future__ import annotations

import os
import signal
import sys

# Loading the program takes its time. Ctrl-C then ends it like any other signal, and not with a traceback;
# `cli` makes it an exception again.
if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

# The kernel keeps from the first process of a container every signal that has no handler: a stop while the
# program loads would wait for its end.
if os.getpid() == 1:
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))

from teleinfo.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
