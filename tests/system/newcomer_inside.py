"""
What somebody new does on a fresh Debian: clone the repository, then type the commands of the README.

    newcomer_inside.py REPOSITORY DEMO TEST

Runs inside, as an ordinary user, by any Python 3.11 with nothing but its standard library. The last line
begins with @@ and is a JSON object of durations in seconds. Exit status 1: a command failed.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

CHECKOUT = Path.home() / "teleinfo"
MESSAGE = re.compile(r'teleinfo +\{"')
FIRST_CHECK = "ruff check"
"""With this command `make test` begins, once all that it needs is there."""
GOODBYE = 20.0


def start(command: str) -> subprocess.Popen[str]:
    """Start a command line in the checkout, as a terminal would: Ctrl-C reaches all of it and nobody else."""
    print(f"$ {command}", flush=True)  # noqa: T201 - it is the report
    return subprocess.Popen(
        ["sh", "-c", command],
        cwd=CHECKOUT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def first_time(process: subprocess.Popen[str], sign: re.Pattern[str], *, go_on: bool) -> float | None:
    """Pass on what the process says, to its end if `go_on`, and return when a line with the sign came."""
    assert process.stdout is not None
    seen = None
    for line in process.stdout:
        sys.stdout.write(line)
        sys.stdout.flush()
        if seen is None and sign.search(line):
            seen = time.monotonic()
            if not go_on:
                break
    return seen


def demo(command: str) -> float | None:
    """Run the demo until its first message, then press Ctrl-C; return when that message came."""
    process = start(command)
    came = first_time(process, MESSAGE, go_on=False)
    if came is not None:
        os.killpg(process.pid, signal.SIGINT)
    try:
        process.communicate(timeout=GOODBYE)
    except subprocess.TimeoutExpired:
        print(f"the demo goes on {GOODBYE:g} s after Ctrl-C")  # noqa: T201
        os.killpg(process.pid, signal.SIGKILL)
        return None
    return came


def main() -> int:
    """Clone, run both commands, report."""
    repository, of_demo, of_test = sys.argv[1:]
    began = time.monotonic()
    subprocess.run(["git", "clone", "--quiet", repository, str(CHECKOUT)], check=True)
    came = demo(of_demo)
    if came is None:
        return 1
    durations = {"from clone to first message": came - began}
    began = time.monotonic()
    process = start(of_test)
    ready = first_time(process, re.compile(FIRST_CHECK), go_on=True)
    status = process.wait()
    if ready is not None:
        durations["test, downloads"] = ready - began
        durations["test"] = time.monotonic() - ready
    print(f"@@ {json.dumps(durations)}", flush=True)  # noqa: T201
    return 1 if status else 0


if __name__ == "__main__":
    sys.exit(main())
