"""The real daemon publishes the state: a process between a pseudo-terminal and a mosquitto."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from teleinfo.simulator.encode import encode_frame, with_parity
from tests.cli.test_run import THREE_PHASE
from tests.support.broker import MosquittoBroker
from tests.support.daemon import Daemon, Meter, settings_for
from tests.support.frames import whole
from tests.support.process import LIMIT
from tests.support.subscriber import Subscriber

if TYPE_CHECKING:
    from pathlib import Path

    from teleinfo.tic.labels import Group

pytestmark = pytest.mark.real


def all_retained(broker: MosquittoBroker) -> dict[str, bytes]:
    """Return what the broker retains, by topic: all that comes before a message that is published now."""
    with Subscriber(broker.host, broker.port) as late:
        # With QoS 1, or it overtakes what waits behind the 20 messages that mosquitto has in flight.
        mark = ["mosquitto_pub", "-h", broker.host, "-p", str(broker.port), "-t", "mark", "-n", "-q", "1"]
        subprocess.run(mark, check=True, timeout=LIMIT)
        kept = {}
        while (message := late.messages.get(timeout=LIMIT)).topic != "mark":
            kept[message.topic] = message.payload
        return kept


def run(folder: Path, broker: MosquittoBroker, frame: list[Group], **more: object) -> Any:  # noqa: ANN401
    """Run a daemon at a meter that sends this frame until its state was published, and return that."""
    with (
        Meter(with_parity(encode_frame(frame))) as meter,
        Subscriber(broker.host, broker.port) as subscriber,
        Daemon(folder, **settings_for(broker, meter.line), state=True, **more) as daemon,
    ):
        state: Any = {"meter": {"id": None}}
        while state["meter"]["id"] is None:  # the earlier meter is remembered, and this one not known yet
            message = subscriber.expect("teleinfo/state", predicate=lambda message: not message.retain)
            state = json.loads(message.payload)
        if more.get("homeassistant"):
            prefix = more.get("homeassistant_prefix", "homeassistant")
            subscriber.expect(f"{prefix}/device/teleinfo_{state['meter']['id']}/config")
        daemon.stop()
        return state


def test_what_a_replaced_meter_left_is_cleared(tmp_path: Path) -> None:
    """It was replaced while nothing ran: its fields and its device of Home Assistant are gone."""
    three_phases = {"ADCO": "021976000001", "IINST3": "002"}
    old = [group._replace(value=three_phases.get(group.label, group.value)) for group in THREE_PHASE]
    new = whole(ADCO="041961000002", IINST="003")
    more: dict[str, object] = {"state_topics": True, "homeassistant": True}
    with MosquittoBroker(tmp_path) as broker:
        run(tmp_path, broker, old, **more)
        before = all_retained(broker)
        run(tmp_path, broker, new, **more)
        after = all_retained(broker)

    assert before["teleinfo/state/current/l3"] == b"2"
    assert any("021976000001" in topic for topic in before)
    assert after["teleinfo/state/current/l1"] == b"3"
    assert "teleinfo/state/current/l3" not in after
    assert not any("021976000001" in topic for topic in after)
    assert not any(b"021976000001" in payload for payload in after.values())


def test_nothing_is_left_below_another_discovery_prefix(tmp_path: Path) -> None:
    """The memory has the topics of the last announcement; the start after it clears them."""
    with MosquittoBroker(tmp_path) as broker:
        run(tmp_path, broker, whole(), homeassistant=True)
        before = all_retained(broker)
        for _ in range(2):
            run(tmp_path, broker, whole(), homeassistant=True, homeassistant_prefix="maison")
        after = all_retained(broker)

    announced = {topic.removeprefix("homeassistant/") for topic in before if topic.endswith("/config")}
    assert len(announced) == 1
    assert {topic for topic in after if topic.endswith("/config")} == {
        f"maison/{topic}" for topic in announced
    }
