"""
Watch a meter and its line, and publish the topics `status` and `health`.

The monitor wakes once a second, and measures durations on the monotonic clock of the event loop. It logs
nothing: the reader logs the faults of the meter, the publisher the faults of the broker.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, NoReturn

from teleinfo import __version__
from teleinfo.common import clock
from teleinfo.common.durations import TICK, Ticks, duration
from teleinfo.common.i18n import N_, _, decimal, plural
from teleinfo.mqtt.config import OFFLINE, ONLINE
from teleinfo.mqtt.errors import CUT_OFF, PUSHED_OUT
from teleinfo.port import health
from teleinfo.port.line_log import NO_FRAME, OPENING, SEPARATOR, SILENT, mode_at
from teleinfo.port.link_status import SILENT_AFTER, LinkStatus
from teleinfo.vocabulary.line import LinkProblem, PortErrorKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from teleinfo.daemon.other_meter import OtherMeter
    from teleinfo.daemon.state_publisher import StatePublisher
    from teleinfo.mqtt.publisher import Publisher
    from teleinfo.tic.decoder import Decoder

# All in seconds.
FIRST_FRAME_WITHIN: Final = 60.0


@dataclass(kw_only=True, eq=False)
class Monitor:
    """
    Watches `link`, `decoder` and `publisher`, fills its outbox, and checks the age of the `state`.

    `other` is the other meter that may be published on the same topics.

    `on_silence` is called once a second while the meter is silent: from 10 s after its last frame, and before
    its first one from `FIRST_FRAME_WITHIN` seconds on, in which the port is opened and the speed searched.
    """

    link: LinkStatus
    decoder: Decoder
    publisher: Publisher
    state: StatePublisher | None
    other: OtherMeter
    on_silence: Callable[[], None]
    ticks: Ticks

    def __post_init__(self) -> None:
        self._quality = health.Quality()
        self._began = asyncio.get_running_loop().time()
        self._published: object = None
        self._health_due = self._began
        self._publish_status(online=False)

    def frame_came(self) -> None:
        """Note that a sound frame came; call this once its state is in the outbox."""
        now = asyncio.get_running_loop().time()
        # The meter may have fallen silent while the frame waited for its state.
        if not self.online and self.link.is_heard(now):
            self._publish_status(online=True)
            self._publish_health(now)

    def last_payloads(self) -> dict[str, bytes]:
        """Return the payloads of `health` and `status` to publish when the daemon ends."""
        now = asyncio.get_running_loop().time()
        topics = self.publisher.topics
        return {topics.health: health.encode(self._health(now, LinkProblem.STOPPED)), topics.status: OFFLINE}

    def report(self) -> health.Health:
        """Return the present health of the line."""
        now = asyncio.get_running_loop().time()
        return self._health(now, self.link.problem(now))

    async def run(self) -> NoReturn:
        """Watch until cancelled."""
        while True:
            now = asyncio.get_running_loop().time()
            if self.online and not self.link.is_heard(now):
                self._publish_status(online=False)
            self._publish_health(now)
            last_frame = self.link.last_frame
            # While frames come, each of them publishes the state if it is due.
            no_frame_comes = last_frame is None or now - last_frame >= SILENT_AFTER
            if self.state is not None and no_frame_comes and clock.is_set(clock.seconds()):
                self.state.check(clock.now())
            has_begun = last_frame is not None or now - self._began >= FIRST_FRAME_WITHIN
            if has_begun and not self.link.is_heard(now):
                self.on_silence()
            await asyncio.sleep(self.ticks.seconds_to_next(now, TICK))

    def _publish_status(self, *, online: bool) -> None:
        self.online = online  # as published
        status = ONLINE if online else OFFLINE
        self.publisher.outbox.set(self.publisher.topics.status, status)

    def _publish_health(self, now: float) -> None:
        """Publish `health` if it is due, or if what it says has changed (`status_key`)."""
        key = self.status_key(now)
        if key != self._published or now >= self._health_due:
            self._published = key
            self._health_due = now + health.HEALTH_INTERVAL
            self._quality.sample(self.decoder.counts, now=now)
            self.publisher.outbox.set(self.publisher.topics.health, health.encode(self.report()))

    def _health(self, now: float, problem: PortErrorKind | LinkProblem | None) -> health.Health:
        """Return the health of the line at the monotonic time `now`, with this problem, if there is one."""
        time = None
        last_frame = None
        seconds = clock.seconds()
        if clock.is_set(seconds):
            at = datetime.fromtimestamp(int(seconds), UTC)
            time = at.isoformat()
            if self.link.last_frame is not None:
                # Counted back from now, in case the clock was set since the frame.
                age = timedelta(seconds=int(now - self.link.last_frame))
                last_frame = (at - age).isoformat()
        known = health.Health(
            version=__version__,
            mode=self.link.mode,
            baudrate=self.link.baudrate,
            parity_checked=self.decoder.parity,
            problem=problem,
            time=time,
            last_frame=last_frame,
            uptime=int(now - self._began),
            source=self.other.source,
            meter=self.other.own,
            fingerprint=self.other.fingerprint,
            other_meter=self.other.digits(now),
        )
        return health.complete(known, self.decoder.counts, self._quality)

    def status_key(self, now: float) -> object:
        """Return a value that changes when the line of status and `health` must be published again."""
        return (
            self.online,
            self.publisher.is_connected,
            self.publisher.is_pushed_out(now),
            self.link.problem(now),
            self.link.mode,
            self.other.digits(now),
        )

    def status_text(self, now: float) -> str:
        """
        Return the line of `systemctl status` at the time `now`, without any identifier of the meter.

        The line covers the port, the meter, the quality of the line, and the broker.
        """
        parts = [self._port_text(), self._meter_text(now)]
        share = self._quality.bad_share
        if share is not None:
            percent = decimal(f"{share * 100:.1f}")
            parts.append(_("{share}% of the groups bad").format(share=percent))
        parts.append(self._broker_text(now))
        return _(SEPARATOR).join(parts)

    def _port_text(self) -> str:
        """Return what the port does, in the language of the log."""
        link = self.link
        if not link.connected:
            if link.error is None:
                return _(OPENING)
            return _(link.error.kind.words)
        if link.mode is not None:
            return _(mode_at(link.mode, link.baudrate))
        if link.baudrate is None:
            return _("listening for a meter")
        return _("listening for a meter at {baudrate} baud").format(baudrate=link.baudrate)

    def _meter_text(self, now: float) -> str:
        """Return how many frames came, and when the last one did; or that the meter is silent."""
        last_frame = self.link.last_frame
        if last_frame is None:
            return _(NO_FRAME)
        ago = duration(now - last_frame)
        frames = self.decoder.counts.frames
        if not self.link.is_heard(now):
            return _(SILENT).format(frames=frames, ago=ago)
        one = N_("{frames} frame, the last {ago} ago")
        several = N_("{frames} frames, the last {ago} ago")
        return plural(frames, one, several).format(frames=frames, ago=ago)

    def _broker_text(self, now: float) -> str:
        """Return if the broker is reached; if not, why."""
        if self.publisher.is_pushed_out(now):
            text = PUSHED_OUT
        elif self.publisher.is_connected:
            text = N_("connected to the broker at {address}")
        else:
            text = CUT_OFF
        return _(text).format(address=self.publisher.broker.address)
