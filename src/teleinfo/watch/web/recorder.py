"""
Keep the history of the meter that is watched, or fill it with a recording: JSON lines.

A batch is written every five minutes; tables are made on request.

A call of the database runs in a thread, one at a time. A database that cannot be used costs the history, and
a line on standard error: the page goes on.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import sqlite3
import time
from collections import deque
from typing import TYPE_CHECKING, Final, NoReturn, TypeVar

from teleinfo.cli.output import say
from teleinfo.common.i18n import _
from teleinfo.common.terminal_text import printable
from teleinfo.common.untrusted_json import parse_object
from teleinfo.tic.horodate import PARIS, iso
from teleinfo.watch.chronicle import Chronicle
from teleinfo.watch.feeds import reading_of
from teleinfo.watch.live_model import LiveModel
from teleinfo.watch.web import tables
from teleinfo.watch.web.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from teleinfo.state.prices import Prices
    from teleinfo.watch.chronicle import Batch
    from teleinfo.watch.web.tables import Table

T = TypeVar("T")

INTERVAL: Final = 300.0
"""Seconds between two batches: a power cut costs at most these."""

MAX_BATCHES: Final = 12
"""The most batches that wait for a database that cannot be written: an hour."""

END_TIMEOUT: Final = 2.0
"""Seconds for the last batch at the end."""


class HistoryRecorder:
    """The history at `path` of the meter of `model`; `clock` returns the time, s since 1970."""

    def __init__(
        self,
        path: Path,
        model: LiveModel,
        *,
        prices: Prices | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._chronicle = model.chronicle = Chronicle()
        self._store = Store(path, prices)
        self._clock = clock
        self._turn = asyncio.Lock()
        self._waiting: deque[Batch] = deque(maxlen=MAX_BATCHES)
        self._fault = ""

    async def run(self) -> NoReturn:
        """Write a batch every `INTERVAL` seconds until cancelled, and then the last one."""
        try:
            while True:
                await self._write()
                await asyncio.sleep(INTERVAL)
        finally:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(END_TIMEOUT):
                    await self._write()
                    await self._call(self._store.close)

    async def table(self, meter: str, name: str) -> Table | None:
        """Return the table `name` of a meter; None if there is no such table."""
        pending, now = [*self._waiting, *self._chronicle.peek()], int(self._clock())
        return await self._call(lambda: tables.table(self._store, pending, meter, name, now=now))

    async def _write(self) -> None:
        """Write what is new; if that fails, report it once, and try again with the next batch."""
        self._waiting += self._chronicle.take()
        batches, now = [*self._waiting], int(self._clock())
        try:
            # Even if this is cancelled, the next call waits for the end of the thread.
            await asyncio.shield(self._call(lambda: self._store.write(batches, now=now)))
        except (OSError, sqlite3.Error) as error:
            why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            text = _("the history cannot be kept in {path}: {error}")
            self._report(text.format(path=self._store.path, error=printable(why)))
            return
        self._waiting.clear()
        self._fault = ""
        if self._store.aside is not None:
            text = _("the history was damaged: it was moved to {path}, and begins anew")
            self._report(text.format(path=self._store.aside))
            self._store.aside = None

    def _report(self, text: str) -> None:
        if text != self._fault:
            self._fault = text
            say(f"teleinfo watch: {text}")

    async def _call(self, function: Callable[[], T]) -> T:
        async with self._turn:
            return await asyncio.to_thread(function)


def fill(store: Store, lines: Iterable[bytes]) -> tuple[int, int]:
    """
    Add the readings in JSON lines: the messages of a daemon, or what `teleinfo decode` prints.

    Each day is a batch. Return the numbers of readings and of other lines.
    """
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
