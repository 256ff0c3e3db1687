"""
`teleinfo page`: the live meter and its history as a page, from the serial port or from the broker.

It serves until Ctrl-C, SIGTERM or SIGHUP, and ends with status 0.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from teleinfo.common.i18n import N_, _
from teleinfo.common.state_directory import file_name, state_directory
from teleinfo.console.arguments import checked
from teleinfo.console.output import say
from teleinfo.history import imports
from teleinfo.history.imported_files import ANY_SITE
from teleinfo.history.recorder import HistoryRecorder
from teleinfo.history.store import Store
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

_SERVICE = Path("/var/lib/teleinfo-web")
"""The state directory of the service."""

_NO_ADDRESS = N_("{text} is not an address and a port such as 127.0.0.1:8080 or [::1]:8080")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command to `parser`."""
    add = parser.add_argument
    where = _("where the page is served (by default at {address})").format(address=f"{PREFIX}WEB_LISTEN")
    add("--listen", type=partial(checked, checks.address, _NO_ADDRESS), metavar="ADDRESS:PORT", help=where)
    add_mqtt(parser)
    files = _("add files to the history, such as those of Enedis, or JSON lines on standard input, and end")
    add("--import", dest="files", nargs="*", type=Path, metavar="FILE", help=files)
    any_site = _("add files of another meter (PRM) than earlier ones, too")
    add(ANY_SITE, action="store_true", help=any_site)
    undo = _("remove what the last import of files added, and end")
    add("--undo-import", action="store_true", help=undo)
    export = _("write the whole history to a new file, and end")
    add("--export", type=Path, metavar="FILE", help=export)


def main(arguments: argparse.Namespace) -> int:
    """Serve the page until a signal ends it; return the exit status, raise SettingsError."""
    settings = load_all(arguments.env_files or [default_env_file()], unique=["mqtt_topic"])
    if arguments.files is not None or arguments.undo_import or arguments.export is not None:
        # Root changes the history of the service.
        is_root = os.geteuid() == 0 and not os.environ.get("STATE_DIRECTORY")
        path = _history_of(settings[-1], _SERVICE if is_root and _SERVICE.exists() else None)
        return imports.change(Store(path), arguments, offers=Path(settings[-1].offers))
    if importlib.util.find_spec("aiohttp") is None:
        text = _(
            "The page is served by aiohttp, which is not installed (Debian: sudo apt install "
            "python3-aiohttp; elsewhere: pip install aiohttp). `teleinfo watch` does not need it.\n"
        )
        say(text)
        return 1
    return _serve(arguments.listen or checks.address(settings[0].web_listen), settings, mqtt=arguments.mqtt)


def _history_of(settings: Settings, folder: Path | None = None) -> Path:
    """Return the path of the history of a meter, in `folder` or in the state directory of this user."""
    folder = folder or state_directory("teleinfo-web") or _SERVICE
    return folder / f"{file_name(settings.mqtt_topic)}.sqlite"


def _serve(address: checks.Address, settings: Sequence[Settings], *, mqtt: bool) -> int:
    """Serve the page of these meters until a signal ends it; return the exit status."""
    from teleinfo.web.server import Streams, show  # noqa: PLC0415 - aiohttp is an extra

    token = next((each.web_token for each in settings if each.web_token is not None), "")
    metrics = any(each.web_metrics for each in settings)
    names = frozenset[str]().union(*(each.web_hosts for each in settings))

    async def serve(*models: LiveModel) -> None:
        meters = {}
        async with asyncio.TaskGroup() as tasks:
            for each, model in zip(settings, models, strict=True):
                recorder = HistoryRecorder(_history_of(each), model)
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
        run(settings, serve, mqtt=mqtt, log=True)
    return 0
