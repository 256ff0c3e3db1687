"""The page beside the daemon: what a household asks of it, and what it brings."""

from __future__ import annotations

import re
import subprocess
import time
from typing import TYPE_CHECKING, Final

from teleinfo.history import tables
from tests.history import decade, written
from tests.web.process import COMMAND, PageProcess

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.broker import MosquittoBroker

DAY: Final = 86_400
DAYS: Final = 400
"""Days of the history at the begin: those of a contract of a year."""

ABANDONED: Final = 4
"""Requests for the contract that nobody waits for, each time."""


class SoakPage:
    """
    `teleinfo web` at `broker`, with the history of a year, which takes a megabyte, in `folder`.

    It must answer each table; `asked` counts them, `unanswered` has all other answers but "too many others
    wait". `imports` counts the imports of a month, each of which is undone, so that the history stays as
    large as it is.
    """

    def __init__(self, folder: Path, broker: MosquittoBroker) -> None:
        self.asked = self.imports = 0
        self.unanswered: list[str] = []
        now = int(time.time())
        self._history = folder / "history"
        decade.write(self._history / "teleinfo.sqlite", now - 300, days=DAYS)
        self._curve = folder / "curve.csv"
        first = now - now % written.HALF_HOUR - (DAYS + 60) * DAY
        times = range(first, first + 30 * DAY, written.HALF_HOUR)
        self._curve.write_bytes(written.enedis({begin: 100 + begin // 1800 % 700 for begin in times}))
        self.process = PageProcess(folder, "--mqtt", mqtt_host=broker.host, mqtt_port=broker.port)

    @property
    def bytes_of_history(self) -> int:
        """The size of the files of the history, without the weekly copy."""
        return sum(path.stat().st_size for path in self._history.glob("teleinfo.sqlite*"))

    def start(self) -> None:
        """Start the page, and wait until it shows a view."""
        self.process.start()
        self.process.show("event: now")

    def ask(self) -> None:
        """Ask for a view, each table, and a contract for which nobody waits; a page that is gone fails."""
        assert self.process.runs, self.process.log
        self.process.show("event: rows")
        for day in range(1, 1 + ABANDONED):
            self.process.abandon(f"history/{decade.METER}/contract.json?end=2026-01-{day:02}")
        for name in sorted(tables.NAMES):
            status, _headers, body = self.process.ask(f"history/{decade.METER}/{name}.json")
            self.asked += 1
            if status != 200 and "Too many" not in body:
                self.unanswered.append(f"{name}: {status} {body[:80]}")

    def bring(self) -> None:
        """Import a file of the network, and undo it, as the household does while the page is served."""
        for words in (["import", str(self._curve)], ["undo"]):
            done = subprocess.run(
                [*COMMAND[:-1], "history", *words],
                env=self.process.environ,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            # Both lines say how many half-hours they are.
            said = done.stdout + done.stderr
            assert re.search(r"1\s440", said), said
        self.imports += 1
