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
import socket
import sys
import tempfile
import threading
import time
from pathlib import Path

from tests.support.process import LIMIT, Process
from tests.support.procfs import resident
from tests.support.scenario import until
from tests.support.tcp_ports import HOST, free_port

READERS = 10


class Reader:
    """A browser, as far as the server can tell; `received` counts bytes."""

    def __init__(self, port: int, language: str) -> None:
        self.received = 0
        self._socket = socket.create_connection((HOST, port), LIMIT)
        self._socket.sendall(
            f"GET /events HTTP/1.1\r\nHost: {HOST}\r\nAccept-Language: {language}\r\n\r\n".encode()
        )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        with contextlib.suppress(OSError):
            while part := self._socket.recv(65536):
                self.received += len(part)


def processor(pid: int) -> float:
    """Return the seconds of processor that a process has used (proc(5), stat: utime and stime)."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(pid: int, seconds: float) -> str:
    """Return the share of a processor over so many seconds, and the memory at their end."""
    began, used = time.monotonic(), processor(pid)
    time.sleep(seconds)
    share = 100 * (processor(pid) - used) / (time.monotonic() - began)
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
            with Process(watch, folder / "watch.log", environ) as page:
                page.expect_log("standard at 9600 baud")
                time.sleep(5)
                sys.stdout.write(f"no reader: {measure(page.pid, seconds)}\n")
                readers = [Reader(port, language) for language in ("fr", "en") * (READERS // 2)]
                figures = measure(page.pid, seconds)
                rate = sum(reader.received for reader in readers) / READERS / seconds / 1024
                sys.stdout.write(f"{READERS} readers: {figures}, {rate:.1f} KB a second each\n")


if __name__ == "__main__":
    main()
