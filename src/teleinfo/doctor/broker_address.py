"""The way to the broker: its name, its port, its certificate, and what else may answer in its place."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
import time
from typing import TYPE_CHECKING

from teleinfo.doctor.finding import Finding, find
from teleinfo.doctor.findings import of_broker
from teleinfo.mqtt.errors import BrokerError, cannot_connect
from teleinfo.mqtt.faults import BrokerFault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from teleinfo.mqtt.config import Broker

STEP_TIMEOUT = 5.0
"""Seconds that each step may take."""

PROBE_TIMEOUT = 2.0
"""Seconds for a connection that shows what is in place of a broker, and as many for its answer."""

_REQUEST = (
    b"GET /mqtt HTTP/1.1\r\nHost: broker\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    b"Sec-WebSocket-Protocol: mqtt\r\n\r\n"
)
"""A request for a websocket (RFC 6455 §4.1): mosquitto answers no other one; a web server answers any."""
RENEW_WITHIN_DAYS = 14
_SECONDS_OF_DAY = 86400.0


async def resolve(broker: Broker) -> tuple[str, ...]:
    """Return the addresses of the broker, each once, in the order of the resolver; raise `BrokerError`."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(STEP_TIMEOUT):
            rows = await loop.getaddrinfo(broker.host, broker.port, type=socket.SOCK_STREAM)
    except (OSError, ValueError) as error:
        # A resolver that does not answer is a name that is not known for the moment.
        cause = socket.gaierror(socket.EAI_AGAIN) if isinstance(error, TimeoutError) else error
        raise cannot_connect(cause, broker) from error
    addresses = []
    for _family, _type, _protocol, _name, socket_address in rows:
        address = str(socket_address[0])
        if address not in addresses:
            addresses.append(address)
    return tuple(addresses)


async def connect_once(broker: Broker, context: ssl.SSLContext | None = None) -> Mapping[str, str]:
    """Connect and disconnect; return the broker's certificate, empty if `context` does not verify it."""
    try:
        async with asyncio.timeout(STEP_TIMEOUT):
            _reader, writer = await asyncio.open_connection(broker.host, broker.port, ssl=context)
    except (OSError, ValueError) as error:
        cause: Exception = error
        # asyncio joins the errors of several addresses in one text.
        if f"[Errno {errno.ECONNREFUSED}]" in str(error):
            cause = ConnectionRefusedError()
        raise cannot_connect(cause, broker) from error
    writer.transport.abort()
    return writer.get_extra_info("peercert") or {}


async def explained(error: BrokerError, broker: Broker) -> BrokerError:
    """Return `error`, or what is at the port in place of a broker: a web server, or a port of TLS."""
    plain, encrypted = await asyncio.gather(_first_line(broker, tls=False), _first_line(broker, tls=True))
    if broker.tls is None and encrypted is not None:
        return BrokerError(BrokerFault.WANTS_TLS, broker)
    answer = plain if broker.tls is None else encrypted
    if answer is not None and answer.startswith(b"HTTP/"):
        return BrokerError(BrokerFault.WEB_SERVER, broker)
    return error


async def _first_line(broker: Broker, *, tls: bool) -> bytes | None:
    """Return the answer to a request of HTTP, b"" without one; None if no connection is made."""
    context = None
    if tls:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    try:
        async with asyncio.timeout(PROBE_TIMEOUT):
            reader, writer = await asyncio.open_connection(broker.host, broker.port, ssl=context)
    except (OSError, ValueError):
        return None
    try:
        async with asyncio.timeout(PROBE_TIMEOUT):
            writer.write(_REQUEST)
            return await reader.readline()
    except (OSError, ValueError):
        return b""
    finally:
        writer.transport.abort()


def judge_certificate(certificate: Mapping[str, str]) -> Finding:
    """Judge a certificate that OpenSSL has accepted; it is empty if OpenSSL did not verify it."""
    if not certificate:
        return find(of_broker.CERTIFICATE_UNSEEN)
    seconds_left = ssl.cert_time_to_seconds(certificate["notAfter"]) - time.time()
    days = int(seconds_left / _SECONDS_OF_DAY)
    template = of_broker.CERTIFICATE_ENDS if days < RENEW_WITHIN_DAYS else of_broker.CERTIFICATE
    return find(template, days=days, facts={"days_left": days})
