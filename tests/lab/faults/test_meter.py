"""The meter falls silent, and comes back."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.support.broker import MosquittoBroker
from tests.support.daemon import Meter
from tests.support.scenario import Scenario, historique
from tests.support.subscriber import Subscriber

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.figures import Figures

pytestmark = pytest.mark.real


def test_silence_and_its_end_are_told(tmp_path: Path, figures: Figures) -> None:
    """`offline` after 10 s, and one line; then `online`, and one line with how long it was."""
    with (
        MosquittoBroker(tmp_path) as broker,
        Subscriber(broker.host, broker.port, "teleinfo/status") as subscriber,
        Meter(historique(1), link=tmp_path / "meter") as meter,
        Scenario(tmp_path, broker, tmp_path / "meter", serial_mode="historique") as scenario,
    ):
        subscriber.expect("teleinfo/status", b"online")
        meter.frame, began = None, time.monotonic()
        lost = subscriber.expect("teleinfo/status", b"offline", limit=30)
        figures.kept("meter: silence is told (10 s and a tick)", lost.at - began, at_most=12)
        scenario.expect_log("no sound frame from the meter for 10 s")
        meter.frame, began = historique(1), time.monotonic()
        back = subscriber.expect("teleinfo/status", b"online")
        figures.kept("meter: its return is told", back.at - began, at_most=5)
        scenario.expect_log("the meter is heard again, after 1")
        assert len(scenario.lines("frame")) == len(scenario.lines("heard again")) == 1
