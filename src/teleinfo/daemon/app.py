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
from random import Random
from typing import TYPE_CHECKING

from teleinfo import __version__
from teleinfo.common.executor import DaemonThreadExecutor
from teleinfo.daemon.heartbeats import Heartbeats
from teleinfo.daemon.monitor import Monitor
from teleinfo.daemon.rate_limit import RateLimit
from teleinfo.mqtt.config import Topics
from teleinfo.mqtt.publisher import Publisher, Subscription
from teleinfo.port.baud_detector import BaudDetector, candidates
from teleinfo.port.reader import Reader
from teleinfo.tic import payload
from teleinfo.tic.decoder import Decoder

if TYPE_CHECKING:
    from teleinfo.daemon.sd_notify import Notifier
    from teleinfo.homeassistant.link import HomeAssistant
    from teleinfo.mqtt.outbox import RetainedStates
    from teleinfo.settings import Settings
    from teleinfo.tic.reading import Reading

log = logging.getLogger(__name__)

# A clean end: systemd's stop, Ctrl-C, and the terminal that went away.
STOPPING_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
# The publisher keeps its own goodbye within 2 s; what is not done by then is cut off.
GOODBYE_LIMIT = 2.5


class Daemon:
    """One meter, one broker. To be made inside the event loop that runs it."""

    def __init__(self, settings: Settings, notifier: Notifier) -> None:
        self._notifier = notifier
        self._options = settings.payload
        self._pace = RateLimit(settings.publish_interval)
        decoder, beats, topics = Decoder(), Heartbeats(), Topics(settings.mqtt_topic)
        rng = Random()  # noqa: S311 - spreads retries, guards nothing
        self._publisher = Publisher(
            settings.broker,
            topics,
            queue=settings.mqtt_queue,
            qos=settings.mqtt_qos,
            retain=settings.mqtt_retain,
            rng=rng,
            heartbeat=beats.of("publisher"),
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
            tuner=BaudDetector(candidates(settings.serial_mode, settings.serial_baudrate)),
            decoder=decoder,
            on_reading=self._take,
            beat=beats.of("reader"),
            rng=rng,
        )
        self._keeper = Monitor(
            reader=self._reader,
            decoder=decoder,
            states=self._publisher,
            topics=topics,
            beats=beats,
            notifier=notifier,
            broker=f"{settings.mqtt_host}:{settings.broker_port}",
        )

    async def run(self) -> None:
        """Run until a signal asks to stop; raise what a task could not mend."""
        loop = asyncio.get_running_loop()
        # The threads that dial and open ports may hang in the kernel: nobody is to wait for them at the end.
        loop.set_default_executor(DaemonThreadExecutor())
        stopped = asyncio.Event()
        for number in STOPPING_SIGNALS:
            # nohup(1) has the end of the terminal ignored, so that a program goes on: it does.
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                loop.add_signal_handler(number, self._stop, stopped)
        log.info("teleinfo %s has started", __version__)
        async with asyncio.TaskGroup() as tasks:
            publisher = tasks.create_task(self._publisher.run(), name="teleinfo.publisher")
            others = [
                tasks.create_task(self._reader.run(), name="teleinfo.reader"),
                tasks.create_task(self._keeper.run(), name="teleinfo.daemon.monitor"),
            ]
            await stopped.wait()
            self._notifier.stopping()
            for task in others:
                task.cancel()
            self._publisher.stop()
            await asyncio.wait([publisher], timeout=GOODBYE_LIMIT)
            publisher.cancel()
        log.info("teleinfo has stopped")

    def _stop(self, stopped: asyncio.Event) -> None:
        """Ask for the goodbye, and leave the next signal to the system: it ends the process at once."""
        stopped.set()
        for number in STOPPING_SIGNALS:
            if asyncio.get_running_loop().remove_signal_handler(number):
                signal.signal(number, signal.SIG_DFL)

    def _connection_changed(self, connected: bool) -> None:  # noqa: FBT001 - a callback has no keywords
        self._keeper.connection_changed(connected)

    def _home_assistant_said(self, payload: bytes) -> None:
        if self._homeassistant is not None:
            self._homeassistant.birth_message(payload)

    def _take(self, reading: Reading) -> None:
        now = asyncio.get_running_loop().time()
        was_silent = self._keeper.frame_came(now)
        due = self._pace.is_due(reading, now=now)
        if self._homeassistant is not None:
            # What it knows from before the silence is old: it gets the states before it sees us online.
            self._homeassistant.take(reading, now=now, due=due or was_silent)
        if not due:
            return
        text = payload.encode(reading, self._options, now=time.time())
        if text is not None:
            self._publisher.publish(text)


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
