"""
Keep the memory of a meter across restarts: read it at the start, write it when it has changed.

The memory is written:

- at midnight, and when an entity or the total would be wrong without it: at once (see `WRITES_AT_ONCE`);
- if there are new fields or events, once an hour;
- at the end.

So a program that runs writes at most 30 times a day, whatever the meter and the clock do.
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

WRITE_INTERVAL: Final = 3600.0
"""From a write to the next that need not come at once, and from a write that failed to the next attempt."""

DAY: Final = 24 * 3600.0

WRITES_AT_ONCE: Final = 6
"""Writes in any 24 hours that may come at once. Further ones wait for the interval: memory cards wear out."""

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

    def put_aside(self) -> Path:
        """Rename the file, and return its new path."""
        return self._path.rename(self._path.with_suffix(".newer"))

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

    `on_loaded` is called once, with the memory of an earlier run or None.
    """

    def __init__(self, topic: str, on_loaded: Callable[[Memory | None], None]) -> None:
        self._topic = topic
        self._on_loaded = on_loaded
        self._loop = asyncio.get_running_loop()
        self._at_once = deque([-math.inf] * WRITES_AT_ONCE)  # times of the last writes that came at once
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
        is_last = False
        while not is_last:
            await self._wake.wait()
            self._wake.clear()
            is_last = self._is_ending  # not if it ends during the write: then there is more to write
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
            async with asyncio.timeout(OPEN_TIMEOUT):
                loss = await self._restore(file)
        except BlockingIOError:
            log.warning(
                "another teleinfo remembers this meter in %s: this one does not, and its energy total may "
                "begin anew after a restart; give one of them another TELEINFO_MQTT_TOPIC",
                folder,
            )
            return None
        except OSError as error:  # TimeoutError included
            loss = _reason(error)
        if loss is not None:
            log.warning("what was remembered of the last run in %s is lost: %s", folder, loss)
        self._is_open = True
        return file

    async def _restore(self, file: MemoryFile) -> Message | None:
        """Restore the memory, if there is a file; return why it is lost; raise OSError."""
        data = await asyncio.to_thread(file.open)
        if data is None:
            return None
        content = parse_object(data) or {}
        if is_newer(content):
            kept = await asyncio.to_thread(file.put_aside)
            return Message("a newer version of teleinfo wrote the file, which is now {path}", path=kept)
        self._written = from_json(content) if is_intact(data) else None
        return Message("the file is damaged") if self._written is None else None

    def _is_due(self) -> bool:
        """Return True if the latest memory is to be written now."""
        memory, written, now = self._latest, self._written, self._loop.time()
        if memory is None or memory == written:
            return False
        if self._is_ending or now < self._retry_after:
            return self._is_ending
        if written is None or self._is_urgent(memory):
            return now - self._at_once[0] >= DAY or now >= self._routine_after
        return _routine(memory) != _routine(written) and now >= self._routine_after

    def _is_urgent(self, memory: Memory) -> bool:
        return self._written is None or _essence(memory) != _essence(self._written)

    async def _write(self, file: MemoryFile, memory: Memory) -> None:
        if self._written is not None and memory.meter != self._written.meter:
            log.info("this is another meter than before: its energy total begins anew")
        try:
            # Without a time limit: a second write must not begin before the first has ended.
            await asyncio.to_thread(file.write, encode(memory))
        except OSError as error:
            self._retry_after = self._loop.time() + WRITE_INTERVAL
            if not self._is_failure_logged:
                self._is_failure_logged = True
                log.warning(
                    "%s cannot be written: %s; the energy total may begin anew after a restart",
                    file.folder,
                    _reason(error),
                )
        else:
            now = self._loop.time()
            if self._is_urgent(memory):
                self._at_once.append(now)
                self._at_once.popleft()
            self._written, self._routine_after = memory, now + WRITE_INTERVAL


def _reason(error: OSError) -> Message:
    late = N_("it does not answer within {limit} s")
    return file_error(error) if error.strerror else Message(late, limit=f"{OPEN_TIMEOUT:g}")


def _essence(memory: Memory) -> tuple[object, ...]:
    """Return the part of the memory without which a total, or an entity, would be wrong."""
    total = memory.import_total
    counter, offset = (None, None) if total is None else (total.counter, total.offset)
    return memory.meter, counter, offset, memory.day, memory.announced


def _routine(memory: Memory) -> tuple[object, ...]:
    """Return the part of the memory that may wait for `WRITE_INTERVAL`."""
    return memory.fields, memory.situation
