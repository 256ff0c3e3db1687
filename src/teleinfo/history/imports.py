"""
The verbs of `teleinfo history`: the past from files, and the history as a file.

The page itself is read-only.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, NamedTuple

from teleinfo.common.files import file_error
from teleinfo.common.i18n import N_, _
from teleinfo.common.terminal_text import printable
from teleinfo.common.untrusted_json import MAX_OBJECT_BYTES
from teleinfo.console.output import fail, say
from teleinfo.contract import regulated_prices
from teleinfo.contract.offers_file import OffersError
from teleinfo.history import copies, energies, sentences
from teleinfo.history.damage import NewerError
from teleinfo.history.database_file import APPLICATION
from teleinfo.history.fill import fill
from teleinfo.history.imported_files import ImportedFiles, label_of, tell
from teleinfo.history.owner import as_owner
from teleinfo.history.recorder import put_aside, unkept
from teleinfo.live.declared import number
from teleinfo.vocabulary.words import Message

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence

    from teleinfo.history.store import Store

DATABASE: Final = b"SQLite format 3\0"
"""The first bytes of a database."""

MARK: Final = slice(68, 72)
"""The bytes of a database that tell its program (SQLite, "Database File Format", 1.3)."""


def change(store: Store, arguments: argparse.Namespace, *, offers: Path) -> int:
    """
    Import, undo an import or export; return the exit status, 1 if a file was not added.

    Root opens the files that the user names, and writes the regulated prices, which are those of all meters,
    to the file beside that of the household's `offers`. All else is done by the owner of the history's
    folder.
    """
    prices = regulated_prices.beside(offers)
    try:
        if arguments.verb == "export":
            return _export(store, arguments.file)
        if arguments.verb == "undo":
            return _undo(store, prices)
        with contextlib.ExitStack() as opened:
            if not arguments.files:
                # Another process may have another standard input.
                lines = opened.enter_context(open(os.dup(sys.stdin.fileno()), "rb"))  # noqa: PTH123
                return int(_as_owner(store, partial(_add_lines, store, lines)))
            named = [_Named(label_of(path.name), _open(path, opened)) for path in arguments.files]
            files = ImportedFiles(allow_other_site=arguments.allow_other_prm)
            number = int(1000 * time.time())
            result = _as_owner(store, partial(_add_files, store, files, named, number))
            return _add_prices(prices, result)
    except OSError as error:
        return fail("history", f"{label_of(str(error.filename))}: {_(file_error(error))}")


class _Named(NamedTuple):
    """A file with the `label` by which it is called: open, or the reason why it cannot be opened."""

    label: str
    file: IO[bytes] | Message


def _open(path: Path, opened: contextlib.ExitStack) -> IO[bytes] | Message:
    try:
        return opened.enter_context(path.open("rb"))
    except IsADirectoryError:
        return Message(N_("it is a folder; give the files in it"))
    except OSError as error:
        return file_error(error)


def _as_owner(store: Store, work: Callable[[], object]) -> Any:  # noqa: ANN401 - JSON of another process
    """
    Return the result of the owner's work on a history.

    If it could not be done, say why, and return the exit status.
    """

    def done() -> object:
        try:
            return work()
        except sqlite3.Error as error:
            return fail("history", _(unkept(store, error)))
        except OSError as error:
            return fail("history", f"{label_of(str(error.filename))}: {_(file_error(error))}")
        finally:
            store.close()
            if (fault := put_aside(store)) is not None:
                say(f"teleinfo history: {_(fault)}")

    return as_owner(store.path.parent, done)


def _add_lines(store: Store, file: IO[bytes]) -> int:
    """Add JSON lines."""
    lines = iter(partial(file.readline, MAX_OBJECT_BYTES + 1), b"")  # a line may have any length
    added, others = fill(
        store,
        lines,
        now=time.time(),
        progress=lambda count, day: tell(sentences.READING, count=count, day=day),
    )
    tell(sentences.READ, added=str(added), others=str(others))
    return 0 if added else 1


def _add_files(store: Store, files: ImportedFiles, named: Sequence[_Named], number: int) -> dict[str, object]:
    """
    Add files, archives and exported histories, in the import with this number.

    Return the exit `status`, 1 if one was not added, and the `prices` of each file that has some.
    """
    status = 0
    for label, file in named:
        if isinstance(file, Message):
            files.refuse(label, file)
            continue
        try:
            head = file.read(MARK.stop)
            file.seek(0)
            if head.startswith(DATABASE) and head[MARK] == APPLICATION.to_bytes(4):
                status |= not _restore(store, label, file)
            else:
                files.read(file, label)
        except OSError as error:
            files.refuse(label, file_error(error))
    files.add(store, number)
    return {"status": 1 if files.has_failed else status, "prices": files.prices}


def _add_prices(path: Path, result: Any) -> int:  # noqa: ANN401 - JSON of another process
    """Add the regulated prices in the result of `_add_files`; return the exit status."""
    if isinstance(result, int):
        return result
    try:
        files = regulated_prices.of_files(result["prices"])
        for file in files:
            added = regulated_prices.add(path, file.prices)
            tell(sentences.PRICES_ADDED, label=printable(file.label), added=str(added), path=str(path))
    except OffersError as error:
        return fail("history", f"{printable(str(path))}: {_(error.faults[0])}")
    except OSError as error:
        template = _("{path} cannot be written ({error}); repeat the command as root, with sudo")
        return fail("history", template.format(path=printable(str(path)), error=_(file_error(error))))
    return int(result["status"])


def _restore(store: Store, label: str, file: IO[bytes]) -> bool:
    """Add an exported history; what both have stays as it is here. Return True if it could be read."""
    try:
        merged = store.merge(file.read(), int(time.time()))
    except NewerError as error:
        say(f"{label}: {_(str(error))}")
        return False
    tell(sentences.HISTORY, label=label, count=number(merged.added), impossible=merged.impossible)
    if not merged.is_whole:
        tell(sentences.DAMAGED, label=label)
    return merged.is_whole or merged.added > 0


def _undo(store: Store, prices: Path) -> int:
    """Remove what the last import added, to the history or to the regulated prices."""
    try:
        of_prices = regulated_prices.last_import(prices) or 0
        result = _as_owner(store, partial(_undo_since, store, of_prices))
        if isinstance(result, int):
            return result
        last = int(result["last"])
        count = int(result["count"])
        if not last:
            return fail("history", _("no file was imported"))
        count += regulated_prices.remove(prices, last)
    except OffersError as error:
        return fail("history", f"{printable(str(prices))}: {_(error.faults[0])}")
    tell(sentences.UNDO, time=last // 1000, count=count)
    return 0


def _undo_since(store: Store, number: int) -> dict[str, int]:
    """Remove the last import of the history unless it is before that with this number; return both."""
    with store.editing(int(time.time())) as base:
        last = max(energies.last_import(base) or 0, number)
        return {"last": last, "count": energies.undo(base, last)}


def _export(store: Store, path: Path) -> int:
    """Write the history to a new file, which appears once it is whole, for the user of its folder alone."""
    if path.exists():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    try:
        descriptor, name = tempfile.mkstemp(prefix=f"{path.name}.", suffix=".part", dir=path.parent)
    except OSError as error:
        # The error names the temporary file, which the user does not know.
        raise OSError(error.errno, error.strerror, str(path)) from error
    part = Path(name)
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor
            if os.geteuid() == 0:
                user = path.parent.stat()
                os.fchown(descriptor, user.st_uid, user.st_gid)
            status = int(_as_owner(store, partial(_write, store, file)))
        if status == 0:
            part.rename(path)
            tell(sentences.EXPORT, path=label_of(str(path)))
    finally:
        part.unlink(missing_ok=True)
    return status


def _write(store: Store, file: IO[bytes]) -> int:
    """Write the history to a file that is open."""
    file.write(copies.content_of(store.path))
    file.flush()
    os.fsync(file.fileno())
    return 0
