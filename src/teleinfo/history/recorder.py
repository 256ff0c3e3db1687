"""
Keep the history of the meter that is shown.

A batch is written every five minutes. Tables are made on request, each of a copy of the database in memory,
so that no request delays a batch. A database that cannot be used costs the history, and a line on standard
error: the page goes on.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import itertools
import sqlite3
import time
from collections import deque
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, NoReturn, TypeVar

from teleinfo.common.clock import is_set
from teleinfo.common.files import file_error
from teleinfo.common.i18n import N_, _
from teleinfo.common.terminal_text import printable
from teleinfo.console.output import say
from teleinfo.contract.days import day_of, in_zone_of, midnight
from teleinfo.history import copies, tables
from teleinfo.history.chronicle import Batch, Chronicle
from teleinfo.history.damage import ERRORS, is_damage
from teleinfo.history.database_file import NEWER
from teleinfo.history.store import Store
from teleinfo.vocabulary.words import Message

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from teleinfo.history.tables import Table
    from teleinfo.live.model import LiveModel
    from teleinfo.state.fields import Json

T = TypeVar("T")

BATCH_INTERVAL: Final = 300.0
"""Seconds between two batches: a power cut costs at most these."""

MAX_WAITING: Final = 12
"""The most intervals whose batches wait for a database that cannot be written: an hour."""

COPY_PAUSE: Final = 6 * 3600.0
"""Seconds until a copy that failed is tried again."""

END_TIMEOUT: Final = 8.0
"""Seconds for the last batch at the end: a busy machine needs some, and systemd kills after ten."""

MAX_TABLES: Final = 8
"""The most different tables that are waited for at a time; a browser asks for one after the other."""

GRACE: Final = 0.2
"""Seconds until a request gives up when too many wait; those whose clients have gone leave meanwhile."""

OLDEST: Final = dt.date(2000, 1, 1)
"""The first day of a horodate."""

SQLITE_ERRORS: Final = (
    N_("database is locked"),
    N_("database or disk is full"),
    N_("attempt to write a readonly database"),
    N_("unable to open database file"),
    N_("disk I/O error"),
    NEWER,
)
"""The errors of a database that a household can meet, which have a translation."""


class BusyError(Exception):
    """Raised if too many other tables are waited for."""


class UnreadableError(Exception):
    """Raised if the history cannot be read; the next batch cures or reports the cause."""


@dataclass(slots=True, eq=False)
class _Request:
    """A table that `readers` wait for; `making` makes it, and has begun once it `is_begun`."""

    making: asyncio.Task[Table | None]
    readers: int = 0
    is_begun: bool = False


class HistoryRecorder:
    """
    The history at `path` of the meter of `model`; `clock` returns the time, s since 1970.

    `meters` are the known meters, each with the times of its first and last reading, the latest one first.
    `fault` is why the history is not kept, or where a damaged one is; None if all is well.
    """

    def __init__(
        self,
        path: Path,
        model: LiveModel,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._chronicle = Chronicle()
        model.on_state = self._add
        self._store = Store(path)
        self._model = model
        self._clock = clock
        self._writing = asyncio.Lock()
        self._making = asyncio.Lock()
        self._doubted = asyncio.Event()
        self._requests: dict[tuple[str, str, dt.date | None], _Request] = {}
        self._waiting: deque[list[Batch]] = deque(maxlen=MAX_WAITING)
        self._copy_due = 0.0  # by the clock of the event loop
        self._uncopied: Message | None = None
        self.meters: list[tuple[str, int, int]] = []
        self.fault: Message | None = None

    def _add(self, state: Json, at: int) -> None:
        """Add a state, unless the clock of the machine has not been set: its time would be a wrong one."""
        if is_set(at):
            self._chronicle.add(state, at)

    async def run(self) -> NoReturn:
        """
        Write a batch every `BATCH_INTERVAL` seconds until cancelled, and then the last one.

        If a table found damage, a batch is written at once: the file is checked then, and put aside.
        """
        try:
            while True:
                if await self._write():
                    await self._back_up()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(BATCH_INTERVAL):
                        await self._doubted.wait()
                self._doubted.clear()
        finally:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(END_TIMEOUT):
                    await self._write(is_last=True)

    async def table(self, meter: str, name: str, *, end: dt.date | None = None) -> Table | None:
        """
        Return the table `name` of a meter, until the `end` of a day or now; None if there is none.

        Tables are made one after the other, equal ones once, and none while a batch is being written. If all
        who wait for a table are cancelled, it is not begun. Raise BusyError if `MAX_TABLES` others are waited
        for, UnreadableError if it cannot be made.
        """
        key = meter, name, end
        if key not in self._requests and len(self._requests) >= MAX_TABLES:
            await asyncio.sleep(GRACE)
        request = self._requests.get(key)
        if request is None:
            if len(self._requests) >= MAX_TABLES:
                raise BusyError
            request = _Request(asyncio.create_task(self._make(*key), name=f"teleinfo.history.table.{name}"))
            request.making.add_done_callback(partial(self._forget, key))
            self._requests[key] = request
        request.readers += 1
        try:
            # It does not end with this reader: the others wait for it too.
            await asyncio.wait([request.making])
            return request.making.result()
        finally:
            request.readers -= 1
            if not request.readers and not request.is_begun:
                request.making.cancel()
                self._requests.pop(key, None)

    def _forget(self, key: tuple[str, str, dt.date | None], making: asyncio.Task[Table | None]) -> None:
        """
        Forget a request whose table is made.

        Raise an error that nobody is left to hear of, unless it only says that the history cannot be read.
        """
        request = self._requests.get(key)
        if request is None or request.making is not making:
            return
        del self._requests[key]
        if making.cancelled():
            return
        error = making.exception()
        if error is not None and not request.readers and not isinstance(error, UnreadableError):
            raise error

    async def _make(self, meter: str, name: str, end: dt.date | None) -> Table | None:
        async with self._making:
            async with self._writing:
                pass  # a batch that is being written may replace a damaged file
            self._requests[meter, name, end].is_begun = True
            now = int(self._clock())
            if end is not None:
                with in_zone_of(meter):
                    today = day_of(now)
                    last_day = min(max(end, OLDEST), today)
                    if last_day != today:
                        now = midnight(last_day + dt.timedelta(days=1)) - 1
            pending = [*itertools.chain(*self._waiting), *self._chronicle.peek()]
            try:
                return await asyncio.to_thread(
                    tables.table,
                    self._store,
                    pending,
                    meter,
                    name,
                    prices=self._model.prices,
                    codes=self._model.codes_of(meter),
                    now=now,
                )
            except ERRORS as error:
                if is_damage(error):
                    self._store.doubt()
                    self._doubted.set()  # the next request finds a file that was checked
                raise UnreadableError from error

    async def _write(self, *, is_last: bool = False) -> bool:
        """
        Write what is new, and close the database if it is the last batch.

        If it fails, report it once, return False, and try again with the next batch.
        """
        self._waiting.append(self._chronicle.take())
        batches = [*itertools.chain(*self._waiting)]
        now = int(self._clock())

        def write() -> list[tuple[str, int, int]]:
            return self._store.write(batches, now=now)

        def write_and_close() -> list[tuple[str, int, int]]:
            # In one call: a loop that ends runs no other.
            with contextlib.closing(self._store):
                return write()

        try:
            self.meters = await self._call(write_and_close if is_last else write)
        except (OSError, sqlite3.Error) as error:
            self._report(unkept(self._store, error))
            return False
        self._waiting.clear()
        self._store.copy.forget()  # it is of the time before; nobody may look at the page any more
        self._report(self._uncopied or put_aside(self._store))
        return True

    async def _back_up(self) -> None:
        """Copy the history each week; if that fails, report it, and try again after `COPY_PAUSE`."""
        now = asyncio.get_running_loop().time()
        if now < self._copy_due:
            return
        try:
            await asyncio.to_thread(copies.back_up, self._store.path, day_of(int(self._clock())))
        except ERRORS as error:
            if is_damage(error):
                self._store.doubt()  # the next batch says what becomes of it
                return
            self._copy_due = now + COPY_PAUSE
            self._uncopied = uncopied(self._store, error)
            self._report(self.fault or self._uncopied)
        else:
            self._uncopied = None

    def _report(self, fault: Message | None) -> None:
        if fault is not None and fault != self.fault:
            say(f"teleinfo web: {_(fault)}")
        self.fault = fault

    async def _call(self, function: Callable[[], T]) -> T:
        """
        Return the result of a function that writes, in a thread, one at a time; it cannot be cancelled.

        If it fails after its reader was cancelled, an error of the disk or of SQLite is dropped: what was not
        written is written with the last batch, which reports its own error. Any other reaches the loop.
        """

        async def call() -> T | OSError | sqlite3.Error:
            async with self._writing:
                try:
                    return await asyncio.to_thread(function)
                except (OSError, sqlite3.Error) as error:
                    return error

        calling = asyncio.ensure_future(call())
        await asyncio.wait([calling])
        result = calling.result()
        if isinstance(result, OSError | sqlite3.Error):
            raise result
        return result


def unkept(store: Store, error: Exception) -> Message:
    """Return the sentence on a history that cannot be written."""
    text = N_("the history cannot be kept in {path}: {error}")
    return Message(text, path=printable(str(store.path)), error=_reason(error))


def uncopied(store: Store, error: Exception) -> Message:
    """Return the sentence on a history that is written, but cannot be copied."""
    text = N_("the history is kept, but its weekly copy cannot be written beside {path}: {error}")
    return Message(text, path=printable(str(store.path)), error=_reason(error))


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return file_error(error)
    text = str(error)
    return Message(text) if text in SQLITE_ERRORS else printable(text)


def put_aside(store: Store) -> Message | None:
    """Return the sentence on a damaged history that was put aside since the start, None if none was."""
    text = N_(
        "the history was damaged: it was moved to {path}, and all that could be read of it and of its copies "
        "was kept"
    )
    return None if store.aside is None else Message(text, path=printable(str(store.aside)))
