"""A mosquitto, a simulated meter and the real daemon between them: what a program of others connects to."""

from __future__ import annotations

import contextlib
import datetime as dt
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from teleinfo.simulator.catalogue import build
from teleinfo.simulator.encode import with_parity
from tests.docs.markdown import ROOT, blocks
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


@dataclass(frozen=True, slots=True)
class Site:
    """The broker, and a subscriber that keeps the messages."""

    broker: MosquittoBroker
    subscriber: Subscriber

    def connected(self, line: str) -> str:
        """Return a line of a page in which the clients of mosquitto connect to this broker."""
        where = f"-h {self.broker.host} -p {self.broker.port}"
        return line.replace("mosquitto_sub", f"mosquitto_sub {where}").replace(
            "mosquitto_pub", f"mosquitto_pub {where}"
        )


def frame_of(meter: str) -> bytes:
    """Return a frame of a simulated meter at noon in January, when the panels of a producer inject."""
    noon = dt.datetime(2026, 1, 14, 12)  # noqa: DTZ001 - a meter knows local time only
    return with_parity(build(meter, start=noon, rng=random.Random(7)).emit(noon + dt.timedelta(seconds=150)))


@contextlib.contextmanager
def site(folder: Path, meter: str, **settings: object) -> Iterator[Site]:
    """Yield it with the state published at every frame; it ends with the block."""
    with MosquittoBroker(folder) as broker, Meter(frame_of(meter), period=PERIOD) as sending:
        given = {"state": True, "state_topics": True, "state_interval": 0, **settings}
        with (
            Subscriber(broker.host, broker.port) as subscriber,
            Daemon(folder, **settings_for(broker, sending.line), **given),
        ):
            subscriber.expect("teleinfo/state", limit=30)
            yield Site(broker, subscriber)
