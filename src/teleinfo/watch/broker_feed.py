"""
Feed the live model from the broker, where a daemon publishes.

Nothing is published there, the client id is a new one, and there is no will. Anybody may have published what
is received, so everything is checked.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final, NoReturn

from teleinfo.common.backoff import delays
from teleinfo.common.untrusted_json import parse_object
from teleinfo.mqtt.client import connect, for_command
from teleinfo.mqtt.config import OFFLINE, ONLINE
from teleinfo.mqtt.errors import BrokerError, BrokerErrorKind
from teleinfo.port import health
from teleinfo.tic.labels import HISTORIQUE, STANDARD, Mode
from teleinfo.tic.reading import HORODATE_SUFFIX, Reading
from teleinfo.watch import notes

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from teleinfo.mqtt.config import Broker, Topics
    from teleinfo.watch.live_model import LiveModel

STATUS_TIMEOUT: Final = 5.0
"""Seconds for the topic `status`, which is retained, and comes at once where it is readable."""

FIRST_DELAY, LONGEST_DELAY = 1.0, 30.0
TIMESTAMP: Final = "timestamp"

MAX_FIELDS: Final = 1000
MAX_LABEL, MAX_VALUE = 64, 128
"""Characters. The largest meters send some 150 labels, the longest value has 98 characters."""

STATES: Final = {ONLINE: True, OFFLINE: False}


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
        self._broker = for_command(broker, "watch")
        self._topics = topics
        self._model = model
        self._changed = changed
        self._rng = rng

    async def run(self) -> NoReturn:
        """Listen until cancelled."""
        waits = delays(first=FIRST_DELAY, cap=LONGEST_DELAY, rng=self._rng)
        while True:
            try:
                await self._listen()
            except BrokerError as error:
                if self._model.online is not None:
                    # It was connected: this is another outage.
                    waits = delays(first=FIRST_DELAY, cap=LONGEST_DELAY, rng=self._rng)
                self._model.online = None
                self._model.note = notes.no_broker(error)
                self._changed()
            await asyncio.sleep(next(waits))

    async def _listen(self) -> None:
        """Take what comes until the connection is lost; raise `BrokerError`."""
        async with connect(self._broker) as connection:
            for topic in (self._topics.status, self._topics.health, self._topics.readings):
                if not await connection.subscribe(topic):
                    raise BrokerError(BrokerErrorKind.NOT_READABLE, self._broker, topic=topic)
            self._model.note = notes.connected(self._broker)
            self._changed()
            waiting = asyncio.get_running_loop().call_later(STATUS_TIMEOUT, self._note_nothing_came)
            try:
                async for topic, payload, retained in connection.messages():
                    self._take(topic, payload, retained=retained)
            finally:
                waiting.cancel()

    def _note_nothing_came(self) -> None:
        if self._model.online is None:
            self._model.note = notes.nothing_came(self._broker, self._topics.status)
            self._changed()

    def _take(self, topic: str, payload: bytes, *, retained: bool) -> None:
        if topic == self._topics.status:
            self._model.online = STATES.get(payload, self._model.online)
        elif topic == self._topics.health:
            found = health.parse(payload)
            # The clocks of two machines may differ: a message that was just published is not judged by them.
            if found is not None and not (retained and health.is_stale(found, now=time.time())):
                self._model.set_health(found)
        elif topic == self._topics.readings:
            known = self._model.health
            reading = reading_of(payload, mode=None if known is None else known.mode)
            if reading is not None:
                self._model.add_reading(reading, now=asyncio.get_running_loop().time())
        self._changed()


def reading_of(payload: bytes, *, mode: Mode | None) -> Reading | None:
    """
    Return the reading that a message of the base topic holds, None where it holds none.

    Fields whose value is no text or number, or longer than that of any meter, are left out. `mode` is that of
    the topic `health`; None: it is the mode that more of the labels belong to.
    """
    fields = parse_object(payload)
    if fields is None or len(fields) > MAX_FIELDS:
        return None
    values = {
        key: text
        for key, value in fields.items()
        if key != TIMESTAMP
        and len(key) <= MAX_LABEL
        and isinstance(value, str | int | float)
        and not isinstance(value, bool)
        and len(text := str(value)) <= MAX_VALUE
    }
    return Reading(mode or _mode_of(values), values) if values else None


def _mode_of(values: dict[str, str]) -> Mode:
    labels = {key.removesuffix(HORODATE_SUFFIX) for key in values}
    return (
        Mode.STANDARD if len(labels & STANDARD.keys()) > len(labels & HISTORIQUE.keys()) else Mode.HISTORIQUE
    )
