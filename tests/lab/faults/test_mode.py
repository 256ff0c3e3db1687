"""The speed of the meter is found, and found again when it changes."""

from __future__ import annotations

import json
import random
import time
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.lab.faults.port_faults import LiveMeter
from tests.lab.scenarios import Scenario, run_together
from tests.support.broker import MosquittoBroker
from tests.support.figures import promise
from tests.support.subscriber import Received, Subscriber

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


pytestmark = pytest.mark.real

MODES = {"historique": 1200, "standard": 9600}


def tells(mode: str) -> Callable[[Received], bool]:
    """Return whether a message of the topic `health` names this mode and its speed."""

    def is_told(message: Received) -> bool:
        health = json.loads(message.payload)
        return (health["mode"], health["baudrate"]) == (mode, MODES[mode])

    return is_told


def mode_of(meter: str) -> str:
    """Return the mode of a meter of the catalogue."""
    return "standard" if meter.startswith("standard") else "historique"


def test_the_mode_is_found_and_found_again(tmp_path: Path) -> None:
    """
    Meters at the true speed of their lines, each with a daemon of its own.

    1. `auto`, three meters: each is found within 15 s, which is one line and stands in `health`.
    2. Each changes its mode: found again within 15 s, one line more, and `health` names the new mode.
    """

    def searching(place: Path, broker: MosquittoBroker, *, first: str, then: str) -> None:
        base = f"teleinfo/{place.name}"
        with (
            Subscriber(broker.host, broker.port, f"{base}/health") as subscriber,
            LiveMeter(first, place / "meter") as meter,
            Scenario(place, broker, place / "meter", mqtt_topic=base, mqtt_client_id=place.name) as scenario,
        ):
            began = scenario.notify.expect("READY=1")
            scenario.expect_log(f"reading a meter in mode {mode_of(first)}", limit=40)
            promise("mode: found after the start", time.monotonic() - began, at_most=15)
            subscriber.expect(f"{base}/health", predicate=tells(mode_of(first)))
            # The mode changes anywhere in a frame.
            time.sleep(random.uniform(0, 2))
            meter.become(then)
            changed = time.monotonic()
            scenario.expect_log(f"the meter changed its mode: now mode {mode_of(then)}", limit=40)
            promise("mode: found after a change", time.monotonic() - changed, at_most=15)
            subscriber.expect(f"{base}/health", predicate=tells(mode_of(then)))
            assert len(scenario.lines(" mode ")) == 2
            assert scenario.lines("WARNING") == []

    with MosquittoBroker(tmp_path) as broker:
        run_together(
            tmp_path,
            partial(searching, broker=broker, first="hc", then="standard"),
            partial(searching, broker=broker, first="tri", then="standard-tri"),
            partial(searching, broker=broker, first="standard-producer", then="hc"),
        )
