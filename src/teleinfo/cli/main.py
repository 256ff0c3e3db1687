"""
The command line: choose a command, give it its arguments, turn what it meets into an exit status.

Exit status: 0 done, 1 failed, 2 wrong usage, 78 wrong settings (EX_CONFIG: the unit does not restart on it),
130 Ctrl-C.
Only the module of the chosen command is imported: on a Pi Zero each of them costs time.  Such a module,
named in `COMMANDS`, has `HELP`, `configure(parser)` and `main(arguments) -> exit status`; it may let
`settings.SettingsError` pass, which is told here.
"""

from __future__ import annotations

import argparse
import importlib
import io
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TextIO, cast

from teleinfo import __version__
from teleinfo.cli.arguments import translate_argparse
from teleinfo.common import journal
from teleinfo.common.i18n import N_, Message, _
from teleinfo.common.terminal_text import LEGIBLE, wrapped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from _typeshed import ReadableBuffer

    from teleinfo.settings import SettingsError

EXIT_FAILURE = 1
EXIT_CONFIGURATION = 78
EXIT_INTERRUPTED = 130  # 128 + SIGINT, as a shell says it
DEFAULT_COMMAND = "run"


@dataclass(frozen=True, slots=True)
class Command:
    """What is known of a command before its module is imported."""

    help: str
    module: str
    reads_settings: bool


COMMANDS = {
    "run": Command(
        N_("read the meter and publish each frame on the broker (the default)"),
        "teleinfo.cli.run",
        reads_settings=True,
    ),
    "decode": Command(
        N_("print what would be published of a recording"), "teleinfo.cli.decode", reads_settings=True
    ),
    "simulate": Command(
        N_("play a meter on a pseudo-terminal"), "teleinfo.simulator.command", reads_settings=False
    ),
    "record": Command(
        N_("save the bytes of the line to a file"), "teleinfo.record.command", reads_settings=True
    ),
    "watch": Command(
        N_("show the live meter in the terminal"), "teleinfo.watch.command", reads_settings=True
    ),
    "doctor": Command(N_("find out why nothing comes"), "teleinfo.doctor.command", reads_settings=True),
    "demo": Command(
        N_("show it all working, without meter or broker"), "teleinfo.demo.command", reads_settings=False
    ),
}


class _Module(Protocol):
    HELP: str

    def configure(self, parser: argparse.ArgumentParser) -> None: ...

    def main(self, arguments: argparse.Namespace) -> int: ...


class OutputError(Exception):
    """Standard output cannot be written, for the reason of its `__cause__`, an OSError."""


class _Output(io.FileIO):
    """Standard output; raises OutputError, so that nobody takes its fault for one of another file."""

    def write(self, data: ReadableBuffer, /) -> int:
        try:
            return super().write(data)
        except OSError as error:
            raise OutputError from error


def main(argv: Sequence[str] | None = None) -> int:
    """
    Run one command line, `argv` without the program's name (that of the process when None).

    Returns the exit status.  Raises SystemExit after `--help`, `--version` (0) and wrong usage (2).
    """
    if sys.stdout is sys.__stdout__:
        sys.stdout = _guarded(sys.stdout)
    if isinstance(sys.stderr, io.TextIOWrapper):
        sys.stderr.reconfigure(errors=LEGIBLE)
    try:
        try:
            status = _run(*_parse(argv))
        except KeyboardInterrupt:
            status = EXIT_INTERRUPTED
        except SystemExit:
            sys.stdout.flush()
            raise
        sys.stdout.flush()
    except (OutputError, BaseExceptionGroup) as error:
        if isinstance(error, BaseExceptionGroup) and error.split(OutputError)[1] is not None:
            raise
        return _fail_to_write(error, sys.argv[1:] if argv is None else argv)
    return status


def _guarded(stdout: TextIO | None) -> TextIO:
    """
    Return a standard output that raises OutputError.

    It has a buffer whatever PYTHONUNBUFFERED says: what could not be written stays in it, and the last flush
    fails also where the first error was swallowed, as argparse does.
    """
    # One that whoever called has closed (`>&-`) becomes one that cannot be written either.
    descriptor = os.open(os.devnull, os.O_RDONLY) if stdout is None else stdout.fileno()
    return io.TextIOWrapper(
        io.BufferedWriter(_Output(descriptor, "w", closefd=False)),
        encoding=None if stdout is None else stdout.encoding,
        errors=LEGIBLE,
        line_buffering=os.isatty(descriptor) or bool(os.environ.get("PYTHONUNBUFFERED")),
    )


def _fail_to_write(error: BaseException, argv: Sequence[str]) -> int:
    """Say why the output cannot be written, if its reader has not left (`| head`); return the exit status."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    # The interpreter flushes once more as it ends: let that go nowhere.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if isinstance(error.__cause__, BrokenPipeError):
        return 0
    program = " ".join(["teleinfo", *[word for word in argv if word in COMMANDS][:1]])
    reason = error.__cause__.strerror if isinstance(error.__cause__, OSError) else error
    sys.stderr.write(f"{program}: {_('the output cannot be written: {error}').format(error=reason)}\n")
    return EXIT_FAILURE


def _parse(argv: Sequence[str] | None) -> tuple[_Module, Command, argparse.Namespace]:
    translate_argparse()
    front = _front_parser()
    first = front.parse_args(argv)
    command = COMMANDS[first.command]
    if first.env_file is not None and not command.reads_settings:
        front.error(_("{command} reads no settings: leave out --env-file").format(command=first.command))
    module = cast("_Module", importlib.import_module(command.module))
    parser = argparse.ArgumentParser(
        prog=f"teleinfo {first.command}", description=_(module.HELP), allow_abbrev=False
    )
    if command.reads_settings:
        _add_env_file(parser, default=first.env_file)
    module.configure(parser)
    return module, command, parser.parse_args(first.rest)


def _front_parser() -> argparse.ArgumentParser:
    width = max(map(len, COMMANDS))
    parser = argparse.ArgumentParser(
        prog="teleinfo",
        usage="teleinfo [--version] [--help] [--env-file PATH] [COMMAND] ...",
        description=_("Read a French electricity meter (TIC) and publish it on MQTT."),
        epilog=f"{_('commands:')}\n"
        + "".join(f"  {name:<{width}}  {_(command.help)}\n" for name, command in COMMANDS.items())
        + f"\n{_('`teleinfo COMMAND --help` tells more of each.')}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--version",
        action="version",
        version=f"teleinfo {__version__}",
        help=_("show program's version number and exit"),
    )
    _add_env_file(parser, default=None)
    parser.add_argument(
        "command", nargs="?", choices=COMMANDS, default=DEFAULT_COMMAND, help=argparse.SUPPRESS
    )
    parser.add_argument("rest", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    return parser


def _add_env_file(parser: argparse.ArgumentParser, *, default: Path | None) -> None:
    parser.add_argument(
        "--env-file",
        metavar="PATH",
        type=Path,
        default=default,
        help=_("file of settings to read in place of .env (see .env-sample)"),
    )


def _run(module: _Module, command: Command, arguments: argparse.Namespace) -> int:
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)  # see `teleinfo.__main__`
    if not command.reads_settings:
        return module.main(arguments)
    return _run_with_settings(module, arguments, log=command is COMMANDS[DEFAULT_COMMAND])


def _run_with_settings(module: _Module, arguments: argparse.Namespace, *, log: bool) -> int:
    """Run a command; wrong settings are told in English for a `log`, else in the language of the reader."""
    from teleinfo.settings import SettingsError  # noqa: PLC0415 (pydantic is slow to import: not for --help)

    try:
        return module.main(arguments)
    except SettingsError as error:
        # Without a prefix journald files a line of standard error under "info".
        prefix = journal.ERROR_PREFIX if journal.is_journald(sys.stderr) else ""
        head = _head(error)
        lines = [str(head), *error.faults] if log else [head.localized(), *error.localized]
        sys.stderr.write(f"{prefix}{lines[0]}\n")
        sys.stderr.writelines(f"{prefix}{wrapped(f'  {line}', sys.stderr)}\n" for line in lines[1:])
        return EXIT_CONFIGURATION


def _head(error: SettingsError) -> Message:
    if error.unreadable:
        return Message("teleinfo did not start: the settings cannot be read.")
    if len(error.faults) == 1:
        return Message("teleinfo did not start: one setting is wrong.")
    return Message("teleinfo did not start: {count} settings are wrong.", count=len(error.faults))
