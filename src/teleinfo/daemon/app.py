"""
Run the meters of one process, and shut them down on signals.

Each meter has a task (`meter.MeterTask`); one more task reports to systemd (`watchdog.Watchdog`). A fault of
a port or of a broker is handled where it occurs, and does not affect the other meters. Any other error ends
the process, and systemd starts it again.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from teleinfo import __version__
from teleinfo.common.event_loop import on_stop
from teleinfo.daemon.meter import MeterTask
from teleinfo.daemon.watchdog import Notifier, Watchdog

if TYPE_CHECKING:
    from collections.abc import Sequence

    from teleinfo.settings import Settings

log = logging.getLogger(__name__)


async def serve(settings: Sequence[Settings], notifier: Notifier) -> None:
    """
    Run a meter for each of `settings`, whose topics differ, until a signal asks to stop.

    Raises the errors that the tasks do not handle.
    """
    watchdog = Watchdog(notifier)
    single = len(settings) == 1
    meters = {
        each.mqtt_topic: MeterTask(
            each, watchdog, name="" if single else each.mqtt_topic, phase=number / len(settings)
        )
        for number, each in enumerate(settings)
    }

    def status(now: float) -> tuple[object, str]:
        keys = [meter.monitor.status_key(now) for meter in meters.values()]
        texts = {topic: meter.monitor.status_text(now) for topic, meter in meters.items()}
        return keys, " | ".join(text if single else f"{topic}: {text}" for topic, text in texts.items())

    stop = asyncio.Event()
    on_stop(stop.set, once=True)
    log.info("teleinfo %s has started", __version__)
    async with asyncio.TaskGroup() as tasks:
        for topic, meter in meters.items():
            tasks.create_task(meter.run(stop), name=f"teleinfo.meter.{topic}")
        watching = tasks.create_task(watchdog.run(status), name="teleinfo.watchdog")
        await stop.wait()
        notifier.send("STOPPING=1")
        watching.cancel()
    log.info("teleinfo has stopped")
