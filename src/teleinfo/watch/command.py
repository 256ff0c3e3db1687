"""
`teleinfo watch`: the live meter, in the terminal or as a page, from the serial port or from the broker.

On a terminal it fills the screen (rich, the extra `watch`); elsewhere it prints a line for each value that
changes. With `--web` it serves a page in their place (aiohttp, the extra `web`). It ends at Ctrl-C, SIGTERM
or SIGHUP with status 0, and leaves the terminal clean.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import importlib.util
import logging
import os
import sys
from functools import partial
from random import Random
from typing import TYPE_CHECKING, NoReturn, Protocol

from teleinfo.cli.output import say
from teleinfo.common import event_loop, journal
from teleinfo.common.i18n import N_, _
from teleinfo.mqtt.config import Topics
from teleinfo.port.link_status import SILENT_AFTER
from teleinfo.settings import LogLevel, default_env_file, load
from teleinfo.watch import plain
from teleinfo.watch.broker_feed import BrokerFeed
from teleinfo.watch.live_model import LiveModel
from teleinfo.watch.port_feed import PortFeed
from teleinfo.watch.web import hosts

if TYPE_CHECKING:
    import argparse

    from teleinfo.settings import Settings
    from teleinfo.watch.web.hosts import Address

HELP = N_(
    "Show the live meter in the terminal or as a page: from the serial port, or from the broker beside the "
    "service."
)


class _Show(Protocol):
    """Shows a model whenever it `changed`, until `stop`."""

    async def __call__(self, model: LiveModel, *, changed: asyncio.Event, stop: asyncio.Event) -> None: ...


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command to `parser`."""
    parser.add_argument(
        "--web",
        nargs="?",
        type=hosts.address,
        const=hosts.DEFAULT,
        metavar="ADDRESS:PORT",
        help=_("serve a page with the meter in place of the screen (by default at {address})").format(
            address=hosts.DEFAULT
        ),
    )
    parser.add_argument(
        "--mqtt",
        action="store_true",
        help=_("listen to the daemon on the broker of the settings, in place of opening the serial port"),
    )


def main(arguments: argparse.Namespace) -> int:
    """Show the meter until told to stop; return the exit status, raise SettingsError."""
    settings = load(arguments.env_file or default_env_file())
    if arguments.web is not None:
        return _serve(settings, arguments.web, mqtt=arguments.mqtt)
    full = sys.stdout.isatty() and os.environ.get("TERM") not in {None, "", "dumb"}
    if full and importlib.util.find_spec("rich") is None:
        text = _(
            "The screen is drawn by rich, which is not installed (Debian: sudo apt install python3-rich; "
            "elsewhere: pip install rich). Here are plain lines in its place.\n"
        )
        say(text)
        full = False
    model = LiveModel(patience=None if arguments.mqtt else SILENT_AFTER)
    if full:
        from teleinfo.watch import screen  # noqa: PLC0415 - rich is an extra

        show = screen.show
    else:
        show = plain.show
    event_loop.run(_watch(settings, model, show, mqtt=arguments.mqtt, log=not full))
    return 0


def _serve(settings: Settings, address: Address, *, mqtt: bool) -> int:
    """Serve the page until told to stop; return the exit status."""
    if importlib.util.find_spec("aiohttp") is None:
        text = _(
            "The page is served by aiohttp, which is not installed (Debian: sudo apt install "
            "python3-aiohttp; elsewhere: pip install aiohttp). `teleinfo watch` without --web does not need "
            "it.\n"
        )
        say(text)
        return 1
    from teleinfo.watch.web.page_model import PageModel  # noqa: PLC0415 - for the page alone
    from teleinfo.watch.web.server import show  # noqa: PLC0415 - aiohttp is an extra
    from teleinfo.watch.web.stream import Streams  # noqa: PLC0415 - for the page alone

    model = PageModel(patience=None if mqtt else SILENT_AFTER, clock=lambda: dt.datetime.now().astimezone())
    try:
        listening = hosts.listen(address)
    except OSError as error:
        text = _("The page cannot be served at {address}: {why}.\n")
        say(text.format(address=address, why=hosts.why_not(error)))
        return 1
    say(hosts.introduction(address))
    with listening:
        event_loop.run(
            _watch(settings, model, partial(show, listening, address, Streams(model)), mqtt=mqtt, log=True)
        )
    return 0


async def _watch(settings: Settings, model: LiveModel, show: _Show, *, mqtt: bool, log: bool) -> None:
    stop, changed = asyncio.Event(), asyncio.Event()

    def end() -> None:
        stop.set()
        changed.set()

    event_loop.on_stop(end)
    if settings.log_level is LogLevel.DEBUG and log:
        journal.configure(settings.log_level)
    else:
        # The notes say the same in the language of the reader, and lines of a log would break the screen.
        logging.basicConfig(handlers=[logging.NullHandler()], force=True)
    async with asyncio.TaskGroup() as tasks:
        feed = tasks.create_task(_feed(settings, model, changed, mqtt=mqtt), name="teleinfo.watch.feed")
        await show(model, changed=changed, stop=stop)
        feed.cancel()


async def _feed(settings: Settings, model: LiveModel, changed: asyncio.Event, *, mqtt: bool) -> NoReturn:
    """Keep the model up to date, until cancelled."""
    rng = Random()  # noqa: S311 - spreads retries, guards nothing
    if mqtt:
        topics = Topics(settings.mqtt_topic)
        await BrokerFeed(settings.broker, topics, model, changed=changed.set, rng=rng).run()
    await PortFeed(settings, model, changed=changed.set, rng=rng).run()
