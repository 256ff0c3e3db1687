"""
Check the broker: its name, its port, its certificate, the login, and the topics.

The steps are made one by one, so that the first failure shows the place of the fault.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import time
from typing import TYPE_CHECKING

from teleinfo.common.i18n import _
from teleinfo.doctor.check_topics import check_topics
from teleinfo.doctor.findings import fault, ok, warning
from teleinfo.mqtt.client import connect, for_command
from teleinfo.mqtt.config import Topics
from teleinfo.mqtt.errors import BrokerError, BrokerErrorKind, cannot_connect
from teleinfo.mqtt.tls import tls_context

if TYPE_CHECKING:
    from teleinfo.doctor.case import Case
    from teleinfo.doctor.findings import Finding
    from teleinfo.mqtt.config import Broker, Tls

STEP_TIMEOUT = 5.0
"""Seconds that each step may take."""

RENEW_WITHIN_DAYS = 14
_DAY = 86400.0

# The beginning of MQTT over websockets (RFC 6455, section 4.1): a web server answers it with HTTP, too.
_UPGRADE = (
    b"GET /mqtt HTTP/1.1\r\nHost: broker\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGVsZWluZm8tZG9jdG9yLQ==\r\n"
    b"Sec-WebSocket-Protocol: mqtt\r\n\r\n"
)


async def check_broker(case: Case) -> list[Finding]:
    """Make the steps until one fails, and set the addresses and the retained messages of the case."""
    broker, topics = case.settings.broker, Topics(case.settings.mqtt_topic)
    findings: list[Finding] = []
    try:
        case.addresses = await _resolve(broker)
        findings.append(_name(broker.host, case.addresses))
        await _connect(broker)
        findings.append(ok("port", _("{address} accepts connections").format(address=broker.address)))
        if broker.tls is not None:
            findings.append(await _certificate(broker, broker.tls))
        async with asyncio.timeout(4 * STEP_TIMEOUT), connect(for_command(broker, "doctor")) as connection:
            accepted = _("accepted, with the user name of the settings")
            if broker.username is None:
                accepted = _("accepted, without a user name")
            findings.append(ok("login", accepted, mqtt_version=connection.version))
            case.retained, of_topics = await check_topics(connection, broker, topics)
    except BrokerError as error:
        if error.kind is BrokerErrorKind.CLOSED_UNANSWERED:
            error = BrokerError(await _spoken_protocol(broker), broker)
        return [*findings, _fault(error)]
    except TimeoutError:
        return [*findings, _fault(BrokerError(BrokerErrorKind.UNANSWERED, broker))]
    return [*findings, *of_topics]


def _fault(error: BrokerError) -> Finding:
    return fault(error.check, _(error.message), _(error.advice), *error.commands, cause=error.kind.cause)


def _name(host: str, addresses: tuple[str, ...]) -> Finding:
    message = _("{host} is {address}")
    if addresses == (host,):
        message = _("{host} is an address")
    return ok("name", message.format(host=host, address=", ".join(addresses)))


async def _resolve(broker: Broker) -> tuple[str, ...]:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(STEP_TIMEOUT):
            rows = await loop.getaddrinfo(broker.host, broker.port, type=socket.SOCK_STREAM)
    except (OSError, ValueError) as error:
        cause = socket.gaierror() if isinstance(error, TimeoutError) else error
        raise cannot_connect(cause, broker) from error
    return tuple(dict.fromkeys(str(row[4][0]) for row in rows))


async def _connect(broker: Broker) -> None:
    try:
        async with asyncio.timeout(STEP_TIMEOUT):
            _reader, writer = await asyncio.open_connection(broker.host, broker.port)
    except OSError as error:
        refused = "refused" in str(error).lower()  # asyncio joins the errors of several addresses in one text
        raise cannot_connect(ConnectionRefusedError() if refused else error, broker) from error
    writer.close()


async def _spoken_protocol(broker: Broker) -> BrokerErrorKind:
    """Return the fault of a port that closes the connection at the first packet of MQTT."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    attempts = ((BrokerErrorKind.WANTS_TLS, context, b""), (BrokerErrorKind.WANTS_HTTP, None, _UPGRADE))
    for kind, encryption, request in attempts:
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(STEP_TIMEOUT):
                reader, writer = await asyncio.open_connection(broker.host, broker.port, ssl=encryption)
                try:
                    writer.write(request)
                    if not request or (await reader.read(5)) == b"HTTP/":
                        return kind
                finally:
                    writer.transport.abort()
    return BrokerErrorKind.REFUSES_MQTT


async def _certificate(broker: Broker, tls: Tls) -> Finding:
    """Return the finding on the broker's certificate; raise `BrokerError` for one that is not trusted."""
    context = await asyncio.to_thread(tls_context, broker, tls)
    try:
        async with asyncio.timeout(STEP_TIMEOUT):
            _reader, writer = await asyncio.open_connection(broker.host, broker.port, ssl=context)
    except (OSError, ValueError) as error:
        raise cannot_connect(error, broker) from error
    certificate = writer.get_extra_info("peercert")
    writer.transport.abort()
    if not certificate:
        message = _("encrypted, but the certificate is not looked at (TELEINFO_MQTT_TLS_INSECURE)")
        advice = _("Anybody on the network can pose as the broker. Give its authority instead:")
        return warning("tls", message, advice, "TELEINFO_MQTT_TLS_CA_FILE=/etc/teleinfo/ca.pem")
    days = int((ssl.cert_time_to_seconds(certificate["notAfter"]) - time.time()) / _DAY)
    message = _("the certificate is right; days left: {days}").format(days=days)
    if days < RENEW_WITHIN_DAYS:
        return warning("tls", message, _("Renew it before it expires."), days_left=days)
    return ok("tls", message, days_left=days)
