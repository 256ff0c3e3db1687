"""
`teleinfo watch`: the live meter, in the terminal or as a page, from the serial port or from the broker.

On a terminal it fills the screen; elsewhere it prints a line for each value that changes. It ends at Ctrl-C,
SIGTERM or SIGHUP with status 0, and leaves the terminal clean.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import logging
import os
import sqlite3
import sys
from functools import partial
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, TypeAlias

from teleinfo.cli.output import fail, say
from teleinfo.common import event_loop, journal
from teleinfo.common.i18n import N_, _
from teleinfo.common.state_directory import state_directory
from teleinfo.common.terminal_text import printable
from teleinfo.mqtt.config import Topics
from teleinfo.port.link_status import SILENT_AFTER
from teleinfo.settings import default_env_file, load
from teleinfo.watch import plain
from teleinfo.watch.feeds import listen, read_port
from teleinfo.watch.live_model import LiveModel
from teleinfo.watch.web import hosts
from teleinfo.watch.web.recorder import HistoryRecorder, fill
from teleinfo.watch.web.store import Store

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Coroutine
    from typing import Any

    from teleinfo.settings import Settings

HELP = N_(
    "Show the live meter in the terminal or as a page: from the serial port, or from the broker beside the "
    "service."
)

_Work: TypeAlias = "Coroutine[Any, Any, None]"


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
    parser.add_argument(
        "--import",
        dest="fill",
        action="store_true",
        help=_("add the JSON lines on standard input to the history of the page, and end"),
    )


def main(arguments: argparse.Namespace) -> int:
    """Show the meter until a signal or a key ends it; return the exit status, raise SettingsError."""
    settings = load(arguments.env_file or default_env_file())
    if arguments.fill:
        return _fill(settings)
    watch = partial(_watch, settings, mqtt=arguments.mqtt)
    if arguments.web is not None:
        return _serve(arguments.web, watch, settings)
    full = sys.stdout.isatty() and os.environ.get("TERM") not in {None, "", "dumb"}
    if full and importlib.util.find_spec("rich") is None:
        text = _(
            "The screen is drawn by rich, which is not installed (Debian: sudo apt install python3-rich; "
            "elsewhere: pip install rich). Here are plain lines in its place.\n"
        )
        say(text)
        full = False
    if full:
        from teleinfo.watch import screen  # noqa: PLC0415 - rich is an extra

    event_loop.run(watch(screen.show if full else plain.show, log=not full))
    return 0


def _fill(settings: Settings) -> int:
    """Add the readings on standard input to the history; return 1 if there are none, or on an error."""
    store = Store(_folder(), settings.prices)
    try:
        added, others = fill(store, sys.stdin.buffer)
    except (OSError, sqlite3.Error) as error:
        return fail("watch", printable(f"{store.path}: {error}"))
    text = _("{added} readings were added to the history; {others} lines have no reading, or no time")
    say(text.format(added=added, others=others))
    return 0 if added else 1


def _folder() -> Path:
    """Return the directory of the history."""
    return state_directory("teleinfo-web") or Path("/var/lib/teleinfo-web")


def _serve(address: hosts.Address, watch: Callable[..., _Work], settings: Settings) -> int:
    """Serve the page until a signal ends it; return the exit status."""
    if importlib.util.find_spec("aiohttp") is None:
        text = _(
            "The page is served by aiohttp, which is not installed (Debian: sudo apt install "
            "python3-aiohttp; elsewhere: pip install aiohttp). `teleinfo watch` without --web does not need "
            "it.\n"
        )
        say(text)
        return 1
    from teleinfo.watch.web.server import Streams, show  # noqa: PLC0415 - aiohttp is an extra

    token = "" if settings.web_token is None else settings.web_token.get_secret_value()

    async def serve(model: LiveModel) -> None:
        recorder = HistoryRecorder(_folder(), model, prices=settings.prices)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(recorder.run(), name="teleinfo.watch.recorder")
            await show(listening, address, Streams(model, recorder), names=settings.web_hosts, token=token)

    try:
        listening = hosts.listen(address)
    except OSError as error:
        why = hosts.why_not(error)
        say(_("The page cannot be served at {address}: {why}.\n").format(address=address, why=why))
        return 1
    say(hosts.introduction(address, is_secret=bool(token)))
    with listening:
        event_loop.run(watch(serve, log=True))
    return 0


async def _watch(settings: Settings, show: Callable[[LiveModel], _Work], *, mqtt: bool, log: bool) -> None:
    """Feed a model and show it until cancelled; with `log` and the level DEBUG, write a log as well."""
    event_loop.cancel_on_stop()
    if settings.log_level == "DEBUG" and log:
        journal.configure(settings.log_level)
    else:
        # The notes report the same faults in the user's language; lines of a log would break the screen.
        logging.basicConfig(handlers=[logging.NullHandler()], force=True)
    model = LiveModel(patience=None if mqtt else SILENT_AFTER, prices=settings.prices)
    rng = Random()  # noqa: S311 - spreads retries, guards nothing
    feed = (
        listen(settings.broker, Topics(settings.mqtt_topic), model, rng=rng)
        if mqtt
        else read_port(settings, model)
    )
    with contextlib.suppress(asyncio.CancelledError):
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(feed, name="teleinfo.watch.feed")
            await show(model)
