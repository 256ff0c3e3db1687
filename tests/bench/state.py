"""
What the decoded state costs a frame, and how many messages it makes in an hour.

The floor turns the ready state into JSON. Decoding is not counted: it is the same without.
"""

from __future__ import annotations

import datetime as dt
import json
import time
from typing import TYPE_CHECKING

from teleinfo.daemon.state_publisher import StatePublisher
from teleinfo.mqtt.outbox import RetainedTopics
from teleinfo.settings import Settings
from teleinfo.simulator.encode import encode_frame
from teleinfo.state.tracker import StateTracker
from teleinfo.tic.decoder import Decoder
from teleinfo.tic.reading import Reading
from teleinfo.vocabulary.words import Language
from tests.bench.rows import Row, median
from tests.bench.sent import BITS, GAP
from tests.bench.streams import METERS, START, frames

if TYPE_CHECKING:
    from tests.bench.scale import Scale

BAUDRATES = {"historique": 1200, "standard": 9600}
HOUR = 3600.0  # s
INTERVAL = float(Settings.model_fields["state_interval"].default)
BLOCK = 100  # frames whose cost is measured at once


class _Outbox(RetainedTopics):
    """Counts what is published."""

    def __init__(self) -> None:
        super().__init__()
        self.messages = 0
        self.state = b"{}"

    def set(self, topic: str, payload: bytes) -> None:
        """Count a message."""
        self.messages += 1
        if topic == "state":
            self.state = payload


def rows(scale: Scale) -> list[Row]:
    """Measure both modes."""
    return [row for mode in METERS for row in _rows(mode, scale.state_seconds)]


def _rows(mode: str, seconds: float) -> list[Row]:
    readings = _readings(mode, seconds)
    found = []
    for interval, fields in ((0.0, False), (INTERVAL, False), (INTERVAL, True)):
        cost, outbox = _follow(readings, interval=interval, fields=fields)
        what = f"state, {mode}, {'every frame' if not interval else f'every {interval:g} s'}"
        if fields:
            what += ", a topic for each field"
        else:
            found.append(
                Row(what=what, measured=1e6 * cost, floor=1e6 * _floor(outbox.state), unit="µs/frame")
            )
        if interval:
            count = outbox.messages * HOUR / (readings[-1][0] - readings[0][0])
            found.append(Row(what=f"messages, {what}", measured=count, unit="an hour"))
    return found


def _readings(mode: str, seconds: float) -> list[tuple[float, Reading]]:
    """Return what a meter says in so many seconds, and when it ended."""
    decoder, now = Decoder(), 0.0
    found: list[tuple[float, Reading]] = []
    for groups in frames(mode):
        frame = encode_frame(groups)
        now += len(frame) * BITS / BAUDRATES[mode] + GAP
        if now > seconds:
            return found
        found += [(now, Reading(each.mode, dict(each.values))) for each in decoder.feed(frame)]
    return found


def _follow(readings: list[tuple[float, Reading]], *, interval: float, fields: bool) -> tuple[float, _Outbox]:
    """Return the CPU s that the state takes of a frame, and what it published."""
    outbox = _Outbox()
    publisher = StatePublisher(
        StateTracker(topic="teleinfo", exclude=frozenset()),
        outbox,
        topic="state",
        language=Language.FR,
        interval=interval,
        fields=fields,
        on_replaced=lambda _scope: None,
    )
    publisher.restore(None)
    costs = []
    for start in range(0, len(readings), BLOCK):
        block = readings[start : start + BLOCK]
        began = time.thread_time()
        for now, reading in block:
            moment = (START + dt.timedelta(seconds=now)).astimezone().isoformat("T", "seconds")
            publisher.update(reading, now=now, time=moment)
        costs.append((time.thread_time() - began) / len(block))
    return median(costs), outbox


def _floor(payload: bytes) -> float:
    """Return the CPU s that it takes to turn this state into JSON."""
    state = json.loads(payload)
    began = time.thread_time()
    for _ in range(BLOCK):
        json.dumps(state, separators=(",", ":")).encode()
    return (time.thread_time() - began) / BLOCK
