"""
`teleinfo watch`: the live meter in the terminal, from the serial port or from the broker.

On a terminal with a keyboard it fills the screen; elsewhere it prints a line for each value that changes. It
ends at Ctrl-C, SIGTERM or SIGHUP with status 0, and leaves the terminal clean.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys

from teleinfo.common.i18n import N_, _
from teleinfo.console.output import fail, say
from teleinfo.live.feeds import add_mqtt, run
from teleinfo.settings import default_env_file
from teleinfo.settings.sources import load
from teleinfo.watch import plain

HELP = N_(
    "Show the live meter in the terminal: from the serial port, or from the broker beside the service. "
    "`teleinfo web` shows it in a browser."
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command to `parser`."""
    add_mqtt(parser)
    # Where somebody would look for the page.
    parser.add_argument("--web", nargs="?", const="", help=argparse.SUPPRESS)


def main(arguments: argparse.Namespace) -> int:
    """Show the meter until a signal or a key ends it; return the exit status, raise SettingsError."""
    if arguments.web is not None:
        return fail("watch", _("the page has a command of its own: teleinfo web"))
    settings = load(arguments.env_file or default_env_file())
    is_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    fills_screen = is_terminal and os.environ.get("TERM") not in {None, "", "dumb"}
    if fills_screen and importlib.util.find_spec("rich") is None:
        text = _(
            "The screen is drawn by rich, which is not installed (Debian: sudo apt install python3-rich; "
            "elsewhere: pip install rich). Here are plain lines in its place.\n"
        )
        say(text)
        fills_screen = False
    if fills_screen:
        from teleinfo.watch import screen  # noqa: PLC0415 - rich is an extra

        run("watch", [settings], screen.show, mqtt=arguments.mqtt, log=False)
    else:
        run("watch", [settings], plain.show, mqtt=arguments.mqtt, log=True)
    return 0
