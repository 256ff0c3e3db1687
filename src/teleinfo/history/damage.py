"""Errors of a database, and which of them its content may cause."""

from __future__ import annotations

import sqlite3
from typing import Final

ERRORS: Final = (OSError, sqlite3.Error, ValueError, ArithmeticError, LookupError, TypeError)
"""
All that reading a database may raise, whatever is in its file.

A text that is no UTF-8 is a ValueError, a time beyond the calendar is one or an OverflowError, an unknown
code is a LookupError, and arithmetic with a text is a TypeError.
"""

_PASSING: Final = frozenset(
    {
        sqlite3.SQLITE_AUTH,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_CONSTRAINT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_READONLY,
    }
)
"""Primary result codes of SQLite whose cause is not in the file: sqlite.org/rescode.html."""


class NewerError(sqlite3.Error):
    """Raised if a newer version of teleinfo wrote the database."""


def is_damage(error: Exception) -> bool:
    """True if the content of the file may be the cause of one of `ERRORS`: it must be checked."""
    if isinstance(error, OSError | NewerError):
        return False
    if isinstance(error, sqlite3.Error):
        # Without a code it is an error of the module itself, such as for a text that is no UTF-8.
        code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
        return code & 0xFF not in _PASSING  # the primary code
    return True
