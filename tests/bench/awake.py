"""
Keep the processors from halting while something is timed.

A processor that was halted takes its time to wake, a virtual one a tenth of a millisecond and more. A program
that lets it sleep between two frames pays for that; one that wakes it every 8 ms does not. To tell the two
apart each processor runs a loop that gives way to everything else (sched(7): SCHED_IDLE).
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOOP = """
import os, sys
os.sched_setaffinity(0, {int(sys.argv[1])})
os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
print(flush=True)
while True:
    pass
"""


@contextlib.contextmanager
def awake() -> Iterator[None]:
    """Let no processor halt while the block runs."""
    with contextlib.ExitStack() as stack:
        for processor in os.sched_getaffinity(0):
            loop = subprocess.Popen([sys.executable, "-c", _LOOP, str(processor)], stdout=subprocess.PIPE)
            stack.enter_context(loop)
            stack.callback(loop.kill)
            assert loop.stdout is not None
            assert loop.stdout.readline() == b"\n"
        yield
