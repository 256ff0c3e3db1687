"""Write a file so that whoever reads it finds it whole."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

OURS_ALONE: Final = 0o600


def write_file(path: Path, content: bytes, *, mode: int = OURS_ALONE) -> None:
    """
    Write the content to a new file, with this `mode`, which replaces the file at `path` once it is whole.

    At any moment, even after a power cut, the file is complete, old or new. Raises OSError.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor
        os.fchmod(descriptor, mode)  # whatever the umask: the service has 077, and others read some files
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
