"""`status` and `health` tell the truth after a clean end and after a sudden one."""

from __future__ import annotations

import json
import signal
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.broker import MosquittoBroker
from tests.support.scenario import BrokerScenario, observer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.figures import Figures

pytestmark = [pytest.mark.real, pytest.mark.long]

STATUS, HEALTH = "teleinfo/status", "teleinfo/health"

HEALTH_KEYS = {"version", "mode", "baudrate", "frames", "groups", "rejected", "interrupted", "uptime"}


def retained(broker: MosquittoBroker) -> dict[str, bytes]:
    """Return what a new subscriber finds under `status` and `health`."""
    found = {}
    for topic in (STATUS, HEALTH):
        received = None
        while received is None or not received.retain:  # published in the very moment of the subscription
            with observer(broker, topic) as late:
                received = late.expect(topic)
        found[topic] = received.payload
    return found


def test_status_and_health_tell_how_it_ended(tmp_path: Path, figures: Figures) -> None:
    """
    A later subscriber finds the last status of the daemon, however it ended, and its last health.

    1. It is stopped: it says "offline" itself, and its will stays unspoken.
    2. It is killed: the broker says "offline" for it, within 1 s.
    3. It is started again: "online", and a health of its own.
    """
    with MosquittoBroker(tmp_path) as broker:
        with BrokerScenario(tmp_path, broker) as scenario, observer(broker, STATUS) as subscriber:
            subscriber.expect(STATUS, b"online")
            status, _ = scenario.stop()
            said = subscriber.expect(STATUS, b"offline")

            assert status == 0
            assert subscriber.drain() == []
            assert "Received DISCONNECT from teleinfo" in broker.log
            assert retained(broker)[STATUS] == b"offline"
            assert set(json.loads(retained(broker)[HEALTH])) >= HEALTH_KEYS

        with BrokerScenario(tmp_path, broker) as scenario, observer(broker, STATUS) as subscriber:
            # The retained status is that of the life before.
            again = subscriber.expect(STATUS, b"online")
            scenario.process.send_signal(signal.SIGKILL)
            killed = time.monotonic()
            will = subscriber.expect(STATUS, b"offline")
            figures.kept("daemon killed: will", max(0.0, will.at - killed), at_most=1)

            assert said.at < again.at
            assert retained(broker)[STATUS] == b"offline"
