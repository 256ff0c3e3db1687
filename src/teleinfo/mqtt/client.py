"""
One connection to the broker, from its first packet to its end, over aiomqtt.

An aiomqtt client that lost its connection does not wait for CONNACK when it is entered again, and one whose
attempt failed keeps its socket, its task and a claim on our client id. Hence a `Connection` is used once, and
`drop` is called whatever happened. It raises nothing but `BrokerError`.
This is the only file that knows aiomqtt and paho.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import aiomqtt

from teleinfo.mqtt.errors import BrokerError, closed, closed_unanswered, explain, refused, silent
from teleinfo.mqtt.tls import tls_context

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Callable

    from paho.mqtt.client import Client as PahoClient

    from teleinfo.mqtt.config import Broker

# What the libraries have to say, we say in our own words.
_library_log = logging.getLogger(f"{__name__}.library")
_library_log.setLevel(logging.CRITICAL)

OFFLINE: Final = b"offline"
"""The last will, and the goodbye."""

KEEPALIVE: Final = 15
"""Seconds, MQTT 3.1.1 §3.1.2.10: the broker publishes the will 1.5 times this after our last sign of life."""

CONNACK: Final = 5.0
"""Seconds that the broker has to accept a connection."""

PING_ANSWER: Final = 10.0
"""Seconds for PINGRESP: paho alone would wait for a whole keepalive, 30 s and more when idle."""

ONE_SHOT_TIMEOUT: Final = 10.0
"""Seconds for name, connection, TLS and login together, where a command connects once."""

GOODBYE_TIMEOUT: Final = 1.0
"""Seconds that the goodbye of such a command may take."""

GRACE: Final = 0.2
"""Seconds that what closed the socket has to say why."""

LONGEST: Final = 1 << 18
"""Bytes of a message that is heard at most. Who sends a longer one means us no good."""

_REFUSED = 0x80
"""From this code on the answer to a subscription is no, MQTT 3.1.1 §3.9.3."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """What we want to hear: `on_message` gets the payload of each message on `topic`."""

    topic: str
    on_message: Callable[[bytes], None]


class Connection:
    """
    Open it with `enter`, send with `send` or `publish`, and always end with `drop`.

    The last will is "offline" on `status_topic`; there is none where that is None: a guest leaves no word.
    """

    def __init__(self, broker: Broker, status_topic: str | None, context: ssl.SSLContext | None) -> None:
        self._broker = broker
        self._client = aiomqtt.Client(
            broker.host,
            broker.port,
            username=broker.username,
            password=broker.password,
            identifier=broker.client_id,
            will=None if status_topic is None else aiomqtt.Will(status_topic, OFFLINE, qos=1, retain=True),
            clean_session=True,
            timeout=CONNACK,
            keepalive=KEEPALIVE,
            tls_context=context,
            logger=_library_log,
            # What we hear is rare, and read at once. More than this at a time is somebody's fault, and lost.
            max_queued_incoming_messages=10,
        )
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self.socket_closed: asyncio.Future[None] = self._loop.create_future()
        # aiomqtt makes new ones at CONNACK, and never looks at these when the broker hangs up right then.
        self._futures = [self._client._connected, self._client._disconnected]  # noqa: SLF001 - it has no other way
        self._really_receive = self._paho._sock_recv  # noqa: SLF001 - paho has no limit of its own
        self._paho._sock_recv = self._receive  # type: ignore[method-assign]  # noqa: SLF001 - as above
        self._paho.on_socket_close = self._on_socket_close
        self._paho.on_socket_register_write = self._on_socket_register_write
        self._paho.on_publish = self._on_publish
        self._unanswered: dict[int, asyncio.Future[None]] = {}  # by MQTT's packet identifier
        self._sending = False

    @property
    def _paho(self) -> PahoClient:
        # aiomqtt has no way of its own to close a connection that it failed to open.
        return self._client._client  # noqa: SLF001 - for this reason

    def _on_socket_close(self, client: PahoClient, userdata: Any, sock: Any) -> None:  # noqa: ANN401 - paho's types
        # Before CONNACK aiomqtt does not notice that the socket is closed, and waits for its whole timeout.
        self._client._on_socket_close(client, userdata, sock)  # noqa: SLF001 - the callback that this one replaces
        if not self.socket_closed.done():
            self.socket_closed.set_result(None)

    def _on_socket_register_write(self, _client: PahoClient, _userdata: object, sock: object) -> None:
        # Called by the thread of connect() or by the loop. aiomqtt's own callback has the loop watch the
        # descriptor by its number a moment later, when it may be closed, or belong to somebody else.
        if self._sending:
            return  # `send` writes by itself
        if threading.get_ident() == self._thread:
            self._watch_for_writing(sock)
        else:
            self._loop.call_soon_threadsafe(self._watch_for_writing, sock)

    def _watch_for_writing(self, sock: object) -> None:
        current = self._paho.socket()
        if current is not None and current is sock:
            self._loop.add_writer(current.fileno(), self._paho.loop_write)

    def _on_publish(self, _client: PahoClient, _userdata: object, mid: int, *_: object) -> None:
        answer = self._unanswered.pop(mid, None)
        if answer is not None and not answer.done():
            answer.set_result(None)

    def _receive(self, bufsize: int) -> bytes:
        """
        Read `bufsize` bytes for paho; raise OSError, which is a lost connection to it.

        It would hold a message of 256 MiB, and 65535 messages of QoS 2, for whoever sends them. We ask for
        QoS 1 at most.
        """
        if bufsize > LONGEST or self._paho._in_messages:  # noqa: SLF001 - paho has no limit of its own
            raise ConnectionAbortedError
        return self._really_receive(bufsize)

    async def enter(self) -> None:
        """Connect; raise `BrokerError`."""
        try:
            await self._client.__aenter__()
        except aiomqtt.MqttError as error:
            raise self._why_not_entered(error) from None
        except (OSError, ValueError) as error:  # ValueError: odd host names, UnicodeError among them
            raise explain(error, self._broker) from None

    def _why_not_entered(self, error: aiomqtt.MqttError) -> BrokerError:
        if isinstance(error, aiomqtt.MqttCodeError):
            code = error.rc if isinstance(error.rc, int) else error.rc.value if error.rc else 0
            return refused(self._broker, code)
        # aiomqtt keeps only the words of what the socket raised; the error itself is the context.
        cause = error.__context__ if isinstance(error.__context__, OSError) else None
        return explain(cause, self._broker)

    def send(self, topic: str, payload: bytes, *, qos: int, retain: bool) -> asyncio.Future[None]:
        """
        Write a message now, and not when the loop comes round to it.

        The future is done once the broker has it (QoS 0: once it is written). If the connection is lost it
        fails with a `BrokerError`, or stays as it is: `watch` tells.
        """
        answer = self._loop.create_future()
        self._sending = True
        try:
            info = self._paho.publish(topic, payload, qos, retain)
            if info.rc == 0:
                self._unanswered[info.mid] = answer
                self._paho.loop_write()
            else:
                answer.set_exception(closed())
        finally:
            self._sending = False
        if self._paho.want_write():
            self._watch_for_writing(self._paho.socket())
        return answer

    async def publish(self, topic: str, payload: bytes, *, qos: int, retain: bool, limit: float) -> None:
        """Return once the broker has it (QoS 0: once it is written); raise `BrokerError` after `limit` s."""
        await wait_puback(self.send(topic, payload, qos=qos, retain=retain), limit=limit)

    async def watch(self, subscription: Subscription | None = None) -> None:
        """Raise `BrokerError` as soon as the connection is lost; until then hand out what comes."""
        try:
            if subscription is not None:
                await self._subscribe(subscription)
            # This is also how aiomqtt tells a mere publisher of a lost connection.
            async for message in self._client.messages:
                if subscription is not None and isinstance(message.payload, bytes):
                    subscription.on_message(message.payload)
        except aiomqtt.MqttError:
            raise closed() from None

    async def _subscribe(self, subscription: Subscription) -> None:
        """Return once the broker has answered, whether it lets us hear or not: publishing goes on."""
        try:
            # aiomqtt does not tell a connection that is lost meanwhile, hence the limit.
            async with asyncio.timeout(CONNACK):
                await self._client.subscribe(subscription.topic, qos=0, timeout=math.inf)
        except TimeoutError:
            raise silent() from None

    async def subscribe(self, topic: str) -> bool:
        """Return whether the broker lets us hear `topic` (MQTT 3.1.1 §3.9.3); raise `BrokerError`."""
        try:
            async with asyncio.timeout(CONNACK):
                codes = await self._client.subscribe(topic, qos=1, timeout=math.inf)
        except TimeoutError:
            raise silent() from None
        except aiomqtt.MqttError:
            raise closed() from None
        return all((code if isinstance(code, int) else code.value) < _REFUSED for code in codes)

    async def messages(self) -> AsyncIterator[tuple[str, bytes]]:
        """Yield topic and payload of each message that comes, for ever; raise `BrokerError`."""
        try:
            async for message in self._client.messages:
                if isinstance(message.payload, bytes):
                    yield str(message.topic), message.payload
        except aiomqtt.MqttError:
            raise closed() from None

    def check_ping(self) -> None:
        """Raise `BrokerError` if the broker owes us the answer to a ping."""
        sent_at = self._paho._ping_t  # noqa: SLF001 - monotonic seconds, 0 when nothing is owed
        if sent_at and time.monotonic() - sent_at > PING_ANSWER:
            raise silent()

    async def leave(self, *, limit: float) -> None:
        """Disconnect so that the will is not published; raise `BrokerError` after `limit` seconds."""
        self._client.timeout = limit
        try:
            await self._client.__aexit__(None, None, None)
        except aiomqtt.MqttError:
            raise silent() from None

    async def drop(self) -> None:
        """Close what is open, without a word to the broker: unless we took leave, it publishes the will."""
        self._paho.on_socket_open = _close_at_once
        try:
            # A reader that aiomqtt has just asked the loop for must be there before it can be removed.
            await asyncio.sleep(0)
        finally:
            self._paho._sock_close()  # noqa: SLF001 - as for _paho
            self._futures += [self._client._connected, self._client._disconnected]  # noqa: SLF001 - as for _paho
            for future in self._futures:
                if future.done() and not future.cancelled():
                    # Seen, or asyncio would report that nobody retrieved it.
                    future.exception()


async def wait_puback(answer: asyncio.Future[None], *, limit: float) -> None:
    """Return once the broker has the message of `send`; raise `BrokerError` after `limit` s."""
    try:
        async with asyncio.timeout(limit):
            await answer
    except TimeoutError:
        # Where the process was held up both may come in one turn of the loop, and the answer was in time.
        if answer.cancelled() or not answer.done():
            raise silent() from None
        answer.result()


def _close_at_once(client: PahoClient, userdata: Any, sock: Any) -> None:  # noqa: ANN401, ARG001 - paho's signature
    """Close the socket that a thread still stuck in connect() opens after its attempt was given up."""
    client.on_socket_close = None
    client._sock_close()  # noqa: SLF001 - as for Connection._paho


@contextlib.asynccontextmanager
async def one_shot_connection(broker: Broker) -> AsyncIterator[Connection]:
    """Connect to `broker`, and take leave at the end of the block; raise `BrokerError`."""
    context = None if broker.tls is None else await asyncio.to_thread(tls_context, broker.tls)
    link = Connection(broker, None, context)
    try:
        await _enter(link, broker)
        yield link
        with contextlib.suppress(BrokerError):
            await link.leave(limit=GOODBYE_TIMEOUT)
    finally:
        await link.drop()


async def _enter(link: Connection, broker: Broker) -> None:
    entering = asyncio.create_task(link.enter(), name="teleinfo.connect")
    try:
        await asyncio.wait(
            {entering, link.socket_closed}, timeout=ONE_SHOT_TIMEOUT, return_when=asyncio.FIRST_COMPLETED
        )
        if link.socket_closed.done():
            await asyncio.wait({entering}, timeout=GRACE)
        if not entering.done():
            raise closed_unanswered(broker) if link.socket_closed.done() else silent()
        entering.result()
    finally:
        entering.cancel()
