"""
The places whose files were imported, by a number (PRM) that can be compared and not be read.

Each is a row of the kind `SITE` in the table `imported`, and goes when its import is undone. Every function
blocks, and may raise `sqlite3.Error`.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import sqlite3

SITE: Final = "site"

_ITERATIONS: Final = 100_000
"""They make a comparison take a tenth of a second, and the trial of all numbers months."""


def add_site(base: sqlite3.Connection, meter: int, site: str, number: int) -> None:
    """Keep a place whose file was added by the import with this `number`, a time in ms."""
    [last] = base.execute("SELECT max(time) FROM imported WHERE kind = ?", (SITE,)).fetchone()
    time = max(number // 1000, (last or 0) + 1)  # each has a time of its own
    salt = secrets.token_bytes(16)
    row = (meter, SITE, time, f"{salt.hex()} {_digest(site, salt)}", number)
    base.execute("INSERT INTO imported VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", row)


def is_known(base: sqlite3.Connection, site: str) -> bool | None:
    """
    Return True if files of this place were imported.

    Return False if those of another place were, and None if no file told its place.
    """
    is_any = False
    for [value] in base.execute("SELECT DISTINCT value FROM imported WHERE kind = ?", (SITE,)).fetchall():
        salt, _space, digest = str(value).partition(" ")
        try:
            own = _digest(site, bytes.fromhex(salt))
        except ValueError:  # a damaged row
            continue
        if hmac.compare_digest(own, digest):
            return True
        is_any = True
    return False if is_any else None


def _digest(site: str, salt: bytes) -> str:
    return hashlib.pbkdf2_hmac("sha256", site.encode(), salt, _ITERATIONS).hex()
