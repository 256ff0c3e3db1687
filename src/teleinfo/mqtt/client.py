"""
One connection to the broker, from its first packet to its end, by aiomqtt.

A `Connection` is used once: an aiomqtt client whose connection was lost does not wait for CONNACK when it is
entered again. This is the only file that imports aiomqtt; `paho_driver` drives the socket of paho, below it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from typing import TYPE_CHECKING, Final, TypeVar

import aiomqtt

from teleinfo.mqtt.config import KEEPALIVE, OFFLINE
from teleinfo.mqtt.errors import (
    BrokerError,
    closed,
    closed_unanswered,
    explain,
    refused,
    silent,
    unacceptable,
    will_refused,
)
from teleinfo.mqtt.paho_driver import PahoDriver
from teleinfo.mqtt.tls import tls_context

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable

    from teleinfo.mqtt.config import Broker

T = TypeVar("T")

# The errors of the libraries come out as BrokerError, with words of our own.
_library_log = logging.getLogger(f"{__name__}.library")
_library_log.setLevel(logging.CRITICAL)


CONNACK_TIMEOUT: Final = 5.0
"""Seconds that the broker has to accept a connection."""

GRACE: Final = 0.1
"""Seconds after a loss or a limit for an answer that came in the same turn of the loop: it counts."""

ONE_SHOT_TIMEOUT: Final = 10.0
"""Seconds for name, connection, TLS and login together, where a command connects once."""

MAX_WAITING: Final = 500
"""
Messages that may wait to be read; what comes then is lost.

Messages are rare and read at once. More of them at a time are somebody's fault.
"""

GOODBYE_TIMEOUT: Final = 1.0
"""Seconds for the broker to take the last message, and as many again for the end of the connection."""

_REFUSED = 0x80
"""From this code on the answer to a subscription is no, MQTT 3.1.1 §3.9.3."""


class Connection:
    """
    A connection to `broker`: `connect` it once, and whatever happened, `abort` it in the end.

    The last will is "offline" on `will_topic`; None: there is none. Every method raises `BrokerError` when
    the connection is lost meanwhile.
    """

    def __init__(self, broker: Broker, will_topic: str | None, *, max_waiting: int = MAX_WAITING) -> None:
        self._broker = broker
        self._will_topic = will_topic
        self._max_waiting = max_waiting
        self._stack = contextlib.AsyncExitStack()
        self._client: aiomqtt.Client
        self._driver: PahoDriver | None = None

    async def connect(self) -> None:
        """Return once the broker has accepted us. Of a failed or cancelled attempt nothing is left."""
        broker = self._broker
        will = None if self._will_topic is None else aiomqtt.Will(self._will_topic, OFFLINE, 1, retain=True)
        self._client = aiomqtt.Client(
            broker.host,
            broker.port,
            username=broker.username,
            password=broker.password,
            identifier=broker.client_id,
            will=will,
            clean_session=True,
            timeout=CONNACK_TIMEOUT,
            keepalive=KEEPALIVE,
            tls_context=None if broker.tls is None else await asyncio.to_thread(tls_context, broker.tls),
            logger=_library_log,
            max_queued_incoming_messages=self._max_waiting,
        )
        # Private: aiomqtt gives no other way to the socket of an attempt that failed or was cancelled, and
        # keeps it: a broker that thaws then sees two of us. Its issues 269 and 284 mended the lock alone.
        self._driver = PahoDriver(self._client._client)  # noqa: SLF001 - for this reason
        try:
            async with self._bounded(math.inf, closed_unanswered(broker)):
                await self._stack.enter_async_context(self._client)
            if self._driver.closed.done():
                raise self._lost()
            self._driver.is_accepted = True
        except aiomqtt.MqttError as error:
            raise self._explain(error) from None
        except (OSError, ValueError) as error:  # ValueError: odd host names, UnicodeError among them
            raise explain(error, broker) from None
        finally:
            if not self._driver.is_accepted:
                self.abort()

    def _explain(self, error: aiomqtt.MqttError) -> BrokerError:
        if isinstance(error, aiomqtt.MqttCodeError):
            code = error.rc if isinstance(error.rc, int) else error.rc.value if error.rc else 0
            return refused(self._broker, code)
        # aiomqtt keeps only the words of what the socket raised; the error itself is the context.
        cause = error.__context__ if isinstance(error.__context__, OSError) else None
        return explain(cause, self._broker)

    async def publish(
        self, topic: str, payload: bytes, *, qos: int, retain: bool, limit: float | None = None
    ) -> None:
        """
        Return once the broker has acknowledged it (QoS 0: once it is written), within `limit` seconds.

        Without a limit it may never return when the connection is lost: `messages` raises then.
        """
        publishing = self._client.publish(topic, payload, qos, retain, timeout=math.inf)
        if limit is not None:
            return await self._request(publishing, limit)
        try:
            await publishing
        except aiomqtt.MqttError:
            raise self._lost() from None

    async def subscribe(self, *topics: str, qos: int = 1) -> bool:
        """Return whether the broker lets us read all of `topics` (MQTT 3.1.1 §3.9.3)."""
        wanted = [(topic, qos) for topic in topics]
        codes = await self._request(self._client.subscribe(wanted, timeout=math.inf), CONNACK_TIMEOUT)
        return all((code if isinstance(code, int) else code.value) < _REFUSED for code in codes)

    async def unsubscribe(self, *topics: str) -> None:
        """Return once the broker sends no more of `topics`."""
        await self._request(self._client.unsubscribe(list(topics), timeout=math.inf), CONNACK_TIMEOUT)

    async def messages(self) -> AsyncIterator[tuple[str, bytes, bool]]:
        """Yield topic, payload and "was retained" of each message, until the connection is lost."""
        try:
            async for message in self._client.messages:
                if isinstance(message.payload, bytes):
                    yield str(message.topic), message.payload, message.retain
        except aiomqtt.MqttError:
            raise self._lost() from None

    async def disconnect(self) -> None:
        """Close the connection in such a way that the will is not published."""
        await self._request(self._stack.aclose(), GOODBYE_TIMEOUT)

    def abort(self) -> None:
        """Close what is open. The broker gets no packet and publishes the will, unless we disconnected."""
        if self._driver is not None:
            self._driver.abort()

    async def _request(self, answer: Awaitable[T], limit: float) -> T:
        try:
            async with self._bounded(limit):
                return await answer
        except aiomqtt.MqttError:
            raise self._lost() from None

    def _lost(self) -> BrokerError:
        if self._driver is not None and self._driver.is_silent:
            return silent()
        return unacceptable() if self._driver is not None and self._driver.refused_packet else closed()

    @contextlib.asynccontextmanager
    async def _bounded(self, limit: float, lost: BrokerError | None = None) -> AsyncIterator[None]:
        """Raise `lost`, or "closed", if the connection is lost during the block, "silent" after `limit` s."""
        assert self._driver is not None  # noqa: S101 - connect() came first
        loop, connection_closed = asyncio.get_running_loop(), self._driver.closed
        ended = False

        def end_soon(_: asyncio.Future[None] | None = None) -> None:
            if not (ended or scope.expired()):
                scope.reschedule(loop.time() + GRACE)

        try:
            async with asyncio.timeout(None) as scope:
                timer = loop.call_later(limit, end_soon)
                connection_closed.add_done_callback(end_soon)
                try:
                    yield
                finally:
                    ended = True
                    timer.cancel()
                    connection_closed.remove_done_callback(end_soon)
        except TimeoutError:
            raise (lost or self._lost()) if connection_closed.done() else silent() from None


@contextlib.asynccontextmanager
async def one_shot_connection(broker: Broker, *, max_waiting: int = MAX_WAITING) -> AsyncIterator[Connection]:
    """Connect to `broker` for the time of the block, without a will; 0 lets any number of messages wait."""
    connection = Connection(broker, None, max_waiting=max_waiting)
    try:
        try:
            await asyncio.wait_for(connection.connect(), ONE_SHOT_TIMEOUT)
        except TimeoutError:
            raise silent() from None
        yield connection
        with contextlib.suppress(BrokerError):
            await connection.disconnect()
    finally:
        connection.abort()


async def explain_unanswered(broker: Broker, fault: BrokerError) -> BrokerError:
    """
    Return why `broker` closed a connection with a last will unanswered: the will, or else `fault`.

    With MQTT 3.1.1 mosquitto does so if it allows no retained messages, or none of QoS 1.
    """
    with contextlib.suppress(BrokerError):
        async with one_shot_connection(broker):
            return will_refused()
    return fault
