"""
Copies of a history: its content as a file, the weekly ones, and the recovery of a damaged history from them.

Every function blocks, and may raise `sqlite3.Error`. Times are seconds since 1970.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import glob
import sqlite3
from typing import TYPE_CHECKING, Final

from teleinfo.contract.days import day_of
from teleinfo.history import database_file
from teleinfo.history.merge import merge

if TYPE_CHECKING:
    from pathlib import Path

WEEK: Final = dt.timedelta(days=7)
"""The time between two copies."""

_COPIES: Final = (".copy-0", ".copy-1")
"""The suffixes of the copies."""

_MAX_DAMAGED: Final = 3
"""The most damaged files that are kept."""


def content_of(path: Path) -> bytes:
    """Return the whole database as the content of a file."""
    with (
        contextlib.closing(database_file.open_to_read(path)) as file,
        contextlib.closing(sqlite3.connect(":memory:")) as copy,
    ):
        file.backup(copy)
        database_file.check(copy)
        return database_file.with_rollback_journal(copy.serialize())


def back_up(path: Path, today: dt.date) -> None:
    """Write a copy beside the database each week, alternately one of two files."""
    week = today.toordinal() // WEEK.days
    copy = path.with_suffix(_COPIES[week % len(_COPIES)])
    if copy.exists():
        day_of_copy = day_of(int(copy.stat().st_mtime))
        # A copy from a day to come was written while the clock was wrong: it is replaced if that day is far.
        if abs(day_of_copy - today) < WEEK:
            return
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    part.touch(mode=0o600, exist_ok=False)
    try:
        part.write_bytes(content_of(path))
        part.replace(copy)
    finally:
        part.unlink(missing_ok=True)  # half of one takes space on a disk that may be full


def recover(path: Path, now: int) -> Path:
    """Write all that can be read of a damaged file and of its copies to a new one, and return its path."""
    # After a power cut the clock may be far behind. No row is later than the file that it was written to.
    last_written = max(status.st_mtime for status in database_file.statuses(path))
    latest = max(now, int(last_written))
    new = path.with_suffix(".new")
    database_file.remove(new)
    new.touch(mode=0o600, exist_ok=False)
    copies = [path.with_suffix(suffix) for suffix in _COPIES]
    copies = [copy for copy in copies if copy.is_file()]
    copies.sort(key=lambda copy: copy.stat().st_mtime, reverse=True)  # the latest first
    with contextlib.closing(database_file.new_connection(new)) as base:
        database_file.create(base)
        # A row that is there stays. So the copies come first: each was checked when it was made.
        for source in (*copies, path):
            with contextlib.closing(database_file.open_to_read(source)) as file:
                base.execute("BEGIN")
                merge(base, file, latest)
                base.execute("COMMIT")
    return new


def path_aside(path: Path, now: int) -> Path:
    """Return the path to which a damaged file is moved."""
    return path.with_suffix(f".damaged-{now}")


def replace_damaged(path: Path, new: Path, *, aside: Path) -> None:
    """Move a damaged file to the path `aside`, and a new one to its place; keep the latest damaged ones."""
    # The log first: a power cut must not leave it alone, to be taken for the log of a new database.
    for end in ("-wal", ""):
        file = path.with_name(path.name + end)
        if file.exists():
            file.rename(aside.with_name(aside.name + end))
    database_file.remove(path)
    new.rename(path)
    damaged = sorted(
        path.parent.glob(f"{glob.escape(path.stem)}.damaged-*[0-9]"), key=lambda file: file.lstat().st_mtime
    )
    for file in damaged[:-_MAX_DAMAGED]:  # all but the latest
        database_file.remove(file)
