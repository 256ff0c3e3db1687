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
            last = self.link.last_frame
            is_silent = last is None or now - last >= SILENT_AFTER
            if self.state is not None and is_silent and clock.is_set(clock.seconds()):
                self.state.check(clock.now())  # else the frames publish it
            if not self.link.is_heard(now) and (last is not None or now - self._began >= FIRST_FRAME_WITHIN):
                self.on_silence()
            await asyncio.sleep(self.ticks.wait(now, TICK))

    def _publish_status(self, *, online: bool) -> None:
        self.online = online  # as published
        self.publisher.outbox.set(self.publisher.topics.status, ONLINE if online else OFFLINE)

    def _publish_health(self, now: float) -> None:
        """Publish `health` if it is due, or if its state has changed."""
        key = self.status_key(now)
        if key != self._published or now >= self._health_due:
            self._published = key
            self._health_due = now + health.HEALTH_INTERVAL
            self._quality.sample(self.decoder.counts, now=now)
            self.publisher.outbox.set(self.publisher.topics.health, health.encode(self.report()))

    def _health(self, now: float, problem: PortErrorKind | LinkProblem | None) -> health.Health:
        time = last_frame = None
        if clock.is_set(seconds := clock.seconds()):
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
        publisher, link = self.publisher, self.link
        broker = publisher.is_connected, publisher.is_pushed_out(now)
        return self.online, broker, link.problem(now), link.mode, self.other.digits(now)

    def status_text(self, now: float) -> str:
        """
        Return the line of `systemctl status` at the time `now`, without any identifier of the meter.

        The line covers the port, the meter, the quality of the line, and the broker.
        """
        link = self.link
        if not link.connected:
            port = _(OPENING) if link.error is None else _(link.error.kind.words)
        elif link.mode is not None:
            port = _(mode_at(link.mode, link.baudrate))
        elif link.baudrate is None:
            port = _("listening for a meter")
        else:
            port = _("listening for a meter at {baudrate} baud").format(baudrate=link.baudrate)
        meter = _(NO_FRAME)
        if link.last_frame is not None:
            frames = self.decoder.counts.frames
            one, other = N_("{frames} frame, the last {ago} ago"), N_("{frames} frames, the last {ago} ago")
            words = plural(frames, one, other) if link.is_heard(now) else _(SILENT)
            meter = words.format(frames=frames, ago=duration(now - link.last_frame))
        share = self._quality.bad_share
        bad = "" if share is None else decimal(f"{share * 100:.1f}")
        quality = [_("{share}% of the groups bad").format(share=bad)] if bad else []
        reached = N_("connected to the broker at {address}")
        connection = reached
        if self.publisher.is_pushed_out(now):
            connection = PUSHED_OUT
        elif not self.publisher.is_connected:
            connection = CUT_OFF
        broker = _(connection).format(address=self.publisher.broker.address)
        return _(SEPARATOR).join([port, meter, *quality, broker])
