"""Standard output and standard error of every command; characters that their encoding lacks are respelt."""

from __future__ import annotations

import io
import os
import shutil
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

from teleinfo.common.files import file_error
from teleinfo.common.i18n import _
from teleinfo.common.terminal_text import LEGIBLE, printable_lines
from teleinfo.vocabulary.words import Message

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


WIDEST: Final = 100
"""Width at which sentences are wrapped, in columns, however wide the terminal is."""


class OutputError(Exception):
    """Raised, once it is reported, when standard output cannot be written."""


class ReaderLeftError(OutputError):
    """Raised when the reader of standard output has closed it (`| head`), which is not reported."""


class _Output(io.FileIO):
    """Standard output. It raises OutputError, which no command mistakes for an error of one of its files."""

    def write(self, data: ReadableBuffer, /) -> int:
        try:
            return super().write(data)
        except OSError as error:
            # Whatever is still written, at the latest when the interpreter ends, goes to /dev/null.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.fileno())
            if isinstance(error, BrokenPipeError):
                raise ReaderLeftError from error
            message = Message("the output cannot be written: {error}", error=file_error(error))
            sys.stderr.write(f"teleinfo: {_(message)}\n")
            raise OutputError from error


class _Errors(io.FileIO):
    """Standard error. Text that cannot be written is lost: there is nowhere left to report it."""

    def write(self, data: ReadableBuffer, /) -> int:
        try:
            return super().write(data)
        except OSError:
            return memoryview(data).nbytes


def prepare() -> None:
    """Put our own standard output and standard error in place of the interpreter's."""
    if sys.stdout is sys.__stdout__:
        at_once = bool(os.environ.get("PYTHONUNBUFFERED"))
        sys.stdout = _guarded(sys.stdout, _Output, at_once=at_once)
    if sys.stderr is sys.__stderr__:
        sys.stderr = _guarded(sys.stderr, _Errors, at_once=True)


def wrapped(text: str, stream: TextIO) -> str:
    """Return `text` made printable, and wrapped to the width of `stream` if that is a terminal."""
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
    """Write on standard error why `command` ends, and return its exit status, 1."""
    say(f"teleinfo {command}: {message}")
    return 1


def command_line(*arguments: str, root: bool = False) -> str:
    """
    Return a command line of this program that works when the user types it.

    The program is given by its name or by its path, as it was called. `sudo` stands before it if this process
    was started with sudo, or if only `root` may run the command.
    """
    called = Path(sys.argv[0])
    installed = shutil.which("teleinfo")
    # `make install` starts the module: its command is that of its environment.
    paths_of_this_program = {called.resolve(), Path(sys.prefix, "bin", "teleinfo").resolve()}
    if installed is not None and Path(installed).resolve() in paths_of_this_program:
        program = "teleinfo"
    elif called.name == "__main__.py":
        program = f"{sys.executable} -m teleinfo"
    else:
        program = str(called.absolute())
    words = [program, *arguments]
    if root or "SUDO_UID" in os.environ:
        words = ["sudo", *words]
    return " ".join(words)


def _guarded(stream: TextIO | None, kind: type[io.FileIO], *, at_once: bool) -> TextIO:
    """Return an output of this `kind` for `stream`; it flushes each line if `at_once` or on a terminal."""
    # A stream that the caller has closed (`>&-`) is replaced by one that cannot be written, either.
    if stream is None:
        descriptor = os.open(os.devnull, os.O_RDONLY)
        encoding = None  # that of the locale
    else:
        descriptor = stream.fileno()
        encoding = stream.encoding
    return io.TextIOWrapper(
        io.BufferedWriter(kind(descriptor, "w", closefd=False)),
        encoding=encoding,
        errors=LEGIBLE,
        line_buffering=at_once or os.isatty(descriptor),
    )
