"""
Set up logging: plain lines for people, or lines with their priority for journald.

Under journald a line has no time of its own, and starts with `<N>` (sd-daemon(3)): `journalctl -p warning`
works. Elsewhere a line is `HH:MM:SS LEVEL message`. Each line of a longer record has the prefix. Libraries
log nothing below WARNING unless the level is DEBUG.

The formatter translates each message: its format string, as it stands in the source, is its key in the
catalogue, and its arguments may be of the type `Message`. `use_language` chooses the language.
"""

from __future__ import annotations

import logging
import os
import sys
from contextvars import ContextVar
from typing import TextIO

from teleinfo.common.i18n import _
from teleinfo.common.terminal_text import printable
from teleinfo.vocabulary.words import Message

# sd-daemon(3): the priorities of syslog; the smallest number is the gravest.
_PRIORITIES = {"CRITICAL": 2, "ERROR": 3, "WARNING": 4, "INFO": 6, "DEBUG": 7}
ERROR_PREFIX = "<3>"

METER: ContextVar[str] = ContextVar("meter", default="")
"""
Name of the meter, which is put in front of the message; empty if the process has a single meter.

A context, and no argument: a line of a library, of an inner task or of a thread has no other way to say whose
port or broker is lost.
"""


def configure(level: str) -> None:
    """
    Send the log from `level` up (DEBUG, INFO, WARNING or ERROR) to standard error.

    Replaces any earlier set-up. Raises ValueError for a `level` that logging does not know.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Formatter(journald=is_journald(sys.stderr)))
    ours = logging.getLogger("teleinfo")
    ours.setLevel(level)
    # A library may have set a level of its own, as aiomqtt does.
    handler.setLevel(ours.level)
    # Libraries log nothing below WARNING, unless somebody looks for a fault.
    level_of_libraries = ours.level
    if ours.level > logging.DEBUG:
        level_of_libraries = max(ours.level, logging.WARNING)
    logging.basicConfig(handlers=[handler], level=level_of_libraries, force=True)


def is_journald(stream: TextIO) -> bool:
    """
    Return True if JOURNAL_STREAM (systemd.exec(5)) has the device and inode of `stream`.

    The variable alone shows nothing: a program that redirects our output passes it on.
    """
    journal_stream = os.environ.get("JOURNAL_STREAM", "")
    if not journal_stream:
        return False
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError):  # closed, or not a file at all
        return False
    return journal_stream == f"{status.st_dev}:{status.st_ino}"


class _Formatter(logging.Formatter):
    """Translates a record, makes it printable, and puts the prefix before each of its lines."""

    def __init__(self, *, journald: bool) -> None:
        super().__init__()
        self._journald = journald

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        template = _(str(record.msg))
        arguments = record.args
        if not arguments:
            return template  # as in logging: without arguments, "%" has no meaning
        if isinstance(arguments, tuple):
            arguments = tuple(_(part) if isinstance(part, Message) else part for part in arguments)
        return template % arguments

    def format(self, record: logging.LogRecord) -> str:
        if self._journald:
            priority = _PRIORITIES.get(record.levelname, _PRIORITIES["INFO"])
            prefix = f"<{priority}>"
        else:
            prefix = f"{self.formatTime(record, '%H:%M:%S')} {record.levelname} "
        meter = METER.get()
        if meter:
            prefix += f"{meter}: "
        # With the traceback, if the record has one. An empty message is one line, of the prefix alone.
        lines = super().format(record).splitlines() or [""]
        return "\n".join(prefix + printable(line) for line in lines)
