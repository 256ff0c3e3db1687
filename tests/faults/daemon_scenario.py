"""
A home for one story: a meter, the daemon, and an ear on the broker, with canaries in all of them.

When the block ends without a fault, nobody may have found the password or an identifier of the meter in what
the daemon wrote at DEBUG, nor a traceback.
"""

from __future__ import annotations

import functools
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from teleinfo.simulator.encode import encode_frame, with_parity
from teleinfo.tic.groups import Group
from teleinfo.tic.labels import Mode
from tests.support.daemon import Daemon, Meter
from tests.support.subscriber import Subscriber

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.support.broker import MosquittoBroker
    from tests.support.figures import Figures
    from tests.support.proxy import Proxy

USER, PASSWORD = "household", "canary-7c1f"
IDENTIFIER = "041961123456"
"""ADCO, ADSC, and the end of PRM."""

LONG = 60.0
"""Seconds for what is promised within 35 s, to fail by the promise and not by the wait."""

WILL = 20.0
"""
Seconds after which the broker says "offline" for us.

1.5 times a keepalive of 12 s (MQTT 3.1.1 §3.1.2.10); mosquitto counts in whole seconds, and makes its rounds.
"""

FIRST = 10_000


@dataclass(frozen=True, slots=True)
class Address:
    """Where no broker is, or none that answers."""

    host: str
    port: int


def historique(index: int, *, power: int = 1940) -> bytes:
    """Return a frame of a single tariff whose BASE is `index`."""
    groups = [("ADCO", IDENTIFIER), ("OPTARIF", "BASE"), ("BASE", f"{index:09}"), ("PAPP", f"{power:05}")]
    return with_parity(encode_frame([Group(name, value, None, Mode.HISTORIQUE) for name, value in groups]))


def standard(index: int) -> bytes:
    """Return a frame whose EAST is `index`."""
    groups = [("ADSC", IDENTIFIER), ("VTIC", "02"), ("EAST", f"{index:09}"), ("PRM", f"00{IDENTIFIER}")]
    return with_parity(encode_frame([Group(name, value, None, Mode.STANDARD) for name, value in groups]))


def index_of(payload: bytes) -> int:
    """Return the index that a reading carries."""
    values = json.loads(payload)
    return int(values.get("BASE", values.get("EAST")))


class CountingMeter(Meter):
    """A meter whose index rises by one with each frame; `last` is the latest that it sent."""

    def __init__(self, *, period: float, frame: Callable[[int], bytes]) -> None:
        super().__init__(None, period=period)
        self.last = FIRST
        self._frame = frame
        self._voice = threading.Lock()
        self.talking = True

    def hush(self) -> int:
        """Be silent, and return the last index that was sent."""
        with self._voice:
            self.talking = False
            return self.last

    def _send(self) -> None:
        while not self._ended.wait(self._period):
            with self._voice:
                if self.talking:
                    self.last += 1
                    self.line.write(self._frame(self.last))


class Home:
    """
    `meter` and `daemon`, which dials `broker`; more TELEINFO_* in `settings`.

    `talking` False is a meter that says nothing. `inside` is the beginning of a command that puts the daemon
    into a namespace; `patch` is Python that it runs first. It is started by entering the block.
    """

    def __init__(
        self,
        folder: Path,
        broker: MosquittoBroker | Proxy | Address,
        *,
        period: float = 0.2,
        talking: bool = True,
        frame: Callable[[int], bytes] = historique,
        inside: Sequence[str] = (),
        patch: str = "",
        **settings: object,
    ) -> None:
        self.meter = CountingMeter(period=period, frame=frame)
        self.meter.talking = talking
        self._stack = ExitStack()
        self._stack.enter_context(self.meter)
        given = {
            "serial_port": self.meter.line.port,
            "serial_mode": "standard" if frame is standard else "historique",
            "mqtt_host": broker.host,
            "mqtt_port": broker.port,
            "mqtt_username": USER,
            "mqtt_password": PASSWORD,
            "log_level": "DEBUG",
        }
        self.daemon = Daemon(folder, **(given | settings))
        if patch:
            program = f"{patch}; from teleinfo.cli.main import main; raise SystemExit(main())"
            self.daemon.command[1:3] = ["-c", program]
        self.daemon.command[:0] = inside
        self._most_connections = 0
        self._watching = threading.Thread(target=self._watch, name="connections", daemon=True)
        self._left = threading.Event()

    @property
    def pid(self) -> int:
        """The process of the daemon."""
        return self.daemon.process.pid

    def broker_lines(self) -> list[str]:
        """Return what it said of the broker, at INFO and above."""
        return [line for line in self.daemon.log.splitlines() if "broker" in line and " DEBUG " not in line]

    def expect_lost(self, *, limit: float = LONG) -> None:
        """Wait until the daemon says that there is no connection."""
        self.daemon.expect_log("no connection to the broker", limit=limit)

    def expect_back(self, *, limit: float = LONG) -> None:
        """Wait until the daemon says that an outage has ended."""
        self.daemon.expect_log("again after", limit=limit)

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
        self._stack.enter_context(self.daemon)
        self._watching.start()
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        ended = self.daemon.process.poll()
        self._left.set()
        self._watching.join()
        self._stack.close()
        log = self.daemon.log
        if error is not None:
            error.add_note(f"the daemon (exit status {ended}) said: {log[-2000:]}")
            return
        for canary in (PASSWORD, IDENTIFIER, "Traceback", "Exception"):
            assert canary not in log, f"{canary} in: {log}"
        assert self._most_connections <= 1, "more than one connection at a time"


def connections_of(pid: int) -> list[str]:
    """Return the remote end of every TCP connection of a process, in whatever state but closed."""
    ours = set()
    try:
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            try:
                ours.add(str(descriptor.readlink()))
            except OSError:  # closed in the meantime
                continue
        rows = [row.split() for row in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]]
    except OSError:  # the process has ended
        return []
    # By inode: a row that moves while the table is read may be in it twice.
    found = {row[9]: row[2] for row in rows if f"socket:[{row[9]}]" in ours and row[3] != "07"}
    return list(found.values())


def until(true: Callable[[], object], *, limit: float = LONG, what: str = "it") -> None:
    """Return once `true()` holds; fail after `limit` seconds."""
    end = time.monotonic() + limit
    while not true():
        assert time.monotonic() < end, f"{what} did not happen within {limit} s"
        time.sleep(0.03)


def ear(broker: MosquittoBroker, topics: str = "#") -> Subscriber:
    """Return a subscriber that is next to the broker, where no fault of the network touches it."""
    if broker.unix is not None:
        return Subscriber(str(broker.unix), broker.port, topics, transport="unix")
    return Subscriber(broker.host, broker.port, topics)


def next_index(subscriber: Subscriber, *, limit: float = LONG) -> int:
    """Return the index of the next reading."""
    return index_of(subscriber.expect("teleinfo", limit=limit).payload)


def measuring(story: Callable[[Path, Figures], None], figures: Figures) -> Callable[[Path], None]:
    """Return a story for `together` that takes note of its figures."""

    @functools.wraps(story)
    def localized(folder: Path) -> None:
        story(folder, figures)

    return localized


def together(folder: Path, *stories: Callable[[Path], None]) -> None:
    """Play stories at the same time, each with a folder of its own; raise what they raise."""

    def play(story: Callable[[Path], None]) -> None:
        place = folder / story.__name__
        place.mkdir()
        story(place)

    with ThreadPoolExecutor(len(stories)) as stage:
        played = [stage.submit(play, story) for story in stories]
    errors = [error for error in (future.exception() for future in played) if error is not None]
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise BaseExceptionGroup("more than one story ended badly", errors)
