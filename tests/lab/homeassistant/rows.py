"""
Rows an hour that a meter costs Home Assistant's recorder, by meter and interval of the state.

    python -m tests.lab.homeassistant.rows

The recorder stores a row for each change of an enabled entity's state. So the states of a simulated hour (its
evening, 18:00 to 19:00) are counted that differ from the ones before, as our templates take them from what
Home Assistant is shown. Those of the line, which change with its quality, are not among them.
"""

from __future__ import annotations

import datetime as dt
import random
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

from teleinfo.daemon.state_publisher import StatePublisher
from teleinfo.homeassistant.held_state import HeldState, ends_period
from teleinfo.homeassistant.templates import flat
from teleinfo.mqtt.config import Topics
from teleinfo.mqtt.outbox import Outbox
from teleinfo.simulator.catalogue import METERS, build
from teleinfo.tic.decoder import Decoder
from teleinfo.vocabulary.words import Language
from tests.homeassistant import domoticz
from tests.homeassistant.golden import Followed
from tests.support.judged import moment

if TYPE_CHECKING:
    from teleinfo.state.fields import Json

START = dt.datetime(2026, 1, 14, 18)  # noqa: DTZ001 - a meter knows local time only
HOUR = 3600
INTERVALS = (60, 10, 0)
"""Seconds; 0: each frame."""
_PERIODS = {"historique": 1.6, "standard": 1.5}
"""Seconds from one frame to the next: some 170 bytes at 1200 baud, some 1000 at 9600 and a pause."""


def rows(meter: str, interval: float) -> Counter[str]:
    """Return the rows of one hour, by the key of the entity."""
    device = Followed()
    decoder = Decoder()
    held = HeldState()
    states: list[dict[str, Json]] = []
    publisher = StatePublisher(
        device.tracker,
        Outbox(1),
        topic=Topics("teleinfo").state,
        meta_topic="teleinfo/meta",
        language=Language.FR,
        interval=interval,
        fields=False,
        bands={},
        on_state=lambda state, now: states.append(
            held.update(state, now=now.monotonic) if interval else state
        ),
        on_event=lambda _: None,
    )
    publisher.restore(None)
    simulated = build(meter, start=START, rng=random.Random(7))
    period = _PERIODS["standard" if meter.startswith("standard") else "historique"]
    shown: dict[str, str] = {}
    found: Counter[str] = Counter()
    for number in range(round(HOUR / period)):
        now = number * period
        at = START + dt.timedelta(seconds=now)
        time = at.isoformat("T", "seconds") + "+01:00"
        for reading in decoder.feed(simulated.emit(at)):
            publisher.update(reading, moment(now, time), urgent=ends_period(at))
            device.announcer.update(reading, moment(now))
        for state in states:
            before = shown
            shown = shown | _states(device, state)
            found.update(key for key, state in shown.items() if before.get(key) != state)
        states.clear()
    return found


def _states(device: Followed, state: dict[str, Any]) -> dict[str, str]:
    """Return what the enabled entities show of a state."""
    components = device.message["components"] if device.announced else {}
    message = flat(state)
    return {
        key: domoticz.value(component, message)
        for key, component in components.items()
        if component.get("enabled_by_default") is not False and "state_topic" not in component
    }


def table() -> list[str]:
    """Return the rows of the table in the page."""
    counted = {meter: [f"{rows(meter, interval).total():,}" for interval in INTERVALS] for meter in METERS}
    return [f"| `{meter}` | {' | '.join(each)} |".replace(",", " ") for meter, each in counted.items()]


if __name__ == "__main__":
    sys.stdout.writelines(f"{row}\n" for row in table())
