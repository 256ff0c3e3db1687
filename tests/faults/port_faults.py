"""
The daemon at a port that a test makes difficult, with systemd listening and canaries watching.

When the block ends without a fault, nobody may have found the password or an identifier of the meter in what
the daemon wrote at DEBUG or told systemd, nor a traceback.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import random
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Self

from teleinfo.simulator.catalogue import build
from teleinfo.simulator.play import play
from teleinfo.simulator.serial_line import Pacer, SerialLine
from tests.support.daemon import Daemon
from tests.support.notify import NotifySocket
from tests.support.process import LIMIT
from tests.support.tcp_ports import free_port

if TYPE_CHECKING:
    from tests.support.broker import MosquittoBroker

PASSWORD = "canary-2b9d"
IDENTIFIERS = ("041961123456", "041976123456", "012345678901")
"""Those of every frame that the cases here send."""

START = dt.datetime(2026, 1, 15, 12, 0)  # noqa: DTZ001 - a meter's clock is naive

# While the file of the name `flag` exists, the driver does not come back.
HANG = """
import os, time
really_open, really_close = os.open, os.close
def hang(flag):
    while os.path.exists(flag):
        time.sleep(0.02)
def slow_open(path, *arguments, **more):
    if path == os.environ["TELEINFO_SERIAL_PORT"]:
        hang({opening!r})
    return really_open(path, *arguments, **more)
def slow_close(descriptor):
    if os.path.exists({closing!r}) and os.readlink(f"/proc/self/fd/{{descriptor}}").startswith("/dev/pts/"):
        hang({closing!r})
    really_close(descriptor)
os.open, os.close = slow_open, slow_close
"""


class Scenario:
    """
    A daemon at the port `port`; `broker` None is one that does not exist.

    `watchdog` is what systemd asks for, seconds. `patch` is Python that the process runs first. More
    TELEINFO_* in `settings`.
    """

    def __init__(
        self,
        folder: Path,
        broker: MosquittoBroker | None,
        port: Path | str,
        *,
        watchdog: float = 30.0,
        patch: str = "",
        **settings: object,
    ) -> None:
        self._stack = ExitStack()
        self.notify = NotifySocket(watchdog=watchdog)
        given = {
            "serial_port": port,
            "mqtt_host": "127.0.0.1" if broker is None else broker.host,
            "mqtt_port": free_port() if broker is None else broker.port,
            "mqtt_username": "household",
            "mqtt_password": PASSWORD,
            "log_level": "DEBUG",
        }
        self.daemon = Daemon(folder, **(given | settings))
        self.daemon.environ.update(self.notify.environ)
        if patch:
            program = f"{patch}\nfrom teleinfo.__main__ import main\nraise SystemExit(main())"
            self.daemon.command[1:3] = ["-c", program]

    @property
    def pid(self) -> int:
        """The process."""
        return self.daemon.process.pid

    def lines(self, part: str = "") -> list[str]:
        """Return what the log says at INFO and above, where `part` is in it."""
        return [line for line in self.daemon.log.splitlines() if " DEBUG " not in line and part in line]

    def holds(self, path: str) -> bool:
        """Tell whether the process has the file open: a terminal that is hung up too, until it is closed."""
        return any(target.partition(" ")[0] == path for target in descriptors(self.pid))

    def __enter__(self) -> Self:
        self._stack.enter_context(self.notify)
        self._stack.enter_context(self.daemon)
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._stack.close()
        if kind is None:
            said = self.daemon.log + "\n".join(self.notify.heard)
            for canary in (PASSWORD, *IDENTIFIERS, "Traceback", "Exception"):
                assert canary not in said, f"{canary} in: {said}"


def descriptors(pid: int) -> list[str]:
    """Return what the open descriptors of a process are."""
    found = []
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed in the meantime
            found.append(str(descriptor.readlink()))
    return found


def hang(folder: Path) -> tuple[Path, Path, str]:
    """Return the flags that make opening and closing hang, and the patch that obeys them."""
    opening, closing = folder / "opening", folder / "closing"
    return opening, closing, HANG.format(opening=str(opening), closing=str(closing))


class LiveMeter:
    """
    The simulated meter `name` of the catalogue, at the true speed of its line, behind the link `link`.

    A reader at another speed hears what a UART would. `become` makes another meter of it, at another speed.
    """

    def __init__(self, name: str, link: Path) -> None:
        self._name = name
        self.line = SerialLine(link=link, strict_speed=True)
        self._changed = threading.Event()
        self._ended = False
        self._thread = threading.Thread(target=self._live, name="live meter", daemon=True)

    def become(self, name: str) -> None:
        """Go on as another meter, as when Enedis sets another mode."""
        self._name = name
        self._changed.set()

    def _live(self) -> None:
        while not self._ended:
            self._changed.clear()
            asyncio.run(self._play())

    async def _play(self) -> None:
        meter = build(self._name, start=START, rng=random.Random(3))
        self.line.baudrate = meter.baudrate
        self.line._pacer = Pacer(baudrate=meter.baudrate, speed=1.0)
        playing = asyncio.create_task(play(meter, self.line, start=START))
        while not self._changed.is_set():
            await asyncio.wait({playing}, timeout=0.05)
            if playing.done():
                playing.result()
        playing.cancel()

    def __enter__(self) -> Self:
        self.line.open()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended = True
        self._changed.set()
        self._thread.join(LIMIT)
        self.line.close()
