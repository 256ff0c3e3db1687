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
"""Seconds in which the readings of a second meter are looked for."""

PUSHED_OUT_TIMEOUT = 20.0
"""The same where two services take turns, each of which pushes the other out."""

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

ONLINE = config.ONLINE.decode()
OFFLINE = config.OFFLINE.decode()
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
_LENGTH_OF_NUMBER = 12  # digits of ADCO, ADSC and ADS


async def check_broker(case: Case) -> AsyncIterator[Finding]:
    """Check the broker as this user sees it and, where that differs, as the service sees it."""
    case.screen.step(_("asking the broker"))
    async for finding in _steps(case):
        if finding.severity is Severity.OK:
            finding = await _for_the_service(case, finding)  # noqa: PLW2901
        yield finding


async def _for_the_service(case: Case, finding: Finding) -> Finding:
    """Return the fault that only the service has, in its sandbox; without one, `finding` of this user."""
    broker = case.settings.broker
    error_by_target = await case.attempts()
    error_of_address = error_by_target.get(broker.address, "")
    if error_of_address:
        check_of_error = "name" if error_of_address == inside.NAME else "port"
        if finding.check == check_of_error:
            return await kept_away(case, finding.check, error_of_address, broker.address, case.addresses)
    if finding.check == "tls" and broker.tls is not None:
        for file in (broker.tls.ca_file, broker.tls.cert_file, broker.tls.key_file):
            if file is None or not error_by_target.get(file):
                continue  # it was not tried, or the service may read it
            if file == broker.tls.key_file:
                template = of_broker.KEY_KEPT_AWAY
            elif file.startswith("/etc/"):
                template = of_broker.FILE_KEPT_AWAY
            else:
                template = of_broker.FILE_ELSEWHERE
            return find(template, file=file, error=error_by_target[file], unit=case.unit)
    return finding


async def _steps(case: Case) -> AsyncIterator[Finding]:
    """
    Yield the findings of each step; the fault of the first step that fails is the last finding.

    The case gets the addresses of the broker, and what the broker retains of a teleinfo.
    """
    broker = case.settings.broker
    try:
        case.addresses = await _resolve(broker)
        is_address = case.addresses == (broker.host,)
        template = of_broker.ADDRESS if is_address else of_broker.NAME
        yield find(template, host=broker.host, address=", ".join(case.addresses))
        await _connect(broker)
        yield find(of_broker.ACCEPTS, address=broker.address)
        if broker.tls is not None:
            context = await asyncio.to_thread(tls_context, broker, broker.tls)
            yield _certificate(await _connect(broker, context))
        async with connect(for_command(broker, "doctor")) as connection:
            for finding in await _login_and_topics(connection, case):
                yield finding
    except BrokerError as error:
        if error.fault in _UNEXPLAINED:
            error = await _explained(error, broker)
        severity = Severity.FAULT
        if error.fault is BrokerFault.REFUSES_SUBSCRIPTION:
            severity = Severity.WARNING  # the service publishes without that right
        yield Finding(
            error.fault.value.check,
            severity,
            _(error.message),
            _(error.advice),
            error.commands,
            facts={"cause": error.fault.name.lower()},
        )


async def _login_and_topics(connection: Connection, case: Case) -> list[Finding]:
    """Return the findings on an accepted connection: the login, the topics, the meters on them."""
    on_topics = await _topics(connection, case)
    await case.refresh()  # the tests of the topics took a while
    is_pushed_out = is_one_of(await case.status_text(), [PUSHED_OUT])
    if is_pushed_out:
        # Two services push each other out: whenever one of them connects, the other goes offline.
        limit = PUSHED_OUT_TIMEOUT
    elif case.status == ONLINE:
        limit = READINGS_TIMEOUT
    else:
        limit = 0.0  # nobody publishes readings
    case.numbers = await _numbers(connection, case, limit=limit)
    findings = []
    if len(case.numbers) > 1:
        one, other, *_more = case.numbers
        template = ONE_CLIENT_ID if is_pushed_out else ONE_TOPIC
        findings.append(find(template, topic=case.settings.mqtt_topic, one=one, other=other))
        # That is the finding on the topic, now.
        on_topics = [finding for finding in on_topics if finding.check != "topic"]
    elif is_pushed_out:
        findings.append(find(of_broker.LOGIN_LOST, unit=case.unit))
    if not is_pushed_out:
        template = of_broker.NO_ACCOUNT if case.settings.broker.username is None else of_broker.ACCOUNT
        findings.append(find(template, facts={"mqtt_version": connection.version}))
    return findings + on_topics


async def _resolve(broker: Broker) -> tuple[str, ...]:
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


async def _connect(broker: Broker, context: ssl.SSLContext | None = None) -> Mapping[str, str]:
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


async def _explained(error: BrokerError, broker: Broker) -> BrokerError:
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


def _certificate(certificate: Mapping[str, str]) -> Finding:
    """Judge a certificate that OpenSSL has accepted; it is empty if OpenSSL did not verify it."""
    if not certificate:
        return find(of_broker.CERTIFICATE_UNSEEN)
    seconds_left = ssl.cert_time_to_seconds(certificate["notAfter"]) - time.time()
    days = int(seconds_left / _SECONDS_OF_DAY)
    template = of_broker.CERTIFICATE_ENDS if days < RENEW_WITHIN_DAYS else of_broker.CERTIFICATE
    return find(template, days=days, facts={"days_left": days})


async def _numbers(connection: Connection, case: Case, *, limit: float) -> tuple[str, ...]:
    """
    Return the last digits of the numbers of all meters that are published on the topics of the case.

    Readings are waited for until there are two meters, or for `limit` seconds; with 0 nothing is waited for.
    """
    health = case.health
    if health is not None and health.meter is not None and health.other_meter is not None:
        is_over = health.problem == LinkProblem.STOPPED or is_stale(health, now=time.time())
        if not is_over:
            return health.meter, health.other_meter
    readings = case.settings.mqtt_topic
    if not limit or not await connection.subscribe(readings):
        return ()
    # The other publisher may be a program of another kind, which says nothing in `health`.
    numbers: list[str] = []
    loop = asyncio.get_running_loop()
    end = loop.time() + limit
    async for topic, payload, is_retained in connection.messages(limit):
        # A retained reading may be of a meter that was exchanged.
        if topic == readings and not is_retained:
            for number in _numbers_in(payload):
                if number not in numbers:
                    numbers.append(number)
        if len(numbers) > 1 or loop.time() >= end:
            break
    return tuple(number[-DIGITS:] for number in numbers)


def _numbers_in(reading: bytes) -> list[str]:
    """Return the numbers of the meter in the JSON of a reading; none if it is no JSON of a reading."""
    values = parse_object(reading) or {}
    numbers = []
    for label in METER_NUMBERS:
        if label in values:
            # As a number of JSON it lacks its leading zeros.
            numbers.append(str(values[label]).zfill(_LENGTH_OF_NUMBER))
    return numbers


async def _topics(connection: Connection, case: Case) -> list[Finding]:
    """
    Return the findings on the topics, by test messages where no readings are published.

    The case gets what the broker retains of a teleinfo.
    """
    topics = Topics(case.settings.mqtt_topic)
    test_topic = f"{topics.readings}/doctor"
    test_payload = secrets.token_hex(8).encode()
    await connection.subscribe(topics.status)
    await connection.subscribe(topics.health)
    may_subscribe = await connection.subscribe(test_topic)
    may_write = await _publish(connection, test_topic, test_payload, retain=False)

    def is_all(received: dict[str, bytes]) -> bool:
        if not may_write:
            return topics.status in received and topics.health in received
        # The broker sends what it retains before a message that was published after the subscription.
        return received.get(test_topic) == test_payload

    received = await _collect(connection, is_all)
    if may_write:
        # A retained message without content leaves nothing on the broker (MQTT 3.1.1, section 3.3.1.3).
        may_write = await _publish(connection, test_topic, b"", retain=True)
    case.may_read = bool(received)
    case.health = parse_health(received.get(topics.health, b""))
    if topics.status in received:
        case.status = received[topics.status].decode(errors="replace")
    rights = [f"topic readwrite {topics.readings}/#"]
    if not may_write:
        template = of_broker.TOPIC_REFUSED
    elif received.get(test_topic) == test_payload:
        template = of_broker.TOPIC
        rights = []
    elif connection.version is MqttVersion.V5:
        template = of_broker.TOPIC_UNREAD
    elif may_subscribe:
        template = of_broker.NO_ECHO  # MQTT 3.1.1 does not report a message that is refused
    else:
        template = of_broker.TOPIC_UNKNOWN
    findings = [_find_on_topic(template, case, test_topic, rights)]
    # MQTT 3.1.1 would accept each announcement.
    if case.settings.homeassistant and connection.version is MqttVersion.V5:
        findings.append(await _announcement(connection, case))
    return findings


async def _announcement(connection: Connection, case: Case) -> Finding:
    """Return the finding on the topics of Home Assistant, by a message that announces no device."""
    prefix = case.settings.homeassistant_prefix
    topic = f"{prefix}/device/teleinfo-doctor/config"
    if await _publish(connection, topic, b"", retain=False):
        return find(of_broker.ANNOUNCED)
    rights = [f"topic write {prefix}/#", f"topic read {prefix}/status"]
    return _find_on_topic(of_broker.NOT_ANNOUNCED, case, topic, rights)


def _find_on_topic(template: Finding, case: Case, topic: str, rights: list[str]) -> Finding:
    """Return the finding on a topic; its commands are the lines of the broker's ACL with missing `rights`."""
    user = case.settings.broker.username
    lines = list(rights)
    if rights and user:
        lines.insert(0, f"user {user}")
    return find(template, *lines, user=user or _("without a user name"), topic=topic)


def said_by(status: str, health: Health | None) -> str:
    """Return the `status` that a teleinfo published, with the reason for it by its `health`."""
    problem = None if health is None or is_stale(health, now=time.time()) else health.reason
    if problem is None:
        return _("teleinfo says {status}").format(status=status)
    return _("teleinfo says {status}: {problem}").format(status=status, problem=_(problem))


async def read_retained(
    settings: Settings, limit: float = ONE_SHOT_TIMEOUT
) -> tuple[str | None, Health | None]:
    """
    Return the retained status and health of a teleinfo, and publish nothing; raise `BrokerError`.

    The status is None if nothing is retained, or a message that no teleinfo publishes; so is the health.
    """
    topics = Topics(settings.mqtt_topic)
    async with connect(for_command(settings.broker, "doctor"), limit=limit) as connection:
        await connection.subscribe(topics.status)
        await connection.subscribe(topics.health)
        received = await _collect(connection, {topics.status, topics.health}.issubset)
    health = parse_health(received.get(topics.health, b""))
    status = received.get(topics.status, b"").decode(errors="replace")
    if status not in {ONLINE, OFFLINE}:
        return None, health
    return status, health


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
