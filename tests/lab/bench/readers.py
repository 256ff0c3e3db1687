"""
Programs that read the line beside the daemon, on its Unix socket: READERS of them in a process of their own.

    python -m tests.lab.bench.readers SOCKET
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

READERS = 8
LIMIT = 20.0


@contextlib.contextmanager
def reading(path: Path) -> Iterator[None]:
    """Let the readers read from the socket, each of which must have read something in the end."""
    command = [sys.executable, "-m", "tests.lab.bench.readers", str(path)]
    folder = Path(__file__).parents[3]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=folder
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()  # they are connected
        yield
        read, _ = process.communicate("\n", timeout=LIMIT)
    assert all(map(int, read.split())), f"the readers read {read}"


def main() -> None:
    """Read until standard input says something; print how many bytes each reader read."""
    read = [0] * READERS
    with contextlib.ExitStack() as stack, selectors.DefaultSelector() as selector:
        clients = [stack.enter_context(socket.socket(socket.AF_UNIX)) for _ in read]
        selector.register(sys.stdin, selectors.EVENT_READ)
        for number, client in enumerate(clients):
            client.connect(sys.argv[1])
            selector.register(client, selectors.EVENT_READ, number)
        sys.stdout.write("\n")
        sys.stdout.flush()
        while sys.stdin not in (ready := {key.fileobj: key.data for key, _ in selector.select()}):
            for number in ready.values():
                read[number] += len(clients[number].recv(1 << 16))
    sys.stdout.write(" ".join(map(str, read)))


if __name__ == "__main__":
    main()
