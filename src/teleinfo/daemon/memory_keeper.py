"""
Keep the memory of a meter across restarts: read it at the start, write it when it has changed.

The memory is written at most `MAX_WRITES` times in 24 hours, restarts included:

- at once, if the total would be wrong without it;
- at midnight, and at the end;
- some minutes after new topics were published.

If the file cannot be read or written, that is logged once, and the daemon goes on without it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import math
import os
import time
from collections import deque
from typing import TYPE_CHECKING, Final

from teleinfo.common.untrusted_json import parse_object
from teleinfo.daemon.memory_file import MemoryFile, state_directory
from teleinfo.state.memory import from_json, is_newer, to_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from teleinfo.state.memory import Memory

log = logging.getLogger(__name__)

# All in seconds.
OPEN_TIMEOUT: Final = 5.0
"""Longest wait for the disk: no state is published until the file is read."""

ROUTINE_INTERVAL: Final = 600.0
"""Time between two writes of new topics: the fields of a meter come one by one after a start."""

RETRY_INTERVAL: Final = 3600.0
"""Time from a write that failed to the next attempt."""

DAY: Final = 24 * 3600.0

MAX_WRITES: Final = 20
"""Writes in any 24 hours: memory cards wear out."""

RESERVE: Final = 4
"""Part of `MAX_WRITES` that is reserved for changes without which the total would be wrong."""


class MemoryKeeper:
    """
    Keeps the memory of the meter with the base topic `topic`. Construct it inside the event loop.

    `on_loaded` is called once, with the memory of an earlier run or None. `disk` is the lock that lets only
    one meter of the process read or write at a time.
    """

    def __init__(self, topic: str, disk: asyncio.Lock, on_loaded: Callable[[Memory | None], None]) -> None:
        self._topic = topic
        self._disk = disk
        self._on_loaded = on_loaded
        self._loop = asyncio.get_running_loop()
        self._writes: deque[float] = deque(maxlen=MAX_WRITES)  # times of the last writes by the loop's clock
        self._latest: Memory | None = None
        self._written: Memory | None = None
        self._routine_after = self._retry_after = -math.inf
        self._is_failure_logged = False
        self._is_open = self._is_ending = False
        self._wake = asyncio.Event()

    def offer(self, memory: Memory | None) -> None:
        """
        Store the present memory, None if there is none yet, and make `run` write it if a write is due.

        Before the file is read, the memory is ignored: it lacks the offset that is in the file.
        """
        if self._is_open:
            self._latest = memory or self._latest
            if self._is_due():
                self._wake.set()

    def end(self) -> None:
        """Make `run` write the latest memory and return."""
        self._is_ending = True
        self._wake.set()

    async def run(self) -> None:
        """Read the file, then write it whenever a write is due, until `end`; return if it cannot be used."""
        folder = state_directory(os.environ)
        if folder is None:
            log.warning(
                "there is no directory to remember the energy total in: it may begin anew after a restart; "
                "set HOME or STATE_DIRECTORY"
            )
            self._on_loaded(None)
            return
        file = MemoryFile(folder, self._topic)
        try:
            memory = await self._load(file)
        except BlockingIOError:
            log.warning(
                "another teleinfo remembers this meter in %s: this one does not, and its energy total may "
                "begin anew after a restart; give one of them another TELEINFO_MQTT_TOPIC",
                folder,
            )
            self._on_loaded(None)
            return
        self._written = memory
        self._is_open = True
        self._on_loaded(memory)
        while not self._is_ending:
            await self._wake.wait()
            self._wake.clear()
            if self._latest is not None and self._is_due():
                await self._write(file, self._latest)
        file.close()

    async def _load(self, file: MemoryFile) -> Memory | None:
        try:
            async with self._disk:
                data = await asyncio.wait_for(asyncio.to_thread(file.open), OPEN_TIMEOUT)
        except BlockingIOError:
            raise
        except OSError as error:  # TimeoutError included
            return self._note_loss(file, _reason(error))
        if data is None:
            return None
        content = parse_object(data) or {}
        self._restore_writes(content.get("writes"))
        if is_newer(content):
            return self._note_loss(file, "a newer version of teleinfo wrote the file")
        memory = from_json(content)
        return self._note_loss(file, "the file is damaged") if memory is None else memory

    def _restore_writes(self, times: object) -> None:
        """Count the writes of earlier runs, too; `times` is a list of seconds since 1970."""
        now, today = self._loop.time(), time.time()
        for written in times if isinstance(times, list) else ():
            if isinstance(written, float) and written > 0:
                # If the clock was set back since then, the write seems to lie in the future.
                self._writes.append(now - max(0.0, today - written))

    def _note_loss(self, file: MemoryFile, reason: str) -> Memory | None:
        log.warning("what was remembered of the last run in %s is lost: %s", file.folder, reason)
        return None

    def _is_due(self) -> bool:
        """Return True if the latest memory is to be written now."""
        memory, written, now = self._latest, self._written, self._loop.time()
        if memory is None or memory == written:
            return False
        urgent = written is None or _essence(memory) != _essence(written)
        routine = written is None or (memory.fields, memory.heard.date()) != (
            written.fields,
            written.heard.date(),
        )
        due = (urgent or (routine and now >= self._routine_after)) and now >= self._retry_after
        left = MAX_WRITES - sum(now - written < DAY for written in self._writes)
        return (due or self._is_ending) and left > (0 if urgent else RESERVE)

    async def _write(self, file: MemoryFile, memory: Memory) -> None:
        if self._written is not None and memory.scope != self._written.scope:
            log.info("this is another meter than before: its energy total begins anew")
        now = self._loop.time()
        self._writes.append(now)
        writes = [round(time.time() - now + written, 1) for written in self._writes]
        content = json.dumps(to_json(memory) | {"writes": writes}, separators=(",", ":")) + "\n"
        try:
            # Without a time limit: a second write must not begin before the first has ended.
            async with self._disk:
                await asyncio.to_thread(file.write, content.encode("ascii"))
        except OSError as error:
            self._retry_after = self._loop.time() + RETRY_INTERVAL
            if not self._is_failure_logged:
                self._is_failure_logged = True
                log.warning(
                    "%s cannot be written: %s; the energy total may begin anew after a restart",
                    file.folder,
                    _reason(error),
                )
        else:
            self._written = memory
            self._routine_after = self._loop.time() + ROUTINE_INTERVAL


def _reason(error: OSError) -> str:
    return error.strerror or f"it does not answer within {OPEN_TIMEOUT:g} s"


def _essence(memory: Memory) -> tuple[str, str | None, int | None]:
    """Return the part of the memory without which the total would be wrong."""
    total = memory.total
    return (memory.scope, None, None) if total is None else (memory.scope, total.counter, total.offset)
