"""
The file of a history: its schema, how it is opened, and whether it is whole and ours.

Every function blocks, and may raise `sqlite3.Error`.
"""

from __future__ import annotations

import contextlib
import errno
import sqlite3
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from teleinfo.common.i18n import N_
from teleinfo.contract.days import day_of
from teleinfo.history.damage import ERRORS, NewerError

if TYPE_CHECKING:
    import os

APPLICATION: Final = 0x54494331
"""The mark of our databases: "TIC1"."""

VERSION: Final = 1

_FOLDER: Final = Path(__file__).parent
SCHEMA: Final = (_FOLDER / "schema.sql").read_text(encoding="utf-8")

NEWER: Final = N_("a newer version of teleinfo wrote the database")

NO_FILE: Final = N_("not a regular file")

_ENDS: Final = ("", "-wal", "-shm", "-journal")
"""The endings that SQLite adds to the name of a database for each of its files."""

MAX_PAGES: Final = 16_384
"""The bound of the file: 64 MB in pages of 4 KB."""


def new_connection(path: Path | str) -> sqlite3.Connection:
    """Return a connection with the functions that the SQL of the history calls."""
    base = sqlite3.connect(path, timeout=5.0, isolation_level=None, check_same_thread=False)
    base.create_function("day", 1, lambda time: time if time is None else f"{day_of(time)}")
    return base


def create(base: sqlite3.Connection) -> None:
    """Create the tables in an empty database."""
    marks = f"PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {VERSION};"
    base.executescript(f"BEGIN IMMEDIATE; {SCHEMA} {marks} COMMIT;")


def tables_of(base: sqlite3.Connection) -> list[tuple[str]]:
    """Return the text of each table and index, the same for the same version."""
    return base.execute("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name").fetchall()


@cache
def _own_tables() -> list[tuple[str]]:
    with contextlib.closing(sqlite3.connect(":memory:")) as base:
        base.executescript(SCHEMA)
        return tables_of(base)


def check(base: sqlite3.Connection) -> None:
    """
    Raise NewerError if a newer version wrote the database.

    Raise sqlite3.DatabaseError if its tables are not ours, or if a page or a row is damaged.
    """
    [application] = base.execute("PRAGMA application_id").fetchone()
    [version] = base.execute("PRAGMA user_version").fetchone()
    is_ours = tables_of(base) == _own_tables()
    if application == APPLICATION and version > VERSION and not is_ours:
        raise NewerError(NEWER)
    if not is_ours or (application, version) != (APPLICATION, VERSION):
        raise sqlite3.DatabaseError("the tables are not those of this version")
    # Of the constraints too. `quick_check` does not see rows that are out of order: a page that another took.
    [found] = base.execute("PRAGMA integrity_check(1)").fetchone()
    if found != "ok":
        raise sqlite3.DatabaseError(found)


def open_to_write(path: Path) -> sqlite3.Connection:
    """Return a connection to a database that was checked; an empty one gets its tables."""
    base = new_connection(path)
    try:
        # FULL: a batch is on the disk before the next one.
        base.executescript(
            f"PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA max_page_count = {MAX_PAGES};"
        )
        if not tables_of(base):
            create(base)
        check(base)
    except ERRORS:
        base.close()
        raise
    return base


def open_to_read(path: Path) -> sqlite3.Connection:
    """Return a connection that writes nothing; raise OSError if a file is a pipe or a device."""
    check_type(path)
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)


def statuses(path: Path) -> list[os.stat_result]:
    """Return the status of the database and of its log, of those that are there."""
    found = []
    for file in (path, path.with_name(f"{path.name}-wal")):
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            found.append(file.stat())
    return found


def with_rollback_journal(data: bytes) -> bytes:
    """Return the content of a database file that has all of it: no write-ahead log is beside it."""
    # Section 1.3.3 of sqlite.org/fileformat2.html. A database in memory cannot have such a log.
    return data[:18] + b"\x01\x01" + data[20:]


def check_type(path: Path) -> None:
    """Raise OSError if a file of the database is a pipe or a device: opening it would wait for ever."""
    for end in _ENDS:
        file = path.with_name(path.name + end)
        if file.exists() and not file.is_file():
            raise OSError(errno.EINVAL, NO_FILE, str(file))


def identity(path: Path) -> tuple[int, int] | None:
    """Return what tells a file from one that took its place, None if there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def remove(path: Path) -> None:
    """Remove a database, and the files that SQLite put beside it."""
    for end in _ENDS:
        path.with_name(path.name + end).unlink(missing_ok=True)
