"""`teleinfo run`: the daemon."""

from __future__ import annotations

import argparse
import logging

from teleinfo.common import event_loop, journal
from teleinfo.common.i18n import N_, _, use_language
from teleinfo.daemon.app import serve
from teleinfo.daemon.watchdog import Notifier
from teleinfo.settings import DEFAULTS, SECRETS
from teleinfo.settings.sources import load_all, repeated_lines, unread_variables
from teleinfo.settings.values import explanations

log = logging.getLogger(__name__)

HELP = N_(
    "Read the meter and publish each frame on the broker, until told to stop. Several --env-file, or a "
    "directory of *.env files: several meters in one process."
)

# The flags that `--help` shows: those of a first try.
_SHOWN = {"serial_port", "serial_mode", "mqtt_host", "mqtt_port", "mqtt_topic", "homeassistant", "log_level"}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add a flag for each setting but secrets, which other users would see in the list of processes."""
    advice = _(
        "They win over the environment and the file. Each other setting but passwords has its flag, too: "
        "--mqtt-qos for TELEINFO_MQTT_QOS."
    )
    group = parser.add_argument_group(_("settings"), advice)
    for name, explanation in explanations().items():
        if name not in SECRETS:
            text = _(explanation) if name in _SHOWN else argparse.SUPPRESS
            group.add_argument(f"--{name.replace('_', '-')}", metavar="X", help=text)


def main(arguments: argparse.Namespace) -> int:
    """Run the daemon and return 0 when it was asked to stop; raise SettingsError."""
    flags = {name: text for name, text in vars(arguments).items() if name in DEFAULTS and text}
    env_files = arguments.env_files or [None]
    settings = load_all(env_files, flags)
    # The process has a single log: use the lowest level that is set for a meter, and the first language.
    levels = logging.getLevelNamesMapping()
    journal.configure(min((each.log_level for each in settings), key=lambda level: levels[level]))
    with use_language(settings[0].language):
        for warning in repeated_lines(env_files):
            log.warning("settings: %s", warning)
        for warning in unread_variables():
            log.warning("environment: %s", warning)
        event_loop.run(serve(settings, Notifier()))
    return 0
