"""
The task that owns the connection to the broker: it publishes readings and states, whatever happens there.

`Publisher.run` connects, publishes, notices a lost connection, waits and connects again, until `stop`. It
raises nothing for a broker that is absent, dead, frozen or refuses us: that goes to the log, in plain words,
and to `on_connection`. There is never more than one connection: each attempt has a `Connection` of its own,
and one that failed or was lost is closed before the next begins.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from typing import TYPE_CHECKING, Final

from teleinfo.common.backoff import delays
from teleinfo.common.waits import StoppableWaits
from teleinfo.mqtt.client import GOODBYE_TIMEOUT, Connection, explain_unanswered
from teleinfo.mqtt.diagnosis import Diagnosis, claimed_client_id
from teleinfo.mqtt.errors import BrokerError, BrokerOutageLog, silent
from teleinfo.mqtt.outbox import Outbox
from teleinfo.mqtt.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from random import Random

    from teleinfo.mqtt.config import Broker, Topics
    from teleinfo.mqtt.outbox import OutgoingMessage
    from teleinfo.mqtt.subscription import Subscription

log = logging.getLogger(__name__)

CONNECT_TIMEOUT: Final = 60.0
"""Seconds for a whole attempt: resolving, several addresses at 5 s each, TLS, CONNACK."""

STABLE_AFTER: Final = 30.0
"""Seconds after which a connection is stable: the back-off starts anew and the states are repeated."""

FIRST_DELAY, LONGEST_DELAY = 1.0, 30.0


class Publisher:
    """
    Publishes readings and retained states at `broker`.

    Readings go to `topics.readings` with `qos`; while the broker is away the newest `queue` of
    them are kept. States are retained, QoS 1. The last will is "offline" on `topics.status`. `heartbeat` is
    called at least every 5 s while `run` makes progress, `on_connection` with True when the broker accepts us
    and with False when the connection is lost. `subscription` is what we listen to meanwhile.
    """

    def __init__(
        self,
        broker: Broker,
        topics: Topics,
        *,
        queue: int,
        qos: int,
        rng: Random,
        heartbeat: Callable[[], None],
        on_connection: Callable[[bool], None],
        subscription: Subscription | None = None,
    ) -> None:
        self._broker = broker
        self._topics = topics
        # The status goes last: whoever sees `online` finds everything else published.
        self._outbox = Outbox(queue, last=topics.status)
        self._qos = qos
        self._rng = rng
        self._on_connection = on_connection
        self._subscription = subscription
        self._outage = BrokerOutageLog(broker.address)
        self._delays = delays(first=FIRST_DELAY, cap=LONGEST_DELAY, rng=rng)
        self._waits = StoppableWaits(heartbeat)
        self._diagnosis = Diagnosis(broker, topics)
        self._session: Session | None = None
        self._last_states: Mapping[str, bytes] = {}
        self._unanswered: BrokerError | None = None  # what the last attempts that got no answer mean

    def publish(self, payload: bytes, *, retain: bool) -> None:
        """Send a reading now, or when the broker is back: of those that wait the newest `queue` are kept."""
        self._outbox.put_reading(payload, retain=retain)
        self._send_waiting()

    def set_state(self, topic: str, payload: bytes) -> None:
        """Publish `payload` on `topic`, retained, unless it is there already; again after each connection."""
        self._outbox.set_state(topic, payload)
        self._send_soon()

    def forget_state(self, topic: str) -> None:
        """Publish what was the state of `topic` no more; the broker keeps it."""
        self._outbox.forget_state(topic)

    def repeat_states(self) -> None:
        """Publish every state again."""
        self._outbox.repeat_states()
        self._send_soon()

    def has_state(self, topic: str) -> bool:
        """Return True if the broker has acknowledged the present state of `topic`."""
        return self._outbox.has_state(topic)

    def stop(self, last_states: Mapping[str, bytes]) -> None:
        """Ask `run` to publish these states, by topic, and to return: within 2.5 s."""
        self._last_states = last_states
        self._waits.stop()

    async def run(self) -> None:
        """Keep a connection until `stop`; cancelled, close it so that the broker publishes the will."""
        if self._broker.tls is not None and self._broker.tls.insecure:
            log.warning(
                "TELEINFO_MQTT_TLS_INSECURE is on: the broker's certificate is not verified, and anybody on "
                "the network can pose as the broker and read the password",
            )
        with claimed_client_id(self._broker):
            while not self._waits.stopped:
                try:
                    await self._connect_and_serve()
                except BrokerError as fault:
                    await self._after(fault)

    async def _after(self, fault: BrokerError) -> None:
        """Say what must be said of `fault`, and wait before the next attempt."""
        if fault.kind == "closed unanswered" and self._unanswered is None:
            with contextlib.suppress(TimeoutError):  # stopped, or rather slow
                self._unanswered = await self._waits.run(
                    explain_unanswered(self._broker, fault), name="teleinfo.publisher.explain"
                )
        if fault.kind == "closed unanswered" and self._unanswered is not None:
            fault = self._unanswered
        if not self._waits.stopped:
            self._outage.lost(fault, time.monotonic())
            await self._waits.wait(limit=next(self._delays))

    async def _connect_and_serve(self) -> None:
        """Serve one connection: return when stopped, raise `BrokerError` when it is lost."""
        connection = Connection(self._broker, self._topics.status)
        try:
            try:
                await self._waits.run(
                    connection.connect(), name="teleinfo.publisher.connect", limit=CONNECT_TIMEOUT
                )
            except TimeoutError:
                raise silent() from None
            connected = time.monotonic()
            self._unanswered = None
            self._outage.connected(connected)
            try:
                await self._serve(connection)
            except BrokerError as fault:
                lasted = time.monotonic() - connected
                self._diagnosis.lost(fault, lasted, self._outbox.longest_in_flight)
                raise
            finally:
                self._outbox.connection_lost()
            await self._say_goodbye(connection)
        finally:
            connection.abort()

    async def _serve(self, connection: Connection) -> None:
        """Publish until stopped; raise `BrokerError` when the connection is lost."""
        self._diagnosis.connected()
        session = self._session = Session(connection)
        session.start(self._listen(connection))
        self._on_connection(True)  # noqa: FBT003 - a callback has no keywords
        try:
            self._send_waiting()
            await self._waits.wait(session.failed, limit=STABLE_AFTER)
            if not session.failed.done() and not self._waits.stopped:
                self._become_stable()
                await self._waits.wait(session.failed)
            if session.failed.done():
                session.failed.result()
        finally:
            self._session = None
            await session.close()
            self._on_connection(False)  # noqa: FBT003 - as above

    async def _listen(self, connection: Connection) -> None:
        """Hand out what the subscriptions bring; raise `BrokerError` once the connection is lost."""
        subscription = self._subscription
        topics = [*self._diagnosis.echo_topics, *([subscription.topic] if subscription else [])]
        if topics:
            await connection.subscribe(*topics)
        self._diagnosis.subscribed()
        async for topic, payload, retained in connection.messages():
            if subscription is not None and topic == subscription.topic:
                subscription.on_message(payload)
            elif not retained and self._diagnosis.came_back(topic) and topic == self._topics.readings:
                await connection.unsubscribe(topic)

    def _send_soon(self) -> None:
        """Send in the next turn of the loop: states that are set later in this one may come first."""
        if self._session is not None:
            asyncio.get_running_loop().call_soon(self._send_waiting)

    def _send_waiting(self) -> None:
        """Hand over to the connection what waits, as far as the batch in flight allows."""
        now = time.monotonic()
        while self._session is not None and (message := self._outbox.take(now)) is not None:
            self._session.start(self._send(self._session, message))
            if self._outbox.in_flight == 1:
                self._session.expect_acknowledgement()

    async def _send(self, session: Session, message: OutgoingMessage) -> None:
        if message.topic is None:
            topic, qos = self._topics.readings, self._qos
        else:
            topic, qos = message.topic, 1
        await session.connection.publish(topic, message.payload, qos=qos, retain=message.retain)
        self._outbox.acknowledged(message)
        session.expect_acknowledgement(waiting=self._outbox.in_flight > 0)
        self._diagnosis.acknowledged(topic)
        self._send_waiting()

    def _become_stable(self) -> None:
        self._outage.held(time.monotonic())
        self._diagnosis.check_echoes()
        self._delays = delays(first=FIRST_DELAY, cap=LONGEST_DELAY, rng=self._rng)
        # The will of a connection that we gave up may have been published after our states.
        self.repeat_states()

    async def _say_goodbye(self, connection: Connection) -> None:
        """Publish the last states and disconnect, as well as the broker lets us."""
        try:
            for topic, payload in self._last_states.items():
                await connection.publish(topic, payload, qos=1, retain=True, limit=GOODBYE_TIMEOUT)
            await connection.disconnect()
        except BrokerError as fault:
            log.warning(
                "stopped without a goodbye to the broker at %s: %s; it will say offline for us",
                self._broker.address,
                fault.words,
            )
