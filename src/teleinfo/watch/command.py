"""
`teleinfo watch`: the live meter in the terminal, from the serial port or from the broker.

On a terminal it fills the screen (rich, the extra `watch`); elsewhere it prints a line for each value that
changes. It ends at Ctrl-C, SIGTERM or SIGHUP with status 0, and leaves the terminal clean.
"""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import os
import signal
import sys
from random import Random
from typing import TYPE_CHECKING, Final, NoReturn

from teleinfo.cli.output import wrapped
from teleinfo.common import journal
from teleinfo.common.executor import DaemonThreadExecutor
from teleinfo.common.i18n import N_, _
from teleinfo.mqtt.config import Topics
from teleinfo.port.link_status import SILENT_AFTER
from teleinfo.settings import LogLevel, default_env_file, load
from teleinfo.watch import plain
from teleinfo.watch.broker_feed import BrokerFeed
from teleinfo.watch.live_model import LiveModel
from teleinfo.watch.port_feed import PortFeed

if TYPE_CHECKING:
    import argparse

    from teleinfo.settings import Settings

HELP = N_("Show the live meter in the terminal: from the serial port, or from the broker beside the service.")

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command to `parser`."""
    parser.add_argument(
        "--mqtt",
        action="store_true",
        help=_("listen to the daemon on the broker of the settings, in place of opening the serial port"),
    )


def main(arguments: argparse.Namespace) -> int:
    """Show the meter until told to stop; return the exit status, raise SettingsError."""
    settings = load(arguments.env_file or default_env_file())
    full = sys.stdout.isatty() and os.environ.get("TERM") not in {None, "", "dumb"}
    if full and importlib.util.find_spec("rich") is None:
        text = _(
            "The screen is drawn by rich, which is not installed (Debian: sudo apt install python3-rich; "
            "elsewhere: pip install rich). Here are plain lines in its place.\n"
        )
        sys.stderr.write(wrapped(text, sys.stderr))
        full = False
    asyncio.run(_watch(settings, mqtt=arguments.mqtt, full=full))
    return 0


async def _watch(settings: Settings, *, mqtt: bool, full: bool) -> None:
    loop = asyncio.get_running_loop()
    loop.set_default_executor(DaemonThreadExecutor())
    stop, changed = asyncio.Event(), asyncio.Event()
    model = LiveModel(patience=None if mqtt else SILENT_AFTER)

    def end() -> None:
        stop.set()
        changed.set()

    for number in SIGNALS:
        loop.add_signal_handler(number, end)
    if settings.log_level is LogLevel.DEBUG and not full:
        journal.configure(settings.log_level)
    else:
        # The notes say the same in the language of the reader, and a log would tear the screen.
        logging.basicConfig(handlers=[logging.NullHandler()], force=True)
    async with asyncio.TaskGroup() as tasks:
        feed = tasks.create_task(_feed(settings, model, changed, mqtt=mqtt), name="teleinfo.watch.feed")
        if full:
            from teleinfo.watch import screen  # noqa: PLC0415 - rich is an extra

            await screen.show(model, changed=changed, stop=stop)
        else:
            await plain.show(model, changed=changed, stop=stop)
        feed.cancel()


async def _feed(settings: Settings, model: LiveModel, changed: asyncio.Event, *, mqtt: bool) -> NoReturn:
    """Keep the model up to date, until cancelled."""
    rng = Random()  # noqa: S311 - spreads retries, guards nothing
    if mqtt:
        topics = Topics(settings.mqtt_topic)
        await BrokerFeed(settings.broker, topics, model, changed=changed.set, rng=rng).run()
    await PortFeed(settings, model, changed=changed.set, rng=rng).run()
