"""
Keep the clock of the daemon: is the meter talking, how fares the line, does every task make progress.

What it finds goes to the topics `status` and `health`, to `systemctl status`, and, where a state begins or
ends, to the log. It wakes once a second, and measures durations on the monotonic clock of the event loop.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NoReturn

from teleinfo import __version__, health
from teleinfo.durations import duration

if TYPE_CHECKING:
    from collections.abc import Callable

    from teleinfo.mqtt.outbox import Outbox
    from teleinfo.port.reader import Reader
    from teleinfo.systemd import Notifier
    from teleinfo.tic.decoder import Decoder

log = logging.getLogger(__name__)

TICK = 1.0
# Enedis-NOI-CPT_54E v3 and 02E v6, rules for receivers: without a sound frame for 10 s the link is at fault.
METER_IS_SILENT = 10.0
HEALTH_EVERY = 60.0
STATUS_EVERY = 10.0
# A task that did not beat for so long is stuck: systemd's watchdog is then no longer fed.
STUCK = 15.0

ONLINE, OFFLINE = b"online", b"offline"


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics of one meter, all under its base."""

    readings: str

    @property
    def status(self) -> str:
        """Where `online` and `offline` are said."""
        return f"{self.readings}/status"

    @property
    def health(self) -> str:
        """Where the health of the line is told."""
        return f"{self.readings}/health"


class Beats:
    """When each task last made progress, by the clock of the event loop."""

    def __init__(self) -> None:
        self._last: dict[str, float | None] = {}

    def of(self, task: str) -> Callable[[], None]:
        """Return what `task` has to call while it makes progress."""
        self._last[task] = None

        def beat() -> None:
            self._last[task] = asyncio.get_running_loop().time()

        return beat

    def started(self) -> bool:
        """Whether every task beat at least once."""
        return all(last is not None for last in self._last.values())

    def stuck(self, now: float) -> list[str]:
        """Return the tasks that began and then made no progress for too long."""
        return [task for task, last in self._last.items() if last is not None and now - last > STUCK]


class Keeper:
    """Watches `reader` and `decoder`, and puts what it finds into `outbox`."""

    def __init__(
        self,
        *,
        reader: Reader,
        decoder: Decoder,
        outbox: Outbox,
        topics: Topics,
        beats: Beats,
        notifier: Notifier,
        broker: str,
    ) -> None:
        self._reader = reader
        self._decoder = decoder
        self._outbox = outbox
        self._topics = topics
        self._beats = beats
        self._notifier = notifier
        self._broker = broker
        self._quality = health.Quality()
        self._connected = False
        self._ready = False
        self._online = False
        self._silence_told = False
        self._began = asyncio.get_running_loop().time()
        self._last_frame: float | None = None
        self._told_state: object = None
        self._health_due = self._status_due = self._alive_due = self._began
        self._put_status()

    def frame_came(self, now: float) -> None:
        """Note a sound frame at the time `now`: the meter is talking."""
        since = self._began if self._last_frame is None else self._last_frame
        self._last_frame = now
        if self._online:
            return
        self._online = True
        if self._silence_told:
            self._silence_told = False
            log.info("the meter is heard again, after %s", duration(now - since))
        self._put_status()
        self._tell(now)

    def connection_changed(self, connected: bool) -> None:  # noqa: FBT001 - a callback has no keywords
        """Note that the broker is there, or that it is gone."""
        self._connected = connected
        self._tell(asyncio.get_running_loop().time())

    async def run(self) -> NoReturn:
        """Keep the clock until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            now = loop.time()
            self._check_meter(now)
            self._tell(now)
            self._feed_watchdog(now)
            await asyncio.sleep(TICK)

    def _check_meter(self, now: float) -> None:
        since = self._began if self._last_frame is None else self._last_frame
        if now - since < METER_IS_SILENT:
            return
        if self._online:
            self._online = False
            self._put_status()
        # While there is no port, the reader has said so, and that is the reason.
        if self._reader.connected and not self._silence_told:
            self._silence_told = True
            log.warning(
                "no sound frame from the meter for %s: %s",
                duration(METER_IS_SILENT),
                "check its wires (terminals I1 and I2) and the adapter"
                if self._decoder.counts.frames == 0
                else "it may be interrupted, without power, or its wires loose",
            )

    def _put_status(self) -> None:
        self._outbox.put_state(self._topics.status, ONLINE if self._online else OFFLINE)

    def _tell(self, now: float) -> None:
        """Tell subscribers and systemd how it goes: at a steady rhythm, and at each change of state."""
        reader = self._reader
        state = (self._online, self._connected, reader.connected, reader.mode)
        changed = state != self._told_state
        self._told_state = state
        if changed or now >= self._health_due:
            self._health_due = now + HEALTH_EVERY
            self._quality.sample(self._decoder.counts, now=now)
            self._outbox.put_state(self._topics.health, self._health(now))
        if changed or now >= self._status_due:
            self._status_due = now + STATUS_EVERY
            self._notifier.status(self._in_plain_words(now))

    def _health(self, now: float) -> bytes:
        facts = health.Facts(
            version=__version__,
            mode=self._reader.mode,
            baudrate=self._reader.baudrate,
            parity=self._decoder.parity,
            last_frame=self._time_of_last_frame(now),
            uptime=now - self._began,
        )
        return health.encode(facts, self._decoder.counts, self._quality)

    def _time_of_last_frame(self, now: float) -> str | None:
        """Return it in ISO 8601: reckoned back from now, so that a clock that was set in between is right."""
        if self._last_frame is None:
            return None
        seconds = datetime.now(UTC).timestamp() - (now - self._last_frame)
        return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")

    def _in_plain_words(self, now: float) -> str:
        reader, counts = self._reader, self._decoder.counts
        if self._last_frame is None:
            meter = "no frame yet"
        else:
            meter = f"{counts.frames} frames, the last {duration(now - self._last_frame)} ago"
        if not reader.connected:
            line = "no serial port"
        elif reader.mode is None:
            line = f"listening for a meter at {reader.baudrate} baud"
        else:
            line = f"mode {reader.mode} at {reader.baudrate} baud"
        share = self._quality.bad_share
        quality = "" if share is None else f"; {share:.1%} of the groups bad"
        broker = "connected to" if self._connected else "no connection to"
        return f"{line}; {meter}{quality}; {broker} the broker at {self._broker}"

    def _feed_watchdog(self, now: float) -> None:
        """Say READY once, and WATCHDOG while no task is stuck; an absent meter or broker does not matter."""
        if not self._ready and self._beats.started():
            self._ready = True
            self._notifier.ready()
        interval = self._notifier.watchdog_interval
        if interval is None or now < self._alive_due:
            return
        if stuck := self._beats.stuck(now):
            log.error("stuck: %s; the watchdog of systemd will start teleinfo again", ", ".join(stuck))
            return
        self._alive_due = now + min(interval / 3, TICK * 10)
        self._notifier.alive()
