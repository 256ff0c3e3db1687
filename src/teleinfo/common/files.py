"""
Files: why one cannot be used, whether it exists, and writing one whole.

The reasons are texts of strerror(3), translated in `files.po`.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from teleinfo.common.i18n import N_
from teleinfo.vocabulary.words import Message

if TYPE_CHECKING:
    from pathlib import Path

OURS_ALONE: Final = 0o600

_READ_BY_OTHERS: Final = 0o004
"""The bit of a mode with which every user may read the file."""


def file_error(error: OSError | ValueError) -> Message:
    """Return the reason why a file cannot be opened, read or written, as the end of a sentence."""
    reason = error.strerror if isinstance(error, OSError) else None
    return Message(reason or N_("not a path"))


def exists(path: os.PathLike[str]) -> bool:
    """True if there is a file at `path`; unlike `Path.exists`, never raise, however odd the path is."""
    return os.path.exists(path)  # noqa: PTH110


def write_file(path: Path, content: bytes, *, mode: int = OURS_ALONE) -> None:
    """
    Write the content to a new file, with this `mode`, which replaces the file at `path` once it is whole.

    At any moment, even after a power cut, the file is complete, old or new. Missing folders are made, which
    others may enter if they may read the file. Raises OSError.
    """
    folder_mode = 0o755 if mode & _READ_BY_OTHERS else 0o700
    _make_folders(path.parent, mode=folder_mode)
    new = path.with_suffix(".new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor
        os.fchmod(descriptor, mode)  # whatever the umask: the service has 077, and others read some files
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    # Without this, a power cut may undo the replacement.
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _make_folders(folder: Path, *, mode: int) -> None:
    """Make `folder` and the missing folders above it, each with this mode; raise OSError."""
    innermost_first = [ancestor for ancestor in (folder, *folder.parents) if not ancestor.exists()]
    for missing in reversed(innermost_first):
        missing.mkdir(mode=mode, exist_ok=True)
        missing.chmod(mode)  # whatever the umask, which may have taken bits away
