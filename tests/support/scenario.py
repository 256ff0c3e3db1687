"""
The daemon between a port and a broker that make difficulties, for the tests of outages and attacks.

When the block of a scenario ends without an error, nobody may have found the password or an identifier of the
meter in what the daemon wrote or told systemd, nor a traceback.
"""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from teleinfo.simulator.encode import encode_frame, with_parity
from teleinfo.tic.labels import Mode
from tests.support.daemon import Daemon, Meter
from tests.support.frames import whole
from tests.support.notify import NotifySocket
from tests.support.procfs import connections_of, descriptors
from tests.support.tcp_ports import HOST, free_port

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.broker import MosquittoBroker
    from tests.support.proxy import Proxy

USER, PASSWORD = "household", "canary-7c1f"
IDENTIFIER = "041961123456"
"""ADCO, ADSC, and the end of PRM."""

IDENTIFIERS = (IDENTIFIER, "041976123456", "012345678901")
"""Those of every frame that the scenarios send."""

LONG = 60.0
"""Seconds for what is promised within 35 s, to fail by the promise and not by the wait."""

FIRST_INDEX = 10_000


@dataclass(frozen=True, slots=True)
class Address:
    """Address without a broker, or with one that does not answer."""

    host: str
    port: int


def historique(index: int) -> bytes:
    """Return a frame of a single tariff whose BASE is `index`."""
    return with_parity(encode_frame(whole(ADCO=IDENTIFIER, BASE=f"{index:09}")))


def standard(index: int) -> bytes:
    """Return a frame whose EAST is `index`."""
    groups = whole(Mode.STANDARD, ADSC=IDENTIFIER, EAST=f"{index:09}", PRM=f"00{IDENTIFIER}")
    return with_parity(encode_frame(groups))


def index_of(payload: bytes) -> int:
    """Return the index that a reading carries."""
    values = json.loads(payload)
    return int(values.get("BASE", values.get("EAST")))


class CountingMeter(Meter):
    """A meter whose index rises by one with each frame, while it is `sending`; `last` is the latest."""

    def __init__(self, *, period: float, frame: Callable[[int], bytes]) -> None:
        super().__init__(None, period=period)
        self.last = FIRST_INDEX
        self.sending = True
        self._frame = frame
        self._lock = threading.Lock()

    def pause(self) -> int:
        """Send no more, and return the last index that was sent."""
        with self._lock:
            self.sending = False
            return self.last

    def _send(self) -> None:
        while not self._ended.wait(self._period):
            with self._lock:
                if self.sending:
                    self.last += 1
                    self.line.write(self._frame(self.last))


class Scenario(Daemon):
    """
    A daemon at `port`, with `broker`, or an address without a broker for None.

    `notify` hears what it tells systemd, whose watchdog has `watchdog` seconds. `patch` is Python
    that it runs first; `settings` are TELEINFO_*.
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
        super().__init__(folder, **(given | settings))
        self.notify = NotifySocket(watchdog=watchdog)
        self.environ.update(self.notify.environ)
        if patch:
            program = f"{patch}\nfrom teleinfo.__main__ import main\nraise SystemExit(main())"
            self.command[1:3] = ["-c", program]

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
        patch: str = "",
        **settings: object,
    ) -> None:
        self.meter = CountingMeter(period=period, frame=frame)
        self.meter.sending = sending
        self.meter.__enter__()
        settings.setdefault("serial_mode", "standard" if frame is standard else "historique")
        port = self.meter.line.port
        super().__init__(folder, broker, port, patch=patch, **settings)  # type: ignore[arg-type]
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


def until(true: Callable[[], object], *, limit: float = LONG, what: str = "it") -> None:
    """Return once `true()` holds; fail after `limit` seconds."""
    end = time.monotonic() + limit
    while not true():
        assert time.monotonic() < end, f"{what} did not happen within {limit} s"
        time.sleep(0.03)
