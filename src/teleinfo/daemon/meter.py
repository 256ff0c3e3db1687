"""
Wire the parts of one meter together: reader, decoder, publisher and monitor.

A reading passes `on_reading` in the turn of the event loop in which its last byte came. The reader and the
publisher mend what they can by themselves; what they cannot is raised by `run`.
"""

from __future__ import annotations

import asyncio
import time
from datetime import datetime
from random import Random
from typing import TYPE_CHECKING, NoReturn

from teleinfo.common.journal import METER
from teleinfo.daemon.monitor import Monitor
from teleinfo.daemon.rate_limit import RateLimit
from teleinfo.mqtt.publisher import Publisher
from teleinfo.port.baud_detector import candidates
from teleinfo.port.reader import Reader
from teleinfo.state import payload
from teleinfo.tic.decoder import Decoder
from teleinfo.tic.labels import SHORT_FRAME

if TYPE_CHECKING:
    from collections.abc import Callable

    from teleinfo.daemon.memory_keeper import MemoryKeeper
    from teleinfo.daemon.state_publisher import StatePublisher
    from teleinfo.daemon.watchdog import Heartbeats
    from teleinfo.homeassistant.adapter import HomeAssistant
    from teleinfo.mqtt.config import Topics
    from teleinfo.mqtt.outbox import RetainedTopics
    from teleinfo.settings import Settings
    from teleinfo.state.tracker import StateTracker
    from teleinfo.tic.reading import Reading

GOODBYE_TIMEOUT = 2.5
"""Seconds: the publisher keeps its own goodbye within 2 s; what is not done by then is cut off."""


class MeterTask:
    """
    One meter, one broker. To be made inside the event loop that runs it.

    `name` tells it from the other meters of the process, in the log and in `heartbeats`; it is empty where
    there is no other. `disk` is the lock under which the meters of the process read and write their memories.
    """

    def __init__(
        self, settings: Settings, heartbeats: Heartbeats, *, disk: asyncio.Lock, name: str = ""
    ) -> None:
        self._name = name
        self._options = settings.payload
        self._rate_limit = RateLimit(settings.publish_interval)
        self._retain = settings.mqtt_retain
        task = f"{name} {{}}" if name else "{}"
        decoder = Decoder(plausibility=settings.plausibility)
        config = settings.publishing
        rng = Random()  # noqa: S311 - spreads retries, guards nothing
        heartbeat = heartbeats.of(task.format("publisher"))
        self._publisher = Publisher(config, self, rng=rng, heartbeat=heartbeat)
        self._reader_heartbeat = heartbeats.of(task.format("reader"))
        self._reader = Reader(
            url=settings.serial_port,
            baudrates=candidates(settings.serial_mode, settings.serial_baudrate),
            decoder=decoder,
            sink=self,
            rng=rng,
        )
        tracker = _tracker(settings) if _has_state(settings) else None
        retained, topics = self._publisher.retained, config.topics
        self._state = _state(settings, topics, retained, tracker, self._replaced)
        self._memory = _memory(settings, disk, self._state)
        self._homeassistant = _homeassistant(settings, topics, retained, tracker, rng)
        self._published: asyncio.Queue[tuple[Reading, float]] = asyncio.Queue()
        self._monitor = Monitor(
            link=self._reader.status,
            decoder=decoder,
            retained=retained,
            topics=topics,
            broker=config.broker.address,
            on_tick=self._on_tick,
        )
        self.status_key = self._monitor.status_key
        self.status_text = self._monitor.status_text

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop`, then say goodbye to the broker within bounds; raise what cannot be mended."""
        METER.set(self._name)
        async with asyncio.TaskGroup() as tasks:
            ending = [tasks.create_task(self._publisher.run(), name="teleinfo.publisher")]
            if self._memory is not None:
                ending.append(tasks.create_task(self._memory.run(), name="teleinfo.memory"))
            reader = tasks.create_task(self._reader.run(), name="teleinfo.reader")
            derivation = tasks.create_task(self._derive(), name="teleinfo.derivation")
            monitor = tasks.create_task(self._monitor.run(), name="teleinfo.monitor")
            await stop.wait()
            reader.cancel()
            derivation.cancel()
            monitor.cancel()
            self._publisher.stop(self._monitor.last_payloads())
            if self._memory is not None:
                self._memory.end()
            await asyncio.wait(ending, timeout=GOODBYE_TIMEOUT)
            for task in ending:
                task.cancel()

    def on_broker_connected(self) -> None:
        """Publish the health of the line anew."""
        self._monitor.connection_changed(connected=True)

    def on_broker_lost(self) -> None:
        """Show that in the status of the service."""
        self._monitor.connection_changed(connected=False)

    def on_birth_message(self, payload: bytes) -> None:
        """Answer Home Assistant, which has started."""
        if self._homeassistant is not None:
            self._homeassistant.birth_message(payload)

    def _replaced(self, scope: str) -> None:
        if self._homeassistant is not None:
            self._homeassistant.forget(scope)

    def on_progress(self) -> None:
        """Feed the watchdog for the reader."""
        self._reader_heartbeat()

    def on_reading(self, reading: Reading) -> None:
        """Publish a reading, in the turn of the event loop in which its last byte came."""
        now = asyncio.get_running_loop().time()
        if self._rate_limit.is_due(reading, now=now):
            text = payload.encode(reading, self._options, now=time.time())
            if text is not None:
                retain = self._retain and not reading.values.keys() <= SHORT_FRAME
                self._publisher.publish(text, retain=retain)
        # The publisher's turn, in which the reading is written, comes before that of `_derive`.
        self._published.put_nowait((reading, now))

    async def _derive(self) -> NoReturn:
        """Publish what is made of the readings: status, state and Home Assistant's entities."""
        while True:
            reading, now = await self._published.get()
            was_offline = self._monitor.frame_came(now)
            if self._state is not None:
                time_of_day = datetime.now().astimezone().isoformat("T", "seconds")
                self._state.update(reading, now=now, time=time_of_day, urgent=was_offline)
                if self._memory is not None:
                    self._memory.offer(self._state.memory())
                if self._homeassistant is not None:
                    self._homeassistant.take(reading, now=now)

    def _on_tick(self, now: float) -> None:
        if self._state is not None:
            self._state.check(now)


def _has_state(settings: Settings) -> bool:
    return settings.state or settings.state_topics or settings.homeassistant


def _tracker(settings: Settings) -> StateTracker:
    from teleinfo.state.tracker import StateTracker  # noqa: PLC0415 - memory for those who asked for it

    return StateTracker(topic=settings.mqtt_topic, exclude=settings.payload_exclude)


def _state(
    settings: Settings,
    topics: Topics,
    retained: RetainedTopics,
    tracker: StateTracker | None,
    on_replaced: Callable[[str], None],
) -> StatePublisher | None:
    if tracker is None:
        return None
    from teleinfo.daemon.state_publisher import StatePublisher  # noqa: PLC0415 - as above

    return StatePublisher(
        tracker,
        retained,
        topic=topics.state,
        language=settings.language,
        interval=settings.state_interval,
        fields=settings.state_topics,
        on_replaced=on_replaced,
    )


def _memory(settings: Settings, disk: asyncio.Lock, state: StatePublisher | None) -> MemoryKeeper | None:
    if state is None:
        return None
    from teleinfo.daemon.memory_keeper import MemoryKeeper  # noqa: PLC0415 - as above

    return MemoryKeeper(settings.mqtt_topic, disk, state.restore)


def _homeassistant(
    settings: Settings, topics: Topics, retained: RetainedTopics, tracker: StateTracker | None, rng: Random
) -> HomeAssistant | None:
    if tracker is None or not settings.homeassistant:
        return None
    from teleinfo.homeassistant.adapter import HomeAssistant  # noqa: PLC0415 - as above

    return HomeAssistant(
        tracker,
        prefix=settings.homeassistant_prefix,
        form=settings.homeassistant_discovery,
        topics=topics,
        meter_name=settings.meter_name,
        language=settings.language,
        retained=retained,
        rng=rng,
    )
