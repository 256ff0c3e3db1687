"""
Load the settings in a process of its own.

Pydantic takes 12 MiB that Python does not give back. A daemon needs it once, so it ends with that process.
"""

from __future__ import annotations

import contextlib
import sys
from multiprocessing import get_context
from typing import TYPE_CHECKING

from teleinfo.settings.faults import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from multiprocessing.connection import Connection
    from pathlib import Path

    from teleinfo.settings.values import Settings
    from teleinfo.vocabulary.words import Message


def load_apart(
    env_files: Sequence[Path | None], flags: Mapping[str, str]
) -> tuple[list[Settings], list[Message]]:
    """
    Return what `sources.load_all` returns, and the warnings of `sources.unread_variables`.

    Raises SettingsError as they do, and SystemExit if the other process was ended by a signal or an error.
    The calling process must have a single thread, since it is forked.
    """
    context = get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_load, args=(env_files, flags, sender))
    process.start()
    sender.close()
    found: tuple[list[Settings], list[Message]] | SettingsError | None = None
    with receiver, contextlib.suppress(EOFError):
        found = receiver.recv()
    process.join()
    if found is None:  # it was ended, as by a signal to stop, or has shown its error
        sys.exit(process.exitcode)
    if isinstance(found, SettingsError):
        raise found
    return found


def _load(env_files: Sequence[Path | None], flags: Mapping[str, str], sender: Connection) -> None:
    from teleinfo.settings.sources import load_all, unread_variables  # noqa: PLC0415 - see above

    try:
        sender.send((load_all(env_files, flags), unread_variables()))
    except SettingsError as error:
        sender.send(error)
