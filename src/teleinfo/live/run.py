"""Feed a model of each meter, and show the models, until a signal ends it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING

from teleinfo.common import event_loop, journal
from teleinfo.common.i18n import _
from teleinfo.live.feeds import listen, read_port
from teleinfo.live.model import LiveModel
from teleinfo.port.link_status import SILENT_AFTER

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Coroutine, Sequence
    from typing import Any

    from teleinfo.settings import Settings


def add_mqtt(parser: argparse.ArgumentParser) -> None:
    """Add the option `--mqtt`, the argument `mqtt` of `run`."""
    parser.add_argument(
        "--mqtt",
        action="store_true",
        help=_("listen to the daemon on the broker of the settings, in place of opening the serial port"),
    )


def run(
    settings: Sequence[Settings], show: Callable[..., Coroutine[Any, Any, None]], *, mqtt: bool, log: bool
) -> None:
    """
    Run `show(*models)` with a model of each meter until SIGINT, SIGTERM or SIGHUP.

    The models are fed by the broker if `mqtt`, else by the serial port. With `log` their notes are printed,
    and with the level DEBUG a log is written.
    """
    if log and "DEBUG" in {each.log_level for each in settings}:
        journal.configure("DEBUG")
    else:
        # The notes report the same faults in the user's language; lines of a log would break the screen.
        logging.basicConfig(handlers=[logging.NullHandler()], force=True)

    async def feed_and_show() -> None:
        event_loop.cancel_on_stop()
        patience = None if mqtt else SILENT_AFTER
        models = [LiveModel(patience=patience, prices=each.prices, prints_notes=log) for each in settings]
        feed = listen if mqtt else read_port
        with contextlib.suppress(asyncio.CancelledError):
            async with asyncio.TaskGroup() as tasks:
                for each, model in zip(settings, models, strict=True):
                    tasks.create_task(feed(each, model), name=f"teleinfo.live.feed.{each.mqtt_topic}")
                await show(*models)

    event_loop.run(feed_and_show())
