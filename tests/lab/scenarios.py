"""
The daemon between a port and a broker that make difficulties, for the tests of outages and attacks.

When the block of a scenario ends without an error, nobody may have found the password or an identifier of the
meter in what the daemon wrote or told systemd, nor a traceback.
"""

from __future__ import annotations

import itertools
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from tests.lab.procfs import connections_of, descriptors
from tests.support.daemon import Daemon
from tests.support.figures import promise
from tests.support.notify import NotifySocket
from tests.support.procfs import number
from tests.support.scenario import IDENTIFIER, CountingMeter, historique, standard
from tests.support.subscriber import Subscriber
from tests.support.tcp_ports import HOST, free_port

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.broker import MosquittoBroker
    from tests.support.proxy import Proxy

USER = "household"
PASSWORD = "canary-7c1f"
IDENTIFIERS = (IDENTIFIER, "041976123456", "012345678901")
"""Those of every frame that the scenarios send."""

LONG = 60.0
"""Seconds for what is promised within 35 s, to fail by the promise and not by the wait."""

WILL = 20.0
"""
Seconds after which the broker says "offline" for us.

1.5 times a keepalive of 12 s (MQTT 3.1.1 §3.1.2.10); mosquitto counts in whole seconds, and makes its rounds.
"""

WATCHDOG_OF_ATTACK = 9.0
"""Seconds after which the service manager would kill a daemon under attack."""

GROWTH_KIB = 8 * 1024
"""What it may take for an attack: buffers of the kernel's size, and what Python does not give back."""


@dataclass(frozen=True, slots=True)
class Address:
    """Address without a broker, or with one that does not answer."""

    host: str
    port: int


class Scenario(Daemon):
    """
    A daemon at `port`, with `broker`, or an address without a broker for None.

    `notify` hears what it tells systemd, whose watchdog has `watchdog` seconds. `patch` and `settings` are
    those of the daemon.
    """

    def __init__(
        self,
        folder: Path,
        broker: MosquittoBroker | Proxy | Address | None,
        port: Path | str,
        *,
        watchdog: float = 30.0,
        patch: str = "",
        **settings: object,
    ) -> None:
        where = broker or Address(HOST, free_port())
        given = {
            "serial_port": port,
            "mqtt_host": where.host,
            "mqtt_port": where.port,
            "mqtt_username": USER,
            "mqtt_password": PASSWORD,
            "log_level": "DEBUG",
        }
        super().__init__(folder, patch, **(given | settings))
        self.notify = NotifySocket(watchdog=watchdog)
        self.environ.update(self.notify.environ)

    def lines(self, part: str = "") -> list[str]:
        """Return what the log says at INFO and above, where `part` is in it."""
        return [line for line in self.log.splitlines() if " DEBUG " not in line and part in line]

    def holds(self, path: str) -> bool:
        """Return True if the process has the file open, or a terminal there that was hung up."""
        return any(target.partition(" ")[0] == path for target in descriptors(self.pid))

    def __enter__(self) -> Self:
        self.notify.__enter__()
        return super().__enter__()

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)
        self.notify.__exit__()
        if any(error):
            return
        said = self.log + "\n".join(self.notify.heard)
        for canary in (PASSWORD, *IDENTIFIERS, "Traceback", "Exception"):
            assert canary not in said, f"{canary} in: {said}"


class BrokerScenario(Scenario):
    """A scenario about the broker: `meter` counts, or sends nothing yet (`sending` False)."""

    def __init__(
        self,
        folder: Path,
        broker: MosquittoBroker | Proxy | Address,
        *,
        period: float = 0.2,
        sending: bool = True,
        frame: Callable[[int], bytes] = historique,
        **settings: object,
    ) -> None:
        self.meter = CountingMeter(period=period, frame=frame)
        self.meter.sending = sending
        self.meter.__enter__()
        settings.setdefault("serial_mode", "standard" if frame is standard else "historique")
        port = self.meter.line.port
        super().__init__(folder, broker, port, **settings)  # type: ignore[arg-type]
        self._most_connections = 0
        self._left = threading.Event()
        self._watching = threading.Thread(target=self._watch, name="connections", daemon=True)

    def broker_lines(self) -> list[str]:
        """Return what it said of the broker, at INFO and above."""
        return self.lines("broker")

    def expect_lost(self, *, limit: float = LONG) -> None:
        """Wait until the daemon says that there is no connection."""
        self.expect_log("no connection to the broker", limit=limit)

    def expect_back(self, *, limit: float = LONG) -> None:
        """Wait until the daemon says that an outage has ended."""
        self.expect_log("again after", limit=limit)

    def assert_one_outage(self) -> None:
        """Require the two lines of an outage, or three with the first connection, and no other."""
        lines = self.broker_lines()
        if "connected to" in lines[0]:
            lines = lines[1:]
        assert len(lines) == 2, lines
        assert "no connection to the broker" in lines[0]
        assert "again after" in lines[1]

    def _watch(self) -> None:
        while not self._left.wait(0.2):
            self._most_connections = max(self._most_connections, len(connections_of(self.pid)))

    def __enter__(self) -> Self:
        super().__enter__()
        self._watching.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._left.set()
        self._watching.join()
        self.meter.__exit__()
        super().__exit__(*error)
        assert any(error) or self._most_connections <= 1, "more than one connection at a time"


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
        """Note the present memory and log, with which `assert_unharmed` compares."""
        self.notify.expect("WATCHDOG=1")
        self._peak_kib = self._peak()
        self._lines = len(self.log.splitlines())
        self._since = time.monotonic()

    def assert_unharmed(self, name: str, *, lines: int) -> None:
        """Require that memory is bounded, the log short, and that the watchdog was fed all the time."""
        assert self.runs, self.log
        grown = self._peak() - self._peak_kib
        promise(f"attack, {name}: memory grows", grown / 1024, at_most=GROWTH_KIB / 1024, unit="MiB")
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


def index_of(payload: bytes) -> int:
    """Return the index that a reading carries."""
    values = json.loads(payload)
    return int(values.get("BASE", values.get("EAST")))


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
    errors = []
    for future in running:
        error = future.exception()
        if error is not None:
            errors.append(error)
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise BaseExceptionGroup("more than one case failed", errors)
