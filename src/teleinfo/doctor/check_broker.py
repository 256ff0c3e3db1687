"""
Check the broker: its name, its port, its certificate, the login, and the topics.

One step after the other, so that the first one that fails shows where the fault is.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from teleinfo.cli.broker_faults import REFUSES_MQTT, WANTS_HTTP, WANTS_TLS, broker_fault
from teleinfo.common.i18n import _
from teleinfo.doctor.check_topics import check_topics
from teleinfo.doctor.findings import fault, ok, warning
from teleinfo.mqtt.client import one_shot_connection
from teleinfo.mqtt.errors import BrokerError, explain
from teleinfo.mqtt.tls import tls_context

if TYPE_CHECKING:
    from teleinfo.doctor.check_topics import RetainedState
    from teleinfo.doctor.findings import Finding
    from teleinfo.mqtt.config import Broker, Topics

STEP_TIMEOUT = 5.0
"""Seconds that each step may take."""

RENEW_WITHIN_DAYS = 14
_DAY = 86400.0

# How MQTT over websockets begins (RFC 6455, section 4.1): a web server answers it with HTTP, too.
_UPGRADE = (
    b"GET /mqtt HTTP/1.1\r\nHost: broker\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGVsZWluZm8tZG9jdG9yLQ==\r\n"
    b"Sec-WebSocket-Protocol: mqtt\r\n\r\n"
)


async def check_broker(
    broker: Broker, topics: Topics
) -> tuple[list[Finding], RetainedState | None, tuple[str, ...]]:
    """Return the findings, what the broker retains (None without a login), and its addresses."""
    found: list[Finding] = []
    addresses: tuple[str, ...] = ()
    connected = False
    identity = replace(broker, client_id=f"teleinfo-doctor-{os.getpid()}")
    try:
        addresses = await _resolve(broker)
        found.append(ok("name", _named(broker.host, addresses)))
        await _connect(broker)
        connected = True
        found.append(ok("port", _("{address} accepts connections").format(address=broker.address)))
        if broker.tls is not None:
            found.append(await _certificate(broker))
        async with asyncio.timeout(4 * STEP_TIMEOUT), one_shot_connection(identity) as link:
            found.append(_login(broker))
            retained, more = await check_topics(link, broker, topics)
    except BrokerError as error:
        if error.kind == "closed unanswered" and broker.tls is None:
            error = BrokerError(await _spoken_protocol(broker), error.words)
        return [*found, _fault(error, broker, connected=connected)], None, addresses
    except TimeoutError:
        return [*found, _fault(explain(None, broker), broker, connected=connected)], None, addresses
    return [*found, *more], retained, addresses


def _fault(error: BrokerError, broker: Broker, *, connected: bool) -> Finding:
    found = broker_fault(error, broker, connected=connected)
    return fault(found.check, found.message, found.advice, *found.lines, cause=error.kind)


def _named(host: str, addresses: tuple[str, ...]) -> str:
    if addresses == (host,):
        return _("{host} is an address").format(host=host)
    return _("{host} is {address}").format(host=host, address=", ".join(addresses))


async def _resolve(broker: Broker) -> tuple[str, ...]:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(STEP_TIMEOUT):
            rows = await loop.getaddrinfo(broker.host, broker.port, type=socket.SOCK_STREAM)
    except (OSError, ValueError) as error:
        raise explain(socket.gaierror() if isinstance(error, TimeoutError) else error, broker) from error
    return tuple(dict.fromkeys(str(row[4][0]) for row in rows))


async def _connect(broker: Broker) -> None:
    try:
        async with asyncio.timeout(STEP_TIMEOUT):
            _reader, writer = await asyncio.open_connection(broker.host, broker.port)
    except OSError as error:
        refused = "refused" in str(error).lower()  # asyncio joins the errors of several addresses in one text
        raise explain(ConnectionRefusedError() if refused else error, broker) from error
    writer.close()


async def _spoken_protocol(broker: Broker) -> str:
    """Return the kind of the fault of a port that closes the connection when it is spoken to in MQTT."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    for kind, encryption, request in ((WANTS_TLS, context, b""), (WANTS_HTTP, None, _UPGRADE)):
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(STEP_TIMEOUT):
                reader, writer = await asyncio.open_connection(broker.host, broker.port, ssl=encryption)
                try:
                    writer.write(request)
                    if not request or (await reader.read(5)) == b"HTTP/":
                        return kind
                finally:
                    writer.transport.abort()
    return REFUSES_MQTT


async def _certificate(broker: Broker) -> Finding:
    try:
        left = await asyncio.to_thread(_days_left, broker)
    except BrokerError as error:
        # What breaks off in the handshake is no TLS; a broker that wants our certificate lets us finish it.
        raise BrokerError("tls", error.words) if error.kind == "closed unanswered" else error from error
    if left is None:
        message = _("encrypted, but the certificate is not looked at (TELEINFO_MQTT_TLS_INSECURE)")
        advice = _("Anybody on the network can pose as the broker. Give its authority instead:")
        return warning("tls", message, advice, "TELEINFO_MQTT_TLS_CA_FILE=/etc/teleinfo/ca.pem")
    message = _("the certificate is right; days left: {days}").format(days=int(left))
    if left < RENEW_WITHIN_DAYS:
        return warning("tls", message, _("Renew it before it expires."), days_left=int(left))
    return ok("tls", message, days_left=int(left))


def _days_left(broker: Broker) -> float | None:
    """Return for how many days the broker's certificate is valid, None if it is not verified."""
    assert broker.tls is not None  # noqa: S101 - the caller asked
    context = tls_context(broker.tls)
    try:
        with (
            socket.create_connection((broker.host, broker.port), STEP_TIMEOUT) as plain,
            context.wrap_socket(plain, server_hostname=broker.host) as safe,
        ):
            certificate = safe.getpeercert()
    except (OSError, ValueError) as error:
        raise explain(error, broker) from error
    if not certificate:
        return None
    return (ssl.cert_time_to_seconds(str(certificate["notAfter"])) - time.time()) / _DAY


def _login(broker: Broker) -> Finding:
    if broker.username is None:
        return ok("login", _("accepted, without a user name"))
    return ok("login", _("accepted, with the user name of the settings"))
