"""
The file with the memory of a meter, and its directory.

The methods of `MemoryFile` block; call them in a thread. A write takes a second on some memory cards, and
never ends on a dead network drive. At any moment, even after a power cut, the file is complete, old or new.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from teleinfo.common.untrusted_json import MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_NAME: Final = 200
"""Greatest length of a quoted topic that names the file; a file name may have 255 bytes (NAME_MAX)."""

_OURS_ALONE: Final = 0o600


def state_directory(environ: Mapping[str, str]) -> Path | None:
    """
    Return the directory of the memories; None if there is no home directory.

    It is $STATE_DIRECTORY, set by systemd (StateDirectory=) and in our container image; otherwise `teleinfo`
    under $XDG_STATE_HOME, by default ~/.local/state.
    """
    given = environ.get("STATE_DIRECTORY", "").partition(":")[0]
    if given:
        return Path(given)
    base = Path(environ.get("XDG_STATE_HOME", ""))
    if base.is_absolute():
        return base / "teleinfo"
    try:
        return Path.home() / ".local/state/teleinfo"
    except RuntimeError:  # no HOME, and a user that the system does not know
        return None


class MemoryFile:
    """The file in `folder` for the meter with the base topic `topic`. Each method may raise OSError."""

    def __init__(self, folder: Path, topic: str) -> None:
        self.folder = folder
        name = quote(topic, safe="")
        if len(name) > MAX_NAME:
            name = sha256(topic.encode()).hexdigest()
        self._path = folder / f"{name}.json"
        self._lock: int | None = None

    def open(self) -> bytes | None:
        """
        Lock the file until `close` or the end of the process, and read it.

        Return its content, at most `MAX_BYTES` + 1 bytes; None if there is no file. Raise BlockingIOError if
        another process has locked it. If it cannot be locked for another reason, it is still read, but
        `write` will raise that reason.
        """
        try:
            self._ensure_lock()
        except BlockingIOError:
            raise
        except OSError:
            with contextlib.suppress(OSError):
                return self._read()
            return None
        return self._read()

    def write(self, content: bytes) -> None:
        """Write the content to a new file, which replaces the old one once it is on the disk."""
        self._ensure_lock()
        new = self._path.with_suffix(".new")
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
            with open(os.open(new, flags, _OURS_ALONE), "wb") as file:  # noqa: PTH123 - a descriptor
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            new.replace(self._path)
        except OSError:
            with contextlib.suppress(OSError):
                new.unlink(missing_ok=True)
            raise
        folder = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def close(self) -> None:
        """Release the lock."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _ensure_lock(self) -> None:
        if self._lock is not None:
            return
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Lock a separate file: each write replaces the file itself.
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
        lock = os.open(self._path.with_suffix(".lock"), flags, _OURS_ALONE)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            raise
        self._lock = lock

    def _read(self) -> bytes | None:
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError:
            return None
        with open(descriptor, "rb") as file:  # noqa: PTH123 - a descriptor
            return file.read(MAX_BYTES + 1)
