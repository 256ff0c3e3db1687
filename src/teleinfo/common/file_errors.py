"""Reasons why a file cannot be read or written (texts of strerror(3), translated in `files.po`), or found."""

from __future__ import annotations

import os

from teleinfo.common.i18n import N_
from teleinfo.vocabulary.words import Message


def file_error(error: OSError | ValueError) -> Message:
    """Return the reason why a file cannot be opened, read or written, as the end of a sentence."""
    reason = error.strerror if isinstance(error, OSError) else None
    return Message(reason or N_("not a path"))


def exists(path: os.PathLike[str]) -> bool:
    """True if there is a file at `path`; unlike `Path.exists`, never raise, however odd the path is."""
    return os.path.exists(path)  # noqa: PTH110
