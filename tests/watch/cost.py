"""
The price of the page: processor and memory of `teleinfo watch --web` without a reader and with ten.

    python -m tests.watch.cost

The meter is a Tempo meter in mode standard at its real speed, 9600 baud; the readers read the stream as ten
browsers do.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
import time
from pathlib import Path

from tests.support.process import Process
from tests.support.procfs import resident, work
from tests.support.scenario import until
from tests.support.tcp_ports import HOST, free_port

READERS = 10


def measure(pid: int, seconds: float) -> str:
    """Return the share of a processor over so many seconds, and the memory at their end."""
    before = work(pid)
    time.sleep(seconds)
    after = work(pid)
    share = 100 * (after.cpu - before.cpu) / (after.at - before.at)
    return f"{share:.2f} % of a processor, {resident(pid) / 1024:.1f} MB"


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description="The price of the page.")
    parser.add_argument("--seconds", type=float, default=60.0, help="for each of the two measurements")
    seconds = parser.parse_args().seconds
    port = free_port()
    with tempfile.TemporaryDirectory() as name:
        folder, line = Path(name), Path(name) / "port"
        environ = {"PATH": os.environ["PATH"], "TELEINFO_SERIAL_PORT": str(line), "LC_ALL": "C.UTF-8"}
        program = [sys.executable, "-m", "teleinfo"]
        simulate = [*program, "simulate", "--meter", "standard-tempo", "--link", str(line)]
        watch = [*program, "--env-file", os.devnull, "watch", "--web", str(port)]
        with Process(simulate, folder / "simulate.log"):
            until(line.exists, what="the simulated meter")
            with contextlib.ExitStack() as readers, Process(watch, folder / "watch.log", environ) as page:
                page.expect_log("standard at 9600 baud")
                time.sleep(5)
                sys.stdout.write(f"no reader: {measure(page.pid, seconds)}\n")
                url = f"http://{HOST}:{port}/events"
                for reader, language in enumerate(("fr", "en") * (READERS // 2)):
                    curl = ["curl", "-sN", "-H", f"Accept-Language: {language}", url]
                    readers.enter_context(Process(curl, folder / f"{reader}.events"))
                figures = measure(page.pid, seconds)
                rate = sum(each.stat().st_size for each in folder.glob("*.events")) / READERS / seconds / 1024
                sys.stdout.write(f"{READERS} readers: {figures}, {rate:.1f} KB a second each\n")


if __name__ == "__main__":
    main()
