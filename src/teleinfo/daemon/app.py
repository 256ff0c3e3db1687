"""
Wire reader, publisher and monitor together; shut down on signals.

Three tasks: `teleinfo.reader` owns the port, `teleinfo.publisher` the broker, `teleinfo.monitor` the status.
The reader and the publisher mend what they can by themselves; whatever else goes wrong ends the process, and
systemd starts it again.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from datetime import datetime
from random import Random
from typing import TYPE_CHECKING

from teleinfo import __version__
from teleinfo.common.executor import DaemonThreadExecutor
from teleinfo.daemon.monitor import Heartbeats, Monitor
from teleinfo.daemon.rate_limit import RateLimit
from teleinfo.mqtt.config import Topics
from teleinfo.mqtt.publisher import Publisher, Subscription
from teleinfo.port.baud_detector import candidates
from teleinfo.port.reader import Reader
from teleinfo.tic import payload
from teleinfo.tic.decoder import Decoder

if TYPE_CHECKING:
    from teleinfo.daemon.sd_notify import Notifier
    from teleinfo.daemon.state_publisher import StatePublisher
    from teleinfo.homeassistant.link import HomeAssistant
    from teleinfo.mqtt.outbox import RetainedStates
    from teleinfo.settings import Settings
    from teleinfo.tic.reading import Reading

log = logging.getLogger(__name__)

# A clean end: systemd's stop, Ctrl-C, and the terminal that went away.
STOPPING_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

GOODBYE_TIMEOUT = 2.5
"""Seconds: the publisher keeps its own goodbye within 2 s; what is not done by then is cut off."""


class Daemon:
    """One meter, one broker. To be made inside the event loop that runs it."""

    def __init__(self, settings: Settings, notifier: Notifier) -> None:
        self._notifier = notifier
        self._options = settings.payload
        self._rate_limit = RateLimit(settings.publish_interval)
        decoder, heartbeats, topics = Decoder(), Heartbeats(), Topics(settings.mqtt_topic)
        rng = Random()  # noqa: S311 - spreads retries, guards nothing
        self._publisher = Publisher(
            settings.broker,
            topics,
            queue=settings.mqtt_queue,
            qos=settings.mqtt_qos,
            retain=settings.mqtt_retain,
            rng=rng,
            heartbeat=heartbeats.of("publisher"),
            on_connection=self._connection_changed,
            subscription=(
                Subscription(f"{settings.homeassistant_prefix}/status", self._home_assistant_said)
                if settings.homeassistant
                else None
            ),
        )
        # Before the monitor: its states are published first.
        self._homeassistant = _homeassistant(settings, topics, self._publisher, rng)
        self._reader = Reader(
            url=settings.serial_port,
            baudrates=candidates(settings.serial_mode, settings.serial_baudrate),
            decoder=decoder,
            on_reading=self._on_reading,
            heartbeat=heartbeats.of("reader"),
            rng=rng,
        )
        self._state = _state(settings, topics, self._publisher)
        self._monitor = Monitor(
            link=self._reader.status,
            decoder=decoder,
            states=self._publisher,
            topics=topics,
            heartbeats=heartbeats,
            notifier=notifier,
            broker=f"{settings.mqtt_host}:{settings.broker_port}",
            on_tick=self._on_tick,
        )

    async def run(self) -> None:
        """Run until a signal asks to stop; raise what a task could not mend."""
        stop = self._start()
        async with asyncio.TaskGroup() as tasks:
            publisher = tasks.create_task(self._publisher.run(), name="teleinfo.publisher")
            reader = tasks.create_task(self._reader.run(), name="teleinfo.reader")
            monitor = tasks.create_task(self._monitor.run(), name="teleinfo.monitor")
            await stop.wait()
            self._notifier.stopping()
            reader.cancel()
            monitor.cancel()
            await self._shut_down(publisher)
        log.info("teleinfo has stopped")

    def _start(self) -> asyncio.Event:
        """Listen for signals; return the event that one of them sets."""
        loop = asyncio.get_running_loop()
        # The threads that dial and open ports may hang in the kernel: nobody is to wait for them at the end.
        loop.set_default_executor(DaemonThreadExecutor())
        stop = asyncio.Event()
        for number in STOPPING_SIGNALS:
            # nohup(1) has the end of the terminal ignored, so that a program goes on: it does.
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                loop.add_signal_handler(number, self._on_signal, stop)
        log.info("teleinfo %s has started", __version__)
        return stop

    def _connection_changed(self, connected: bool) -> None:  # noqa: FBT001 - a callback has no keywords
        self._monitor.connection_changed(connected)

    def _home_assistant_said(self, payload: bytes) -> None:
        if self._homeassistant is not None:
            self._homeassistant.birth_message(payload)

    def _on_reading(self, reading: Reading) -> None:
        """Publish a reading, in the turn of the event loop in which its last byte came."""
        now = asyncio.get_running_loop().time()
        was_offline = self._monitor.frame_came(now)
        due = self._rate_limit.is_due(reading, now=now)
        if self._homeassistant is not None:
            # Its states are from before the silence: it gets new ones before it sees us online.
            self._homeassistant.take(reading, now=now, due=due or was_offline)
        if self._state is not None:
            self._state.update(reading, now=now, time=datetime.now().astimezone().isoformat("T", "seconds"))
        if not due:
            return
        text = payload.encode(reading, self._options, now=time.time())
        if text is not None:
            self._publisher.publish(text)

    def _on_tick(self, now: float) -> None:
        if self._state is not None:
            self._state.check(now)

    def _on_signal(self, stop: asyncio.Event) -> None:
        """Ask for the goodbye, and leave the next signal to the system: it ends the process at once."""
        stop.set()
        for number in STOPPING_SIGNALS:
            if asyncio.get_running_loop().remove_signal_handler(number):
                signal.signal(number, signal.SIG_DFL)

    async def _shut_down(self, publisher: asyncio.Task[None]) -> None:
        """Let the publisher say goodbye, for a bounded time."""
        self._publisher.stop()
        await asyncio.wait([publisher], timeout=GOODBYE_TIMEOUT)
        publisher.cancel()


def _state(settings: Settings, topics: Topics, states: RetainedStates) -> StatePublisher | None:
    if not (settings.state or settings.state_topics):
        return None
    from teleinfo.daemon.state_publisher import StatePublisher  # noqa: PLC0415 - as for Home Assistant
    from teleinfo.state.tracker import StateTracker  # noqa: PLC0415 - as above

    return StatePublisher(
        StateTracker(
            topic=topics.readings, exclude=settings.payload_exclude, language=settings.language.value
        ),
        states,
        topic=topics.state,
        interval=settings.state_interval,
        fields=settings.state_topics,
    )


def _homeassistant(
    settings: Settings, topics: Topics, states: RetainedStates, rng: Random
) -> HomeAssistant | None:
    if not settings.homeassistant:
        return None
    from teleinfo.homeassistant.link import HomeAssistant  # noqa: PLC0415 - memory for those who asked for it

    return HomeAssistant(
        prefix=settings.homeassistant_prefix,
        topics=topics,
        exclude=settings.payload_exclude,
        states=states,
        rng=rng,
    )
