"""
Report to systemd that the daemon is ready, that every task makes progress, and a line of status.

The protocol is sd_notify(3); outside systemd NOTIFY_SOCKET is not set, and nothing is sent. The
watchdog wakes once a second, on the monotonic clock of the event loop. The meters of a process share it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from typing import TYPE_CHECKING, Final, NoReturn

from teleinfo.common.durations import FIRST_TICKS, STALL_LIMIT, TICK

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

log = logging.getLogger(__name__)

# All in seconds.
STARTING_TICK: Final = 0.02
STATUS_INTERVAL: Final = 10.0

WATCHDOG_INTERVAL: Final = 10.0
"""Longest time between two signs of life; three always fall within the limit of systemd."""

STUCK_AFTER: Final = 15.0
"""A reader without a heartbeat for so long is stuck; it sends a heartbeat at least every 12 s."""


class Notifier:
    """
    The socket of the service manager, if there is one.

    `watchdog_interval`: seconds within which systemd expects a sign of life, None if it expects none.
    """

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._address = environ.get("NOTIFY_SOCKET", "")
        # A leading @ stands for the NUL of Linux' abstract namespace; a path may have one too (user@1000).
        if self._address.startswith("@"):
            self._address = "\0" + self._address.removeprefix("@")
        self.watchdog_interval: float | None = None
        microseconds = environ.get("WATCHDOG_USEC", "")
        # The variable may be meant for the process that started this one (sd_watchdog_enabled(3)).
        own_id = str(os.getpid())
        is_ours = environ.get("WATCHDOG_PID", own_id) == own_id
        if is_ours and microseconds.isdecimal() and int(microseconds) > 0:
            self.watchdog_interval = int(microseconds) / 1e6

    def send(self, assignment: str) -> None:
        """
        Send an assignment such as `READY=1`.

        Nothing is sent, and nothing is raised, if the service manager does not listen or the process has
        no free file descriptor.
        """
        if not self._address:
            return
        # To create the socket may fail, too (EMFILE): the daemon goes on, and systemd judges.
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.settimeout(0)
            sock.sendto(assignment.encode(), self._address)


class Watchdog:
    """
    Reports on the tasks of the process to `notifier`.

    A task sends heartbeats while it works. It also sends them while it waits for an absent meter or broker:
    a restart would not help.
    """

    def __init__(self, notifier: Notifier) -> None:
        self._notifier = notifier
        self._heartbeats: dict[str, float | None] = {}  # the time of each task's last heartbeat
        self._limits: dict[str, float] = {}

    def heartbeat_of(self, task: str, limit: float = STUCK_AFTER) -> Callable[[], None]:
        """Return the function that `task` must call every `limit` s or sooner while it works."""
        self._heartbeats[task] = None
        self._limits[task] = limit

        def note_progress() -> None:
            self._heartbeats[task] = asyncio.get_running_loop().time()

        return note_progress

    async def run(
        self, status_key: Callable[[float], object], status_text: Callable[[float], str]
    ) -> NoReturn:
        """
        Send READY once, and WATCHDOG while no task is stuck, until cancelled.

        For a monotonic time in seconds, `status_text` returns the line of status. The line is sent every
        `STATUS_INTERVAL`, and at once when what `status_key` returns changes.
        """
        loop = asyncio.get_running_loop()
        wake_due = loop.time()
        status_due = wake_due
        watchdog_due = wake_due
        last_key: object = None
        is_ready = False
        is_stuck_logged = False
        while True:
            now = loop.time()
            key = status_key(now)
            if key != last_key or now >= status_due:
                last_key = key
                status_due = now + STATUS_INTERVAL
                self._notifier.send(f"STATUS={status_text(now)}")
            if not is_ready and None not in self._heartbeats.values():
                is_ready = True
                self._notifier.send("READY=1")
            interval = self._notifier.watchdog_interval
            if interval is not None and now >= watchdog_due:
                stuck = self._stuck_tasks(now)
                # If the whole process was stalled, the other tasks have not had their turn yet.
                was_stalled = now - wake_due >= STALL_LIMIT
                if not stuck:
                    is_stuck_logged = False
                    # A tick early: else the tick after it would send it, too late. Ticks are irregular by
                    # less than half a tick.
                    early = 1.5 * TICK
                    watchdog_due = now + min(interval / 3, WATCHDOG_INTERVAL) - early
                    self._notifier.send("WATCHDOG=1")
                elif not was_stalled and not is_stuck_logged:
                    is_stuck_logged = True
                    names = ", ".join(stuck)
                    log.error("stuck: %s; the watchdog of systemd will start teleinfo again", names)
            # The tasks begin a few turns of the event loop later: check soon if they have begun.
            tick = TICK if is_ready else STARTING_TICK
            pause = FIRST_TICKS.seconds_to_next(now, tick)
            wake_due = now + pause
            await asyncio.sleep(pause)

    def _stuck_tasks(self, now: float) -> list[str]:
        """Return the tasks whose last heartbeat is too long ago; a task that has not begun is not stuck."""
        stuck = []
        for task, last in self._heartbeats.items():
            if last is not None and now - last > self._limits[task]:
                stuck.append(task)
        return stuck
