"""A machine that starts without a clock, in 1970, until the network sets it; through the real process."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from teleinfo.tic.labels import Mode
from tests.support.broker import MosquittoBroker
from tests.support.daemon import Daemon, settings_for
from tests.support.scenario import IDENTIFIER, CountingMeter, historique, standard, until
from tests.support.subscriber import Subscriber

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.real

CLOCK = """
import os, time
now = time.time
time.time = lambda: now() % 86400 if os.path.exists({mark!r}) else now()
"""
SETTINGS = {"language": "fr", "payload_timestamp": "true", "state": "true", "homeassistant": "true"}


@pytest.mark.parametrize("mode", Mode)
def test_nothing_of_1970_is_kept(tmp_path: Path, mode: Mode) -> None:
    """1. The clock says 1970. 2. It is set. One line for each, and readings all the time."""
    mark = tmp_path / "not set"
    mark.touch()
    frame = historique if mode is Mode.HISTORIQUE else standard
    with (
        MosquittoBroker(tmp_path) as broker,
        CountingMeter(period=0.2, frame=frame) as meter,
        Subscriber(broker.host, broker.port) as subscriber,
        Daemon(
            tmp_path, CLOCK.format(mark=str(mark)), **settings_for(broker, meter.line), **SETTINGS
        ) as daemon,
    ):
        daemon.expect_log("l’horloge de cette machine dit 1970")
        until(lambda: subscriber.messages.qsize() > 30)
        before = subscriber.drain()
        files_before = list(daemon.state.glob("*.json"))
        mark.unlink()
        daemon.expect_log("l’horloge de cette machine a été mise à l’heure")
        until(lambda: list(daemon.state.glob("*.json")))
        daemon.stop()
        after = subscriber.drain()
        log = daemon.log
    early = [json.loads(message.payload) for message in before if message.topic == "teleinfo"]
    early_states = {message.payload for message in before if message.topic == "teleinfo/state"}
    readings = [json.loads(message.payload) for message in after if message.topic == "teleinfo"]
    states = [json.loads(message.payload) for message in after if message.topic == "teleinfo/state"]
    [memory] = daemon.state.glob("*.json")

    assert len(early) > 10
    assert not any("timestamp" in reading for reading in early)
    assert early_states == {b'{"time":null,"meter":{"id":null}}'}
    assert files_before == []
    assert next(iter(readings[-1])) == "timestamp"
    assert states[-1]["meter"]["id"] == IDENTIFIER
    assert not any(
        b"1970-" in text for text in (*(each.payload for each in before + after), memory.read_bytes())
    )
    assert log.count("l’horloge de cette machine") == 2
    assert len(log.splitlines()) < 8, log
