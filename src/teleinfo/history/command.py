"""
`teleinfo history`: the past from files into the history of the page, and the history as a file.

Without one of its verbs it shows its help, and ends with status 2.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from teleinfo.common.i18n import N_, _
from teleinfo.console.arguments import add_env_file
from teleinfo.history import imports
from teleinfo.history.imported_files import ALLOW_OTHER_PRM
from teleinfo.history.location import history_to_change
from teleinfo.history.store import Store
from teleinfo.settings import default_env_file
from teleinfo.settings.sources import load_all

HELP = N_(
    "Add the past to the history of the page, from files such as those of Enedis; undo that; or write the "
    "history to a file. Run by root, it is the history of the service teleinfo-web."
)

if TYPE_CHECKING:
    from collections.abc import Callable

WRONG_USAGE: Final = 2


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verbs of this command to `parser`."""
    parser.set_defaults(show_help=parser.print_help)
    add = parser.add_subparsers(dest="verb", metavar="VERB", title=_("verbs")).add_parser
    adding = _verb(
        add,
        "import",
        _("Add files to the history, such as those of Enedis, or JSON lines on standard input."),
    )
    adding.set_defaults(wrong_usage=adding.error)
    adding.add_argument("files", nargs="*", type=Path, metavar="FILE", help=_("the files to add"))
    adding.add_argument(
        ALLOW_OTHER_PRM,
        action="store_true",
        help=_("add files of another meter (PRM) than earlier ones, too"),
    )
    _verb(add, "undo", _("Remove what the last import of files added."))
    exporting = _verb(add, "export", _("Write the whole history to a new file."))
    exporting.add_argument("file", type=Path, metavar="FILE", help=_("the file, which is not there yet"))


def _verb(add: Callable[..., argparse.ArgumentParser], name: str, text: str) -> argparse.ArgumentParser:
    """Add a verb, which takes the settings file too, and return its parser."""
    parser = add(name, help=text, description=text, allow_abbrev=False)
    # Without a default, which would take the place of what stands before the verb.
    add_env_file(parser, default=argparse.SUPPRESS)
    return parser


def main(arguments: argparse.Namespace) -> int:
    """Do what the verb says; return the exit status, raise SettingsError."""
    if arguments.verb is None:
        arguments.show_help(sys.stderr)
        return WRONG_USAGE
    if arguments.verb == "import" and not arguments.files and sys.stdin.isatty():
        text = _("name the files to add, or send it JSON lines: teleinfo decode recording.tic | {command}")
        arguments.wrong_usage(text.format(command="teleinfo history import"))
    settings = load_all(arguments.env_files or [default_env_file()], unique=["mqtt_topic"])[-1]
    store = Store(history_to_change(settings.mqtt_topic))
    return imports.change(store, arguments, offers=Path(settings.offers))
