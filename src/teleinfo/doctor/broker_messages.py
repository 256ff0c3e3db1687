"""What a teleinfo has published, as the broker retains it, and the messages by which the doctor finds it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from teleinfo.common.i18n import _
from teleinfo.mqtt import config
from teleinfo.mqtt.client import ONE_SHOT_TIMEOUT, Connection, connect, for_command
from teleinfo.mqtt.config import Topics
from teleinfo.mqtt.errors import BrokerError
from teleinfo.mqtt.faults import BrokerFault
from teleinfo.port.health import Health, is_stale
from teleinfo.port.health import parse as parse_health

if TYPE_CHECKING:
    from collections.abc import Callable

    from teleinfo.settings import Settings

ONLINE = config.ONLINE.decode()
OFFLINE = config.OFFLINE.decode()

ECHO_TIMEOUT = 3.0
"""Seconds to wait for our message to come back, and for each retained message."""


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
        received = await collect(connection, {topics.status, topics.health}.issubset)
    health = parse_health(received.get(topics.health, b""))
    status = received.get(topics.status, b"").decode(errors="replace")
    if status not in {ONLINE, OFFLINE}:
        return None, health
    return status, health


async def publish(connection: Connection, topic: str, payload: bytes, *, retain: bool) -> bool:
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


async def collect(connection: Connection, is_all: Callable[[dict[str, bytes]], bool]) -> dict[str, bytes]:
    """Return payloads by topic once `is_all` accepts them, or after `ECHO_TIMEOUT` without a retained one."""
    received: dict[str, bytes] = {}
    async for topic, payload, _retained in connection.messages(ECHO_TIMEOUT):
        received[topic] = payload
        if is_all(received):
            break
    return received
