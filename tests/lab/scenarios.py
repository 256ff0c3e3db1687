"""Scenarios of the laboratories: several at a time, one under attack, and who watches beside the broker."""

from __future__ import annotations

import itertools
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from tests.support.procfs import number
from tests.support.scenario import LONG, Scenario, index_of
from tests.support.subscriber import Subscriber

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.broker import MosquittoBroker
    from tests.support.figures import Figures

WILL = 20.0
"""
Seconds after which the broker says "offline" for us.

1.5 times a keepalive of 12 s (MQTT 3.1.1 §3.1.2.10); mosquitto counts in whole seconds, and makes its rounds.
"""

WATCHDOG_OF_ATTACK = 9.0
"""Seconds after which the service manager would kill a daemon under attack."""

GROWTH_KIB = 8 * 1024
"""What it may take for an attack: buffers of the kernel's size, and what Python does not give back."""


class AttackScenario(Scenario):
    """
    A scenario about an attack, which is measured from `measure` on, with a log at INFO.

    Memory is that of the process (proc(5)): the most that it ever had, so that no peak is missed.
    """

    def __init__(self, folder: Path, broker: MosquittoBroker, port: Path | str, **settings: object) -> None:
        settings["log_level"] = "INFO"
        super().__init__(folder, broker, port, watchdog=WATCHDOG_OF_ATTACK, **settings)  # type: ignore[arg-type]
        self._peak_kib = 0
        self._lines = 0
        self._since = 0.0

    def measure(self) -> None:
        """Take the state of now for a good one."""
        self.notify.expect("WATCHDOG=1")
        self._peak_kib = self._peak()
        self._lines = len(self.log.splitlines())
        self._since = time.monotonic()

    def assert_unharmed(self, name: str, figures: Figures, *, lines: int) -> None:
        """Require that memory is bounded, the log short, and that the watchdog was fed all the time."""
        assert self.runs, self.log
        grown = self._peak() - self._peak_kib
        figures.kept(f"attack, {name}: memory grows", grown / 1024, at_most=GROWTH_KIB / 1024, unit="MiB")
        said = self.log.splitlines()[self._lines :]
        assert len(said) <= lines, "\n".join([f"{len(said)} lines", *said[:20]])
        fed = [at for at in self.notify.times("WATCHDOG=1") if at >= self._since]
        gaps = [later - at for at, later in itertools.pairwise([self._since, *fed, time.monotonic()])]
        assert max(gaps) < WATCHDOG_OF_ATTACK, f"the watchdog was fed after {gaps} s"

    def _peak(self) -> int:
        return number(self.pid, "VmHWM")


def observer(broker: MosquittoBroker, topics: str = "#") -> Subscriber:
    """Return a subscriber that is next to the broker, where no fault of the network touches it."""
    return Subscriber(broker.host, broker.port, topics)


def next_index(subscriber: Subscriber, *, limit: float = LONG) -> int:
    """Return the index of the next reading."""
    return index_of(subscriber.expect("teleinfo", limit=limit).payload)


def run_together(folder: Path, *cases: Callable[[Path], None]) -> None:
    """Run cases at the same time, each with a folder of its own; raise what they raise."""

    def run(number: int, case: Callable[[Path], None]) -> None:
        place = folder / str(number)
        place.mkdir()
        case(place)

    with ThreadPoolExecutor(len(cases)) as pool:
        running = [pool.submit(run, number, case) for number, case in enumerate(cases, start=1)]
    errors = [error for error in (future.exception() for future in running) if error is not None]
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise BaseExceptionGroup("more than one case failed", errors)
