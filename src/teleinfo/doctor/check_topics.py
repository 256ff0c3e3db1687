"""
Check the topics: the retained messages of a teleinfo, and a message of ours, which must come back.

The test message goes to the topic `doctor` below the base, and is no reading. Nothing is left on the broker.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from teleinfo.common.i18n import _
from teleinfo.common.terminal_text import printable
from teleinfo.doctor.findings import fault, ok, skipped, warning
from teleinfo.mqtt import config
from teleinfo.mqtt.config import MqttVersion
from teleinfo.mqtt.errors import BrokerError, BrokerErrorKind
from teleinfo.port import health

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from teleinfo.doctor.findings import Finding
    from teleinfo.mqtt.client import Connection
    from teleinfo.mqtt.config import Broker, Topics

ECHO_TIMEOUT = 3.0
"""Seconds that our message may take to come back, and a retained one to come."""

ONLINE, OFFLINE = config.ONLINE.decode(), config.OFFLINE.decode()
_LONGEST_SHOWN = 40  # characters of a status that is none


@dataclass(frozen=True, slots=True)
class RetainedState:
    """The retained messages of a teleinfo: its status, "online" or "offline", and its health."""

    status: str | None = None
    health: health.Health | None = None


async def check_topics(
    connection: Connection, broker: Broker, topics: Topics
) -> tuple[RetainedState, list[Finding]]:
    """Return the retained messages, and the findings on a test message; raise `BrokerError`."""
    ours, token = f"{topics.readings}/doctor", secrets.token_hex(8).encode()
    allowed = [await connection.subscribe(topic) for topic in (topics.status, topics.health)]
    may_read = await connection.subscribe(ours)
    may_write = await _publish(connection, ours, token, retain=False)
    received = await _collect(connection, lambda received: received.get(ours) == token or not may_write)
    # A retained message without content leaves nothing on the broker (MQTT 3.1.1, section 3.3.1.3).
    may_write = may_write and await _publish(connection, ours, b"", retain=True)
    retained = _retained(received, topics)
    if may_write and received.get(ours) == token:
        topic = ok("topic", _("a message of ours on {topic} came back").format(topic=ours))
    elif may_write and connection.version is MqttVersion.V5:
        topic = ok("topic", _("the broker takes a message of ours on {topic}").format(topic=ours))
    else:
        hidden = may_write and not may_read
        topic = _topic_refused(broker, ours, hidden=hidden, online=retained.status == ONLINE)
    return retained, [topic, _status(received.get(topics.status), topics, allowed=all(allowed))]


async def read_retained(connection: Connection, topics: Topics) -> RetainedState:
    """Return the retained messages of a teleinfo, and publish nothing; raise `BrokerError`."""
    await connection.subscribe(topics.status, topics.health)
    return _retained(await _collect(connection, {topics.status, topics.health}.issubset), topics)


def _retained(received: Mapping[str, bytes], topics: Topics) -> RetainedState:
    status = received.get(topics.status, b"").decode(errors="replace")
    return RetainedState(
        status if status in {ONLINE, OFFLINE} else None, health.parse(received.get(topics.health, b""))
    )


async def _publish(connection: Connection, topic: str, payload: bytes, *, retain: bool) -> bool:
    """Return False if the broker refuses the topic; raise `BrokerError` where it closes the connection."""
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
    """Return the payloads by topic, once `is_all` of them is true, or nothing has come for `ECHO_TIMEOUT`."""
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
    message = message.format(topic=topics.status, status=printable(short))
    advice = _("Another program publishes there. Give teleinfo a topic of its own:")
    return warning("status", message, advice, "TELEINFO_MQTT_TOPIC=")


def _topic_refused(broker: Broker, topic: str, *, hidden: bool, online: bool) -> Finding:
    """Return the finding on a message that did not come back; `hidden` if we may not read that topic."""
    # The lines of mosquitto's access list that allow all topics of this level.
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
        return warning(
            "topic", message, _("A teleinfo is online all the same: it may have rights of its own.")
        )
    return fault("topic", message, _("Allow it in the broker's list of rights (ACL):"), *rule)
