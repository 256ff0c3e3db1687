"""The meter falls silent, comes back, or has news that cannot wait."""

from __future__ import annotations

import datetime as dt
import json
import random
import time
from typing import TYPE_CHECKING

import pytest

from teleinfo.simulator.catalogue import build
from teleinfo.simulator.encode import with_parity
from tests.lab.faults.port_faults import START
from tests.lab.scenarios import run_together
from tests.support.broker import MosquittoBroker
from tests.support.daemon import Meter
from tests.support.scenario import Scenario, historique
from tests.support.subscriber import Subscriber

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.figures import Figures

pytestmark = pytest.mark.real


def test_silence_and_news_are_told_at_once(tmp_path: Path, figures: Figures) -> None:
    """
    Two meters, each with a daemon of its own, of which the second is to publish once an hour only.

    1. A meter falls silent: `offline` after 10 s, one line; it sends again: `online`, one line with how long.
    2. A three-phase meter in overrun cuts its long frame and sends short ones: each is published at once, and
    so is the first long frame after them; the next one is not.
    """
    with MosquittoBroker(tmp_path) as broker:

        def silent(place: Path) -> None:
            with (
                Subscriber(broker.host, broker.port, "silent/status") as subscriber,
                Meter(historique(1), link=place / "meter") as meter,
                _scenario("silent", place, broker) as scenario,
            ):
                subscriber.expect("silent/status", b"online")
                meter.frame, began = None, time.monotonic()
                lost = subscriber.expect("silent/status", b"offline", limit=30)
                figures.kept("meter: silence is told (10 s and a tick)", lost.at - began, at_most=12)
                scenario.expect_log("no sound frame from the meter for 10 s")
                meter.frame, began = historique(1), time.monotonic()
                back = subscriber.expect("silent/status", b"online")
                figures.kept("meter: its return is told", back.at - began, at_most=5)
                scenario.expect_log("the meter is heard again, after 1")
                assert len(scenario.lines("frame")) == len(scenario.lines("heard again")) == 1

        def overrun(place: Path) -> None:
            watts = [300.0, 300.0, 300.0]
            linky = build("tri", start=START, rng=random.Random(1), load_profile=lambda _now: tuple(watts))
            now = START + dt.timedelta(seconds=2)
            usual = with_parity(linky.emit(now))
            watts[1] = 9000.0
            cut = with_parity(linky.emit(now + dt.timedelta(seconds=2)))
            short = with_parity(linky.emit(now + dt.timedelta(seconds=4)))
            with (
                Subscriber(broker.host, broker.port, "overrun") as subscriber,
                Meter(usual, link=place / "meter", period=0.5) as meter,
                _scenario("overrun", place, broker, publish_interval=3600) as scenario,
            ):
                assert "OPTARIF" in json.loads(subscriber.expect("overrun").payload)
                meter.frame = cut  # the piece that EOT cut off, and a short frame
                for _ in range(3):
                    warned = json.loads(subscriber.expect("overrun").payload)
                    assert list(warned) == ["ADIR2", "ADCO", "IINST1", "IINST2", "IINST3"]
                    meter.frame = short
                meter.frame = usual
                subscriber.expect("overrun", predicate=lambda message: b"ADIR" not in message.payload)
                time.sleep(2)  # the case: four frames more, without news
                assert subscriber.drain() == []
                assert scenario.lines("WARNING") == []

        run_together(tmp_path, silent, overrun)


def _scenario(name: str, place: Path, broker: MosquittoBroker, *, publish_interval: float = 0) -> Scenario:
    """Return a daemon with this base topic and client id."""
    return Scenario(
        place,
        broker,
        place / "meter",
        serial_mode="historique",
        mqtt_topic=name,
        mqtt_client_id=name,
        publish_interval=publish_interval,
    )
