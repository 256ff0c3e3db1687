"""
`teleinfo page --import`, `--undo-import` and `--export`: the past from files, and the history as a file.

The page itself is read-only.
"""

from __future__ import annotations

import os
import sqlite3
import sys
import time
from functools import partial
from typing import TYPE_CHECKING, Final

from teleinfo.common.file_errors import file_error
from teleinfo.common.i18n import _
from teleinfo.common.terminal_text import printable
from teleinfo.common.untrusted_json import MAX_BYTES
from teleinfo.console.output import fail, say
from teleinfo.history import energies
from teleinfo.history.fill import fill
from teleinfo.history.recorder import put_aside, unkept
from teleinfo.history.store import APPLICATION
from teleinfo.live.declared import number
from teleinfo.page.imported_files import ImportedFiles, label_of, tell

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from pathlib import Path

    from teleinfo.history.store import Store

DATABASE: Final = b"SQLite format 3\0"
"""The first bytes of a database."""

MARK: Final = slice(68, 72)
"""The bytes of a database that tell its program (SQLite, "Database File Format", 1.3)."""


def change(store: Store, arguments: argparse.Namespace) -> int:
    """Import, undo an import or export; return the exit status, 1 if a file was not added."""
    _keep_owner(store.path)
    try:
        if arguments.export is not None:
            return _export(store, arguments.export)
        if arguments.undo_import:
            return _undo(store)
        if not arguments.files:
            return _add_lines(store)
        return _add_files(store, arguments.files, allow_other_site=arguments.allow_other_prm)
    except sqlite3.Error as error:
        return fail("page", _(unkept(store, error)))
    except OSError as error:
        return fail("page", f"{label_of(str(error.filename))}: {_(file_error(error))}")
    finally:
        store.close()
        _keep_owner(store.path)
        if (fault := put_aside(store)) is not None:
            say(f"teleinfo page: {_(fault)}")


def _keep_owner(path: Path) -> None:
    """
    Give a history that root makes to the user of its directory, which is the service's.

    The service may open it at any time. SQLite gives the files beside it the owner that it has when they are
    made.
    """
    if os.geteuid() == 0 and path.parent.exists():
        path.touch()
        owner = path.parent.stat()
        os.chown(path, owner.st_uid, owner.st_gid)


def _add_lines(store: Store) -> int:
    """Add the JSON lines on standard input."""
    lines = iter(partial(sys.stdin.buffer.readline, MAX_BYTES + 1), b"")  # a line may have any length
    added, others = fill(
        store, lines, now=time.time(), progress=lambda count, day: tell("READING", count=count, day=day)
    )
    tell("READ", added=str(added), others=str(others))
    return 0 if added else 1


def _add_files(store: Store, paths: Sequence[Path], *, allow_other_site: bool) -> int:
    """Add files, archives and exported histories; return the exit status, 1 if one was not added."""
    files, status = ImportedFiles(allow_other_site=allow_other_site), 0
    for path in paths:
        label = label_of(path.name)
        try:
            with path.open("rb") as file:
                head = file.read(MARK.stop)
                if head.startswith(DATABASE) and head[MARK] == APPLICATION.to_bytes(4):
                    status |= not _restore(store, path)
                    continue
                file.seek(0)
                files.read(file, label)
        except OSError as error:
            files.refuse(label, file_error(error))
    files.add(store)
    return 1 if files.has_failed else status


def _restore(store: Store, path: Path) -> bool:
    """Add an exported history; what both have stays as it is here. Return True if it could be read."""
    try:
        count = store.merge(path, int(time.time()))
    except sqlite3.Error as error:
        say(f"{label_of(path.name)}: {printable(str(error))}")
        return False
    tell("HISTORY", label=label_of(path.name), count=number(count))
    return True


def _undo(store: Store) -> int:
    with store.editing(int(time.time())) as base:
        removed = energies.undo(base)
    if removed is None:
        return fail("page", _("no file was imported"))
    tell("UNDO", time=removed[0], count=removed[1])
    return 0


def _export(store: Store, path: Path) -> int:
    path.touch(exist_ok=False)
    store.copy(path)
    tell("EXPORT", path=label_of(str(path)))
    return 0
