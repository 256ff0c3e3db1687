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
    """
    Readings come all the time, without a timestamp at first.

    1. The clock says 1970: one line of the log, an unknown state, and nothing on the disk. 2. It is set: one
    line of the log, and states.
    """
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
    early_readings = [message.payload for message in before if message.topic == "teleinfo"]
    early_states = {message.payload for message in before if message.topic == "teleinfo/state"}
    readings = [message.payload for message in after if message.topic == "teleinfo"]
    states = [message.payload for message in after if message.topic == "teleinfo/state"]
    [memory] = daemon.state.glob("*.json")

    assert len(early_readings) > 10
    assert b"timestamp" not in b"".join(early_readings)
    assert early_states == {b'{"time":null,"meter":{"id":null}}'}
    assert files_before == []
    assert readings[-1].startswith(b'{"timestamp":')
    assert json.loads(states[-1])["meter"]["id"] == IDENTIFIER
    for message in before + after:
        assert b"1970-" not in message.payload
    assert b"1970-" not in memory.read_bytes()
    assert log.count("l’horloge de cette machine") == 2
    assert len(log.splitlines()) < 8, log
