"""`teleinfo run`: the daemon."""

from __future__ import annotations

import asyncio
import logging
import signal
from typing import TYPE_CHECKING

from teleinfo.common import journal
from teleinfo.common.i18n import N_
from teleinfo.daemon.app import Daemon
from teleinfo.daemon.sd_notify import Notifier
from teleinfo.settings import Settings, load, unread_variables

if TYPE_CHECKING:
    import argparse

log = logging.getLogger(__name__)

HELP = N_("Read the meter and publish each frame on the broker, until told to stop.")


def configure(parser: argparse.ArgumentParser) -> None:
    """`run` has no arguments of its own: its settings are variables."""
    del parser


def main(arguments: argparse.Namespace) -> int:
    """Run the daemon and return 0 when it was asked to stop; raise SettingsError."""
    # Until the daemon is there to say goodbye, Ctrl-C just ends the process, as the other signals do.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    settings = load(arguments.env_file)
    journal.configure(settings.log_level)
    for warning in unread_variables():
        log.warning("environment: %s", warning)
    asyncio.run(_serve(settings))
    return 0


async def _serve(settings: Settings) -> None:
    await Daemon(settings, Notifier()).run()
