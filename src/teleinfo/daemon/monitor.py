"""
Watch the daemon: does the meter send, how is the line, does every task make progress.

What it finds goes to the topics `status` and `health`, to `systemctl status`, and to systemd's watchdog. It
wakes once a second, and measures durations on the monotonic clock of the event loop. Faults of the meter and
of the broker are logged by the reader and by the publisher.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NoReturn

from teleinfo.daemon import health
from teleinfo.daemon.status_text import status_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from teleinfo.daemon.sd_notify import Notifier
    from teleinfo.mqtt.config import Topics
    from teleinfo.mqtt.outbox import RetainedStates
    from teleinfo.port.link_status import LinkStatus
    from teleinfo.tic.decoder import Decoder

log = logging.getLogger(__name__)

# All in seconds.
TICK: Final = 1.0
HEALTH_INTERVAL: Final = 60.0
STATUS_INTERVAL: Final = 10.0

WATCHDOG_INTERVAL: Final = 10.0
"""systemd hears from us at least so often, and three times within its own limit."""

STUCK_AFTER: Final = 15.0
"""A task without a heartbeat for so long is stuck; each promises one every 12 s."""

HELD_UP: Final = 2.0
"""A tick that is so late says that nobody had the processor."""

ONLINE, OFFLINE = b"online", b"offline"


class Heartbeats:
    """
    When each task last made progress.

    A task sends heartbeats while it works, and while it waits for something that may never come: an absent
    meter or broker is no reason to restart.
    """

    def __init__(self) -> None:
        self._last: dict[str, float | None] = {}

    def of(self, task: str) -> Callable[[], None]:
        """Return what `task` has to call while it makes progress."""
        self._last[task] = None

        def beat() -> None:
            self._last[task] = asyncio.get_running_loop().time()

        return beat

    def started(self) -> bool:
        """Return whether every task sent a heartbeat at least once."""
        return all(last is not None for last in self._last.values())

    def stuck(self, now: float) -> list[str]:
        """Return the tasks that began and then made no progress for too long."""
        return [task for task, last in self._last.items() if last is not None and now - last > STUCK_AFTER]


class Monitor:
    """Watches `link`, `decoder` and `heartbeats`, fills `states`, and calls `on_tick` once a second."""

    def __init__(
        self,
        *,
        link: LinkStatus,
        decoder: Decoder,
        states: RetainedStates,
        topics: Topics,
        heartbeats: Heartbeats,
        notifier: Notifier,
        broker: str,
        on_tick: Callable[[float], None],
    ) -> None:
        self._link = link
        self._decoder = decoder
        self._states = states
        self._topics = topics
        self._heartbeats = heartbeats
        self._notifier = notifier
        self._broker = broker
        self._on_tick = on_tick
        self._quality = health.Quality()
        self._broker_connected = False
        self._ready = False
        self._online = False  # as published
        self._stuck_logged = False
        self._began = asyncio.get_running_loop().time()
        self._published_state: object = None
        self._health_due = self._status_due = self._watchdog_due = self._began
        self._publish_status()

    def frame_came(self, now: float) -> bool:
        """Note that a sound frame came at the time `now`; return whether the meter was offline before."""
        if self._online:
            return False
        self._online = True
        self._publish_status()
        self._publish_state(now)
        return True

    def connection_changed(self, connected: bool) -> None:  # noqa: FBT001 - a callback has no keywords
        """Note that the broker is connected, or lost."""
        self._broker_connected = connected
        self._publish_state(asyncio.get_running_loop().time())

    async def run(self) -> NoReturn:
        """Watch until cancelled."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            now = loop.time()
            if self._online and not self._link.is_heard(now):
                self._online = False
                self._publish_status()
            self._publish_state(now)
            self._on_tick(now)
            self._feed_watchdog(now, held_up=now - due >= HELD_UP)
            due = now + TICK
            await asyncio.sleep(TICK)

    def _publish_status(self) -> None:
        self._states.set_state(self._topics.status, ONLINE if self._online else OFFLINE)

    def _publish_state(self, now: float) -> None:
        """Publish `health` and the status line: at a steady rhythm, and at each change of state."""
        state = (self._online, self._broker_connected, self._link.problem(now), self._link.mode)
        changed = state != self._published_state
        self._published_state = state
        if changed or now >= self._health_due:
            self._health_due = now + HEALTH_INTERVAL
            self._quality.sample(self._decoder.counts, now=now)
            self._states.set_state(self._topics.health, self._health(now))
        if changed or now >= self._status_due:
            self._status_due = now + STATUS_INTERVAL
            self._notifier.status(self._status_text(now))

    def _health(self, now: float) -> bytes:
        return health.encode(
            health.health_of(
                self._decoder.counts,
                self._quality,
                mode=self._link.mode,
                baudrate=self._link.baudrate,
                parity=self._decoder.parity,
                problem=self._link.problem(now),
                last_frame=self._time_of_last_frame(now),
                uptime=now - self._began,
            )
        )

    def _time_of_last_frame(self, now: float) -> str | None:
        """Return it in ISO 8601: reckoned back from now, so that a clock that was set in between is right."""
        if self._link.last_frame is None:
            return None
        seconds = datetime.now(UTC).timestamp() - (now - self._link.last_frame)
        return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")

    def _status_text(self, now: float) -> str:
        return status_text(
            self._link,
            now=now,
            frames=self._decoder.counts.frames,
            bad_share=self._quality.bad_share,
            broker=self._broker,
            broker_connected=self._broker_connected,
        )

    def _feed_watchdog(self, now: float, *, held_up: bool) -> None:
        """Say READY once, and WATCHDOG while no task is stuck; an absent meter or broker does not matter."""
        if not self._ready and self._heartbeats.started():
            self._ready = True
            self._notifier.ready()
        interval = self._notifier.watchdog_interval
        if interval is None or now < self._watchdog_due:
            return
        if stuck := self._heartbeats.stuck(now):
            # Where the whole process was held up, the others have not had their turn yet.
            if not held_up and not self._stuck_logged:
                self._stuck_logged = True
                log.error("stuck: %s; the watchdog of systemd will start teleinfo again", ", ".join(stuck))
            return
        self._stuck_logged = False
        # A tick early, or the next one would be late.
        self._watchdog_due = now + min(interval / 3, WATCHDOG_INTERVAL) - TICK
        self._notifier.alive()
