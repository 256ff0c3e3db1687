"""The copy of a history in memory, which is read in place of its file."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

from teleinfo.contract.days import in_zone_of
from teleinfo.history import database_file, rows
from teleinfo.history.damage import ERRORS

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from teleinfo.history.chronicle import Batch


class MemoryCopy:
    """A copy of the database at `path`, made when it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._copy: sqlite3.Connection | None = None
        self._copied: list[tuple[int, int]] = []
        self._copying = threading.Lock()
        self._is_forgotten = False

    @contextlib.contextmanager
    def reading(self, pending: Iterable[Batch] = ()) -> Iterator[sqlite3.Connection]:
        """
        Yield a copy of the database in memory, with the `pending` batches added, to one thread at a time.

        Whatever is read of it delays no write. The copy, which takes milliseconds, is kept for the next
        reader until the file changes, or until `forget`.
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
                    with in_zone_of(batch.meter):
                        rows.put(self._copy, batch)
                yield self._copy
            finally:
                self._copy.rollback()
                if self._is_forgotten:
                    self._close_copy()

    def forget(self) -> None:
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
