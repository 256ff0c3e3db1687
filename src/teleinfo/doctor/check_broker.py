"""Check the broker: its name, its port, its certificate, the login, and the topics."""

from __future__ import annotations

import asyncio
import secrets
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from teleinfo.common.i18n import N_, _
from teleinfo.common.untrusted_json import parse_object
from teleinfo.doctor import inside
from teleinfo.doctor.broker_address import connect_once, explained, judge_certificate, resolve
from teleinfo.doctor.broker_messages import ONLINE, collect, publish
from teleinfo.doctor.case import Case, is_one_of, kept_away
from teleinfo.doctor.finding import Finding, Severity, find
from teleinfo.doctor.findings import of_broker
from teleinfo.mqtt.client import Connection, connect, for_command, tls_context
from teleinfo.mqtt.config import MqttVersion, Topics
from teleinfo.mqtt.errors import PUSHED_OUT, BrokerError
from teleinfo.mqtt.faults import BrokerFault
from teleinfo.port.health import DIGITS, is_stale
from teleinfo.port.health import parse as parse_health
from teleinfo.tic.labels import METER_NUMBERS
from teleinfo.vocabulary.line import LinkProblem

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


READINGS_TIMEOUT = 5.0
"""Seconds in which the readings of a second meter are looked for."""

PUSHED_OUT_TIMEOUT = 20.0
"""The same where two services take turns, each of which pushes the other out."""

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

_UNEXPLAINED = frozenset(
    {BrokerFault.CLOSED_UNANSWERED, BrokerFault.UNANSWERED, BrokerFault.WANTS_CERTIFICATE}
)
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
        case.addresses = await resolve(broker)
        is_address = case.addresses == (broker.host,)
        template = of_broker.ADDRESS if is_address else of_broker.NAME
        yield find(template, host=broker.host, address=", ".join(case.addresses))
        await connect_once(broker)
        yield find(of_broker.ACCEPTS, address=broker.address)
        if broker.tls is not None:
            context = await asyncio.to_thread(tls_context, broker, broker.tls)
            yield judge_certificate(await connect_once(broker, context))
        async with connect(for_command(broker, "doctor")) as connection:
            for finding in await _login_and_topics(connection, case):
                yield finding
    except BrokerError as error:
        if error.fault in _UNEXPLAINED:
            error = await explained(error, broker)
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
    may_write = await publish(connection, test_topic, test_payload, retain=False)

    def is_all(received: dict[str, bytes]) -> bool:
        if not may_write:
            return topics.status in received and topics.health in received
        # The broker sends what it retains before a message that was published after the subscription.
        return received.get(test_topic) == test_payload

    received = await collect(connection, is_all)
    if may_write:
        # A retained message without content leaves nothing on the broker (MQTT 3.1.1, section 3.3.1.3).
        may_write = await publish(connection, test_topic, b"", retain=True)
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
    if await publish(connection, topic, b"", retain=False):
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
