"""Let `python -m teleinfo` be the same as the command `teleinfo`."""

from __future__ import annotations

import signal
import sys

# Loading the program takes its time. Ctrl-C then ends it like any other signal, and not with a traceback;
# `cli` makes it an exception again.
if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from teleinfo.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
