"""Threads that nobody waits for."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest


@pytest.mark.real
def test_a_stuck_thread_does_not_keep_the_process() -> None:
    """
    A process whose executor thread is stuck for 30 s exits as soon as its main coroutine returns.

    1. The thread sleeps for 30 s.
    2. The coroutine that waits for it is cancelled, and the loop ends.
    3. The process measures from there to its last exit handler.
    """
    program = """
        import asyncio, atexit, time
        from teleinfo.common import event_loop

        async def main():
            stuck = asyncio.create_task(asyncio.to_thread(time.sleep, 30))
            await asyncio.wait({stuck}, timeout=0.1)
            stuck.cancel()

        # Registered first, so called last.
        atexit.register(lambda: print(time.monotonic() - began))
        began = time.monotonic()
        event_loop.run(main())
    """

    command = [sys.executable, "-c", textwrap.dedent(program)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)

    assert (ended.returncode, ended.stderr) == (0, "")
    assert float(ended.stdout) < 1.0
