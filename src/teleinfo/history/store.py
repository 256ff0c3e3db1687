"""
The database of the history: SQLite, a file for each base topic, ten years in some megabytes.

Every method blocks, and may raise `sqlite3.Error`. Times are seconds since 1970.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from typing import TYPE_CHECKING, Final

from teleinfo.contract.days import days_of
from teleinfo.history import copies, database_file, rows
from teleinfo.history.damage import ERRORS, NewerError, is_damage
from teleinfo.history.merge import Merged, merge

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path

    from teleinfo.history.chronicle import Batch


_METERS: Final = """
    SELECT name, coalesce((SELECT min(time) FROM reading WHERE meter = id), heard), min(heard, ?)
    FROM meter ORDER BY heard DESC
"""


class Store:
    """The database at `path`; before the first `write` it is what the file has."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.aside: Path | None = None
        self._base: sqlite3.Connection | None = None
        self._opened: tuple[int, int] | None = None
        self._is_doubtful = False
        self._copy: sqlite3.Connection | None = None
        self._copied: list[tuple[int, int]] = []
        self._copying = threading.Lock()
        self._is_forgotten = False

    def write(
        self, batches: Collection[Batch], *, now: int, imported: bool = False
    ) -> list[tuple[str, int, int]]:
        """
        Open the database if it is not open, and add batches; `aside` is the path of a damaged one.

        Return the name of each meter, and the times of its first and last reading, the latest meter first.
        """
        try:
            return self._write(batches, now=now, imported=imported)
        except ERRORS as error:
            self.close()
            if not is_damage(error):
                raise
        # It is checked when it is opened.
        try:
            return self._write(batches, now=now, imported=imported)
        except ERRORS:
            self.close()
            raise

    def _write(self, batches: Iterable[Batch], *, now: int, imported: bool) -> list[tuple[str, int, int]]:
        with self.editing(now) as base:
            for batch in batches:
                with days_of(batch.meter):
                    rows.put(base, batch, imported=imported)
            rows.forget_meters(base, now)
            return base.execute(_METERS, (now,)).fetchall()

    def doubt(self) -> None:
        """Have the database checked before the next `write`: reading it failed."""
        self._is_doubtful = True

    @contextlib.contextmanager
    def editing(self, now: int) -> Iterator[sqlite3.Connection]:
        """Yield the database, opened if it is not open, within a transaction."""
        if self._base is not None and (
            self._is_doubtful or database_file.identity(self.path) != self._opened
        ):
            self.close()  # another process may have replaced a damaged one
        if self._base is None:
            self._base = self._open(now)
            self._opened = database_file.identity(self.path)
            self._is_doubtful = False
        with self._base as base:
            base.execute("BEGIN IMMEDIATE")
            yield base

    @contextlib.contextmanager
    def reading(self, pending: Iterable[Batch] = ()) -> Iterator[sqlite3.Connection]:
        """
        Yield a copy of the database in memory, with the batches that are `pending`, to one thread at a time.

        Whatever is read of it delays no `write`. The copy, which takes milliseconds, is kept for the next
        reader until the file changes, or until `forget_copy`.
        """
        with self._copying:
            self._is_forgotten = False
            state = self._state_of_files()
            if self._copy is None or state != self._copied:
                self._close_copy()
                self._copy = self._new_copy()
                self._copied = state
            self._copy.execute("BEGIN")
            try:
                for batch in pending:
                    with days_of(batch.meter):
                        rows.put(self._copy, batch)
                yield self._copy
            finally:
                self._copy.rollback()
                if self._is_forgotten:
                    self._close_copy()

    def forget_copy(self) -> None:
        """Free the memory of the copy; a thread that reads it does so when it has done."""
        self._is_forgotten = True
        if self._copying.acquire(blocking=False):
            try:
                self._close_copy()
            finally:
                self._copying.release()

    def _new_copy(self) -> sqlite3.Connection:
        base = database_file.new_connection(":memory:")
        try:
            if self.path.exists():
                with contextlib.closing(database_file.open_to_read(self.path)) as file:
                    file.backup(base)
            if not database_file.tables_of(base):
                database_file.create(base)
        except ERRORS:
            base.close()
            raise
        return base

    def _close_copy(self) -> None:
        if self._copy is not None:
            self._copy.close()
            self._copy = None

    def _state_of_files(self) -> list[tuple[int, int]]:
        """Return time and size of the files of the database, which differ after each change of it."""
        return [(status.st_mtime_ns, status.st_size) for status in database_file.statuses(self.path)]

    def _open(self, now: int) -> sqlite3.Connection:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        database_file.check_type(self.path)
        with contextlib.suppress(FileExistsError):
            self.path.touch(mode=0o600, exist_ok=False)  # SQLite gives its other files the same mode
        try:
            return database_file.open_to_write(self.path)
        except ERRORS as error:
            if not is_damage(error):
                raise
        new = copies.recover(self.path, now)
        self.aside = copies.path_aside(self.path, now)
        copies.replace_damaged(self.path, new, aside=self.aside)
        return database_file.open_to_write(self.path)

    def merge(self, data: bytes, now: int) -> Merged:
        """Add all rows that this one lacks of another history, the content of a file; raise NewerError."""
        with contextlib.closing(sqlite3.connect(":memory:")) as other, self.editing(now) as base:
            other.deserialize(database_file.with_rollback_journal(data))
            try:
                database_file.check(other)
            except NewerError:
                raise
            except ERRORS:
                pass  # what can be read of a damaged one is added all the same
            return merge(base, other, now)

    def close(self) -> None:
        """Close the database; the next `write` opens it again."""
        self.forget_copy()
        base, self._base = self._base, None
        if base is not None:
            base.close()
