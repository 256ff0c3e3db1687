"""
Run the meters of one process, and shut them down on signals.

Each meter has a task (`meter.MeterTask`); one more task reports to systemd (`watchdog.Watchdog`). A fault of
a port or of a broker is handled where it occurs, and does not affect the other meters. Any other error ends
the process, and systemd starts it again.
"""

from __future__ import annotations

import asyncio
import logging
import textwrap
from typing import TYPE_CHECKING, Final

from teleinfo import __version__
from teleinfo.common.durations import Ticks
from teleinfo.common.event_loop import on_stop
from teleinfo.common.i18n import _
from teleinfo.daemon.meter import MeterTask
from teleinfo.daemon.watchdog import Notifier, Watchdog
from teleinfo.mqtt.errors import CUT_OFF
from teleinfo.port.line_log import SEPARATOR

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from teleinfo.settings import Settings

log = logging.getLogger(__name__)

MOST_TEXTS: Final = 10
"""Meters with a text each in the line of status: systemd ignores a message of more than 4096 bytes."""

SILENT_LENGTH: Final = 500
"""Longest list of the topics of silent meters in that line, in characters."""


async def serve(settings: Sequence[Settings], notifier: Notifier) -> None:
    """
    Run a meter for each of `settings`, whose topics differ, until a signal asks to stop.

    Raises the errors that the tasks do not handle.
    """
    watchdog = Watchdog(notifier)
    meters: dict[str, MeterTask] = {}
    for number, each in enumerate(settings):
        name = each.mqtt_topic if len(settings) > 1 else ""
        # The meters of one process wake up one after the other, in equal parts of a period.
        ticks = Ticks(number / len(settings))
        meters[each.mqtt_topic] = MeterTask(each, watchdog, name=name, ticks=ticks)

    stop = asyncio.Event()
    on_stop(stop.set, once=True)
    log.info("teleinfo %s has started", __version__)
    async with asyncio.TaskGroup() as tasks:
        for topic, meter in meters.items():
            tasks.create_task(meter.run(stop), name=f"teleinfo.meter.{topic}")
        reporting = watchdog.run(
            lambda now: [meter.monitor.status_key(now) for meter in meters.values()],
            lambda now: status_text(meters, now),
        )
        watching = tasks.create_task(reporting, name="teleinfo.watchdog")
        await stop.wait()
        notifier.send("STOPPING=1")
        # The meters end by themselves, after their goodbye.
        watching.cancel()
    log.info("teleinfo has stopped")


def status_text(meters: Mapping[str, MeterTask], now: float) -> str:
    """
    Return the line of `systemctl status` at the time `now`, for the meters by their base topics.

    Many meters are counted, and the silent ones named. A broker is named if a meter is not connected to it.
    """
    if len(meters) > MOST_TEXTS:
        return _counted(meters)
    texts = {topic: meter.monitor.status_text(now) for topic, meter in meters.items()}
    if len(texts) == 1:
        [text] = texts.values()
        return text
    return " | ".join(f"{topic}: {text}" for topic, text in texts.items())


def _counted(meters: Mapping[str, MeterTask]) -> str:
    """Return a line with the number of the meters that are heard, the silent ones, and a missing broker."""
    silent = [topic for topic, meter in meters.items() if not meter.monitor.online]
    heard = _("{heard} of {count} meters heard")
    parts = [heard.format(heard=len(meters) - len(silent), count=len(meters))]
    if silent:
        topics = textwrap.shorten(", ".join(silent), SILENT_LENGTH, placeholder=" …")
        parts.append(_("silent: {topics}").format(topics=topics))
    for meter in meters.values():
        publisher = meter.monitor.publisher
        if not publisher.is_connected:
            parts.append(_(CUT_OFF).format(address=publisher.broker.address))
            break  # the others mostly have the same one
    return _(SEPARATOR).join(parts)
