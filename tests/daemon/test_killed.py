"""Nobody believes what a daemon said of its line before it was killed."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from teleinfo.port.health import STALE_AFTER
from tests.support.broker import MosquittoBroker
from tests.support.daemon import Daemon, Meter, settings_for
from tests.support.process import LIMIT
from tests.support.scenario import historique, until
from tests.support.subscriber import Subscriber

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.real

HURRY = "from teleinfo.port import health\nhealth.HEALTH_INTERVAL = 1\nhealth.STALE_AFTER = 2"
"""Code that lets the daemon publish its health each second, and the broker drop it after two."""


def retained(broker: MosquittoBroker) -> dict[str, bytes]:
    """Return what the broker retains below the base topic."""
    with Subscriber(broker.host, broker.port, "teleinfo/+") as late:
        return late.retained()


def lifetime(broker: MosquittoBroker, topic: str) -> str:
    """Return the seconds for which the broker still keeps the payload of a topic; empty: for ever."""
    command = ["mosquitto_sub", "-h", broker.host, "-p", str(broker.port), "-V", "5", "-t", topic]
    shown = subprocess.run(
        [*command, "-C", "1", "-F", "%E"], check=True, capture_output=True, text=True, timeout=LIMIT
    )
    return shown.stdout.strip()


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_the_broker_drops_the_health_of_a_daemon_that_was_killed(tmp_path: Path, version: str) -> None:
    """
    MQTT 3.1.1 has no lifetime of a message: there, the health stays.

    1. The daemon runs for longer than the broker keeps a health: the broker always has one.
    2. It is killed: the broker publishes the will and, with MQTT 5, drops the health.
    """
    with (
        MosquittoBroker(tmp_path) as broker,
        Meter(historique(1), link=tmp_path / "meter") as meter,
        Subscriber(broker.host, broker.port) as subscriber,
        Daemon(tmp_path, HURRY, **settings_for(broker, meter.line), mqtt_version=version) as daemon,
    ):
        subscriber.expect("teleinfo/status", b"online")
        for _ in range(5):
            subscriber.expect("teleinfo/health")
        alive = retained(broker)
        daemon.kill()
        subscriber.expect("teleinfo/status", b"offline")
        if version == "5":
            until(lambda: "teleinfo/health" not in retained(broker))
        left = retained(broker)

    assert b'"problem":null' in alive["teleinfo/health"]
    assert left["teleinfo/status"] == b"offline"
    if version == "5":
        assert "teleinfo/health" not in left
    else:
        assert "teleinfo/health" in left


def test_the_last_word_of_a_daemon_that_was_stopped_stays(tmp_path: Path) -> None:
    """While the daemon runs, its health has a lifetime; its last health says `stopped`, and has none."""
    with (
        MosquittoBroker(tmp_path) as broker,
        Meter(historique(1), link=tmp_path / "meter") as meter,
        Subscriber(broker.host, broker.port) as subscriber,
        Daemon(tmp_path, **settings_for(broker, meter.line)) as daemon,
    ):
        subscriber.expect("teleinfo/status", b"online")
        running = lifetime(broker, "teleinfo/health")
        daemon.stop()
        last = retained(broker)["teleinfo/health"]
        stopped = lifetime(broker, "teleinfo/health")

    assert STALE_AFTER - LIMIT <= int(running) <= STALE_AFTER
    assert b'"problem":"stopped"' in last
    assert stopped == ""
