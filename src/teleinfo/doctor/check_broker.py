"""
The broker: its name, its port, its certificate, our login, and whether a message of ours comes back.

One step after the other, so that the first one that fails says where it is. What is published goes to the
topic `doctor` below the base, is not retained, and is no reading. Nothing is left on the broker.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import socket
import ssl
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from teleinfo.common.i18n import _
from teleinfo.doctor.broker_faults import broker_fault
from teleinfo.doctor.findings import fault, ok, skipped, warning
from teleinfo.mqtt.client import one_shot_connection
from teleinfo.mqtt.errors import BrokerError, explain
from teleinfo.mqtt.tls import tls_context

if TYPE_CHECKING:
    from teleinfo.doctor.findings import Finding
    from teleinfo.mqtt.client import Connection
    from teleinfo.mqtt.config import Broker, Topics

STEP_SECONDS = 5.0
"""How long each step may take."""

BACK_SECONDS = 3.0
"""How long a message may take to come back, and a retained one to come."""

_SOON_DAYS = 14
_DAY = 86400.0


@dataclass(frozen=True, slots=True)
class RetainedState:
    """What the broker keeps of a teleinfo: its status and its health, None where there is none."""

    status: str | None = None
    health: bytes | None = None


async def check_broker(
    broker: Broker, topics: Topics
) -> tuple[list[Finding], RetainedState | None, tuple[str, ...]]:
    """Return the findings, what the broker keeps (None without a login), and its addresses."""
    found: list[Finding] = []
    addresses: tuple[str, ...] = ()
    identity = replace(broker, client_id=f"teleinfo-doctor-{os.getpid()}")
    try:
        addresses = await _resolve(broker)
        found.append(ok("name", _named(broker.host, addresses)))
        await _connect(broker)
        found.append(ok("port", _("{address} answers").format(address=broker.address)))
        if broker.tls is not None:
            found.append(await _certificate(broker))
        async with asyncio.timeout(4 * STEP_SECONDS), one_shot_connection(identity) as link:
            found.append(_login(broker))
            retained, more = await _exchange(link, broker, topics)
    except BrokerError as error:
        return [*found, broker_fault(error, broker)], None, addresses
    except TimeoutError:
        return [*found, broker_fault(explain(None, broker), broker)], None, addresses
    return [*found, *more], retained, addresses


def _named(host: str, addresses: tuple[str, ...]) -> str:
    if addresses == (host,):
        return _("{host} is an address").format(host=host)
    return _("{host} is {address}").format(host=host, address=", ".join(addresses))


async def _resolve(broker: Broker) -> tuple[str, ...]:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(STEP_SECONDS):
            rows = await loop.getaddrinfo(broker.host, broker.port, type=socket.SOCK_STREAM)
    except (OSError, ValueError) as error:
        raise explain(socket.gaierror() if isinstance(error, TimeoutError) else error, broker) from error
    return tuple(dict.fromkeys(str(row[4][0]) for row in rows))


async def _connect(broker: Broker) -> None:
    try:
        async with asyncio.timeout(STEP_SECONDS):
            _reader, writer = await asyncio.open_connection(broker.host, broker.port)
    except OSError as error:
        refused = "refused" in str(error).lower()  # asyncio joins those of several addresses in one text
        raise explain(ConnectionRefusedError() if refused else error, broker) from error
    writer.close()


async def _certificate(broker: Broker) -> Finding:
    left = await asyncio.to_thread(_days_left, broker)
    if left is None:
        message = _("encrypted, but the certificate is not looked at (TELEINFO_MQTT_TLS_INSECURE)")
        advice = _("Anybody on the network can pose as the broker. Give its authority instead:")
        return warning("tls", message, advice, ("TELEINFO_MQTT_TLS_CA_FILE=/etc/teleinfo/ca.pem",))
    message = _("the certificate is right, for another {days} days").format(days=int(left))
    if left < _SOON_DAYS:
        return warning("tls", message, _("Renew it before it expires."), days_left=int(left))
    return ok("tls", message, days_left=int(left))


def _days_left(broker: Broker) -> float | None:
    """Return for how many days the broker's certificate holds, None if it is not looked at."""
    assert broker.tls is not None  # noqa: S101 - the caller asked
    context = tls_context(broker.tls)
    try:
        with (
            socket.create_connection((broker.host, broker.port), STEP_SECONDS) as plain,
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


async def _exchange(link: Connection, broker: Broker, topics: Topics) -> tuple[RetainedState, list[Finding]]:
    ours, token = f"{topics.readings}/doctor", secrets.token_hex(8).encode()
    allowed = [await link.subscribe(topic) for topic in (topics.status, topics.health)]
    may_read = await link.subscribe(ours)
    await link.publish(ours, token, qos=1, retain=False, limit=STEP_SECONDS)
    received = await _collect(link, ours, token)
    status = received.get(topics.status)
    retained = RetainedState(
        None if status is None else status.decode(errors="replace"), received.get(topics.health)
    )
    found = [_status(retained, all(allowed), topics)]
    if not may_read:
        return retained, [_read_refused(broker, ours), *found]
    if received.get(ours) != token:
        return retained, [_write_refused(broker, ours, online=retained.status == "online"), *found]
    return retained, [ok("topic", _("a message of ours on {topic} came back").format(topic=ours)), *found]


async def _collect(link: Connection, last: str, token: bytes) -> dict[str, bytes]:
    """Return the messages by topic until `token` comes on `last`; retained ones come before it."""
    received: dict[str, bytes] = {}
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(BACK_SECONDS):
            async for topic, payload in link.messages():
                received[topic] = payload
                if (topic, payload) == (last, token):
                    break
    return received


def _status(retained: RetainedState, allowed: bool, topics: Topics) -> Finding:  # noqa: FBT001 - one answer of the broker
    if retained.status is not None:
        return ok("status", f"{topics.status}: {retained.status}", status=retained.status)
    if not allowed:
        return skipped("status", _("the broker does not let us read {topic}").format(topic=topics.status))
    message = _("no teleinfo has published on {topic} yet").format(topic=topics.readings)
    return ok("status", message, status=None)


def _rule(broker: Broker, topic: str) -> tuple[str, ...]:
    """Return what to write into mosquitto's list of rights."""
    user = f"user {broker.username}" if broker.username else ""
    return (*filter(None, (user,)), f"topic readwrite {topic.rpartition('/')[0]}/#")


def _read_refused(broker: Broker, topic: str) -> Finding:
    message = _("the broker does not let us read {topic}: whether we may write there is not to be seen")
    advice = _(
        "The service needs to write only. To be sure, allow both in the broker's list of rights (ACL):"
    )
    return warning("topic", message.format(topic=topic), advice, _rule(broker, topic))


def _write_refused(broker: Broker, topic: str, *, online: bool) -> Finding:
    message = _("a message of ours on {topic} did not come back: the broker does not let us write there")
    message = message.format(topic=topic)
    if online:
        return warning(
            "topic", message, _("A teleinfo is online all the same: it may have rights of its own.")
        )
    advice = _("Allow it in the broker's list of rights (ACL):")
    return fault("topic", message, advice, _rule(broker, topic))
