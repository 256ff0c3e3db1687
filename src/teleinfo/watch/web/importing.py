"""Fill the history with JSON lines: the messages of a daemon, or what `teleinfo decode` prints."""

from __future__ import annotations

import datetime as dt
import time
from typing import TYPE_CHECKING

from teleinfo.common.untrusted_json import parse_object
from teleinfo.tic.horodate import PARIS, iso
from teleinfo.watch.chronicle import Chronicle
from teleinfo.watch.feeds import reading_of
from teleinfo.watch.live_model import LiveModel

if TYPE_CHECKING:
    from collections.abc import Iterable

    from teleinfo.watch.web.store import Store


def fill(store: Store, lines: Iterable[bytes]) -> tuple[int, int]:
    """Add the readings in `lines`, each day as a batch; return the numbers of readings and of other lines."""
    at, added, others = dt.datetime.fromtimestamp(0, PARIS), 0, 0
    model = LiveModel(patience=None, clock=lambda: at)
    chronicle = model.chronicle = Chronicle()
    for line in lines:
        message = parse_object(line) or {}
        reading, found = reading_of(line, mode=None), _time_of(message)
        if reading is None or found is None:
            others += 1
            continue
        if found.date() != at.date():
            store.write(chronicle.take(), now=int(time.time()), imported=True)
            chronicle = model.chronicle = Chronicle()
        at, added = found, added + 1
        model.add_reading(reading, now=at.timestamp())
    store.write(chronicle.take(), now=int(time.time()), imported=True)
    store.close()
    return added, others


def _time_of(message: dict[str, object]) -> dt.datetime | None:
    """Return the time in France by the clock of the meter (standard), else by the key `timestamp`, in ms."""
    stamp = message.get("timestamp")
    try:
        if (text := iso(str(message.get("DATE")))) is not None:
            return dt.datetime.fromisoformat(text).astimezone(PARIS)
        return dt.datetime.fromtimestamp(stamp / 1000, PARIS) if isinstance(stamp, int | float) else None
    except (ValueError, OverflowError, OSError):
        return None
