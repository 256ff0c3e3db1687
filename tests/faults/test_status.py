"""`status` and `health` tell the truth: after a clean end, a sudden one, and a broker that forgets."""

from __future__ import annotations

import json
import signal
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.broker import MosquittoBroker
from tests.support.scenario import BrokerScenario, observer, run_together, until

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
    Who subscribes later finds the last word on the daemon, however it ended, and the last health.

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
            # The retained one is of the life before.
            again = subscriber.expect(STATUS, b"online")
            scenario.process.send_signal(signal.SIGKILL)
            killed = time.monotonic()
            will = subscriber.expect(STATUS, b"offline")
            figures.kept("daemon killed: will", max(0.0, will.at - killed), at_most=1)

            assert said.at < again.at
            assert retained(broker)[STATUS] == b"offline"


def test_a_broker_that_forgets_is_told_again(tmp_path: Path) -> None:
    """
    Retained states are published again after every connection.

    1. The broker, which keeps nothing on disk, is killed and started again.
    2. A new subscriber finds "online" and the health, both retained.
    3. So it does for a meter that is silent: "offline", and the health.
    """

    def run(folder: Path, *, sending: bool) -> None:
        with MosquittoBroker(folder) as broker, BrokerScenario(folder, broker, sending=sending) as scenario:
            expected = b"online" if sending else b"offline"
            until(lambda: HEALTH in broker.log)
            until(lambda: retained(broker)[STATUS] == expected)
            broker.kill()
            scenario.expect_lost()
            broker.start()
            scenario.expect_back()
            until(lambda: retained(broker)[STATUS] == expected)

            assert set(json.loads(retained(broker)[HEALTH])) >= HEALTH_KEYS
            scenario.assert_one_outage()

    def sending(folder: Path) -> None:
        run(folder, sending=True)

    def silent(folder: Path) -> None:
        run(folder, sending=False)

    run_together(tmp_path, sending, silent)
