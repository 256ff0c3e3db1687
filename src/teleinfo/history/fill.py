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
    from teleinfo.tic.reading import Reading

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

    To make the state of a reading takes the most time: it is made for the last reading of each slot, and
    where an alert, the tariff or a colour changed. Each day is a batch, and each mode in it. Many are written
    at once, since a slow disk takes long for each writing; `progress` then gets the number of readings and
    the day. Return the numbers of readings and of other lines, such as those that are later than `now` or
    older than ten years.
    """
    filling = _Filling()
    others = 0
    for line in lines:
        reading = reading_of(line, mode=None)
        time = _time_of(line, now)
        if reading is None or time is None:
            others += 1
            continue
        filling.add(reading, time)
        if filling.added % TOLD_EACH == 0:
            store.write(filling.batches, now=int(now), imported=True)
            filling.batches.clear()
            if progress is not None:
                progress(filling.added, f"{time:%d/%m/%Y}")
    filling.end()
    store.write(filling.batches, now=int(now), imported=True)
    store.close()
    return filling.added, others


class _Filling:
    """What a filling has read: `added` readings, and the `batches` that are not written yet."""

    def __init__(self) -> None:
        self.added = 0
        self.batches: list[Batch] = []
        self._chronicle = Chronicle()
        self._last_time = dt.datetime.fromtimestamp(0, PARIS)
        self._model = LiveModel(patience=None, clock=lambda: self._last_time)

    def add(self, reading: Reading, time: dt.datetime) -> None:
        """Add a reading of this time."""
        if time.timestamp() // SLOT != self._last_time.timestamp() // SLOT:
            self._note_state()  # the last one of its slot
        is_other_mode = self._model.mode is not None and self._model.mode != reading.mode
        if time.date() != self._last_time.date() or is_other_mode:
            self.batches += self._chronicle.take()
        self._last_time = time
        self.added += 1
        has_changed = self._model.add_reading(reading, now=time.timestamp())
        if has_changed:
            self._note_state()

    def end(self) -> None:
        """End the last batch."""
        self._note_state()
        self.batches += self._chronicle.take()

    def _note_state(self) -> None:
        """Add the state after the last reading to the history."""
        if self._model.is_known:
            self._chronicle.add(self._model.state(), int(self._last_time.timestamp()))


def _time_of(line: bytes, now: float) -> dt.datetime | None:
    """
    Return the time of a reading in France: by the clock of the meter (standard), else by its `timestamp`.

    Return None if the line has no time, or one that is later than `now` or older than ten years.
    """
    message = parse_object(line)
    if message is None:
        return None
    timestamp = message.get("timestamp")  # ms since 1970
    try:
        horodate = iso(str(message.get("DATE")))
        if horodate is not None:
            time = dt.datetime.fromisoformat(horodate).astimezone(PARIS)
        elif isinstance(timestamp, int | float):
            time = dt.datetime.fromtimestamp(timestamp / 1000, PARIS)
        else:
            return None
    except (ValueError, OverflowError, OSError):  # a number that no calendar has
        return None
    latest = now + MAX_AHEAD
    is_possible = 0 <= latest - time.timestamp() <= MAX_AGE
    return time if is_possible else None
