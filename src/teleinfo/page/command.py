"""
`teleinfo page`: the live meter and its history as a page, from the serial port or from the broker.

It serves until Ctrl-C, SIGTERM or SIGHUP, and ends with status 0.
"""

from __future__ import annotations

import asyncio
import importlib.util
import sqlite3
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from teleinfo.common.i18n import N_, _
from teleinfo.common.state_directory import file_name, state_directory
from teleinfo.common.untrusted_json import MAX_BYTES
from teleinfo.console.arguments import checked
from teleinfo.console.output import fail, say
from teleinfo.history.fill import fill
from teleinfo.history.recorder import HistoryRecorder, put_aside, unkept
from teleinfo.history.store import Store
from teleinfo.live.run import add_mqtt, run
from teleinfo.page import hosts
from teleinfo.page.contract import OFFERS
from teleinfo.settings import PREFIX, default_env_file, load_all

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from teleinfo.live.model import LiveModel
    from teleinfo.settings import Settings

HELP = N_(
    "Show the live meter and its history as a page in a browser: from the serial port, or from the broker "
    "beside the service."
)

_NO_ADDRESS = N_("{text} is not an address and a port such as 127.0.0.1:8080 or [::1]:8080")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command to `parser`."""
    parser.add_argument(
        "--listen",
        type=partial(checked, hosts.address, _NO_ADDRESS),
        metavar="ADDRESS:PORT",
        help=_("where the page is served (by default at {address})").format(address=f"{PREFIX}WEB_LISTEN"),
    )
    add_mqtt(parser)
    parser.add_argument(
        "--import",
        dest="fill",
        action="store_true",
        help=_("add the JSON lines on standard input to the history of the page, and end"),
    )


def main(arguments: argparse.Namespace) -> int:
    """Serve the page until a signal ends it; return the exit status, raise SettingsError."""
    settings = load_all(arguments.env_files or [default_env_file()], unique=["mqtt_topic"])
    if arguments.fill:
        return _fill(settings[-1])
    if importlib.util.find_spec("aiohttp") is None:
        text = _(
            "The page is served by aiohttp, which is not installed (Debian: sudo apt install "
            "python3-aiohttp; elsewhere: pip install aiohttp). `teleinfo watch` does not need it.\n"
        )
        say(text)
        return 1
    return _serve(arguments.listen or hosts.address(settings[0].web_listen), settings, mqtt=arguments.mqtt)


def _fill(settings: Settings) -> int:
    """Add the readings on standard input to the history; return 1 if there are none, or on an error."""
    store = Store(_history_of(settings), settings.prices)
    lines = iter(lambda: sys.stdin.buffer.readline(MAX_BYTES + 1), b"")  # a line may have any length

    def progress(count: int, day: str) -> None:
        say(_("{count} readings, until {day}").format(count=count, day=day))

    try:
        added, others = fill(store, lines, now=time.time(), progress=progress)
    except (OSError, sqlite3.Error) as error:
        return fail("page", _(unkept(store, error)))
    if (fault := put_aside(store)) is not None:
        say(f"teleinfo page: {_(fault)}")
    text = _(
        "{added} readings were added to the history; {others} lines have no reading, or no possible time"
    )
    say(text.format(added=added, others=others))
    return 0 if added else 1


def _history_of(settings: Settings) -> Path:
    """Return the path of the history of a meter."""
    folder = state_directory("teleinfo-web") or Path("/var/lib/teleinfo-web")
    return folder / f"{file_name(settings.mqtt_topic)}.sqlite"


def offers_file() -> Path:
    """Return the household's file of offers: in the working folder, else that of the service."""
    own = Path("offers.toml")
    return own if own.exists() else OFFERS


def _serve(address: hosts.Address, settings: Sequence[Settings], *, mqtt: bool) -> int:
    """Serve the page of these meters until a signal ends it; return the exit status."""
    from teleinfo.page.server import Streams, show  # noqa: PLC0415 - aiohttp is an extra

    token = next((each.web_token.get_secret_value() for each in settings if each.web_token is not None), "")
    names = frozenset[str]().union(*(each.web_hosts for each in settings))

    async def serve(*models: LiveModel) -> None:
        meters = {}
        async with asyncio.TaskGroup() as tasks:
            for each, model in zip(settings, models, strict=True):
                recorder = HistoryRecorder(_history_of(each), model, prices=each.prices, offers=offers_file())
                meters[each.mqtt_topic] = Streams(model, recorder, each.meter_name)
                tasks.create_task(recorder.run(), name=f"teleinfo.history.recorder.{each.mqtt_topic}")
            await show(listening, address, meters, names=names, token=token)

    try:
        listening = hosts.listen(address)
    except OSError as error:
        why = hosts.why_not(error)
        say(_("The page cannot be served at {address}: {why}.\n").format(address=address, why=why))
        return 1
    say(hosts.introduction(address, is_secret=bool(token)))
    with listening:
        run(settings, serve, mqtt=mqtt, log=True)
    return 0
