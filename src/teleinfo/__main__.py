"""Let `python -m teleinfo` be the same as the command `teleinfo`."""

from __future__ import annotations

import sys

from teleinfo.common.stop_signals import hold_back

hold_back()

from teleinfo.cli.main import main  # noqa: E402 - takes its time

if __name__ == "__main__":
    sys.exit(main())
