"""
Keep the memory of a meter across restarts: read it at the start, write it when it has changed.

The memory is written:

- at midnight, and when an entity or the total would be wrong without it: at once (see `WRITES_AT_ONCE`);
- if there are new fields or events, once an hour;
- at the end.

So a program that runs writes at most 30 times a day, whatever the meter and the clock do.
If the file cannot be read or written, that is logged once, and the daemon goes on without it. Reading and
writing take seconds on some disks, and never end on a dead network drive: they happen in a thread. A file is
not replaced before it was read: what it holds still counts then.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections import deque
from typing import TYPE_CHECKING, Final

from teleinfo.common.files import file_error, write_file
from teleinfo.common.state_directory import file_name, state_directory
from teleinfo.common.untrusted_json import MAX_OBJECT_BYTES, parse_object
from teleinfo.state.memory import Memory, encode, from_json, is_intact, is_newer
from teleinfo.vocabulary.words import Message

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

log = logging.getLogger(__name__)

# All in seconds.
OPEN_TIMEOUT: Final = 5.0
"""Longest wait for the disk: no state is published until then, or until the file is read."""

WRITE_INTERVAL: Final = 3600.0
"""From a write, or an attempt, to the next that need not come at once."""

AT_ONCE_WITHIN: Final = 24 * 3600.0
WRITES_AT_ONCE: Final = 6
"""Writes in any 24 hours that may come at once. Further ones wait for the interval: memory cards wear out."""


def read_file(path: Path) -> bytes | None:
    """Return the file, at most `MAX_OBJECT_BYTES` + 1 bytes of it; None if there is none. Raise OSError."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_OBJECT_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None


class MemoryKeeper:
    """
    Keeps the memory of the meter with the base topic `topic`. Construct it inside the event loop.

    `on_loaded` is called with the memory of an earlier run or None; with None after `OPEN_TIMEOUT` at the
    latest, and then once more if a memory is read after all.
    """

    def __init__(self, topic: str, on_loaded: Callable[[Memory | None], None]) -> None:
        self._topic = topic
        self._on_loaded = on_loaded
        self._loop = asyncio.get_running_loop()
        # The times of the last writes that came at once, the earliest first.
        self._times_at_once = deque([-math.inf] * WRITES_AT_ONCE, maxlen=WRITES_AT_ONCE)
        self._latest: Memory | None = None
        self._written: Memory | None = None
        self._routine_after = -math.inf
        self._is_failure_logged = False
        self._is_open = False
        self._is_ending = False
        self._wake = asyncio.Event()

    def offer(self, memory: Memory | None) -> None:
        """
        Store the present memory, None if there is none yet, and make `run` write it if a write is due.

        Before the file is read, however late, the memory is ignored: it lacks what is in the file.
        """
        if not self._is_open:
            return
        if memory is not None:
            self._latest = memory
        if self._is_due():
            self._wake.set()

    def end(self) -> None:
        """Make `run` write the latest memory and return."""
        self._is_ending = True
        self._wake.set()

    async def run(self) -> None:
        """Read the file, then write it whenever a write is due, until `end`; return if there is no place."""
        folder = state_directory()
        if folder is None:
            log.warning(
                "there is no directory to remember the energy total in: it may begin anew after a restart; "
                "set HOME or STATE_DIRECTORY"
            )
            self._on_loaded(None)
            return
        path = folder / f"{file_name(self._topic)}.json"
        going_on = self._loop.call_later(OPEN_TIMEOUT, self._go_on_without, folder)
        try:
            loss = await self._restore(path)
        except OSError as error:
            loss = file_error(error)
            self._is_failure_logged = True
        finally:
            going_on.cancel()
        if loss is not None:
            log.warning("what was remembered of the last run in %s is lost: %s", folder, loss)
        self._is_open = True
        self._on_loaded(self._written)
        is_last = False
        while not is_last:
            await self._wake.wait()
            self._wake.clear()
            # Read before the write: if `end` is called during the write, another one follows.
            is_last = self._is_ending
            if self._latest is not None and self._is_due():
                await self._write(path, self._latest)

    def _go_on_without(self, folder: Path) -> None:
        log.warning(
            "%s does not answer within %g s: the energies begin anew until it does", folder, OPEN_TIMEOUT
        )
        self._on_loaded(None)

    async def _restore(self, path: Path) -> Message | None:
        """
        Restore the memory from the file.

        Return why it is lost; None if it was restored, or if there is no file. Raise OSError.
        """
        data = await asyncio.to_thread(read_file, path)
        if data is None:
            return None
        content = parse_object(data) or {}
        if is_newer(content):
            # Renamed: our first write would replace it.
            kept = await asyncio.to_thread(path.rename, path.with_suffix(".newer"))
            return Message("a newer version of teleinfo wrote the file, which is now {path}", path=kept)
        if is_intact(data):
            self._written = from_json(content)
        if self._written is None:
            return Message("the file is damaged")
        return None

    def _is_due(self) -> bool:
        """Return True if the latest memory is to be written now."""
        memory = self._latest
        written = self._written
        if memory is None or memory == written:
            return False
        if self._is_ending:
            return True
        now = self._loop.time()
        if now >= self._routine_after:
            return written is None or _worth_writing(memory) != _worth_writing(written)
        oldest_at_once = self._times_at_once[0]  # of the last `WRITES_AT_ONCE` writes
        may_write_at_once = now - oldest_at_once >= AT_ONCE_WITHIN
        return may_write_at_once and self._is_urgent(memory)

    def _is_urgent(self, memory: Memory) -> bool:
        """Return True if a total or an entity would be wrong without this memory in the file."""
        return self._written is None or _essence(memory) != _essence(self._written)

    async def _write(self, path: Path, memory: Memory) -> None:
        if self._written is not None and memory.meter != self._written.meter:
            log.info("this is another meter than before: its energy total begins anew")
        now = self._loop.time()
        if self._is_urgent(memory):
            self._times_at_once.append(now)  # the earliest one falls out
        self._routine_after = now + WRITE_INTERVAL
        try:
            # Without a time limit: a second write must not begin before the first has ended.
            await asyncio.to_thread(write_file, path, encode(memory))
        except OSError as error:
            if not self._is_failure_logged:
                self._is_failure_logged = True
                log.warning(
                    "%s cannot be written: %s; the energy total may begin anew after a restart",
                    path.parent,
                    file_error(error),
                )
        else:
            self._written = memory


def _essence(memory: Memory) -> tuple[object, ...]:
    """Return the part of the memory without which a total, or an entity, would be wrong."""
    counter = None
    offset = None
    if memory.import_total is not None:
        counter = memory.import_total.counter
        offset = memory.import_total.offset
    return memory.meter, counter, offset, memory.day, memory.announced


def _worth_writing(memory: Memory) -> tuple[object, ...]:
    """Return the part of the memory whose change is written; the meter sends the rest again."""
    return *_essence(memory), memory.fields, memory.situation
