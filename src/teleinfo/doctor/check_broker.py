"""Check the broker: its name, its port, its certificate, the login, and the topics."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import re
import secrets
import socket
import ssl
import time
from typing import TYPE_CHECKING

from teleinfo.common.i18n import _
from teleinfo.doctor import inside
from teleinfo.doctor.report import Finding, Severity, drop_in, fault, ok, skipped, warning
from teleinfo.mqtt import config
from teleinfo.mqtt.client import Connection, connect, for_command, tls_context
from teleinfo.mqtt.config import Broker, MqttVersion, Topics
from teleinfo.mqtt.errors import BrokerError, BrokerErrorKind, cannot_connect
from teleinfo.port.health import Health
from teleinfo.port.health import parse as parse_health

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from teleinfo.doctor.case import Case

STEP_TIMEOUT = 5.0
"""Seconds that each step may take."""

ECHO_TIMEOUT = 3.0
"""Seconds to wait for our message to come back, and for each retained message."""

ONLINE, OFFLINE = config.ONLINE.decode(), config.OFFLINE.decode()
_LONGEST_SHOWN = 40  # characters of a status that is neither ONLINE nor OFFLINE
RENEW_WITHIN_DAYS = 14
_DAY = 86400.0
_NAME_SERVER = re.compile(r"^nameserver\s+([0-9A-Fa-f.:]+)", re.MULTILINE)

# The handshake of MQTT over websockets (RFC 6455, section 4.1); any web server answers it in HTTP.
_UPGRADE = (
    b"GET /mqtt HTTP/1.1\r\nHost: broker\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGVsZWluZm8tZG9jdG9yLQ==\r\n"
    b"Sec-WebSocket-Protocol: mqtt\r\n\r\n"
)


async def check_broker(case: Case) -> list[Finding]:
    """Check the broker as this user sees it, and then, where that differs, as the service sees it."""
    case.screen.step(_("asking the broker"))
    trying = asyncio.ensure_future(case.attempts())
    findings = await _steps(case)
    own: dict[str, Finding] = {}
    for name, error in (await trying).items():
        if error and name == case.settings.broker.address:
            kept = await _kept_from_broker(case, error)
            own[kept.check] = kept
        elif error and name != case.port_target:
            message = _("the service may not read {file} ({error})").format(file=name, error=error)
            advice = _("Put it where the service may read it, and its new path into the settings:")
            own["tls"] = fault("tls", message, advice, f"sudo install -m 0644 {name} /etc/teleinfo/")
    return [own.get(one.check, one) if one.severity is Severity.OK else one for one in findings]


async def _kept_from_broker(case: Case, error: str) -> Finding:
    """Return the finding on the broker, which this user reaches; the service gets `error` in its sandbox."""
    check, wanted = "port", case.addresses
    message = _("the sandbox of the service keeps it from the broker at {address}")
    if error == inside.NAME:
        check, wanted = "name", tuple(_NAME_SERVER.findall(case.machine.text("/etc/resolv.conf") or ""))
        message = _("the sandbox of the service keeps it from the name server {address}")
    outside = _outside(await case.properties(), wanted)
    if outside:
        line = f"IPAddressAllow={' '.join(dict.fromkeys(outside.values()))}"
        return drop_in(check, message.format(address=", ".join(outside)), case.unit, line)
    message = _("this user reaches {address}, and the service in its sandbox does not ({error})")
    message = message.format(address=case.settings.broker.address, error=error)
    return fault(check, message, _("See why:"), f"sudo journalctl -u {case.unit} -n 30")


def _outside(shown: Mapping[str, str], addresses: Iterable[str]) -> dict[str, str]:
    """Return the addresses that the unit does not allow, each with what to allow: in IPv6 its /64."""
    nets = [ipaddress.ip_network(net) for net in shown.get("IPAddressAllow", "").split()]
    found = {}
    for address in addresses if shown.get("IPAddressDeny") else ():
        with contextlib.suppress(ValueError):
            one = ipaddress.ip_interface(address.partition("%")[0] + "/64" * (":" in address))
            if not any(one.ip in net for net in nets):
                found[address] = str(one.network).removesuffix("/32")
    return found


async def _steps(case: Case) -> list[Finding]:
    """Run the steps until one fails; store in the case what the broker retains, and its addresses."""
    broker, findings = case.settings.broker, []
    try:
        case.addresses = await _resolve(broker)
        message = _("{host} is an address") if case.addresses == (broker.host,) else _("{host} is {address}")
        message = message.format(host=broker.host, address=", ".join(case.addresses))
        findings.append(ok("name", message))
        await _connect(broker)
        findings.append(ok("port", _("{address} accepts connections").format(address=broker.address)))
        if broker.tls is not None:
            context = await asyncio.to_thread(tls_context, broker, broker.tls)
            findings.append(_certificate(await _connect(broker, context)))
        async with connect(for_command(broker, "doctor")) as connection:
            accepted = _("accepted, with the user name of the settings")
            if broker.username is None:
                accepted = _("accepted, without a user name")
            findings.append(ok("login", accepted, mqtt_version=connection.version))
            findings += await _topics(connection, case)
    except BrokerError as error:
        if error.kind is BrokerErrorKind.CLOSED_UNANSWERED:
            error = BrokerError(await _spoken_protocol(broker), broker)
        words = (error.check, _(error.message), _(error.advice))
        findings.append(fault(*words, *error.commands, cause=error.kind.name.lower().replace("_", " ")))
    return findings


async def _resolve(broker: Broker) -> tuple[str, ...]:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(STEP_TIMEOUT):
            rows = await loop.getaddrinfo(broker.host, broker.port, type=socket.SOCK_STREAM)
    except (OSError, ValueError) as error:
        cause = socket.gaierror(socket.EAI_AGAIN) if isinstance(error, TimeoutError) else error
        raise cannot_connect(cause, broker) from error
    return tuple(dict.fromkeys(str(row[4][0]) for row in rows))


async def _connect(broker: Broker, context: ssl.SSLContext | None = None) -> Mapping[str, str]:
    """Connect and disconnect; return the broker's certificate, empty if `context` does not verify it."""
    try:
        async with asyncio.timeout(STEP_TIMEOUT):
            _reader, writer = await asyncio.open_connection(broker.host, broker.port, ssl=context)
    except (OSError, ValueError) as error:
        refused = "refused" in str(error).lower()  # asyncio joins the errors of several addresses in one text
        raise cannot_connect(ConnectionRefusedError() if refused else error, broker) from error
    writer.transport.abort()
    return writer.get_extra_info("peercert") or {}


async def _spoken_protocol(broker: Broker) -> BrokerErrorKind:
    """Return the reason why the port closes the connection after the first MQTT packet."""
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


def _certificate(certificate: Mapping[str, str]) -> Finding:
    """Judge a certificate that OpenSSL has accepted; it is empty if OpenSSL did not verify it."""
    if not certificate:
        message = _("encrypted, but the certificate is not looked at (TELEINFO_MQTT_TLS_INSECURE)")
        advice = _("Anybody on the network can pose as the broker. Give its authority instead:")
        return warning("tls", message, advice, "TELEINFO_MQTT_TLS_CA_FILE=/etc/teleinfo/ca.pem")
    days = int((ssl.cert_time_to_seconds(certificate["notAfter"]) - time.time()) / _DAY)
    message = _("the certificate is right; days left: {days}").format(days=days)
    if days < RENEW_WITHIN_DAYS:
        return warning("tls", message, _("Renew it before it expires."), days_left=days)
    return ok("tls", message, days_left=days)


async def _topics(connection: Connection, case: Case) -> list[Finding]:
    """Publish a test message on a topic that has no readings; store what the broker retains."""
    topics = Topics(case.settings.mqtt_topic)
    ours, token = f"{topics.readings}/doctor", secrets.token_hex(8).encode()
    allowed = await connection.subscribe(topics.status, topics.health)
    may_read = await connection.subscribe(ours)
    may_write = await _publish(connection, ours, token, retain=False)
    received = await _collect(connection, lambda received: received.get(ours) == token or not may_write)
    # A retained message without content leaves nothing on the broker (MQTT 3.1.1, section 3.3.1.3).
    may_write = may_write and await _publish(connection, ours, b"", retain=True)
    case.status, case.health = _retained(received, topics)
    if may_write and received.get(ours) == token:
        topic = ok("topic", _("a message of ours on {topic} came back").format(topic=ours))
    elif may_write and connection.version is MqttVersion.V5:
        topic = ok("topic", _("the broker takes a message of ours on {topic}").format(topic=ours))
    else:
        hidden, online = may_write and not may_read, case.status == ONLINE
        topic = _topic_refused(case.settings.broker, ours, hidden=hidden, online=online)
    return [topic, _status(received.get(topics.status), topics, allowed=allowed)]


async def read_retained(connection: Connection, topics: Topics) -> tuple[str | None, Health | None]:
    """Return the retained status and health of a teleinfo without publishing; raise `BrokerError`."""
    await connection.subscribe(topics.status, topics.health)
    return _retained(await _collect(connection, {topics.status, topics.health}.issubset), topics)


def _retained(received: Mapping[str, bytes], topics: Topics) -> tuple[str | None, Health | None]:
    status = received.get(topics.status, b"").decode(errors="replace")
    health = parse_health(received.get(topics.health, b""))
    return status if status in {ONLINE, OFFLINE} else None, health


async def _publish(connection: Connection, topic: str, payload: bytes, *, retain: bool) -> bool:
    """Return False if the broker refuses the topic; raise `BrokerError` if it closes the connection."""
    connection.closing_means = BrokerErrorKind.REFUSES_RETAINED if retain else BrokerErrorKind.REFUSES_MESSAGE
    try:
        await connection.publish(topic, payload, qos=1, retain=retain)
    except BrokerError as error:
        if error.kind is not BrokerErrorKind.REFUSES_TOPIC:
            raise
        return False
    connection.closing_means = BrokerErrorKind.CLOSED
    return True


async def _collect(connection: Connection, is_all: Callable[[dict[str, bytes]], bool]) -> dict[str, bytes]:
    """Return payloads by topic once `is_all` accepts them, or after `ECHO_TIMEOUT` without a retained one."""
    received: dict[str, bytes] = {}
    async for topic, payload, _retained in connection.messages(ECHO_TIMEOUT):
        received[topic] = payload
        if is_all(received):
            break
    return received


def _status(payload: bytes | None, topics: Topics, *, allowed: bool) -> Finding:
    if payload is None and allowed:
        message = _("no teleinfo has published on {topic} yet").format(topic=topics.readings)
        return ok("status", message, status=None)
    if payload is None:
        return skipped("status", _("the broker does not let us read {topic}").format(topic=topics.status))
    status = payload.decode(errors="replace")
    if status in {ONLINE, OFFLINE}:
        message = _("{topic}: {status}").format(topic=topics.status, status=status)
        return ok("status", message, status=status)
    short = status if len(status) <= _LONGEST_SHOWN else f"{status[:_LONGEST_SHOWN]}…"
    message = _("{topic} holds “{status}”, which is not from teleinfo (“online” or “offline”)")
    message = message.format(topic=topics.status, status=short)
    advice = _("Another program publishes there. Give teleinfo a topic of its own:")
    return warning("status", message, advice, "TELEINFO_MQTT_TOPIC=")


def _topic_refused(broker: Broker, topic: str, *, hidden: bool, online: bool) -> Finding:
    """Report that the test message did not come back; `hidden`: we may not read its topic."""
    # Lines for mosquitto's access list that allow all topics below the base topic.
    user = (f"user {broker.username}",) if broker.username else ()
    rule = (*user, f"topic readwrite {topic.rpartition('/')[0]}/#")
    if hidden:
        message = _("the broker does not let us read {topic}: whether we may write there is not to be seen")
        advice = _(
            "The service needs to write only. To be sure, allow both in the broker's list of rights (ACL):"
        )
        return warning("topic", message.format(topic=topic), advice, *rule)
    message = _("a message of ours on {topic} did not come back: the broker does not let us write there")
    message = message.format(topic=topic)
    if online:
        advice = _("A teleinfo is online all the same: it may have rights of its own.")
        return warning("topic", message, advice)
    return fault("topic", message, _("Allow it in the broker's list of rights (ACL):"), *rule)
