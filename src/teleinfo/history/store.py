"""
The database of the history: SQLite, a file for each base topic, ten years in some megabytes.

Every method blocks, and may raise `sqlite3.Error`. Times are seconds since 1970.
"""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING, Final

from teleinfo.contract.days import in_zone_of
from teleinfo.history import copies, database_file, rows
from teleinfo.history.damage import ERRORS, NewerError, is_damage
from teleinfo.history.memory_copy import MemoryCopy
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
    """
    The database at `path`, which the first `write` opens.

    `aside` is the path to which a damaged one was moved. `copy` is the copy in memory that readers use.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.aside: Path | None = None
        self.copy = MemoryCopy(path)
        self._base: sqlite3.Connection | None = None
        self._opened: tuple[int, int] | None = None
        self._is_doubtful = False

    def write(
        self, batches: Collection[Batch], *, now: int, imported: bool = False
    ) -> list[tuple[str, int, int]]:
        """
        Add batches, and open the database first if it is not open.

        A damaged database is moved to `aside`, and the batches go into a new one.
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
                with in_zone_of(batch.meter):
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
        self.copy.forget()
        base = self._base
        self._base = None
        if base is not None:
            base.close()
