"""Any file of a household: never raises, read or refused with a reason; times and numbers within bounds."""

from __future__ import annotations

import datetime as dt
import io
import math

from teleinfo.contract.content import FileError
from teleinfo.contract.days import midnight
from teleinfo.contract.files import FileReader
from teleinfo.contract.load_curve import HOUR, energies_of
from teleinfo.contract.rows import MOST
from tests.history.odd_files import ODD_FILES

FIRST = midnight(dt.date(1999, 12, 31))
LAST = midnight(dt.date(2101, 1, 2))
"""The years 2000 to 2100, and a day before and after: a day has several offsets."""

MAX_SEED = 4096


def seeds() -> dict[str, bytes]:
    """Return the odd files that are short."""
    contents = {odd.name: odd.content() for odd in ODD_FILES}
    return {name: content for name, content in contents.items() if len(content) <= MAX_SEED}


def check(data: bytes) -> None:
    """Read a file, and whatever is in it if it is an archive."""
    for _name, content in FileReader().contents(io.BytesIO(data)):
        if isinstance(content, FileError):
            assert content.reason
            continue
        times = [*content.points, *content.indexes, *(time for _kind, time in content.others)]
        assert all(FIRST <= time < LAST for time in times)
        assert all(0 <= power <= MOST for power in content.points.values())
        assert all(0 <= index < 2**53 for index in content.indexes.values())
        assert len(content.days) <= len(times) + len(content.prices)
        for are_begins in (True, False):
            curve = energies_of(content.points, are_begins=are_begins)
            energies = [*curve.half_hours.values(), *curve.hours.values()]
            assert all(math.isfinite(energy) and 0 <= energy <= MOST * HOUR / 3600 for energy in energies)
