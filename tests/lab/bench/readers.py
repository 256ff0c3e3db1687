"""
The cost of programs that read the line beside the daemon, on its Unix socket: its latency and its CPU time.

One daemon has READERS readers for some frames, then none, in turns. The readers are a process of their own,
and the subscriber is in this one, which reads nothing from the socket. Frames are as far apart as on a line:

    python -m tests.lab.bench.readers SOCKET COUNT
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab.bench.rows import Row, quantile
from tests.lab.bench.sent import GAP
from tests.lab.bench.stage import DAEMON, LIMIT, Subject, broker_in, recording
from tests.support.procfs import work

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.bench.scale import Scale

READERS = 8
ROUND = 20
"""Frames before the readers come or go."""
GOAL = 1.1


def rows(scale: Scale) -> list[Row]:
    """Measure both modes."""
    return [row for mode in scale.modes for row in _rows(mode, max(2, scale.frames // ROUND))]


def _rows(mode: str, rounds: int) -> list[Row]:
    latencies: dict[int, list[float]] = {0: [], READERS: []}
    cpu: dict[int, list[float]] = {0: [], READERS: []}
    with (
        tempfile.TemporaryDirectory(prefix="teleinfo-bench-") as name,
        broker_in(Path(name)) as broker,
    ):
        subject = Subject(DAEMON, mode, folder=Path(name), broker=broker)
        subject.program.environ["RUNTIME_DIRECTORY"] = name
        with subject:
            subject.until_it_works(recording(mode, frames=1)[0])
            [path] = Path(name).glob("*.sock")
            frames = iter(recording(mode, frames=2 * rounds * ROUND))
            for number in range(2 * rounds):
                count = number % 2 * READERS
                with _reading(path, count):
                    before = work(subject.program.pid)
                    for _ in range(ROUND):
                        time.sleep(GAP)
                        frame, began = next(frames), time.monotonic()
                        assert subject.line.write(frame) == len(frame), "the daemon does not read"
                        latencies[count].append(subject.heard() - began)
                    cpu[count].append((work(subject.program.pid).cpu - before.cpu) / ROUND)
    figures = [
        (f"latency, {mode}, median", latencies, 0.5, GOAL),
        (f"latency, {mode}, p99", latencies, 0.99, None),
        (f"CPU of a frame, {mode}, median", cpu, 0.5, None),
    ]
    return [
        Row(
            what=f"{READERS} readers of the socket: {what}",
            measured=1e3 * quantile(values[READERS], share),
            floor=1e3 * quantile(values[0], share),
            unit="ms",
            goal=goal,
            remark=f"{rounds * ROUND} frames",
        )
        for what, values, share, goal in figures
    ]


@contextlib.contextmanager
def _reading(path: Path, count: int) -> Iterator[None]:
    """Let a process with `count` readers read, each of which must have read something in the end."""
    command = [sys.executable, "-m", "tests.lab.bench.readers", str(path), str(count)]
    folder = Path(__file__).parents[3]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=folder
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()  # they are connected
        yield
        time.sleep(GAP)
        read, _ = process.communicate("\n", timeout=LIMIT)
    assert len(set(read.split())) == min(count, 1), f"the readers read {read}"


def main() -> None:
    """Read until standard input says something; print how many bytes each reader read."""
    path, count = sys.argv[1:]
    read = [0] * int(count)
    with contextlib.ExitStack() as stack, selectors.DefaultSelector() as selector:
        clients = [stack.enter_context(socket.socket(socket.AF_UNIX)) for _ in read]
        selector.register(sys.stdin, selectors.EVENT_READ)
        for number, client in enumerate(clients):
            client.connect(path)
            selector.register(client, selectors.EVENT_READ, number)
        sys.stdout.write("\n")
        sys.stdout.flush()
        while sys.stdin not in (ready := {key.fileobj: key.data for key, _ in selector.select()}):
            for number in ready.values():
                read[number] += len(clients[number].recv(1 << 16))
    sys.stdout.write(" ".join(map(str, read)))


if __name__ == "__main__":
    main()
