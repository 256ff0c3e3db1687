"""
Keep the memory of a meter across restarts: read it at the start, write it when it has changed.

The memory is written at most `MAX_WRITES` times in 24 hours, restarts included:

- at once, if the total would be wrong without it;
- at midnight, and at the end;
- some minutes after new topics were published, or an event.

If the file cannot be read or written, that is logged once, and the daemon goes on without it. A write takes a
second on some memory cards, and never ends on a dead network drive: it happens in a thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import math
import os
import time
from collections import deque
from typing import TYPE_CHECKING, Final

from teleinfo.common.file_errors import file_error
from teleinfo.common.i18n import N_
from teleinfo.common.state_directory import file_name, state_directory
from teleinfo.common.untrusted_json import MAX_BYTES, parse_object
from teleinfo.state.memory import Memory, encode, from_json, is_intact, is_newer
from teleinfo.vocabulary.words import Message

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

log = logging.getLogger(__name__)

# All in seconds.
OPEN_TIMEOUT: Final = 5.0
"""Longest wait for the disk: no state is published until the file is read."""

ROUTINE_INTERVAL: Final = 600.0
"""Time between two writes of new topics or events: the fields of a meter come one by one after a start."""

RETRY_INTERVAL: Final = 3600.0
"""Time from a write that failed to the next attempt."""

DAY: Final = 24 * 3600.0

MAX_WRITES: Final = 20
"""Writes in any 24 hours: memory cards wear out."""

RESERVE: Final = 4
"""Part of `MAX_WRITES` that is reserved for changes without which the total would be wrong."""

_OURS_ALONE: Final = 0o600


class MemoryFile:
    """
    The file in `folder` for the meter with the base topic `topic`.

    At any moment, even after a power cut, the file is complete, old or new. Each method blocks, and may raise
    OSError.
    """

    def __init__(self, folder: Path, topic: str) -> None:
        self.folder = folder
        self._path = folder / f"{file_name(topic)}.json"
        self._lock: int | None = None

    def open(self) -> bytes | None:
        """
        Lock the file until `close` or the end of the process, and read it.

        Return its content, at most `MAX_BYTES` + 1 bytes; None if there is no file. Raise BlockingIOError if
        another process has locked it. If it cannot be locked for another reason, it is still read, but
        `write` will raise that reason.
        """
        try:
            self._ensure_lock()
        except BlockingIOError:
            raise
        except OSError:
            with contextlib.suppress(OSError):
                return self._read()
            return None
        return self._read()

    def write(self, content: bytes) -> None:
        """Write the content to a new file, which replaces the old one once it is on the disk."""
        self._ensure_lock()
        new = self._path.with_suffix(".new")
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
            with open(os.open(new, flags, _OURS_ALONE), "wb") as file:  # noqa: PTH123 - a descriptor
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            new.replace(self._path)
        except OSError:
            with contextlib.suppress(OSError):
                new.unlink(missing_ok=True)
            raise
        folder = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def close(self) -> None:
        """Release the lock."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _ensure_lock(self) -> None:
        if self._lock is not None:
            return
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Lock a separate file: each write replaces the file itself.
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
        lock = os.open(self._path.with_suffix(".lock"), flags, _OURS_ALONE)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            raise
        self._lock = lock

    def _read(self) -> bytes | None:
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError:
            return None
        with open(descriptor, "rb") as file:  # noqa: PTH123 - a descriptor
            return file.read(MAX_BYTES + 1)


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
        file = await self._open()
        self._on_loaded(self._written)
        if file is None:
            return
        while not self._is_ending:
            await self._wake.wait()
            self._wake.clear()
            if self._latest is not None and self._is_due():
                await self._write(file, self._latest)
        file.close()

    async def _open(self) -> MemoryFile | None:
        """Read the memory of an earlier run, if there is any; return None if the file cannot be used."""
        folder = state_directory()
        if folder is None:
            log.warning(
                "there is no directory to remember the energy total in: it may begin anew after a restart; "
                "set HOME or STATE_DIRECTORY"
            )
            return None
        file = MemoryFile(folder, self._topic)
        loss = None
        try:
            async with self._disk:
                data = await asyncio.wait_for(asyncio.to_thread(file.open), OPEN_TIMEOUT)
        except BlockingIOError:
            log.warning(
                "another teleinfo remembers this meter in %s: this one does not, and its energy total may "
                "begin anew after a restart; give one of them another TELEINFO_MQTT_TOPIC",
                folder,
            )
            return None
        except OSError as error:  # TimeoutError included
            loss = _reason(error)
        else:
            if data is not None:
                loss = self._restore(data)
        if loss is not None:
            log.warning("what was remembered of the last run in %s is lost: %s", folder, loss)
        self._is_open = True
        return file

    def _restore(self, data: bytes) -> Message | None:
        """Restore the memory and the times of the writes of earlier runs; return why the memory is lost."""
        content = parse_object(data) or {}
        now, today, times = self._loop.time(), time.time(), content.get("writes")
        for written in times if isinstance(times, list) else ():
            if isinstance(written, float) and written > 0:  # seconds since 1970
                # If the clock was set back since then, the write seems to lie in the future.
                self._writes.append(now - max(0.0, today - written))
        if is_newer(content):
            return Message("a newer version of teleinfo wrote the file")
        self._written = from_json(content) if is_intact(data) else None
        return Message("the file is damaged") if self._written is None else None

    def _is_due(self) -> bool:
        """Return True if the latest memory is to be written now."""
        memory, written, now = self._latest, self._written, self._loop.time()
        if memory is None or memory == written:
            return False
        urgent = written is None or _essence(memory) != _essence(written)
        routine = written is None or _routine(memory) != _routine(written)
        due = (urgent or (routine and now >= self._routine_after)) and now >= self._retry_after
        left = MAX_WRITES - sum(now - written < DAY for written in self._writes)
        return (due or self._is_ending) and left > (0 if urgent else RESERVE)

    async def _write(self, file: MemoryFile, memory: Memory) -> None:
        if self._written is not None and memory.meter != self._written.meter:
            log.info("this is another meter than before: its energy total begins anew")
        now = self._loop.time()
        self._writes.append(now)
        writes = [round(time.time() - now + written, 1) for written in self._writes]
        try:
            # Without a time limit: a second write must not begin before the first has ended.
            async with self._disk:
                await asyncio.to_thread(file.write, encode(memory, writes=writes))
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


def _reason(error: OSError) -> Message:
    late = N_("it does not answer within {limit} s")
    return file_error(error) if error.strerror else Message(late, limit=f"{OPEN_TIMEOUT:g}")


def _essence(memory: Memory) -> tuple[object, ...]:
    """Return the part of the memory without which the total would be wrong, or the keys of entities."""
    total = memory.import_total
    counter, offset = (None, None) if total is None else (total.counter, total.offset)
    return memory.meter, counter, offset, memory.kept_keys


def _routine(memory: Memory) -> tuple[object, ...]:
    """Return the part of the memory that may wait for `ROUTINE_INTERVAL`."""
    return memory.fields, memory.situation, memory.day, memory.announced
