"""
Connect to the broker for the duration of a block, with aiomqtt.

This is the only file that imports aiomqtt; `paho_driver` replaces parts of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import secrets
import ssl
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import aiomqtt

from teleinfo.common.durations import FIRST_TICKS, Ticks
from teleinfo.mqtt.config import KEEPALIVE, OFFLINE, Broker, MqttVersion, Tls
from teleinfo.mqtt.errors import BrokerError, cannot_connect, reason_of, refused
from teleinfo.mqtt.faults import BrokerFault
from teleinfo.mqtt.paho_driver import CONNECT_PROPERTIES, PahoDriver, SelfClosingSocket

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine, Mapping

# The libraries log nothing: their errors are raised as BrokerError.
_library_log = logging.getLogger(f"{__name__}.library")
_library_log.setLevel(logging.CRITICAL)

CONNACK_TIMEOUT: Final = 5.0
"""Seconds that the broker has to accept a connection, or to answer a subscription."""

PUBACK_TIMEOUT: Final = 3.5
"""
Seconds that the broker has to acknowledge a message, or any other message that is in flight with it.

A meter sends a frame at least every 2 s, so that a broker that freezes is noticed within 6 s.
"""

ONE_SHOT_TIMEOUT: Final = 10.0
"""Seconds for name, connection, TLS and login together, for a command that connects once."""

MAX_WAITING: Final = 500
"""Messages that may wait to be read, which bounds the memory; further messages are lost."""

GOODBYE_TIMEOUT: Final = 1.0
"""Seconds for the acknowledgement of the last message, and as many for the end of the connection."""

GRACE: Final = 0.1
"""Seconds for which an answer still counts after a loss or a timeout: it may be in the socket already."""

_REFUSED: Final = 0x80
"""Lowest return code of a refused subscription (MQTT 3.1.1 §3.9.3, MQTT 5 §3.9.3)."""

_NOT_AUTHORIZED: Final = 0x87
"""Reason code of DISCONNECT (MQTT 5 §3.14.2.1) from a broker that does not allow what we asked for."""

_TOO_LONG: Final = frozenset({0x95, 0x97})
"""Reason codes of PUBACK (MQTT 5 §3.4.2.1) for a long message: packet too large, quota exceeded."""

_REFUSES_VERSION: Final = frozenset({BrokerFault.VERSION, BrokerFault.UNANSWERED})
_TRY_ANOTHER: Final = _REFUSES_VERSION | {BrokerFault.CLOSED_UNANSWERED}


class Connection:
    """
    An accepted connection, as `connect` yields it; `version` is the version of MQTT that it speaks.

    When the connection is lost, `BrokerError` ends the block of `connect`, and each method that waits.
    `closing_means` is its fault if the broker closes the connection without a reason; MQTT 3.1.1
    has no reasons. `lifetimes` has the seconds after which the broker drops what was published on a topic, a
    retained message too; MQTT 3.1.1 has no lifetimes.
    """

    def __init__(
        self, broker: Broker, client: aiomqtt.Client, driver: PahoDriver, version: MqttVersion
    ) -> None:
        self._broker = broker
        self._client = client
        self._driver = driver
        self.version = version
        self.closing_means = BrokerFault.CLOSED
        self._subscribing: str | None = None
        self.lifetimes: Mapping[str, int] = {}

    @property
    def window(self) -> int:
        """The most messages that may wait for their acknowledgement at the same time."""
        return self._driver.window

    def publish(
        self, topic: str, payload: bytes, *, qos: int, retain: bool, limit: float = PUBACK_TIMEOUT
    ) -> Coroutine[object, object, None]:
        """
        Write a message at once. The result is awaited for its acknowledgement (QoS 0: until it is written).

        The connection is lost if the broker acknowledges nothing for `limit` seconds. The result raises
        `BrokerError` if the broker refuses the message, which MQTT 3.1.1 does not report.
        """
        answer = self._driver.publish(topic, payload, qos, retain=retain, lifetime=self.lifetimes.get(topic))
        return self._acknowledged(answer, limit, topic=topic, length=len(payload))

    async def _acknowledged(self, answer: asyncio.Future[Any], limit: float, **fields: object) -> None:
        """
        Wait for the `answer` as long as any answer comes every `limit` seconds; else give up the connection.

        Raises BrokerError, with these fields, if the answer is a refusal.
        """
        answers_before = self._driver.answered
        while True:
            done, _pending = await asyncio.wait({answer}, timeout=limit)
            if done:
                break
            # If the process was suspended, an answer may be read in the turn of the loop that times out.
            await asyncio.sleep(GRACE)
            if self._driver.answered == answers_before:
                await self._give_up()
            answers_before = self._driver.answered
        reason = answer.result()
        if reason.is_failure:
            is_long = reason.value in _TOO_LONG
            fault = BrokerFault.REFUSES_LENGTH if is_long else BrokerFault.REFUSES_TOPIC
            raise BrokerError(fault, self._broker, **fields, reason=reason.getName())

    async def subscribe(self, topic: str, *, qos: int = 1) -> bool:
        """Subscribe to a topic or a filter; return True if the broker allows us to read it."""
        self._subscribing = topic
        async with self._answered_in_time():
            [code] = await self._client.subscribe(topic, qos, timeout=math.inf)
        self._subscribing = None
        # The codes of MQTT 3.1.1 are numbers, those of MQTT 5 are objects.
        number = code if isinstance(code, int) else code.value
        return number < _REFUSED

    async def unsubscribe(self, *topics: str) -> None:
        """Unsubscribe, and return once the broker sends no more messages of `topics`."""
        async with self._answered_in_time():
            await self._client.unsubscribe(list(topics), timeout=math.inf)

    async def messages(self, quiet: float = math.inf) -> AsyncIterator[tuple[str, bytes, bool]]:
        """
        Yield each message as its topic, its payload, and True if it was retained.

        End after `quiet` seconds without a retained message: MQTT does not mark the last retained one.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + quiet
        while True:
            try:
                async with asyncio.timeout_at(deadline):
                    message = await anext(self._client.messages)
            except TimeoutError:
                return
            except aiomqtt.MqttError:
                await self._give_up()  # it raises
            if message.retain:
                deadline = loop.time() + quiet
            if isinstance(message.payload, bytes):
                yield str(message.topic), message.payload, message.retain

    @contextlib.asynccontextmanager
    async def _answered_in_time(self) -> AsyncIterator[None]:
        """
        Give the broker `CONNACK_TIMEOUT` seconds for its answer.

        aiomqtt's own timeout is not used: on Python 3.11 it loses a cancellation that comes with the answer.
        """
        try:
            async with asyncio.timeout(CONNACK_TIMEOUT):
                yield
        except (TimeoutError, aiomqtt.MqttError):
            await self._give_up()

    async def _give_up(self) -> NoReturn:
        """
        Close the connection, since the broker does not answer, and wait until that cancels the caller.

        Never returns; raises BrokerError if the caller is not cancelled.
        """
        if not self._driver.closed.done():
            self._driver.fault = BrokerFault.SILENT
            self._driver.abort()
        # The block of `connect` ends after `GRACE`, which cancels its task.
        await asyncio.sleep(10 * GRACE)
        raise self.lost()

    def lost(self) -> BrokerError:
        """Return the error for a connection that was not accepted, or was lost."""
        driver = self._driver
        broker = self._broker
        reason_code = None if driver.reason is None else driver.reason.value
        is_closed_by_broker = driver.is_accepted and driver.closed.done() and driver.fault is None
        if is_closed_by_broker and self._subscribing is not None and reason_code in {None, _NOT_AUTHORIZED}:
            return BrokerError(BrokerFault.REFUSES_SUBSCRIPTION, broker, topic=self._subscribing)
        if is_closed_by_broker and reason_code == _NOT_AUTHORIZED:
            return BrokerError(BrokerFault.NO_RIGHT, broker)
        if driver.reason is not None:
            return refused(broker, driver.reason.value, driver.reason.getName())
        if driver.fault is not None:
            fault = driver.fault
        elif not driver.closed.done():
            is_unanswered = driver.is_open and not driver.is_accepted
            fault = BrokerFault.UNANSWERED if is_unanswered else BrokerFault.SILENT
        elif driver.is_accepted:
            fault = self.closing_means
        else:
            fault = BrokerFault.CLOSED_UNANSWERED if broker.tls is None else BrokerFault.WANTS_CERTIFICATE
        return BrokerError(fault, broker)


def for_command(broker: Broker, command: str) -> Broker:
    """Return `broker` with a new client id: two clients with the same id disconnect each other."""
    # A random number, since process numbers repeat in containers.
    return replace(broker, client_id=f"teleinfo-{command}-{secrets.token_hex(4)}")


def versions_of(broker: Broker) -> list[MqttVersion]:
    """Return the versions of MQTT in the order in which to try them."""
    is_auto = broker.version is MqttVersion.AUTO
    return [MqttVersion.V5, MqttVersion.V3_1_1] if is_auto else [broker.version]


def tls_context(broker: Broker, tls: Tls) -> ssl.SSLContext:
    """
    Return a context that verifies `broker` against the `ca_file` of `tls`, or the system's authorities.

    Reads files: call it in a thread. Raises `BrokerError` for a file that cannot be used.
    """
    try:
        for path in (tls.ca_file, tls.cert_file, tls.key_file):
            if path:
                Path(path).open("rb").close()  # unlike the errors of OpenSSL, this error names the file
        context = ssl.create_default_context(cafile=tls.ca_file)
        if tls.ca_file:
            # An authority that is made as mosquitto-tls(7) says has no key usage, which Python 3.13 asks for.
            context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        if tls.cert_file:
            # Without a password OpenSSL would ask for one on the terminal.
            context.load_cert_chain(tls.cert_file, tls.key_file, password=lambda: "")
    except OSError as error:
        reason = f"{error.filename}: {error.strerror}" if error.filename else reason_of(error)
        raise BrokerError(BrokerFault.TLS_FILE, broker, error=reason) from None
    if tls.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    context.sslsocket_class = SelfClosingSocket
    return context


@contextlib.asynccontextmanager
async def connect(
    broker: Broker,
    *,
    will_topic: str | None = None,
    limit: float = ONE_SHOT_TIMEOUT,
    max_waiting: int = MAX_WAITING,
    versions: list[MqttVersion] | None = None,
    ticks: Ticks = FIRST_TICKS,
) -> AsyncIterator[Connection]:
    """
    Connect to `broker` for the duration of the block; each version of MQTT may take `limit` seconds.

    Raises `BrokerError` if that fails; the same error ends the block when the connection is lost. If an
    exception ends the block, the broker publishes the last will: "offline" on `will_topic`, retained. At most
    `max_waiting` messages wait to be read; 0: any number. The keep-alive is looked at on `ticks`.

    The second of `versions` is tried if the broker refuses the first, is silent, or closes the connection. If
    the broker accepts the second, `versions` is reversed for the next call, except after a closed connection:
    perhaps the broker was only starting.
    """
    if versions is None:
        versions = versions_of(broker)

    def attempt(version: MqttVersion) -> contextlib.AbstractAsyncContextManager[Connection]:
        return _connect(broker, will_topic, limit, max_waiting, version, ticks=ticks)

    async with contextlib.AsyncExitStack() as stack:
        try:
            connection = await stack.enter_async_context(attempt(versions[0]))
        except BrokerError as error:
            if len(versions) == 1 or error.fault not in _TRY_ANOTHER:
                raise
            connection = await stack.enter_async_context(attempt(versions[1]))
            if error.fault in _REFUSES_VERSION:
                versions.reverse()
        yield connection


@contextlib.asynccontextmanager
async def _connect(
    broker: Broker,
    will_topic: str | None,
    limit: float,
    max_waiting: int,
    version: MqttVersion,
    *,
    ticks: Ticks,
) -> AsyncIterator[Connection]:
    context = None
    if broker.tls is not None:
        context = await asyncio.to_thread(tls_context, broker, broker.tls)
    client = _aiomqtt_client(broker, will_topic, version, context, max_waiting)
    driver = PahoDriver(client._client, ticks)  # noqa: SLF001 - see paho_driver
    connection = Connection(broker, client, driver, version)

    def end_block_soon(_: object) -> None:
        with contextlib.suppress(RuntimeError):  # the block has ended
            timeout.reschedule(asyncio.get_running_loop().time() + GRACE)

    try:
        async with asyncio.timeout(limit) as timeout:
            driver.closed.add_done_callback(end_block_soon)
            async with client:
                if not driver.closed.done():
                    timeout.reschedule(None)  # `limit` is for the connecting alone
                with contextlib.ExitStack() as on_error:
                    # aiomqtt would send DISCONNECT, after which the broker does not publish the will.
                    on_error.callback(driver.abort)
                    yield connection
                    on_error.pop_all()
                client.timeout = GOODBYE_TIMEOUT
    except TimeoutError:
        if not timeout.expired():
            raise  # it is one of the caller's
        raise connection.lost() from None
    except (aiomqtt.MqttError, OSError, ValueError) as error:  # ValueError: odd host names, UnicodeError too
        if driver.is_accepted and not isinstance(error, aiomqtt.MqttError):
            raise  # it is one of the caller's
        # aiomqtt copies only the text of the socket's error; the error itself is its context.
        cause = error.__context__ if isinstance(error, aiomqtt.MqttError) else error
        if isinstance(cause, OSError | ValueError) and not isinstance(cause, TimeoutError):
            raise cannot_connect(cause, broker) from None
        raise connection.lost() from None
    finally:
        driver.abort()


def _aiomqtt_client(
    broker: Broker,
    will_topic: str | None,
    version: MqttVersion,
    context: ssl.SSLContext | None,
    max_waiting: int,
) -> aiomqtt.Client:
    will = None
    if will_topic is not None:
        will = aiomqtt.Will(will_topic, OFFLINE, 1, retain=True)
    protocol = aiomqtt.ProtocolVersion.V311
    properties = None
    if version is MqttVersion.V5:
        protocol = aiomqtt.ProtocolVersion.V5
        properties = CONNECT_PROPERTIES
    return aiomqtt.Client(
        broker.host,
        broker.port,
        username=broker.username,
        password=broker.password,
        identifier=broker.client_id,
        protocol=protocol,
        will=will,
        properties=properties,
        timeout=CONNACK_TIMEOUT,
        keepalive=KEEPALIVE,
        tls_context=context,
        logger=_library_log,
        max_queued_incoming_messages=max_waiting,
    )
