"""
`teleinfo page --import`, `--undo-import` and `--export`: the past from files, and the history as a file.

The page itself is read-only.
"""

from __future__ import annotations

import os
import re
import sqlite3
import sys
import time
from collections import Counter
from functools import partial
from typing import IO, TYPE_CHECKING, Final

from teleinfo.common.file_errors import file_error
from teleinfo.common.i18n import _
from teleinfo.common.terminal_text import printable
from teleinfo.common.untrusted_json import MAX_BYTES
from teleinfo.console.output import fail, say
from teleinfo.contract import files
from teleinfo.contract.files import Content, FileError
from teleinfo.history import energies
from teleinfo.history.fill import fill
from teleinfo.history.recorder import put_aside, unkept
from teleinfo.live.declared import number
from teleinfo.page.sentences import told

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from pathlib import Path

    from teleinfo.history.store import Store

DATABASE: Final = b"SQLite format 3\0"
"""The first bytes of an exported history."""


def change(store: Store, arguments: argparse.Namespace) -> int:
    """Import, undo an import or export; return the exit status, 1 if nothing of the files was understood."""
    _keep_owner(store.path)
    try:
        if arguments.export is not None:
            return _export(store, arguments.export)
        if arguments.undo_import:
            return _undo(store)
        return _add_files(store, arguments.files) if arguments.files else _add_lines(store)
    except sqlite3.Error as error:
        return fail("page", _(unkept(store, error)))
    except OSError as error:
        return fail("page", f"{_label(str(error.filename))}: {_(file_error(error))}")
    finally:
        store.close()
        _keep_owner(store.path)
        if (fault := put_aside(store)) is not None:
            say(f"teleinfo page: {_(fault)}")


def _tell(section: str, **values: object) -> None:
    say(" ".join(told(section, values)))


def _label(name: str) -> str:
    """Return the name of a file without the number of a customer or a post code in it."""
    return re.sub(r"\d{5,}", "…", printable(name))


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
        store, lines, now=time.time(), progress=lambda count, day: _tell("READING", count=count, day=day)
    )
    _tell("READ", added=str(added), others=str(others))
    return 0 if added else 1


def _add_files(store: Store, paths: Sequence[Path]) -> int:
    """Add files, archives and exported histories; an index in one file proves the times of another one."""
    understood, found = 0, list[tuple[str, Content]]()
    for path in paths:
        with path.open("rb") as file:
            if file.read(len(DATABASE)) == DATABASE:
                understood += _restore(store, path)
            else:
                found += _read(file, _label(path.name))
    if found:
        understood += _add_contents(store, found)
    return 0 if understood else 1


def _restore(store: Store, path: Path) -> bool:
    """Add an exported history; what both have stays as it is here. Return True if it could be read."""
    try:
        count = store.merge(path, int(time.time()))
    except sqlite3.Error as error:
        say(f"{_label(path.name)}: {printable(str(error))}")
        return False
    _tell("HISTORY", label=_label(path.name), count=number(count))
    return True


def _read(file: IO[bytes], name: str) -> list[tuple[str, Content]]:
    """Return what is understood of a file, or of each file in an archive; say what each of them has."""
    found = []
    for count, content in enumerate(files.contents(file), 1):
        label = name if count == 1 else f"{name} ({count})"
        if isinstance(content, FileError):
            say(f"{label}: {_(content.reason)}")
            continue
        first, last = min(content.days, default=None), max(content.days, default=None)
        _tell("FILE", label=label, form=" + ".join(map(_, content.forms)), first=first, last=last)
        if content.faults:
            _tell("FAULTS", lines=[*map(str, content.faults)])
        if content.days:
            found.append((label, content))
    return found


def _add_contents(store: Store, found: Sequence[tuple[str, Content]]) -> int:
    """Add what the files have, and say what came of it; return the number of files that were added."""
    now, sums, example = time.time(), Counter[str](), 0
    with store.editing(int(now)) as base:
        meter = energies.last_meter(base)
        if meter is None:
            _tell("NO_METER")
            return 0
        indexes = {time: index for _label, content in found for time, index in content.indexes.items()}
        for label, content in found:
            try:
                counts = energies.add(base, meter, content, indexes, int(1000 * now))
            except FileError as error:
                say(f"{label}: {_(error.reason)}")
                continue
            sums.update(counts)
            sums["files"] += 1
            example = example or counts["example"]
        in_all = energies.known(base, meter)
    values = {**sums, "example": example, "in_all": in_all, "gaps": number(in_all["gaps"])}
    for sentence in told("IMPORT", values):
        say(sentence)
    return sums["files"]


def _undo(store: Store) -> int:
    with store.editing(int(time.time())) as base:
        removed = energies.undo(base)
    if removed is None:
        return fail("page", _("no file was imported"))
    _tell("UNDO", time=removed[0], count=removed[1])
    return 0


def _export(store: Store, path: Path) -> int:
    path.touch(exist_ok=False)
    store.copy(path)
    _tell("EXPORT", path=_label(str(path)))
    return 0
