"""A mosquitto, a simulated meter and the real daemon between them: what a program of others connects to."""

from __future__ import annotations

import contextlib
import datetime as dt
import random
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from teleinfo.simulator.catalogue import build
from teleinfo.simulator.encode import with_parity
from tests.docs.markdown import ROOT, blocks
from tests.lab.consumers.programs import Program
from tests.support.broker import MosquittoBroker
from tests.support.daemon import Daemon, Meter, settings_for
from tests.support.subscriber import Subscriber

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAGES = ROOT / "docs" / "consumers"
MODES = ["hc", "standard-producer"]
"""A meter in mode historique, and one in mode standard that injects."""
PERIOD = 1.0
"""Seconds from frame to frame."""


def block(page: str, language: str, number: int = 0) -> str:
    """Return a code block of a page, to be run as it stands."""
    return blocks((PAGES / page).read_text(encoding="utf-8"), language)[number]


def scripts(page: str) -> dict[str, str]:
    """Return the scripts that the last commands of a page write into /etc/teleinfo/relay, by name."""
    text = block(page, "sh", -1)
    return dict(re.findall(r"/relay/(\S+)\.sh [^\n]*<<'END'\n(.*?)\nEND$", text, re.DOTALL | re.MULTILINE))


class Relay(Program):
    """A script, run by the line of teleinfo-relay@.service, with the files that the unit hands over."""

    def __init__(self, folder: Path, script: str, broker: MosquittoBroker) -> None:
        credentials = folder / "credentials"
        credentials.mkdir()
        for name in ("mosquitto_sub", "mosquitto_pub"):
            (credentials / name).write_text(f"-h {broker.host}\n-p {broker.port}\n", encoding="utf-8")
        (credentials / "relay").write_text(script, encoding="utf-8")
        unit = (ROOT / "systemd" / "teleinfo-relay@.service").read_text(encoding="utf-8")
        unit = unit.replace("%d", str(credentials))
        [environ] = re.findall("^Environment=(.*)$", unit, re.MULTILINE)
        [command] = re.findall("^ExecStart=(.*)$", unit, re.MULTILINE)
        variable, _equals, value = environ.partition("=")
        super().__init__(command.split(), folder / "relay.log", **{variable: value})


@dataclass(frozen=True, slots=True)
class Site:
    """The broker, a subscriber that keeps the messages, and the daemon."""

    broker: MosquittoBroker
    subscriber: Subscriber
    daemon: Daemon

    def connected(self, line: str) -> str:
        """Return a line of a page in which the clients of mosquitto connect to this broker."""
        where = f"-h {self.broker.host} -p {self.broker.port}"
        for client in ("mosquitto_sub", "mosquitto_pub"):
            line = line.replace(client, f"{client} {where}")
        return line


def frame_of(meter: str) -> bytes:
    """Return a frame of a simulated meter at noon in January, when the panels of a producer inject."""
    noon = dt.datetime(2026, 1, 14, 12)  # noqa: DTZ001 - a meter knows local time only
    simulated = build(meter, start=noon, rng=random.Random(7))
    return with_parity(simulated.emit(noon + dt.timedelta(seconds=150)))


@contextlib.contextmanager
def site(folder: Path, meter: str, **settings: object) -> Iterator[Site]:
    """
    Yield a site once it has published the first state; it ends with the block.

    `meter` names the simulated meter, whose frame is repeated. The state is published at every frame.
    """
    with MosquittoBroker(folder) as broker, Meter(frame_of(meter), period=PERIOD) as sending:
        all_settings = settings_for(broker, sending.line)
        all_settings |= {"state": True, "state_topics": True, "state_interval": 0, **settings}
        with (
            Subscriber(broker.host, broker.port) as subscriber,
            Daemon(folder, **all_settings) as daemon,
        ):
            subscriber.expect("teleinfo/state", limit=30)
            yield Site(broker, subscriber, daemon)
