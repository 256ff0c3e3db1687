"""
What Home Assistant costs a frame: the decoded state, published with each, and what is announced of it.

The floor turns the ready state into JSON. Decoding is not counted: it is the same without.
"""

from __future__ import annotations

import asyncio
import json
import time
from random import Random
from typing import TYPE_CHECKING

from teleinfo.daemon.state_publisher import StatePublisher
from teleinfo.homeassistant.adapter import HomeAssistant
from teleinfo.mqtt.config import Topics
from teleinfo.mqtt.outbox import Outbox
from teleinfo.state.tracker import StateTracker
from teleinfo.tic.decoder import Decoder
from teleinfo.vocabulary.words import Language
from tests.bench.rows import Row, median
from tests.bench.streams import METERS, pieces

if TYPE_CHECKING:
    from tests.bench.scale import Scale

PERIOD = 1.0  # s between two frames, as the daemon's clock says
TIME = "2026-01-14T12:00:00+01:00"


def rows(scale: Scale) -> list[Row]:
    """Measure both modes."""
    return [asyncio.run(_row(mode, scale)) for mode in METERS]


async def _row(mode: str, scale: Scale) -> Row:
    topics, outbox, decoder = Topics("teleinfo"), Outbox(1), Decoder()
    tracker = StateTracker(topic="teleinfo", exclude=frozenset())
    publisher = StatePublisher(
        tracker,
        outbox,
        topic=topics.state,
        language=Language.FR,
        interval=0,
        fields=False,
        on_replaced=lambda _: None,
    )
    publisher.restore(None)
    link = HomeAssistant(
        tracker,
        prefix="homeassistant",
        form="device",
        topics=topics,
        meter_name=None,
        language=Language.FR,
        retained=outbox,
        rng=Random(1),
    )
    ours, floors, now = [], [], 0.0
    for piece in pieces(mode, count=scale.pieces, size=scale.piece_bytes // 8):
        readings = decoder.feed(piece)
        began = time.thread_time()
        for reading in readings:
            now += PERIOD
            publisher.update(reading, now=now, time=TIME)
            link.take(reading, now=now)
        ours.append((time.thread_time() - began) / len(readings))
        states = json.loads(outbox_states(outbox, topics.state))
        began = time.thread_time()
        for _ in readings:
            json.dumps(states, separators=(",", ":")).encode()
        floors.append((time.thread_time() - began) / len(readings))
    return Row(
        what=f"Home Assistant's states, {mode}",
        measured=1e6 * median(ours),
        floor=1e6 * median(floors),
        unit="µs/frame",
        remark=f"{len(states)} states",
    )


def outbox_states(outbox: Outbox, topic: str) -> bytes:
    """Return the payload that waits for `topic`."""
    return outbox._retained[topic]
