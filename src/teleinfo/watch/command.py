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
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from teleinfo.cli.arguments import checked
from teleinfo.cli.output import fail, say
from teleinfo.common import event_loop, journal
from teleinfo.common.i18n import N_, _
from teleinfo.common.state_directory import file_name, state_directory
from teleinfo.common.untrusted_json import MAX_BYTES
from teleinfo.port.link_status import SILENT_AFTER
from teleinfo.settings import PREFIX, default_env_file, load_all
from teleinfo.watch import plain
from teleinfo.watch.feeds import listen, read_port
from teleinfo.watch.live_model import LiveModel
from teleinfo.watch.web import hosts
from teleinfo.watch.web.recorder import HistoryRecorder, fill, put_aside, unkept
from teleinfo.watch.web.store import Store

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Coroutine, Sequence
    from typing import Any

    from teleinfo.settings import Settings

HELP = N_(
    "Show the live meter in the terminal or as a page: from the serial port, or from the broker beside the "
    "service."
)

_NO_ADDRESS = N_("{text} is not an address and a port such as 127.0.0.1:8080 or [::1]:8080")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command to `parser`."""
    parser.add_argument(
        "--web",
        nargs="?",
        type=partial(checked, hosts.address, _NO_ADDRESS),
        const=(),
        metavar="ADDRESS:PORT",
        help=_("serve a page with the meter in place of the screen (by default at {address})").format(
            address=f"{PREFIX}WEB_LISTEN"
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
    settings = load_all(arguments.env_files or [default_env_file()], unique=["mqtt_topic"])
    if arguments.fill:
        return _fill(settings[-1])
    if arguments.web is not None:
        return _serve(arguments.web or hosts.address(settings[0].web_listen), settings, mqtt=arguments.mqtt)
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

    show = screen.show if full else plain.show
    event_loop.run(_watch(settings[-1:], show, mqtt=arguments.mqtt, log=not full))
    return 0


def _fill(settings: Settings) -> int:
    """Add the readings on standard input to the history; return 1 if there are none, or on an error."""
    store = Store(_history_of(settings), settings.prices)
    lines = iter(lambda: sys.stdin.buffer.readline(MAX_BYTES + 1), b"")  # a line may have any length

    def progress(count: int, day: str) -> None:
        say(_("{count} readings, until {day}").format(count=count, day=day))

    try:
        added, others = fill(store, lines, now=time.time(), progress=progress)
    except (OSError, sqlite3.Error) as error:
        return fail("watch", _(unkept(store, error)))
    if (fault := put_aside(store)) is not None:
        say(f"teleinfo watch: {_(fault)}")
    text = _(
        "{added} readings were added to the history; {others} lines have no reading, or no possible time"
    )
    say(text.format(added=added, others=others))
    return 0 if added else 1


def _history_of(settings: Settings) -> Path:
    """Return the path of the history of a meter."""
    folder = state_directory("teleinfo-web") or Path("/var/lib/teleinfo-web")
    return folder / f"{file_name(settings.mqtt_topic)}.sqlite"


def _serve(address: hosts.Address, settings: Sequence[Settings], *, mqtt: bool) -> int:
    """Serve the page of these meters until a signal ends it; return the exit status."""
    if importlib.util.find_spec("aiohttp") is None:
        text = _(
            "The page is served by aiohttp, which is not installed (Debian: sudo apt install "
            "python3-aiohttp; elsewhere: pip install aiohttp). `teleinfo watch` without --web does not need "
            "it.\n"
        )
        say(text)
        return 1
    from teleinfo.watch.web.server import Streams, show  # noqa: PLC0415 - aiohttp is an extra

    token = next((each.web_token.get_secret_value() for each in settings if each.web_token is not None), "")
    names = frozenset[str]().union(*(each.web_hosts for each in settings))

    async def serve(*models: LiveModel) -> None:
        meters = {}
        async with asyncio.TaskGroup() as tasks:
            for each, model in zip(settings, models, strict=True):
                recorder = HistoryRecorder(_history_of(each), model, prices=each.prices)
                meters[each.mqtt_topic] = Streams(model, recorder, each.meter_name, lines=plain.PlainLines())
                tasks.create_task(recorder.run(), name=f"teleinfo.watch.recorder.{each.mqtt_topic}")
            await show(listening, address, meters, names=names, token=token)

    try:
        listening = hosts.listen(address)
    except OSError as error:
        why = hosts.why_not(error)
        say(_("The page cannot be served at {address}: {why}.\n").format(address=address, why=why))
        return 1
    say(hosts.introduction(address, is_secret=bool(token)))
    with listening:
        event_loop.run(_watch(settings, serve, mqtt=mqtt, log=True))
    return 0


async def _watch(
    settings: Sequence[Settings], show: Callable[..., Coroutine[Any, Any, None]], *, mqtt: bool, log: bool
) -> None:
    """Feed and show a model of each meter until cancelled; with `log` and the level DEBUG, write a log."""
    event_loop.cancel_on_stop()
    if log and "DEBUG" in {each.log_level for each in settings}:
        journal.configure("DEBUG")
    else:
        # The notes report the same faults in the user's language; lines of a log would break the screen.
        logging.basicConfig(handlers=[logging.NullHandler()], force=True)
    models = [LiveModel(patience=None if mqtt else SILENT_AFTER, prices=each.prices) for each in settings]
    feed = listen if mqtt else read_port
    with contextlib.suppress(asyncio.CancelledError):
        async with asyncio.TaskGroup() as tasks:
            for each, model in zip(settings, models, strict=True):
                tasks.create_task(feed(each, model), name=f"teleinfo.watch.feed.{each.mqtt_topic}")
            await show(*models)
