"""What the daemon does now and then it does at the same instants: the processor wakes once for all of it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.lab.procfs import work
from tests.lab.scenarios import BrokerScenario, observer
from tests.support.broker import MosquittoBroker
from tests.support.figures import promise

if TYPE_CHECKING:
    from pathlib import Path


pytestmark = pytest.mark.real

SECONDS = 12.0
"""Shorter than what is left until the connection is stable; one PINGREQ and its answer are part of it."""


def test_an_idle_daemon_wakes_once_a_second(tmp_path: Path) -> None:
    """
    A broker is there, and a meter that sends nothing.

    Reader, publisher, monitor, watchdog and keepalive each look at something every second or two; at instants
    of their own they would wake the processor three times in two seconds.
    """
    with (
        MosquittoBroker(tmp_path) as broker,
        observer(broker, "teleinfo/health") as subscriber,
        BrokerScenario(tmp_path, broker, sending=False) as scenario,
    ):
        # Nothing is published from then on, until the connection is stable.
        subscriber.expect(
            "teleinfo/health", predicate=lambda health: b'"problem":"no_data"' in health.payload, limit=60
        )
        before = work(scenario.pid)
        time.sleep(SECONDS)  # the case: nothing comes
        after = work(scenario.pid)

    wakes = (after.wakes - before.wakes) / (after.at - before.at)
    promise("idle: wake-ups a second", wakes, at_most=1.4, unit="/s")
