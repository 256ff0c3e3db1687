"""
The task that owns the connection to the broker, and publishes readings, events and retained topics.

`Publisher.run` connects, publishes, notices a lost connection, waits and connects again, until `stop`. If the
broker is absent or frozen, or refuses us, nothing is raised: the fault is logged. There is never more than
one connection: each is closed before the next attempt begins.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import re
import time
from typing import TYPE_CHECKING, Final, NoReturn

from teleinfo.common.durations import FIRST_TICKS, Ticks, delays
from teleinfo.common.outage_log import OutageLog
from teleinfo.mqtt.client import GOODBYE_TIMEOUT, Connection, connect, versions_of
from teleinfo.mqtt.errors import OUTAGE_TEXTS, BrokerError
from teleinfo.mqtt.faults import MESSAGE_REFUSALS, BrokerFault
from teleinfo.mqtt.outbox import Outbox, OutgoingMessage

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator, Mapping
    from random import Random

    from teleinfo.mqtt.config import Broker, Topics

log = logging.getLogger(__name__)

CONNECT_TIMEOUT: Final = 60.0
"""Seconds for a whole attempt: resolving, several addresses at 5 s each, TLS, CONNACK."""

STABLE_AFTER: Final = 30.0
"""Seconds after which a connection is stable: the back-off starts anew and the topics are repeated."""

FIRST_DELAY, LONGEST_DELAY = 1.0, 30.0  # seconds

CLOSINGS: Final = 3
"""
Connections in a row that the broker closed without a reason before this is said in the log.

All but the first must have ended before they were stable: somebody who configures a broker may restart it
twice within `STABLE_AFTER`.
"""

PUSHED_OUT_SHOWN: Final = 60.0
"""Seconds for which the status mentions that another program took over the connection."""

HEARTBEAT_INTERVAL: Final = 10.0
"""Longest time in seconds between two heartbeats while there is nothing to send."""

STUCK_AFTER: Final = CONNECT_TIMEOUT + 2 * LONGEST_DELAY
"""Seconds without a heartbeat after which it is stuck: an attempt to connect and a pause take less."""


class Publisher:
    """
    Publishes readings, events and the retained topics of its `outbox` at `broker`; `is_connected` is live.

    `qos` is the quality of service of readings and events; `queue` is the number of readings that are kept
    while the broker is away. `lifetimes` is the seconds, by topic, for which the broker keeps a retained
    message; each new message begins them anew, and what `stop` publishes has no such limit. The last will is
    "offline" on the topic of the status. `listen` subscribes and processes messages until cancelled; without
    it nothing is subscribed to. `heartbeat` is called at each step: an attempt to connect, a message that the
    broker has, a wait for messages.
    """

    def __init__(
        self,
        broker: Broker,
        topics: Topics,
        *,
        qos: int,
        queue: int,
        lifetimes: Mapping[str, int],
        rng: Random,
        heartbeat: Callable[[], None],
        ticks: Ticks = FIRST_TICKS,
    ) -> None:
        self.broker = broker
        self.topics = topics
        self.is_connected = False
        self._qos = qos
        self._lifetimes = lifetimes
        self.listen: Callable[[Connection], Coroutine[object, object, None]] | None = None
        # The status comes soon, but after the states: an `online` would make an earlier state look like new.
        self.outbox = Outbox(queue, first=(topics.homeassistant, topics.state, topics.status))
        self._rng = rng
        self._delays = self._new_delays()
        self._heartbeat = heartbeat
        self._ticks = ticks
        self._running: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()
        self._versions = versions_of(broker)
        self._outage = OutageLog(broker.address, OUTAGE_TEXTS)
        # The topic of the refusal that was logged, by its fault and the root of the topic (see `_root_of`).
        self._refusals: dict[tuple[BrokerFault, str], str] = {}
        self._is_taken_over = False  # another client with our id took a connection away, and none held since
        self._pushed_out_at = -math.inf
        self._closings = 0  # in a row, without a reason
        self._last: Mapping[str, bytes] = {}

    def _new_delays(self) -> Iterator[float]:
        return delays(first=FIRST_DELAY, cap=LONGEST_DELAY, rng=self._rng)

    def publish(self, payload: bytes, *, retain: bool) -> None:
        """Send a reading now, or once the broker is back; the newest `queue` waiting readings are kept."""
        reading = OutgoingMessage(self.topics.readings, payload, self._qos, retain, is_reading=True)
        self.outbox.put(reading, time.monotonic())

    def publish_event(self, payload: bytes) -> None:
        """Send an event now, or once the broker is back."""
        self.outbox.add(OutgoingMessage(self.topics.event, payload, self._qos, retain=False))

    def stop(self, last: Mapping[str, bytes]) -> None:
        """
        Make `run` publish the `last` payload of each of these retained topics, and return.

        Without a connection, `run` is cancelled.
        """
        self._last = last
        self._stopping.set()
        if self._running is not None and not self.is_connected:
            self._running.cancel()

    async def run(self) -> None:
        """Keep a connection until `stop`; if cancelled, close it so that the broker publishes the will."""
        tls = self.broker.tls
        if tls is not None and tls.insecure:
            log.warning(
                "TELEINFO_MQTT_TLS_INSECURE is on: the broker's certificate is not verified, and anybody on "
                "the network can pose as the broker and read the password",
            )
        self._running = asyncio.current_task()
        while not self._stopping.is_set():
            self._heartbeat()
            try:
                await self._keep_connection()
            except BrokerError as error:
                if self._stopping.is_set():
                    log.warning(
                        "stopped without a goodbye to the broker at %s: %s; it will say offline for us",
                        self.broker.address,
                        error.message,
                    )
                    return
                loss = self._note_loss(error)
                cause = None if loss.fault.value.is_passing else loss.fault
                self._outage.failed(cause, str(loss), time.monotonic())
                await asyncio.sleep(next(self._delays))

    def is_pushed_out(self, now: float) -> bool:
        """Return True if another program with our client id, as it seems, takes the connection away."""
        return now - self._pushed_out_at < PUSHED_OUT_SHOWN

    def _note_loss(self, error: BrokerError) -> BrokerError:
        """Note a failed attempt or a loss; return the error that explains it best."""
        if error.fault is not BrokerFault.CLOSED:
            self._closings = 0
        else:
            self._closings += 1
            # Mosquitto before 2.0.13 and MQTT 3.1.1 give no reason.
            if self._closings >= CLOSINGS:
                error = BrokerError(BrokerFault.CLOSED_AGAIN, self.broker, count=self._closings)
        if error.fault in {BrokerFault.TAKEN_OVER, BrokerFault.CLOSED_AGAIN}:
            self._is_taken_over = True
            self._pushed_out_at = time.monotonic()
        return error

    async def _keep_connection(self) -> None:
        """Connect and publish until stopped; raise `BrokerError` when the connection is lost."""
        async with connect(
            self.broker,
            will_topic=self.topics.status,
            limit=CONNECT_TIMEOUT,
            versions=self._versions,
            ticks=self._ticks,
        ) as connection:
            if self._outage.working:
                log.info("connected to the broker at %s, MQTT %s", self.broker.address, connection.version)
            stable_timer = asyncio.get_running_loop().call_later(STABLE_AFTER, self._become_stable)
            self.is_connected = True
            connection.lifetimes = self._lifetimes
            self.outbox.restart()
            try:
                async with asyncio.TaskGroup() as group:
                    tasks: list[asyncio.Task[None]] = []
                    # Before we send: what the broker retains on our topics may be another's.
                    if self.listen is not None:
                        tasks.append(group.create_task(self.listen(connection)))
                    tasks.append(group.create_task(self._send(connection)))
                    await self._stopping.wait()
                    for task in tasks:
                        task.cancel()
                connection.lifetimes = {}  # the last payloads stay for good
                for topic, payload in self._last.items():
                    with contextlib.suppress(BrokerError):  # a refusal was logged before
                        await connection.publish(topic, payload, qos=1, retain=True, limit=GOODBYE_TIMEOUT)
            finally:
                stable_timer.cancel()
                self.is_connected = False

    async def _send(self, connection: Connection) -> NoReturn:
        """Send what waits in the outbox, as many messages at a time as the broker allows, until cancelled."""
        outbox = self.outbox
        # The other half is for readings alone: no reading waits for the answers to other messages.
        window_of_others = (connection.window + 1) // 2
        async with asyncio.TaskGroup() as settling:
            while True:
                outbox.filled.clear()
                while len(outbox.in_flight) < connection.window:
                    message = outbox.pop(only_reading=len(outbox.in_flight) >= window_of_others)
                    if message is None:
                        break
                    # Written now: a reading goes to the socket before anything is made of it.
                    answer = connection.publish(
                        message.topic, message.payload, qos=message.qos, retain=message.retain
                    )
                    settling.create_task(self._settle(message, answer))
                # The broker accepts us each time, until another client with our id connects again.
                if not self._is_taken_over:
                    self._outage.works(time.monotonic())
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(
                        self._ticks.seconds_to_next(time.monotonic(), HEARTBEAT_INTERVAL)
                    ):
                        await outbox.filled.wait()
                if not outbox.in_flight:
                    self._heartbeat()

    async def _settle(self, message: OutgoingMessage, answer: Coroutine[object, object, None]) -> None:
        """
        Wait for the outcome of a message; log a refusal.

        If the connection is lost, the message stays in flight, until `restart` repeats it.
        """
        try:
            await answer
        except BrokerError as error:
            if error.fault not in MESSAGE_REFUSALS:
                return
            self.outbox.settle(message, delivered=False)
            self._log_refusal(message.topic, error)
        else:
            self.outbox.settle(message, delivered=True)
            # A refused topic is over. A refused length is not: what is too long comes now and then.
            refusal = (BrokerFault.REFUSES_TOPIC, self._root_of(message.topic))
            if self._refusals.get(refusal) == message.topic:
                del self._refusals[refusal]
        self._heartbeat()

    def _log_refusal(self, topic: str, error: BrokerError) -> None:
        """Log that a message on `topic` is refused, unless a refusal was logged for the same root."""
        root = self._root_of(topic)
        if (error.fault, root) in self._refusals:
            return
        self._refusals[error.fault, root] = topic
        # The text ends with the right to publish on `topic`; it is given for all topics at once.
        text = re.sub(f"{re.escape(topic)}$", f"{root}/#", str(error))
        # Home Assistant's topics hold the number of the meter, which must not be logged.
        log.warning("%s", re.sub(r"/\S*\d{8}[^\s,]*", "/#", text))

    def _root_of(self, topic: str) -> str:
        """Return our base topic for it and the topics below it, else the first word (Home Assistant's)."""
        base_topic = self.topics.readings
        return base_topic if topic.startswith(base_topic) else topic.partition("/")[0]

    def _become_stable(self) -> None:
        self._delays = self._new_delays()
        self._is_taken_over = False
        self._closings = 0
        # The will of a connection that was given up may have been published after our topics.
        self.outbox.repeat_last(self.topics.status)
