"""
Run the meters of one process, and shut them down on signals.

Each meter has a task (`meter.MeterTask`); one more task reports to systemd (`watchdog.Watchdog`). A fault of
a port or of a broker is repaired where it occurs, and does not affect the other meters. Any other error ends
the process, and systemd starts it again.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from teleinfo import __version__
from teleinfo.common.event_loop import on_stop
from teleinfo.daemon.meter import MeterTask
from teleinfo.daemon.watchdog import Heartbeats, Watchdog

if TYPE_CHECKING:
    from collections.abc import Sequence

    from teleinfo.daemon.sd_notify import Notifier
    from teleinfo.settings import Settings

log = logging.getLogger(__name__)


class Daemon:
    """A meter for each of `settings`, no two of the same topic. To be made inside the event loop."""

    def __init__(self, settings: Sequence[Settings], notifier: Notifier) -> None:
        self._notifier = notifier
        heartbeats = Heartbeats()
        disk = asyncio.Lock()
        single = len(settings) == 1
        self._meters = {
            each.mqtt_topic: MeterTask(each, heartbeats, disk=disk, name="" if single else each.mqtt_topic)
            for each in settings
        }
        self._watchdog = Watchdog(
            heartbeats,
            notifier,
            status_key=lambda now: [meter.status_key(now) for meter in self._meters.values()],
            status_text=self._status_text,
        )

    async def run(self) -> None:
        """Run until a signal asks to stop; raise the errors that a task could not repair."""
        stop = asyncio.Event()
        on_stop(stop.set, once=True)
        log.info("teleinfo %s has started", __version__)
        async with asyncio.TaskGroup() as tasks:
            for topic, meter in self._meters.items():
                tasks.create_task(meter.run(stop), name=f"teleinfo.meter.{topic}")
            watchdog = tasks.create_task(self._watchdog.run(), name="teleinfo.watchdog")
            await stop.wait()
            self._notifier.send("STOPPING=1")
            watchdog.cancel()
        log.info("teleinfo has stopped")

    def _status_text(self, now: float) -> str:
        texts = {topic: meter.status_text(now) for topic, meter in self._meters.items()}
        if len(texts) == 1:
            return next(iter(texts.values()))
        return " | ".join(f"{topic}: {text}" for topic, text in texts.items())
