"""
Standard output and standard error of every command.

Characters that the encoding of the terminal lacks (French on ASCII) are replaced, and raise nothing. Standard
output that cannot be written is reported in one line, by every command.
"""

from __future__ import annotations

import io
import os
import shutil
import sys
import textwrap
from typing import TYPE_CHECKING, Final, TextIO

from teleinfo.common.file_errors import file_error
from teleinfo.common.i18n import Message
from teleinfo.common.terminal_text import LEGIBLE, printable_lines

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


WIDEST: Final = 100
"""Columns of a sentence at most, however wide the terminal is."""


class OutputError(Exception):
    """Standard output cannot be written, for the reason of its `__cause__`, an OSError."""


class _Output(io.FileIO):
    """Standard output. It raises OutputError, which no command takes for the fault of another file."""

    def write(self, data: ReadableBuffer, /) -> int:
        try:
            return super().write(data)
        except OSError as error:
            raise OutputError from error


def prepare() -> None:
    """Put our own standard output in place of the interpreter's, and let both outputs replace characters."""
    if sys.stdout is sys.__stdout__:
        sys.stdout = _guarded(sys.stdout)
    if isinstance(sys.stderr, io.TextIOWrapper):
        sys.stderr.reconfigure(errors=LEGIBLE)


def explain(error: BaseException, program: str) -> bool:
    """
    Say on standard error why standard output cannot be written, after an OutputError or a group of them.

    Returns False where there is nothing to say: its reader has left (`| head`).
    """
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    # The interpreter flushes once more as it ends: let that go nowhere.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    cause = error.__cause__
    if isinstance(cause, BrokenPipeError) or not isinstance(cause, OSError):
        return False
    message = Message("the output cannot be written: {error}", error=file_error(cause))
    sys.stderr.write(f"{program}: {message.localized()}\n")
    return True


def wrapped(text: str, stream: TextIO) -> str:
    """Return `text`, printable, in lines no wider than the terminal that `stream` is; unbroken elsewhere."""
    text = printable_lines(text)
    if not stream.isatty():
        return text
    width = min(shutil.get_terminal_size().columns, WIDEST)
    return "\n".join(
        textwrap.fill(line, width, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)
        for line in text.split("\n")
    )


def say(text: str) -> None:
    """Write sentences on standard error."""
    sys.stderr.write(wrapped(text.rstrip(), sys.stderr) + "\n")


def fail(command: str, message: str) -> int:
    """Say on standard error why `command` ends, and return its exit status, 1."""
    say(f"teleinfo {command}: {message}")
    return 1


def _guarded(stdout: TextIO | None) -> TextIO:
    """
    Return a standard output that raises OutputError.

    It has a buffer even with PYTHONUNBUFFERED: what could not be written stays there, so that the last flush
    fails too, where the first error was swallowed, as argparse does.
    """
    # Where the caller has closed it (`>&-`): a descriptor that cannot be written either.
    descriptor = os.open(os.devnull, os.O_RDONLY) if stdout is None else stdout.fileno()
    return io.TextIOWrapper(
        io.BufferedWriter(_Output(descriptor, "w", closefd=False)),
        encoding=None if stdout is None else stdout.encoding,
        errors=LEGIBLE,
        line_buffering=os.isatty(descriptor) or bool(os.environ.get("PYTHONUNBUFFERED")),
    )
