"""`teleinfo run`: the daemon."""

from __future__ import annotations

import argparse
import logging

from teleinfo.common import event_loop, journal
from teleinfo.common.i18n import N_, _, use_language
from teleinfo.daemon.app import serve
from teleinfo.daemon.watchdog import Notifier
from teleinfo.settings import DEFAULTS, SECRETS, renamed
from teleinfo.settings.renamed import RENAMED, by_present_name
from teleinfo.settings.sources import environment_warnings, file_warnings, load_all
from teleinfo.settings.values import explanations

log = logging.getLogger(__name__)

HELP = N_(
    "Read the meter and publish each frame on the broker, until told to stop. Several --env-file, or a "
    "directory of *.env files: several meters in one process."
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add a flag for each setting but secrets, which other users would see in the list of processes."""
    advice = _(
        "They win over the environment and the file: --mqtt-qos over TELEINFO_MQTT_QOS. A switch without a "
        "value is true. Passwords have no flag: other users could read them."
    )
    parser.usage = "teleinfo run [--help] [--env-file PATH] [--SETTING X] ..."
    group = parser.add_argument_group(_("settings"), advice)
    for name, explanation in explanations().items():
        if name in SECRETS:
            continue
        flag = _flag(name)
        text = _(explanation).replace("%", "%%")  # argparse fills in templates
        if isinstance(DEFAULTS[name], bool):
            group.add_argument(flag, nargs="?", const="true", metavar="true|false", help=text)
        else:
            group.add_argument(flag, metavar="X", help=text)
    for former, name in RENAMED.items():
        if name not in SECRETS:
            group.add_argument(_flag(former), dest=former, help=argparse.SUPPRESS)


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def main(arguments: argparse.Namespace) -> int:
    """Run the daemon and return 0 when it was asked to stop; raise SettingsError."""
    flags = {}
    for name, text in vars(arguments).items():
        is_setting = name in DEFAULTS or name in RENAMED
        if is_setting and text:
            flags[name] = text
    env_files = arguments.env_files or [None]
    settings = load_all(env_files, by_present_name(flags))
    # The process has a single log: use the lowest level that is set for a meter, and the first language.
    level_of_name = logging.getLevelNamesMapping()
    log_levels = [settings_of_meter.log_level for settings_of_meter in settings]
    journal.configure(min(log_levels, key=level_of_name.__getitem__))
    with use_language(settings[0].language):
        for former in flags.keys() & RENAMED.keys():
            log.warning("settings: %s", renamed.warning(_flag(former), _flag(RENAMED[former])))
        for warning in file_warnings(env_files):
            log.warning("settings: %s", warning)
        for warning in environment_warnings():
            log.warning("environment: %s", warning)
        event_loop.run(serve(settings, Notifier()))
    return 0
