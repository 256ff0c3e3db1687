"""
The news of the model from the broker, where a daemon publishes.

It leaves no trace there: no will, no retained message, a client id of its own.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NoReturn

from teleinfo.common.backoff import delays
from teleinfo.common.untrusted_json import parse_object
from teleinfo.daemon import health
from teleinfo.mqtt.client import Connection
from teleinfo.mqtt.errors import BrokerError
from teleinfo.mqtt.outage import Outage
from teleinfo.mqtt.tls import tls_context
from teleinfo.tic.labels import HISTORIQUE, STANDARD, Mode
from teleinfo.tic.reading import HORODATE_SUFFIX, Reading
from teleinfo.watch import notes

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from teleinfo.mqtt.config import Broker, Topics
    from teleinfo.watch.live_model import LiveModel

log = logging.getLogger(__name__)

PATIENCE: Final = 5.0
"""Seconds after which a broker with nothing for us is strange."""

FIRST_DELAY, LONGEST_DELAY = 1.0, 30.0
TIMESTAMP: Final = "timestamp"


class BrokerFeed:
    """The daemon that publishes under `topics` at `broker`, whose client id is changed for our own."""

    def __init__(
        self,
        broker: Broker,
        topics: Topics,
        model: LiveModel,
        *,
        changed: Callable[[], None],
        rng: Random,
    ) -> None:
        self._broker = replace(broker, client_id=f"teleinfo-watch-{os.getpid()}")
        self._topics = topics
        self._topic = topics.status  # the last one that was asked for
        self._model = model
        self._changed = changed
        self._rng = rng
        self._outage = Outage(broker.address, clock=time.monotonic)

    async def run(self) -> NoReturn:
        """Listen until cancelled."""
        waits = delays(first=FIRST_DELAY, cap=LONGEST_DELAY, rng=self._rng)
        while True:
            try:
                await self._listen()
            except BrokerError as fault:
                if self._model.online is not None:
                    # It was connected: the next outage is another one.
                    waits = delays(first=FIRST_DELAY, cap=LONGEST_DELAY, rng=self._rng)
                self._model.online = None
                self._model.note = notes.no_broker(fault, self._broker, self._topic)
                self._outage.failed(fault)
                self._changed()
            await asyncio.sleep(next(waits))

    async def _listen(self) -> None:
        """Take what comes until the connection is lost; raise `BrokerError`."""
        broker = self._broker
        context = None if broker.tls is None else await asyncio.to_thread(tls_context, broker.tls)
        link = Connection(broker, None, context)
        try:
            await link.enter()
            for topic in (self._topics.status, self._topics.health, self._topics.readings):
                self._topic = topic
                if not await link.subscribe(topic):
                    raise _not_heard(topic)
            self._outage.connected()
            self._model.note = notes.connected(broker)
            self._changed()
            doubt = asyncio.get_running_loop().call_later(PATIENCE, self._doubt)
            try:
                async for topic, payload in link.messages():
                    self._take(topic, payload)
            finally:
                doubt.cancel()
        finally:
            await link.drop()

    def _doubt(self) -> None:
        """Say what it may mean that nothing came: the topic `status` is retained, and comes at once."""
        if self._model.online is None:
            self._model.note = notes.nothing_came(self._broker, self._topics.status)
            log.warning(
                "nothing came on the topic %s: is teleinfo connected to this broker (%s), under this topic, "
                "and may this user read it (a broker need not say that it refuses)?",
                self._topics.status,
                self._broker.address,
            )
            self._changed()

    def _take(self, topic: str, payload: bytes) -> None:
        if topic == self._topics.status:
            self._model.online = payload == b"online"
        elif topic == self._topics.health:
            self._model.health = health.parse(payload) or self._model.health
        elif topic == self._topics.readings:
            known = self._model.health
            reading = reading_of(payload, mode=None if known is None else known.mode)
            if reading is not None:
                self._model.add_reading(reading, now=asyncio.get_running_loop().time())
        self._changed()


def reading_of(payload: bytes, *, mode: Mode | None) -> Reading | None:
    """
    Return the reading that a message of the base topic holds, None where it holds none.

    Anybody may have published it: of its fields those count whose value is a text or a number. The `mode` is
    that of the topic `health`; while that is not known, the one whose labels fit better.
    """
    fields = parse_object(payload)
    if fields is None:
        return None
    values = {
        key: str(value)
        for key, value in fields.items()
        if key != TIMESTAMP and isinstance(value, str | int | float) and not isinstance(value, bool)
    }
    return Reading(mode or _mode_of(values), values) if values else None


def _mode_of(values: dict[str, str]) -> Mode:
    labels = {key.removesuffix(HORODATE_SUFFIX) for key in values}
    return (
        Mode.STANDARD if len(labels & STANDARD.keys()) > len(labels & HISTORIQUE.keys()) else Mode.HISTORIQUE
    )


def _not_heard(topic: str) -> BrokerError:
    words = f"it does not let this user read the topic {topic}: allow it in the access list of the broker"
    return BrokerError(notes.NOT_HEARD, words, user_must_act=True)
