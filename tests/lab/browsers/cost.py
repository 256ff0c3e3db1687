"""
The price of the page: processor and memory of `teleinfo page` without a reader, with ten and with 200.

    python -m tests.lab.browsers.cost

The meter is a Tempo meter in mode standard at its real speed, 9600 baud; the readers read the stream as
browsers do.
"""

from __future__ import annotations

import argparse
import os
import selectors
import socket
import sys
import tempfile
import time
from pathlib import Path

from tests.support.process import Process
from tests.support.procfs import resident, work
from tests.support.scenario import until
from tests.support.tcp_ports import HOST, free_port

READERS = (0, 10, 200)


class Readers:
    """Readers of the stream at a port of loopback, in both languages."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._waiting = selectors.DefaultSelector()
        self.count = 0

    def add(self, count: int) -> None:
        """Add readers until there are so many."""
        while self.count < count:
            self.count += 1
            connection = socket.create_connection((HOST, self._port))
            language = ("fr", "en")[self.count % 2]
            head = f"GET /events HTTP/1.1\r\nHost: {HOST}\r\nAccept-Language: {language}\r\n\r\n"
            connection.sendall(head.encode())
            self._waiting.register(connection, selectors.EVENT_READ)

    def read(self, seconds: float) -> int:
        """Read for so many seconds, and return the number of bytes."""
        read, end = 0, time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            for key, _events in self._waiting.select(left):
                assert isinstance(key.fileobj, socket.socket)
                part = len(key.fileobj.recv(1 << 20))
                if not part:
                    raise SystemExit("a reader was refused")
                read += part
        return read


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description="The price of the page.")
    parser.add_argument("--seconds", type=float, default=60.0, help="for each of the measurements")
    seconds = parser.parse_args().seconds
    port = free_port()
    with tempfile.TemporaryDirectory() as name:
        folder, line = Path(name), Path(name) / "port"
        environ = {
            "PATH": os.environ["PATH"],
            "TELEINFO_SERIAL_PORT": str(line),
            "LC_ALL": "C.UTF-8",
            "STATE_DIRECTORY": str(folder / "history"),
        }
        program = [sys.executable, "-m", "teleinfo"]
        simulate = [*program, "simulate", "--meter", "standard-tempo", "--link", str(line)]
        watch = [*program, "--env-file", os.devnull, "page", "--listen", f"127.0.0.1:{port}"]
        with Process(simulate, folder / "simulate.log"):
            until(line.exists, what="the simulated meter")
            with Process(watch, folder / "watch.log", environ) as page:
                page.expect_log("standard at 9600 baud")
                readers = Readers(port)
                for count in READERS:
                    readers.add(count)
                    readers.read(5)
                    before = work(page.pid)
                    rate = readers.read(seconds) / max(1, count) / seconds / 1024
                    after = work(page.pid)
                    share = 100 * (after.cpu - before.cpu) / (after.at - before.at)
                    memory = resident(page.pid) / 1024
                    sys.stdout.write(
                        f"{count} readers: {share:.2f} % of a processor, {memory:.1f} MB, "
                        f"{rate:.1f} KB a second each\n"
                    )


if __name__ == "__main__":
    main()
