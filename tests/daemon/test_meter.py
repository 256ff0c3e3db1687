"""A reading is delivered first; then the state is derived from it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support.broker import MosquittoBroker
from tests.support.daemon import Daemon, Meter, settings_for
from tests.support.process import LIMIT
from tests.support.scenario import historique
from tests.support.subscriber import Received, Subscriber

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.real

READING = "teleinfo"
STATE = "teleinfo/state"


def shown(message: Received) -> tuple[str, int]:
    """Return the topic of a message, and the index in Wh that a reading or a state shows; else 0."""
    index = 0
    if message.topic == READING:
        index = int(json.loads(message.payload)["BASE"])
    elif message.topic == STATE:
        # The state before the first reading has no energy.
        energy = json.loads(message.payload).get("energy", {})
        index = energy.get("import_index", 0)
    return message.topic, index


@pytest.mark.parametrize(
    ("interval", "expected"),
    [
        pytest.param(0, [(READING, 2), (STATE, 2), (READING, 3), (STATE, 3)], id="published"),
        pytest.param(3600, [(STATE, 2), (STATE, 3)], id="not published"),
    ],
)
def test_a_reading_goes_first(tmp_path: Path, interval: int, expected: list[tuple[str, int]]) -> None:
    """The state follows its reading at once; `online` follows the first state."""
    messages: list[tuple[str, int]] = []
    with (
        MosquittoBroker(tmp_path) as broker,
        Meter(historique(1), link=tmp_path / "meter") as meter,
        Subscriber(broker.host, broker.port) as subscriber,
    ):
        settings = settings_for(broker, meter.line) | {"state_interval": 0}
        with Daemon(tmp_path, **settings, state=True, publish_interval=interval):
            subscriber.expect(STATE)
            subscriber.expect("teleinfo/status", b"online")
            meter.frame = None
            for index in (2, 3):
                meter.line.write(historique(index))
                while (STATE, index) not in messages:
                    messages.append(shown(subscriber.messages.get(timeout=LIMIT)))

    # Without those of the first frame, whose index is 1, and without status and health. No event: the meter
    # is not taken for silent.
    counted = [(topic, index) for topic, index in messages if index > 1 or topic == "teleinfo/event"]
    assert counted == expected
