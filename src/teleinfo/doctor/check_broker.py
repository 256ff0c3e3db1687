"""Check the broker: its name, its port, its certificate, the login, and the topics."""

from __future__ import annotations

import asyncio
import errno
import secrets
import socket
import ssl
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from teleinfo.common.i18n import N_, _
from teleinfo.common.untrusted_json import parse_object
from teleinfo.doctor import inside
from teleinfo.doctor.case import Case, is_one_of, kept_away
from teleinfo.doctor.finding import Finding, Severity, find
from teleinfo.doctor.findings import of_broker
from teleinfo.mqtt import config
from teleinfo.mqtt.client import ONE_SHOT_TIMEOUT, Connection, connect, for_command, tls_context
from teleinfo.mqtt.config import Broker, MqttVersion, Topics
from teleinfo.mqtt.errors import PUSHED_OUT, BrokerError, cannot_connect
from teleinfo.mqtt.faults import BrokerFault
from teleinfo.port.health import DIGITS, Health, is_stale
from teleinfo.port.health import parse as parse_health
from teleinfo.tic.labels import METER_NUMBERS
from teleinfo.vocabulary.line import LinkProblem

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from teleinfo.settings import Settings

STEP_TIMEOUT = 5.0
"""Seconds that each step may take."""

PROBE_TIMEOUT = 2.0
"""Seconds for a connection that shows what is in place of a broker, and as many for its answer."""

READINGS_TIMEOUT = 5.0
PUSHED_OUT_TIMEOUT = 20.0
"""Seconds in which the readings of a second meter are looked for; and where two services take turns."""

ECHO_TIMEOUT = 3.0
"""Seconds to wait for our message to come back, and for each retained message."""

ONE_TOPIC = Finding(
    "topic",
    Severity.FAULT,
    N_("two meters are published on {topic}: the number of one ends in {one}, that of the other in {other}"),
    N_("Each needs a topic of its own. In the settings of one of the two:"),
    ("TELEINFO_MQTT_TOPIC={topic}-2",),
)
ONE_CLIENT_ID = replace(
    ONE_TOPIC,
    advice=N_("Each needs a topic and a client id of its own. In the settings of one of the two:"),
    commands=(*ONE_TOPIC.commands, "TELEINFO_MQTT_CLIENT_ID=teleinfo-{{hostname}}-2"),
)

ONLINE, OFFLINE = config.ONLINE.decode(), config.OFFLINE.decode()
_UNEXPLAINED = frozenset(
    {BrokerFault.CLOSED_UNANSWERED, BrokerFault.UNANSWERED, BrokerFault.WANTS_CERTIFICATE}
)
_REQUEST = (
    b"GET /mqtt HTTP/1.1\r\nHost: broker\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    b"Sec-WebSocket-Protocol: mqtt\r\n\r\n"
)
"""A request for a websocket (RFC 6455 §4.1): mosquitto answers no other one; a web server answers any."""
RENEW_WITHIN_DAYS = 14
_SECONDS_OF_DAY = 86400.0


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
        if not error or name in {case.port_target, case.settings.offers}:
            continue
        if name == case.settings.broker.address:
            if finding.check == ("name" if error == inside.NAME else "port"):
                return await kept_away(case, finding.check, error, name, case.addresses)
        elif finding.check == "tls":
            template = of_broker.FILE_KEPT_AWAY if name.startswith("/etc/") else of_broker.FILE_ELSEWHERE
            if name == case.settings.mqtt_tls_key_file:
                template = of_broker.KEY_KEPT_AWAY
            return find(template, file=name, error=error, unit=case.unit)
    return finding


async def _steps(case: Case) -> AsyncIterator[Finding]:
    """Run the steps until one fails; store in the case what the broker retains, and its addresses."""
    broker = case.settings.broker
    try:
        case.addresses = await _resolve(broker)
        template = of_broker.ADDRESS if case.addresses == (broker.host,) else of_broker.NAME
        yield find(template, host=broker.host, address=", ".join(case.addresses))
        await _connect(broker)
        yield find(of_broker.ACCEPTS, address=broker.address)
        if broker.tls is not None:
            context = await asyncio.to_thread(tls_context, broker, broker.tls)
            yield _certificate(await _connect(broker, context))
        async with connect(for_command(broker, "doctor")) as connection:
            findings = await _topics(connection, case)
            await case.properties(again=True)
            is_pushed_out = is_one_of(await case.status_text(), [PUSHED_OUT])
            # Where two services push each other out, one of them comes as often as the other goes offline.
            limit = PUSHED_OUT_TIMEOUT if is_pushed_out else READINGS_TIMEOUT
            is_published = case.status == ONLINE or is_pushed_out
            case.numbers = await _numbers(connection, case, limit=limit if is_published else 0.0)
            if len(case.numbers) > 1:
                one, other, *_more = case.numbers
                topic = case.settings.mqtt_topic
                yield find(ONE_CLIENT_ID if is_pushed_out else ONE_TOPIC, topic=topic, one=one, other=other)
                findings = [finding for finding in findings if finding.check != "topic"]
            elif is_pushed_out:
                yield find(of_broker.LOGIN_LOST, unit=case.unit)
            if not is_pushed_out:
                template = of_broker.NO_ACCOUNT if broker.username is None else of_broker.ACCOUNT
                yield find(template, facts={"mqtt_version": connection.version})
            for finding in findings:
                yield finding
    except BrokerError as error:
        if error.fault in _UNEXPLAINED:
            error = await _explained(error, broker)
        texts = (_(error.message), _(error.advice), error.commands)
        facts = {"cause": error.fault.name.lower()}
        severity = Severity.FAULT
        if error.fault is BrokerFault.REFUSES_SUBSCRIPTION:
            severity = Severity.WARNING  # the service publishes without that right
        yield Finding(error.fault.value.check, severity, *texts, facts)


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


async def _explained(error: BrokerError, broker: Broker) -> BrokerError:
    """Return `error`, or what is at the port in place of a broker: a web server, or a port of TLS."""
    plain, encrypted = await asyncio.gather(_first_line(broker, tls=False), _first_line(broker, tls=True))
    if broker.tls is None and encrypted is not None:
        return BrokerError(BrokerFault.WANTS_TLS, broker)
    answer = (plain if broker.tls is None else encrypted) or b""
    if answer.startswith(b"HTTP/"):
        return BrokerError(BrokerFault.WEB_SERVER, broker)
    return error


async def _first_line(broker: Broker, *, tls: bool) -> bytes | None:
    """Return the answer to a request of HTTP, b"" without one; None if no connection is made."""
    context = None
    if tls:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
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


def _certificate(certificate: Mapping[str, str]) -> Finding:
    """Judge a certificate that OpenSSL has accepted; it is empty if OpenSSL did not verify it."""
    if not certificate:
        return find(of_broker.CERTIFICATE_UNSEEN)
    days = int((ssl.cert_time_to_seconds(certificate["notAfter"]) - time.time()) / _SECONDS_OF_DAY)
    template = of_broker.CERTIFICATE_ENDS if days < RENEW_WITHIN_DAYS else of_broker.CERTIFICATE
    return find(template, days=days, facts={"days_left": days})


async def _numbers(connection: Connection, case: Case, *, limit: float) -> tuple[str, ...]:
    """
    Return the last digits of the numbers of all meters that are published on the topics of the case.

    Readings are waited for until there are two, or for `limit` seconds.
    """
    health = case.health
    if health is None or health.problem == LinkProblem.STOPPED or is_stale(health, now=time.time()):
        health = Health()
    if health.meter is not None and health.other_meter is not None:
        return health.meter, health.other_meter
    readings = case.settings.mqtt_topic
    if not limit or not await connection.subscribe(readings):
        return ()
    # A program of another kind says nothing in `health`.
    numbers: dict[str, None] = {}
    loop = asyncio.get_running_loop()
    end = loop.time() + limit
    async for topic, payload, is_retained in connection.messages(limit):
        if topic == readings and not is_retained:
            values = parse_object(payload) or {}
            # As a number of JSON it lacks its leading zeros.
            numbers |= dict.fromkeys(
                str(values[label]).zfill(12) for label in METER_NUMBERS if label in values
            )
        if len(numbers) > 1 or loop.time() >= end:
            break
    return tuple(number[-DIGITS:] for number in numbers)


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
    template = of_broker.TOPIC_REFUSED
    if may_write and received.get(ours) == token:
        template = of_broker.TOPIC
    elif may_write and is_5:
        template = of_broker.TOPIC_UNREAD
    elif may_write:
        template = of_broker.NO_ECHO if may_subscribe else of_broker.TOPIC_UNKNOWN
    user = case.settings.broker.username
    account = [f"user {user}"] if user else []
    shown = user or _("without a user name")
    rights = [] if template is of_broker.TOPIC else [*account, f"topic readwrite {topics.readings}/#"]
    findings = [find(template, *rights, user=shown, topic=ours)]
    if case.settings.homeassistant and is_5:
        # Where a device is announced, an empty message announces nothing.
        prefix = case.settings.homeassistant_prefix
        topic = f"{prefix}/device/teleinfo-doctor/config"
        if await _publish(connection, topic, b"", retain=False):
            findings.append(find(of_broker.ANNOUNCED))
        else:
            rights = [*account, f"topic write {prefix}/#", f"topic read {prefix}/status"]
            findings.append(find(of_broker.NOT_ANNOUNCED, *rights, user=shown, topic=topic))
    return findings


def said_by(status: str, health: Health | None) -> str:
    """Return the `status` that a teleinfo published, with the reason for it by its `health`."""
    problem = None if health is None or is_stale(health, now=time.time()) else health.reason
    if problem is None:
        return _("teleinfo says {status}").format(status=status)
    return _("teleinfo says {status}: {problem}").format(status=status, problem=_(problem))


async def read_retained(
    settings: Settings, limit: float = ONE_SHOT_TIMEOUT
) -> tuple[str | None, Health | None]:
    """Return the retained status and health of a teleinfo without publishing; raise `BrokerError`."""
    topics = Topics(settings.mqtt_topic)
    async with connect(for_command(settings.broker, "doctor"), limit=limit) as connection:
        await connection.subscribe(topics.status, topics.health)
        received = await _collect(connection, {topics.status, topics.health}.issubset)
    status = received.get(topics.status, b"").decode(errors="replace")
    return status if status in {ONLINE, OFFLINE} else None, parse_health(received.get(topics.health, b""))


async def _publish(connection: Connection, topic: str, payload: bytes, *, retain: bool) -> bool:
    """Return False if the broker refuses the topic; raise `BrokerError` if it closes the connection."""
    refusal = BrokerFault.REFUSES_RETAINED if retain else BrokerFault.REFUSES_MESSAGE
    connection.closing_means = refusal
    try:
        await connection.publish(topic, payload, qos=1, retain=retain)
    except BrokerError as error:
        if error.fault is not BrokerFault.REFUSES_TOPIC:
            raise
        return False
    connection.closing_means = BrokerFault.CLOSED
    return True


async def _collect(connection: Connection, is_all: Callable[[dict[str, bytes]], bool]) -> dict[str, bytes]:
    """Return payloads by topic once `is_all` accepts them, or after `ECHO_TIMEOUT` without a retained one."""
    received: dict[str, bytes] = {}
    async for topic, payload, _retained in connection.messages(ECHO_TIMEOUT):
        received[topic] = payload
        if is_all(received):
            break
    return received
