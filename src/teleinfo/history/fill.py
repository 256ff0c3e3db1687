"""Fill the history with what was recorded elsewhere: JSON lines."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

from teleinfo.common.untrusted_json import parse_object
from teleinfo.history.chronicle import MAX_AGE, SLOT, Batch, Chronicle
from teleinfo.live.feeds import reading_of
from teleinfo.live.model import LiveModel
from teleinfo.tic.horodate import PARIS, iso

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from teleinfo.history.store import Store

MAX_AHEAD: Final = 86_400
"""Seconds by which the clock of a reading that is imported may be ahead of ours."""

TOLD_EACH: Final = 5000
"""Readings, which take some seconds, after which they are written and the progress is told."""


def fill(
    store: Store,
    lines: Iterable[bytes],
    *,
    now: float,
    progress: Callable[[int, str], None] | None = None,
) -> tuple[int, int]:
    """
    Add the readings in JSON lines: the messages of a daemon, or what `teleinfo decode` prints.

    The state is made, which takes the time, for the last reading of each slot and where an alert, the tariff
    or a colour changed. Each day is a batch, and each mode in it. Many are written at once, since a slow disk
    takes long for each writing; `progress` then gets the number of readings and the day. Return the numbers
    of readings and of other lines, such as those that are later than `now` or older than ten years.
    """
    at, added, others = dt.datetime.fromtimestamp(0, PARIS), 0, 0
    model = LiveModel(patience=None, clock=lambda: at)
    chronicle = Chronicle()
    batches: list[Batch] = []

    def note_state() -> None:
        if model.is_known:
            chronicle.add(model.state(), int(at.timestamp()))

    for line in lines:
        message = parse_object(line) or {}
        reading, found = reading_of(line, mode=None), _time_of(message)
        if reading is None or found is None or not 0 <= now + MAX_AHEAD - found.timestamp() <= MAX_AGE:
            others += 1
            continue
        if found.timestamp() // SLOT != at.timestamp() // SLOT:
            note_state()
        if found.date() != at.date() or model.mode not in {None, reading.mode}:
            batches += chronicle.take()
        at, added = found, added + 1
        if added % TOLD_EACH == 0:
            store.write(batches, now=int(now), imported=True)
            batches.clear()
            if progress is not None:
                progress(added, f"{at:%d/%m/%Y}")
        if model.add_reading(reading, now=at.timestamp()):
            note_state()
    note_state()
    store.write([*batches, *chronicle.take()], now=int(now), imported=True)
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
