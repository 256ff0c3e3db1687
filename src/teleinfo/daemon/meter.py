"""
Wire the parts of a meter together: reader, decoder, publisher and monitor.

A reading reaches `on_reading` in the turn of the event loop in which its last byte came; what is derived from
it comes in the next turn, after the reading was written. The reader and the publisher handle faults of the
port and of the broker themselves; `run` raises any other error.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from teleinfo import payload
from teleinfo.common import clock
from teleinfo.common.journal import METER
from teleinfo.daemon.led import Led
from teleinfo.daemon.monitor import Monitor
from teleinfo.daemon.other_meter import OtherMeter
from teleinfo.daemon.rate_limit import RateLimit
from teleinfo.mqtt.config import Topics
from teleinfo.mqtt.listener import Listener
from teleinfo.mqtt.publisher import STUCK_AFTER, Publisher
from teleinfo.port.health import STALE_AFTER
from teleinfo.port.line_socket import LineSocket
from teleinfo.port.reader import Reader
from teleinfo.port.search import candidates
from teleinfo.settings import checks
from teleinfo.tic.decoder import Decoder
from teleinfo.tic.labels import METER_NUMBERS, SHORT_FRAME
from teleinfo.tic.reading import belief_of

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from teleinfo.common.durations import Ticks
    from teleinfo.daemon.household_prices import HouseholdPrices
    from teleinfo.daemon.memory_keeper import MemoryKeeper
    from teleinfo.daemon.state_publisher import StatePublisher
    from teleinfo.daemon.watchdog import Watchdog
    from teleinfo.homeassistant.adapter import HomeAssistant
    from teleinfo.mqtt.listener import Handler
    from teleinfo.settings import Settings
    from teleinfo.state.fields import Json
    from teleinfo.state.memory import Memory
    from teleinfo.state.tracker import StateTracker
    from teleinfo.tic.reading import Reading
    from teleinfo.vocabulary.moment import Moment

log = logging.getLogger(__name__)

GOODBYE_TIMEOUT = 2.5
"""Seconds after which the goodbye to the broker is cut off; the publisher usually needs less than 2 s."""

REMEMBER_INTERVAL = 10.0
"""Seconds between two looks at what is to be remembered, while frames come."""


class MeterTask:
    """
    A meter and its broker. Construct it inside the event loop.

    `name` identifies the meter in the log and for `watchdog`; it is empty if the process has no other meter.
    Its tasks wake up on `ticks`.
    """

    def __init__(self, settings: Settings, watchdog: Watchdog, *, name: str, ticks: Ticks) -> None:
        self._name = name
        self._ticks = ticks
        self._options = settings.payload
        self._options_without_time = replace(settings.payload, timestamp=False)
        self._rate_limit = RateLimit(settings.publish_interval)
        self._retain = settings.mqtt_retain
        decoder = Decoder(plausibility=settings.plausibility)
        topics = Topics(settings.mqtt_topic)
        rng = Random()  # noqa: S311 - spreads retries, guards nothing
        self._publisher = Publisher(
            settings.broker,
            topics,
            qos=settings.mqtt_qos,
            queue=settings.mqtt_queue,
            lifetimes={topics.health: STALE_AFTER},
            rng=rng,
            heartbeat=watchdog.heartbeat_of(f"{name} publisher".lstrip(), STUCK_AFTER),
            ticks=ticks,
        )
        # With its number left out, no part of the number may be published either.
        is_private = not settings.payload_exclude.isdisjoint(METER_NUMBERS)
        self._other = OtherMeter(
            settings.mqtt_topic, is_private=is_private, is_pushed_out=self._publisher.is_pushed_out
        )
        self._led = None if settings.led is None else Led(settings.led)
        self._copies = LineSocket(settings.mqtt_topic, settings.serial_port)
        self._reader = Reader(
            url=settings.serial_port,
            baudrates=candidates(settings.serial_mode, settings.serial_baudrate),
            decoder=decoder,
            on_reading=self.on_reading,
            copies=self._copies,
            heartbeat=watchdog.heartbeat_of(f"{name} reader".lstrip()),
            ticks=ticks,
        )
        self._state: StatePublisher | None = None
        self._memory: MemoryKeeper | None = None
        self._prices: HouseholdPrices | None = None
        self._remember_due = -math.inf
        self._is_clock_fault_logged = False
        self._homeassistant: HomeAssistant | None = None
        self._link_page: Callable[[], Coroutine[None, None, None]] | None = None
        self._metrics_file = settings.metrics_file
        if settings.state:
            self._add_state(settings, topics, rng)
        self._announced: frozenset[str] = frozenset()  # by the last run with Home Assistant
        self._publisher.listen = self._listener(topics).listen
        self.monitor = Monitor(
            link=self._reader.status,
            decoder=decoder,
            publisher=self._publisher,
            state=self._state,
            other=self._other,
            on_silence=self._on_silence,
            ticks=ticks,
        )

    def _add_state(self, settings: Settings, topics: Topics, rng: Random) -> None:
        """Add what makes and publishes the state, and Home Assistant if the settings ask for it."""
        # Imported here: without a state, these modules would only use memory.
        from teleinfo.daemon.household_prices import HouseholdPrices  # noqa: PLC0415
        from teleinfo.daemon.memory_keeper import MemoryKeeper  # noqa: PLC0415
        from teleinfo.daemon.state_publisher import StatePublisher  # noqa: PLC0415
        from teleinfo.state.tracker import StateTracker  # noqa: PLC0415

        self._prices = HouseholdPrices(Path(settings.offers), settings.prices)
        tracker = StateTracker(
            topic=settings.mqtt_topic, exclude=settings.payload_exclude, prices=self._prices.current
        )
        if settings.homeassistant:
            self._add_homeassistant(settings, topics, rng, tracker)
        self._state = StatePublisher(
            tracker,
            self._publisher.outbox,
            topic=topics.state,
            meta_topic=topics.meta,
            language=settings.language,
            interval=settings.state_interval,
            fields=settings.state_topics,
            bands=settings.state_topics_dead_band or {},
            on_state=self._on_state,
            on_event=self._publisher.publish_event,
        )
        self._memory = MemoryKeeper(settings.mqtt_topic, self._restore)

    def _add_homeassistant(
        self, settings: Settings, topics: Topics, rng: Random, tracker: StateTracker
    ) -> None:
        """
        Add Home Assistant.

        Its device has a link to TELEINFO_WEB_URL from the begin, or to our page once that answers.
        """
        from teleinfo.daemon.project import project_url  # noqa: PLC0415 - as above
        from teleinfo.homeassistant.adapter import HomeAssistant  # noqa: PLC0415
        from teleinfo.homeassistant.discovery import Discovery  # noqa: PLC0415

        discovery = Discovery(
            settings.homeassistant_prefix,
            topics,
            form=settings.homeassistant_discovery,
            language=settings.language,
            meter_name=settings.meter_name,
            page=settings.web_url,
            support_url=project_url(),
        )
        # With an interval of 0 the household wants every change.
        hold = settings.state_interval > 0
        self._homeassistant = HomeAssistant(
            tracker, discovery, retained=self._publisher.outbox, rng=rng, hold=hold
        )
        if settings.web_url is None and settings.page is not None:
            served = checks.address(settings.web_listen)
            self._link_page = partial(
                self._homeassistant.link_page, settings.page, served.on_this_machine, served.port
            )

    def _listener(self, topics: Topics) -> Listener:
        """Return what listens to the few topics that are not only published."""
        handlers: dict[str, Handler] = {topics.health: self._other.on_health}
        if self._homeassistant is None:
            return Listener(handlers)
        handlers[self._homeassistant.birth_topic] = self._homeassistant.on_birth
        return Listener(handlers, on_pause=self._homeassistant.answer)

    def _restore(self, memory: Memory | None) -> None:
        """Let the state and Home Assistant begin, with the memory of an earlier run if there is one."""
        if memory is not None:
            self._announced = memory.announced
        if self._state is not None:
            self._state.restore(memory)
        if self._homeassistant is not None:
            self._homeassistant.restore(self._announced)

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop`, then say goodbye to the broker; raise any error that no part handles."""
        METER.set(self._name)
        async with asyncio.TaskGroup() as tasks:
            # These have work to do at the end; those in `running` are cancelled.
            ending = [tasks.create_task(self._publisher.run(), name="teleinfo.publisher")]
            if self._memory is not None:
                ending.append(tasks.create_task(self._memory.run(), name="teleinfo.memory"))
            running = [
                tasks.create_task(self._reader.run(), name="teleinfo.reader"),
                tasks.create_task(self.monitor.run(), name="teleinfo.monitor"),
                tasks.create_task(self._copies.run(), name="teleinfo.copies"),
            ]
            if self._metrics_file is not None:
                from teleinfo.daemon.metrics_file import keep  # noqa: PLC0415 - as the modules of the state

                writing = keep(self._metrics_file, self.monitor, self._ticks)
                running.append(tasks.create_task(writing, name="teleinfo.metrics"))
            if self._prices is not None:
                watching = self._prices.keep(self._use_prices, ticks=self._ticks)
                running.append(tasks.create_task(watching, name="teleinfo.prices"))
            if self._link_page is not None:
                running.append(tasks.create_task(self._link_page(), name="teleinfo.web"))
            await stop.wait()
            for task in running:
                task.cancel()
            self._publisher.stop(self.monitor.last_payloads())
            if self._memory is not None and self._state is not None:
                self._remember(self._state)
                self._memory.end()
            if self._led is not None:
                self._led.switch(on=False)
            await asyncio.wait(ending, timeout=GOODBYE_TIMEOUT)
            for task in ending:
                task.cancel()

    def _use_prices(self) -> None:
        """Take over the prices after a change of their files."""
        if self._prices is not None and self._state is not None:
            self._state.tracker.prices = self._prices.current

    def on_reading(self, reading: Reading) -> None:
        """Publish a reading, in the turn of the event loop in which its last byte came."""
        loop = asyncio.get_running_loop()
        if self._rate_limit.is_due(reading, now=loop.time()):
            self._publish(reading)
        # In the next turn of the loop: the publisher, which was woken before, writes the reading first.
        loop.call_soon(self._derive, reading, clock.now())

    def _publish(self, reading: Reading) -> None:
        """Publish a reading, unless the settings leave out all that it has."""
        seconds = time.time()
        options = self._options
        if not clock.is_set(seconds):
            options = self._options_without_time
        text = payload.encode(reading, options, now=seconds)
        if text is None:
            return
        retain = self._retain
        if retain:
            # The broker keeps a whole frame: a short one has only the currents.
            is_short = reading.values.keys() <= SHORT_FRAME
            retain = not is_short
        self._publisher.publish(text, retain=retain)

    def _on_state(self, state: dict[str, Json], now: Moment) -> None:
        """Show Home Assistant the state that was published, and let the next reading remember it."""
        if self._homeassistant is not None:
            self._homeassistant.show(state, now)
        self._remember_due = -math.inf

    def _on_silence(self) -> None:
        """Let the state and its events know that the meter is silent."""
        if self._state is None:
            return
        now = clock.now()
        if self._is_clock_set(now):
            self._state.silence(now)
            self._remember(self._state)

    def _derive(self, reading: Reading, now: Moment) -> None:
        """Publish what is derived from a reading that came at `now`: status, state, entities."""
        if self._led is not None:
            self._led.blink()
        if self._state is not None:
            self._derive_state(self._state, reading, now)
        belief = belief_of(reading)
        if belief is not None and belief.is_known and not belief.is_foreign:
            self._other.note_own(belief.number)
        # Only now: whoever reads `online` finds the state of this reading, or that nothing is known.
        self.monitor.frame_came()

    def _derive_state(self, state: StatePublisher, reading: Reading, now: Moment) -> None:
        """Publish the state of a reading; before a state can be made, that nothing is known."""
        is_clock_set = self._is_clock_set(now)
        if is_clock_set:
            is_due = self._homeassistant is not None and self._homeassistant.is_due(now.wall)
            # The first state after a silence is not delayed: `status` follows it.
            state.update(reading, now, urgent=is_due or not self.monitor.online)
        if not self.monitor.online and not state.latest:
            state.publish_nothing(now)  # the memory is being read, or meter or time are not known yet
        if not is_clock_set:
            return
        if self._homeassistant is not None:
            self._homeassistant.update(reading, now)
        if now.monotonic >= self._remember_due:
            self._remember_due = now.monotonic + REMEMBER_INTERVAL
            self._remember(state)

    def _is_clock_set(self, now: Moment) -> bool:
        """
        Return True if the clock of the machine has been set; log once that it has not, and that it is.

        A state, a day or an event of 1970 would be kept for years.
        """
        is_set = clock.is_set(now.wall.timestamp())
        if not is_set and not self._is_clock_fault_logged:
            self._is_clock_fault_logged = True
            log.warning(
                "the clock of this machine says %d and has not been set: readings come without a timestamp, "
                "and state, days and events begin when it is set",
                now.wall.year,
            )
        elif is_set and self._is_clock_fault_logged:
            self._is_clock_fault_logged = False
            log.info("the clock of this machine has been set: state, days and events begin")
        return is_set

    def _remember(self, state: StatePublisher) -> None:
        """Give the present memory to `_memory`, which writes it if a write is due."""
        if self._memory is None:
            return
        if self._homeassistant is not None:
            self._announced = self._homeassistant.announced
        self._memory.offer(state.memory(self._announced))
