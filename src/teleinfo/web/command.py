"""
`teleinfo web`: the live meter and its history as a page, from the serial port or from the broker.

It serves until Ctrl-C, SIGTERM or SIGHUP, and ends with status 0.
"""

from __future__ import annotations

import asyncio
import importlib.util
from functools import partial
from typing import TYPE_CHECKING

from teleinfo.common.i18n import N_, _
from teleinfo.console.arguments import checked
from teleinfo.console.output import say
from teleinfo.history.location import history_of
from teleinfo.history.recorder import HistoryRecorder
from teleinfo.live.feeds import add_mqtt, run
from teleinfo.settings import PREFIX, Settings, checks, default_env_file
from teleinfo.settings.sources import load_all
from teleinfo.web import hosts

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from teleinfo.live.model import LiveModel

HELP = N_(
    "Show the live meter and its history as a page in a browser: from the serial port, or from the broker "
    "beside the service."
)

_NO_ADDRESS = N_("{text} is not an address and a port such as 127.0.0.1:8080 or [::1]:8080")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command to `parser`."""
    add = parser.add_argument
    where = _("where the page is served (by default at {address})").format(address=f"{PREFIX}WEB_LISTEN")
    add("--listen", type=partial(checked, checks.address, _NO_ADDRESS), metavar="ADDRESS:PORT", help=where)
    add_mqtt(parser)


def main(arguments: argparse.Namespace) -> int:
    """Serve the page until a signal ends it; return the exit status, raise SettingsError."""
    settings = load_all(arguments.env_files or [default_env_file()], unique=["mqtt_topic"])
    if importlib.util.find_spec("aiohttp") is None:
        text = _(
            "The page is served by aiohttp, which is not installed (Debian: sudo apt install "
            "python3-aiohttp; elsewhere: pip install aiohttp). `teleinfo watch` does not need it.\n"
        )
        say(text)
        return 1
    return _serve(arguments.listen or checks.address(settings[0].web_listen), settings, mqtt=arguments.mqtt)


def _serve(address: checks.Address, settings: Sequence[Settings], *, mqtt: bool) -> int:
    """Serve the page of these meters until a signal ends it; return the exit status."""
    from teleinfo.web.server import Streams, show  # noqa: PLC0415 - aiohttp is an extra

    tokens = [each.web_token for each in settings if each.web_token is not None]
    token = tokens[0] if tokens else ""
    metrics = any(each.web_metrics for each in settings)
    names: set[str] = set()
    for each in settings:
        names |= each.web_hosts

    async def serve(*models: LiveModel) -> None:
        meters = {}
        async with asyncio.TaskGroup() as tasks:
            for each, model in zip(settings, models, strict=True):
                recorder = HistoryRecorder(history_of(each.mqtt_topic), model)
                meters[each.mqtt_topic] = Streams(model, recorder, each.meter_name)
                tasks.create_task(recorder.run(), name=f"teleinfo.history.recorder.{each.mqtt_topic}")
            await show(listening, address, meters, names=names, token=token, metrics=metrics)

    try:
        listening = hosts.listen(address)
    except OSError as error:
        why = hosts.why_not(error)
        say(_("The page cannot be served at {address}: {why}.\n").format(address=address, why=why))
        return 1
    say(hosts.introduction(address, is_secret=bool(token)))
    with listening:
        run("web", settings, serve, mqtt=mqtt, log=True)
    return 0
