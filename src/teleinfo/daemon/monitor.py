"""
Keep the clock of the daemon: is the meter talking, how fares the line, does every task make progress.

What it finds goes to the topics `status` and `health`, to `systemctl status`, and to systemd's watchdog. It
wakes once a second, and measures durations on the monotonic clock of the event loop. What is wrong with the
meter and the broker stands in the log already: those who deal with them say it.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NoReturn

from teleinfo.daemon import health
from teleinfo.daemon.status_text import LinkStatus, status_text

if TYPE_CHECKING:
    from teleinfo.daemon.heartbeats import Heartbeats
    from teleinfo.daemon.sd_notify import Notifier
    from teleinfo.mqtt.config import Topics
    from teleinfo.mqtt.outbox import RetainedStates
    from teleinfo.port.reader import Reader
    from teleinfo.tic.decoder import Decoder

log = logging.getLogger(__name__)

TICK = 1.0
# Enedis-NOI-CPT_54E v3 and 02E v6, rules for receivers: without a sound frame for 10 s the link is at fault.
METER_IS_SILENT = 10.0
HEALTH_EVERY = 60.0
STATUS_EVERY = 10.0
# systemd hears from us at least so often, seconds, and three times within its own limit.
ALIVE_EVERY = 10.0

# A tick that is so late, seconds, says that nobody had the processor.
HELD_UP = 2.0

ONLINE, OFFLINE = b"online", b"offline"


class Monitor:
    """Watches `reader`, `decoder` and `beats`, and puts what it finds into `states`."""

    def __init__(
        self,
        *,
        reader: Reader,
        decoder: Decoder,
        states: RetainedStates,
        topics: Topics,
        beats: Heartbeats,
        notifier: Notifier,
        broker: str,
    ) -> None:
        self._reader = reader
        self._decoder = decoder
        self._states = states
        self._topics = topics
        self._beats = beats
        self._notifier = notifier
        self._broker = broker
        self._quality = health.Quality()
        self._connected = False
        self._ready = False
        self._online = False
        self._stuck_told = False
        self._began = asyncio.get_running_loop().time()
        self._last_frame: float | None = None
        self._told_state: object = None
        self._health_due = self._status_due = self._alive_due = self._began
        self._put_status()

    def frame_came(self, now: float) -> bool:
        """Note a sound frame at the time `now`: the meter is talking. Return whether it was silent before."""
        self._last_frame = now
        if self._online:
            return False
        self._online = True
        self._put_status()
        self._tell(now)
        return True

    def connection_changed(self, connected: bool) -> None:  # noqa: FBT001 - a callback has no keywords
        """Note that the broker is there, or that it is gone."""
        self._connected = connected
        self._tell(asyncio.get_running_loop().time())

    async def run(self) -> NoReturn:
        """Keep the clock until cancelled."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            now = loop.time()
            self._check_meter(now)
            self._tell(now)
            self._feed_watchdog(now, held_up=now - due >= HELD_UP)
            due = now + TICK
            await asyncio.sleep(TICK)

    def _check_meter(self, now: float) -> None:
        if self._online and self._last_frame is not None and now - self._last_frame >= METER_IS_SILENT:
            self._online = False
            self._put_status()

    def _put_status(self) -> None:
        self._states.set_state(self._topics.status, ONLINE if self._online else OFFLINE)

    def _tell(self, now: float) -> None:
        """Tell subscribers and systemd how it goes: at a steady rhythm, and at each change of state."""
        reader = self._reader
        state = (self._online, self._connected, reader.connected, reader.trouble, reader.mode)
        changed = state != self._told_state
        self._told_state = state
        if changed or now >= self._health_due:
            self._health_due = now + HEALTH_EVERY
            self._quality.sample(self._decoder.counts, now=now)
            self._states.set_state(self._topics.health, self._health(now))
        if changed or now >= self._status_due:
            self._status_due = now + STATUS_EVERY
            self._notifier.status(status_text(self._situation(now)))

    def _health(self, now: float) -> bytes:
        return health.encode(
            health.health_of(
                self._decoder.counts,
                self._quality,
                mode=self._reader.mode,
                baudrate=self._reader.baudrate,
                parity=self._decoder.parity,
                last_frame=self._time_of_last_frame(now),
                uptime=now - self._began,
            )
        )

    def _time_of_last_frame(self, now: float) -> str | None:
        """Return it in ISO 8601: reckoned back from now, so that a clock that was set in between is right."""
        if self._last_frame is None:
            return None
        seconds = datetime.now(UTC).timestamp() - (now - self._last_frame)
        return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")

    def _situation(self, now: float) -> LinkStatus:
        return LinkStatus(
            connected=self._reader.connected,
            trouble=self._reader.trouble,
            mode=self._reader.mode,
            baudrate=self._reader.baudrate,
            online=self._online,
            frames=self._decoder.counts.frames,
            last_frame=None if self._last_frame is None else now - self._last_frame,
            bad_share=self._quality.bad_share,
            broker=self._broker,
            broker_connected=self._connected,
        )

    def _feed_watchdog(self, now: float, *, held_up: bool) -> None:
        """Say READY once, and WATCHDOG while no task is stuck; an absent meter or broker does not matter."""
        if not self._ready and self._beats.started():
            self._ready = True
            self._notifier.ready()
        interval = self._notifier.watchdog_interval
        if interval is None or now < self._alive_due:
            return
        if stuck := self._beats.stuck(now):
            # Where the whole process was held up, the others have not had their turn yet.
            if not held_up and not self._stuck_told:
                self._stuck_told = True
                log.error("stuck: %s; the watchdog of systemd will start teleinfo again", ", ".join(stuck))
            return
        self._stuck_told = False
        # A tick early, or the next one would be late.
        self._alive_due = now + min(interval / 3, ALIVE_EVERY) - TICK
        self._notifier.alive()
