"""
The command line: choose a command, parse its arguments, run it, and return the exit status.

Exit status: 0 done, 1 failed, 2 wrong usage, 78 wrong settings (EX_CONFIG: systemd does not restart on it),
130 Ctrl-C.

A command is a module that is listed in `COMMANDS`. It has `HELP`, `main(arguments)`, and `configure(parser)`
if it has arguments. `main` returns the exit status; it may raise `settings.SettingsError`, which is reported
here. Commands of a single file are in this package (`run`, `decode`, `forget`); each other command is a
package with a `command.py`. Only the chosen module is imported: on a Pi Zero each import costs time.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from teleinfo import __version__
from teleinfo.common import journal, stop_signals
from teleinfo.common.files import exists
from teleinfo.common.i18n import N_, _, use_language
from teleinfo.common.service_language import SERVICE_FILE, VARIABLE, service_language
from teleinfo.console import output
from teleinfo.console.arguments import add_env_file, translate_argparse
from teleinfo.vocabulary.words import Message

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

EXIT_CONFIGURATION = 78
EXIT_INTERRUPTED = 130  # 128 + SIGINT, as shells have it
DEFAULT_COMMAND = "run"


class Command(NamedTuple):
    """A command before its `module`, named within this package, is imported."""

    module: str
    help: str
    reads_settings: bool = True


COMMANDS = {
    "run": Command("cli.run", N_("read the meter and publish each frame on the broker (the default)")),
    "decode": Command("cli.decode", N_("print what would be published of a recording, or of a port")),
    "simulate": Command("simulator.command", N_("play a meter on a pseudo-terminal"), reads_settings=False),
    "record": Command("record.command", N_("save the bytes of the line to a file")),
    "watch": Command("watch.command", N_("show the live meter in the terminal")),
    "web": Command("web.command", N_("show the live meter and its history in a browser")),
    "history": Command("history.command", N_("add the past to the history of the page, or export it")),
    "doctor": Command("doctor.command", N_("find out why nothing comes")),
    "forget": Command("cli.forget", N_("remove what the broker retains of a meter")),
    "demo": Command("demo.command", N_("show it all working, without meter or broker"), reads_settings=False),
}


def main(argv: Sequence[str] | None = None) -> int:
    """
    Run the command line `argv`, without the program's name; if None, the command line of the process.

    Returns the exit status. Raises SystemExit after `--help`, `--version` (0) and wrong usage (2).
    """
    output.prepare()
    try:
        try:
            with _language_of_machine():
                status = _run(*_parse(argv))
        except KeyboardInterrupt:
            status = EXIT_INTERRUPTED
        except SystemExit:
            sys.stdout.flush()
            raise
        sys.stdout.flush()
    except* output.ReaderLeftError:
        status = 0
    except* output.OutputError:
        status = 1
    return status


def _parse(
    argv: Sequence[str] | None,
) -> tuple[Callable[[argparse.Namespace], int], Command, argparse.Namespace]:
    translate_argparse()
    top_level = _top_level_parser()
    first = top_level.parse_args(argv)
    command = COMMANDS[first.command]
    stop_signals.let_in(daemon=first.command == DEFAULT_COMMAND)
    if first.env_files and not command.reads_settings:
        top_level.error(_("{command} reads no settings: leave out --env-file").format(command=first.command))
    module = importlib.import_module(f"teleinfo.{command.module}")
    parser = argparse.ArgumentParser(
        prog=f"teleinfo {first.command}", description=_(module.HELP), allow_abbrev=False
    )
    if command.reads_settings:
        add_env_file(parser)
    if hasattr(module, "configure"):
        module.configure(parser)
    arguments = parser.parse_args(first.rest)
    if command.reads_settings:
        arguments.env_files = [*first.env_files, *arguments.env_files]
        arguments.env_file = arguments.env_files[-1] if arguments.env_files else None
    return module.main, command, arguments


def _top_level_parser() -> argparse.ArgumentParser:
    width = max(map(len, COMMANDS))
    commands = [f"  {name:<{width}}  {_(command.help)}" for name, command in COMMANDS.items()]
    more = _("`teleinfo COMMAND --help` tells more of each.")
    parser = argparse.ArgumentParser(
        prog="teleinfo",
        usage="teleinfo [--version] [--help] [--env-file PATH] [COMMAND] ...",
        description=_("Read a French electricity meter (TIC) and publish it on MQTT."),
        epilog="\n".join([_("commands:"), *commands, "", more]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    text = _("show program's version number and exit")
    parser.add_argument("--version", action="version", version=f"teleinfo {__version__}", help=text)
    add_env_file(parser)
    hidden = argparse.SUPPRESS
    parser.add_argument("command", nargs="?", choices=COMMANDS, default=DEFAULT_COMMAND, help=hidden)
    parser.add_argument("rest", nargs=argparse.REMAINDER, help=hidden)
    return parser


def _language_of_machine() -> AbstractContextManager[None]:
    """Return a block in the language of the service, if there is one, else in that of the locale."""
    if os.environ.get(VARIABLE) or exists(SERVICE_FILE):
        return use_language(service_language(SERVICE_FILE))
    return contextlib.nullcontext()


def _language_of_settings(command: Command, env_files: Sequence[Path]) -> AbstractContextManager[None]:
    """Return a block in the language of the settings that the command reads."""
    if not command.reads_settings:
        return contextlib.nullcontext()
    files = [*env_files, *filter(exists, (SERVICE_FILE, Path(".env")))]
    first = files[0] if files else None
    if first is not None and os.path.isdir(first):  # noqa: PTH112 - unlike a Path, it raises nothing
        first = min(first.glob("*.env"), default=None)
    return use_language(service_language(first))


def _run(run: Callable[[argparse.Namespace], int], command: Command, arguments: argparse.Namespace) -> int:
    """Run a command; report wrong settings."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)  # see `stop_signals`
    from teleinfo.settings import SettingsError  # noqa: PLC0415 - not for --help

    try:
        with _language_of_settings(command, getattr(arguments, "env_files", [])):
            return run(arguments)
    except SettingsError as error:
        # Without a prefix journald files a line of standard error under "info".
        prefix = journal.ERROR_PREFIX if journal.is_journald(sys.stderr) else ""
        why = Message("teleinfo did not start: its settings are the cause.")
        with use_language(error.language):
            head, *lines = map(_, (why, *error.messages))
        sys.stderr.write(f"{prefix}{head}\n")
        sys.stderr.writelines(f"{prefix}{output.wrapped(f'  {line}', sys.stderr)}\n" for line in lines)
        return EXIT_CONFIGURATION
