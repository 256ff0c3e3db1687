"""Reasons for which a file cannot be read or written: the system's own words, translated."""

from __future__ import annotations

from typing import Final

from teleinfo.common.i18n import N_
from teleinfo.vocabulary.words import Message

# The texts of strerror(3) for files; `N_` marks them for the catalogues.
_REASONS: Final = (
    N_("No such file or directory"),
    N_("Permission denied"),
    N_("Is a directory"),
    N_("Not a directory"),
    N_("No space left on device"),
    N_("Read-only file system"),
    N_("File exists"),
    N_("File name too long"),
    N_("Too many levels of symbolic links"),
    N_("Input/output error"),
    N_("Operation not permitted"),
    N_("No such device or address"),
    N_("Disk quota exceeded"),
    N_("File too large"),
    N_("not a path"),
)


def file_error(error: OSError | ValueError) -> Message:
    """Return the reason of an error of opening, reading or writing a file, as the end of a sentence."""
    reason = error.strerror if isinstance(error, OSError) else None
    return Message(reason or "not a path")
