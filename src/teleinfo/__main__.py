"""Let `python -m teleinfo` be the same as the command `teleinfo`."""

from __future__ import annotations

import sys

from teleinfo.cli import main

if __name__ == "__main__":
    sys.exit(main())
