"""Check the broker: its name, its port, its certificate, the login, and the topics."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import secrets
import socket
import ssl
import time
from datetime import datetime
from typing import TYPE_CHECKING

from teleinfo.common.i18n import N_, _
from teleinfo.doctor import inside
from teleinfo.doctor.case import is_one_of, kept_away
from teleinfo.doctor.report import Finding, Severity, fault, ok, skipped, warning
from teleinfo.mqtt import config
from teleinfo.mqtt.client import Connection, connect, for_command, tls_context
from teleinfo.mqtt.config import Broker, MqttVersion, Topics
from teleinfo.mqtt.errors import FAULTS, OUTAGE_TEXTS, BrokerError, cannot_connect
from teleinfo.port.health import Health
from teleinfo.port.health import parse as parse_health
from teleinfo.vocabulary.line import LineGrade

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from teleinfo.doctor.case import Case

STEP_TIMEOUT = 5.0
"""Seconds that each step may take."""

ECHO_TIMEOUT = 3.0
"""Seconds to wait for our message to come back, and for each retained message."""

RECENT_SECONDS = 120.0
"""Seconds since the last frame up to which the meter counts as heard; `health` comes once a minute."""

CHANGE_CLIENT_ID = N_(
    "Give one of the two another TELEINFO_MQTT_CLIENT_ID, and see what the journal says. If the meter fell "
    "silent or teleinfo was started just now, look again in two minutes:"
)

ONLINE, OFFLINE = config.ONLINE.decode(), config.OFFLINE.decode()
RENEW_WITHIN_DAYS = 14
_DAY = 86400.0

# The handshake of MQTT over websockets (RFC 6455, section 4.1); any web server answers it in HTTP.
_UPGRADE = (
    b"GET /mqtt HTTP/1.1\r\nHost: broker\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGVsZWluZm8tZG9jdG9yLQ==\r\n"
    b"Sec-WebSocket-Protocol: mqtt\r\n\r\n"
)


async def check_broker(case: Case) -> AsyncIterator[Finding]:
    """Check the broker as this user sees it and, where that differs, as the service sees it."""
    case.screen.step(_("asking the broker"))
    async for finding in _steps(case):
        if finding.severity is Severity.OK:
            finding = await _for_the_service(case, finding)  # noqa: PLW2901
        yield finding


async def _for_the_service(case: Case, finding: Finding) -> Finding:
    """Return `finding`, or the fault that only the service has in its sandbox."""
    for name, error in (await case.attempts()).items():
        if not error or name == case.port_target:
            continue
        if name == case.settings.broker.address:
            if finding.check == ("name" if error == inside.NAME else "port"):
                return await kept_away(case, finding.check, error, name, case.addresses)
        elif finding.check == "tls":
            message = _("the service may not read {file} ({error})").format(file=name, error=error)
            if name.startswith("/etc/"):
                return fault("tls", message, _("Let the service read it:"), f"sudo chmod a+r {name}")
            advice = _("Put it where the service may read it, and its new path into the settings:")
            return fault("tls", message, advice, f"sudo install -m 0644 {name} /etc/teleinfo/")
    return finding


async def _steps(case: Case) -> AsyncIterator[Finding]:
    """Run the steps until one fails; store in the case what the broker retains, and its addresses."""
    broker = case.settings.broker
    try:
        case.addresses = await _resolve(broker)
        message = _("{host} is an address") if case.addresses == (broker.host,) else _("{host} is {address}")
        yield ok("name", message.format(host=broker.host, address=", ".join(case.addresses)))
        await _connect(broker)
        yield ok("port", _("{address} accepts connections").format(address=broker.address))
        if broker.tls is not None:
            context = await asyncio.to_thread(tls_context, broker, broker.tls)
            yield _certificate(await _connect(broker, context))
        async with connect(for_command(broker, "doctor")) as connection:
            findings = await _topics(connection, case)
            # The log says that an outage is over once the connection has held.
            last = await case.last_logged((OUTAGE_TEXTS.begins, OUTAGE_TEXTS.still, OUTAGE_TEXTS.ends))
            _notes, [taken_over, *_advice] = FAULTS["TAKEN_OVER"]
            says_so = is_one_of(last, [taken_over])
            if says_so or is_taken_over(case.status, case.health):
                case.lost_login = _(
                    "teleinfo does not stay connected to the broker: another program may use its client id"
                )
                lines = ("TELEINFO_MQTT_CLIENT_ID=teleinfo-{hostname}-2", f"sudo journalctl -u {case.unit}")
                yield fault("login", case.lost_login, _(CHANGE_CLIENT_ID), *lines)
            else:
                accepted = _("accepted, with the user name of the settings")
                if broker.username is None:
                    accepted = _("accepted, without a user name")
                yield ok("login", accepted, mqtt_version=connection.version)
            for finding in findings:
                yield finding
    except BrokerError as error:
        if error.kind == "CLOSED_UNANSWERED":
            error = BrokerError(await _spoken_protocol(broker), broker)
        words = (error.check, _(error.message), _(error.advice))
        yield fault(*words, *error.commands, cause=error.kind.lower().replace("_", " "))


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
        # asyncio joins the errors of several addresses in one text.
        refused = f"[Errno {errno.ECONNREFUSED}]" in str(error)
        raise cannot_connect(ConnectionRefusedError() if refused else error, broker) from error
    writer.transport.abort()
    return writer.get_extra_info("peercert") or {}


async def _spoken_protocol(broker: Broker) -> str:
    """Return the reason why the port closes the connection after the first MQTT packet."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    attempts = (("WANTS_TLS", context, b""), ("WANTS_HTTP", None, _UPGRADE))
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
    return "REFUSES_MQTT"


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
    """Publish test messages on topics that have no readings; store what the broker retains."""
    topics, is_5 = Topics(case.settings.mqtt_topic), connection.version is MqttVersion.V5
    ours, token = f"{topics.readings}/doctor", secrets.token_hex(8).encode()
    await connection.subscribe(topics.status, topics.health)
    may_subscribe = await connection.subscribe(ours)
    may_write = await _publish(connection, ours, token, retain=False)
    received = await _collect(connection, lambda received: received.get(ours) == token or not may_write)
    # A retained message without content leaves nothing on the broker (MQTT 3.1.1, section 3.3.1.3).
    may_write = may_write and await _publish(connection, ours, b"", retain=True)
    case.may_read, case.health = bool(received), parse_health(received.get(topics.health, b""))
    if topics.status in received:
        case.status = received[topics.status].decode(errors="replace")
    make, message = fault, _("the broker does not let this account ({user}) publish on {topic}")
    if may_write and received.get(ours) == token:
        make, message = ok, _("a message of ours on {topic} came back")
    elif may_write and is_5:
        make, message = warning, _("this account ({user}) may publish on {topic}, but may not read it")
    elif may_write and may_subscribe:
        message = _("no message came back: this account ({user}) may not publish on {topic}, or not read it")
    elif may_write:
        make, message = skipped, _("could not be judged: this account ({user}) may not read {topic}")
    user = case.settings.broker.username
    shown = user or _("without a user name")
    advice = () if make is ok else _acl(user, f"readwrite {topics.readings}/#")
    findings = [make("topic", message.format(user=shown, topic=ours), *advice)]
    if case.settings.homeassistant and is_5:
        # Where a device is announced, an empty message announces nothing.
        prefix = case.settings.homeassistant_prefix
        topic = f"{prefix}/device/teleinfo-doctor/config"
        if await _publish(connection, topic, b"", retain=False):
            findings.append(ok("discovery", _("the broker takes the announcements to Home Assistant")))
        else:
            advice = _acl(user, f"write {prefix}/#", f"read {prefix}/status")
            message = _("the broker does not let this account ({user}) publish on {topic}")
            findings.append(fault("discovery", message.format(user=shown, topic=topic), *advice))
    return findings


async def read_retained(connection: Connection, topics: Topics) -> tuple[str | None, Health | None]:
    """Return the retained status and health of a teleinfo without publishing; raise `BrokerError`."""
    await connection.subscribe(topics.status, topics.health)
    received = await _collect(connection, {topics.status, topics.health}.issubset)
    status = received.get(topics.status, b"").decode(errors="replace")
    return status if status in {ONLINE, OFFLINE} else None, parse_health(received.get(topics.health, b""))


async def ask_again(case: Case) -> None:
    """Read the retained messages once more; if that fails, keep the known ones."""
    broker = for_command(case.settings.broker, "doctor")
    with contextlib.suppress(BrokerError):
        async with connect(broker) as connection:
            case.status, case.health = await read_retained(connection, Topics(case.settings.mqtt_topic))


async def _publish(connection: Connection, topic: str, payload: bytes, *, retain: bool) -> bool:
    """Return False if the broker refuses the topic; raise `BrokerError` if it closes the connection."""
    connection.closing_means = "REFUSES_RETAINED" if retain else "REFUSES_MESSAGE"
    try:
        await connection.publish(topic, payload, qos=1, retain=retain)
    except BrokerError as error:
        if error.kind != "REFUSES_TOPIC":
            raise
        return False
    connection.closing_means = "CLOSED"
    return True


async def _collect(connection: Connection, is_all: Callable[[dict[str, bytes]], bool]) -> dict[str, bytes]:
    """Return payloads by topic once `is_all` accepts them, or after `ECHO_TIMEOUT` without a retained one."""
    received: dict[str, bytes] = {}
    async for topic, payload, _retained in connection.messages(ECHO_TIMEOUT):
        received[topic] = payload
        if is_all(received):
            break
    return received


def _acl(user: str | None, *rights: str) -> tuple[str, ...]:
    """Return the advice to allow these `rights` to `user`, and the lines for mosquitto's access list."""
    advice = _("Allow it in the broker's list of rights (ACL), and restart the broker:")
    return (advice, *([f"user {user}"] if user else []), *(f"topic {right}" for right in rights))


def is_taken_over(status: str | None, health: Health | None) -> bool:
    """True if a teleinfo is offline and has just heard its meter: `health` is retained, and may be old."""
    if status != OFFLINE or health is None or health.line in {None, LineGrade.BAD, LineGrade.SILENT}:
        return False
    with contextlib.suppress(ValueError, OverflowError):
        last = datetime.fromisoformat(health.last_frame or "").timestamp()
        return abs(time.time() - last) <= RECENT_SECONDS
    return False
