"""
Carry what is in the outbox to the broker, and keep doing it whatever happens to the broker.

`Publisher.run` dials, sends, notices a lost connection, waits and dials again, until `stop`. It raises
nothing for an absent, dead, frozen or refusing broker: that goes to the log, in plain words, and to
`on_connection`. There is never more than one connection: each attempt has a `Connection` of its own, and one
that failed or was lost is closed before the next begins.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from typing import TYPE_CHECKING, Final

from teleinfo.common.backoff import delays
from teleinfo.mqtt.client import OFFLINE, Connection, Subscription, wait_puback
from teleinfo.mqtt.config import Broker, Tls
from teleinfo.mqtt.errors import BrokerError, closed_unanswered, silent
from teleinfo.mqtt.outage import Outage
from teleinfo.mqtt.outbox import Outbox
from teleinfo.mqtt.sender import Sender
from teleinfo.mqtt.tls import tls_context
from teleinfo.mqtt.waits import BEAT, StoppableWaits

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable
    from random import Random

    from teleinfo.mqtt.config import Topics

__all__ = ["Broker", "Publisher", "Subscription", "Tls"]

log = logging.getLogger(__name__)

ANSWER: Final = 3.5
"""
Seconds that the broker has to acknowledge a message.

With the 2 s that a meter may take for a frame, a broker that freezes in between is found out within 6 s.
"""

DIAL: Final = 60.0
"""Seconds for a whole attempt: resolving, several addresses at 5 s each, TLS, CONNACK."""

GOODBYE: Final = 1.0
"""Seconds for the broker to take our "offline", and as many again to hang up."""

STEADY: Final = 30.0
"""Seconds after which a connection counts as good: the back-off starts anew and the states are repeated."""

SHORT, SHORT_IN_A_ROW = 5.0, 3
"""A connection of less than 5 s, three times: somebody else uses our client id."""

FIRST_DELAY, LONGEST_DELAY = 1.0, 30.0


class Publisher:
    """
    Publishes readings and retained states at `broker`.

    Readings go to `topics.readings` with `qos` and `retain`; while the broker is away the newest `queue` of
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
        retain: bool,
        rng: Random,
        heartbeat: Callable[[], None],
        on_connection: Callable[[bool], None],
        subscription: Subscription | None = None,
    ) -> None:
        self._broker = broker
        self._outbox = Outbox(queue)
        self._sender = Sender(self._outbox, topic=topics.readings, qos=qos, retain=retain)
        self._status_topic = topics.status
        self._rng = rng
        self._on_connection = on_connection
        self._subscription = subscription
        self._outage = Outage(broker.address, clock=time.monotonic)
        self._delays = delays(first=FIRST_DELAY, cap=LONGEST_DELAY, rng=rng)
        self._waits = StoppableWaits("teleinfo.publisher", heartbeat)
        self._short_in_a_row = 0
        self._tls_context: ssl.SSLContext | None = None

    def publish(self, payload: bytes) -> None:
        """Send a reading now, or when the broker is back: of those that wait the newest `queue` are kept."""
        self._outbox.put_reading(payload)

    def set_state(self, topic: str, payload: bytes) -> None:
        """Publish `payload` on `topic`, retained, unless it is there already; again after each connection."""
        self._outbox.set_state(topic, payload)

    def forget_state(self, topic: str) -> None:
        """Publish what was the state of `topic` no more; the broker keeps it."""
        self._outbox.forget_state(topic)

    def repeat_states(self) -> None:
        """Publish every state again."""
        self._outbox.repeat_states()

    def stop(self) -> None:
        """Ask for the goodbye: `run` returns within 2 s."""
        self._waits.stop()

    async def run(self) -> None:
        """Keep a connection until `stop`; cancelled, close it without a goodbye (the will speaks)."""
        if self._broker.tls is not None and self._broker.tls.insecure:
            log.warning(
                "TELEINFO_MQTT_TLS_INSECURE is on: the broker's certificate is not verified, and anybody on "
                "the network can pose as the broker and read the password",
            )
        try:
            while not self._waits.stopped:
                fault = await self._connect_and_serve()
                if fault is None or self._waits.stopped:
                    return
                self._outage.failed(fault)
                await self._waits.until(limit=next(self._delays))
        finally:
            self._waits.close()

    async def _connect_and_serve(self) -> BrokerError | None:
        """Live through one connection and return why it ended; None: stopped."""
        try:
            if not await self._waits.finish(self._load_tls(), name="tls", limit=DIAL):
                return self._unless_stopping(silent())
        except BrokerError as fault:
            return fault
        link = Connection(self._broker, self._status_topic, self._tls_context)
        try:
            if not await self._waits.finish(link.enter(), link.socket_closed, name="connect", limit=DIAL):
                return self._unless_stopping(
                    closed_unanswered(self._broker) if link.socket_closed.done() else silent(),
                )
            self._outage.connected()
            return await self._serve(link)
        except BrokerError as fault:
            return fault
        finally:
            await link.drop()

    def _unless_stopping(self, fault: BrokerError) -> BrokerError | None:
        return None if self._waits.stopped else fault

    async def _load_tls(self) -> None:
        # For each attempt anew: certificates are renewed while we run.
        if self._broker.tls is not None:
            self._tls_context = await asyncio.to_thread(tls_context, self._broker.tls)

    async def _serve(self, link: Connection) -> BrokerError | None:
        """Send until the connection is lost (the fault) or until stopped (None)."""
        began = time.monotonic()
        fault: BrokerError | None = None
        self._on_connection(True)  # noqa: FBT003 - a callback has no keywords
        try:
            async with asyncio.TaskGroup() as group:
                watcher = group.create_task(link.watch(self._subscription), name="teleinfo.publisher.watch")
                await self._send(link)
                watcher.cancel()
            await self._say_goodbye(link)
        except* BrokerError as faults:
            fault = next(error for error in faults.exceptions if isinstance(error, BrokerError))
        finally:
            self._on_connection(False)  # noqa: FBT003 - as above
        if fault is not None:
            self._count_short(time.monotonic() - began, fault)
        return fault

    async def _send(self, link: Connection) -> None:
        """Send what the outbox holds until stopped; raise `BrokerError`."""
        steady_at = time.monotonic() + STEADY
        self._outbox.repeat_states()
        with self._sender.through(link):
            while not self._waits.stopped:
                self._sender.news.clear()
                if time.monotonic() >= steady_at:
                    steady_at = math.inf
                    self._become_steady()
                answer = self._sender.write()
                if answer is None:
                    await self._idle(link, limit=min(BEAT, steady_at - time.monotonic()))
                else:
                    await self._waits.finish_soon(wait_puback(answer, limit=ANSWER))
                    await asyncio.sleep(0)  # with QoS 0 the answer was there already

    async def _idle(self, link: Connection, *, limit: float) -> None:
        """Wait for something to send, or that was sent, for the stop, or for `limit` seconds."""
        await self._waits.finish_soon(self._sender.news.wait(), limit=limit)
        link.check_ping()

    def _become_steady(self) -> None:
        self._outage.steady()
        self._delays = delays(first=FIRST_DELAY, cap=LONGEST_DELAY, rng=self._rng)
        # The will of a connection that we gave up may have been published after our states.
        self._outbox.repeat_states()

    async def _say_goodbye(self, link: Connection) -> None:
        """Publish "offline" and disconnect, as well as the broker lets us."""
        try:
            await link.publish(self._status_topic, OFFLINE, qos=1, retain=True, limit=GOODBYE)
            await link.leave(limit=GOODBYE)
        except BrokerError as fault:
            log.warning(
                "stopped without a goodbye to the broker at %s: %s; it will say offline for us",
                self._broker.address,
                fault.words,
            )

    def _count_short(self, lasted: float, fault: BrokerError) -> None:
        if self._short_in_a_row >= SHORT_IN_A_ROW:
            return
        self._short_in_a_row = self._short_in_a_row + 1 if fault.kind == "closed" and lasted < SHORT else 0
        if self._short_in_a_row == SHORT_IN_A_ROW:
            log.warning(
                "the broker at %s closed %d connections in a row within %d s: probably another program uses "
                "the same client id, %s, and each pushes the other out; give one of them another "
                "TELEINFO_MQTT_CLIENT_ID",
                self._broker.address,
                SHORT_IN_A_ROW,
                SHORT,
                self._broker.client_id,
            )
