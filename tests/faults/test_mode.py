"""The speed of the meter is found, found again when it changes, and never found in garbage."""

from __future__ import annotations

import json
import random
import threading
import time
from functools import partial
from typing import TYPE_CHECKING

import pytest

from teleinfo.simulator.encode import encode_frame, encode_group
from teleinfo.simulator.serial_line import SerialLine
from teleinfo.tic.labels import Group, Mode
from tests.faults.port_faults import LiveMeter
from tests.support.broker import MosquittoBroker
from tests.support.scenario import Scenario, run_together
from tests.support.subscriber import Received, Subscriber

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.figures import Figures

pytestmark = [pytest.mark.real, pytest.mark.long]

MODES = {"historique": 1200, "standard": 9600}


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[MosquittoBroker]:
    """Return a broker that lets everybody in."""
    with MosquittoBroker(tmp_path) as running:
        yield running


def tells(mode: str) -> Callable[[Received], bool]:
    """Return whether a message of the topic `health` names this mode and its speed."""

    def is_told(message: Received) -> bool:
        health = json.loads(message.payload)
        return (health["mode"], health["baudrate"]) == (mode, MODES[mode])

    return is_told


def mode_of(meter: str) -> str:
    """Return the mode of a meter of the catalogue."""
    return "standard" if meter.startswith("standard") else "historique"


def test_the_mode_is_found_and_found_again_and_a_wrong_one_is_said(
    tmp_path: Path, broker: MosquittoBroker, figures: Figures
) -> None:
    """
    Meters at the true speed of their lines, each with a daemon of its own.

    1. `auto`, three meters: each is found within 15 s, which is one line and stands in `health`.
    2. Each changes its mode: found again within 15 s, one line more, and `health` names the new mode.
    3. A mode that is set and is not the meter's: one warning names the other mode.
    """

    def searching(place: Path, *, first: str, then: str) -> None:
        base = f"teleinfo/{place.name}"
        with (
            Subscriber(broker.host, broker.port, f"{base}/health") as subscriber,
            LiveMeter(first, place / "meter") as meter,
            Scenario(
                place,
                broker,
                place / "meter",
                mqtt_topic=base,
                mqtt_client_id=place.name,
            ) as scenario,
        ):
            began = scenario.notify.expect("READY=1")
            scenario.expect_log(f"reading a meter in mode {mode_of(first)}", limit=40)
            figures.kept("mode: found after the start", time.monotonic() - began, at_most=15)
            subscriber.expect(f"{base}/health", predicate=tells(mode_of(first)))
            # The mode changes anywhere in a frame.
            time.sleep(random.uniform(0, 2))
            meter.become(then)
            changed = time.monotonic()
            scenario.expect_log(f"the meter changed its mode: now mode {mode_of(then)}", limit=40)
            figures.kept("mode: found after a change", time.monotonic() - changed, at_most=15)
            subscriber.expect(f"{base}/health", predicate=tells(mode_of(then)))
            assert len(scenario.lines(" mode ")) == 2
            assert scenario.lines("WARNING") == []

    def mistaken(place: Path, *, meter: str, mode: str) -> None:
        with (
            LiveMeter(meter, place / "meter"),
            Scenario(place, None, place / "meter", serial_mode=mode) as scenario,
        ):
            scenario.expect_log(f"the meter may be in mode {mode_of(meter)}", limit=60)
            assert len(scenario.lines("mode")) == 1

    run_together(
        tmp_path,
        partial(searching, first="hc", then="standard"),
        partial(searching, first="tri", then="standard-tri"),
        partial(searching, first="standard-producer", then="hc"),
        partial(mistaken, meter="standard", mode="historique"),
        partial(mistaken, meter="hc", mode="standard"),
    )


LUCKY = encode_group(Group("PAPP", "01940", None, Mode.HISTORIQUE))
LONE = encode_frame([Group("PAPP", "01940", None, Mode.HISTORIQUE)])


def test_garbage_that_passes_a_check_is_no_meter(tmp_path: Path, broker: MosquittoBroker) -> None:
    """
    1. Noise, with a sound group in it now and then, and once a whole tiny frame.

    2. For twelve seconds, three turns of the search: no mode is found, nothing is published, and the meter is
    never called online.
    """
    noise = random.Random(11)
    ended = threading.Event()

    def send_noise(line: SerialLine) -> None:
        for turn in range(100_000):
            if ended.wait(0.05):
                break
            # Neither STX nor ETX comes by chance: only the frame of the case is complete.
            line.write(bytes(noise.choice(range(0x20, 0x7F)) for _ in range(40)) + b"\r")
            # Without parity, as the noise, or the daemon would call them damaged.
            if turn % 80 == 20:
                line.write(LUCKY)
            if turn == 60:
                line.write(LONE)

    with SerialLine(link=tmp_path / "meter") as line, Subscriber(broker.host, broker.port) as subscriber:
        with Scenario(tmp_path, broker, tmp_path / "meter") as scenario:
            scenario.notify.expect("READY=1")
            sender = threading.Thread(target=send_noise, args=[line], name="noise", daemon=True)
            sender.start()
            time.sleep(12)  # the case: nothing happens
            ended.set()
            sender.join(5)
            heard = subscriber.drain()
            assert scenario.lines("mode") == []

    assert {message.topic for message in heard} == {"teleinfo/status", "teleinfo/health"}
    assert {message.payload for message in heard if message.topic == "teleinfo/status"} == {b"offline"}
