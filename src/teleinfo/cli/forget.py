"""`teleinfo forget`: clear the retained topics of a meter that is no longer read."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Final

from teleinfo.common import event_loop
from teleinfo.common.i18n import N_, _, plural
from teleinfo.common.terminal_text import printable
from teleinfo.common.untrusted_json import parse_object
from teleinfo.console.output import fail, say
from teleinfo.mqtt.client import Connection, connect, for_command
from teleinfo.mqtt.config import OFFLINE, ONLINE, Broker, Topics
from teleinfo.mqtt.errors import BrokerError
from teleinfo.settings import default_env_file
from teleinfo.settings.sources import load

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence


HELP = N_(
    "Remove what the broker retains of the meter of these settings: status, health, state, and its device in "
    "Home Assistant. Stop the service first: it would publish them again."
)

PASSES: Final = 5
"""Times that the broker is asked, at most, for the topics that are left."""

QUIET: Final = 1.0
"""Seconds without a retained message after which no more are expected."""

REMOVAL: Final = 2.0
"""Seconds in which Home Assistant removes the entities; it would log a warning for each without a state."""

PLATFORMS: Final = ("device", "sensor", "binary_sensor", "event")
"""The level below the prefix in the topics of discovery messages, in both forms."""


def main(arguments: argparse.Namespace) -> int:
    """Clear the topics, print those that were cleared, and return 0 if none is left, else 1."""
    settings = load(arguments.env_file or default_env_file())
    broker = for_command(settings.broker, "forget")
    topics = Topics(settings.mqtt_topic)
    try:
        cleared, left, others = event_loop.run(_forget(broker, topics, settings.homeassistant_prefix))
    except BrokerError as error:
        return fail("forget", _(error.message))
    for base in others:
        if topics.covers(base):
            text = _("{topic} and the topics below it stay: they are those of another meter")
            say(text.format(topic=printable(base)))
        else:
            text = _("{topic} stays: the meter of {other} publishes there, too")
            say(text.format(topic=printable(topics.readings), other=printable(base)))
    if left.get(topics.status) == ONLINE:
        text = _("{topic} is online: stop teleinfo first, or it publishes all of it again")
        return fail("forget", text.format(topic=topics.status))
    gone = [topic for topic in cleared if topic not in left]
    sys.stdout.writelines(f"{printable(topic)}\n" for topic in gone)
    text = plural(len(gone), N_("{count} topic is cleared"), N_("{count} topics are cleared"))
    sys.stdout.write(f"{text.format(count=len(gone))}\n")
    if not left:
        return 0
    text = _(
        "{topic} is still there, or again: teleinfo may run and publish it, or the broker may not let this "
        "user clear it"
    )
    return fail("forget", text.format(topic=next(iter(left))))


async def _forget(
    broker: Broker, topics: Topics, prefix: str
) -> tuple[list[str], dict[str, bytes], list[str]]:
    """
    Clear the retained topics, except those of other meters.

    Return those that were cleared, the payloads that are left, by topic, and the base topics of other meters
    that lie among these topics, or the other way round. While a teleinfo is online nothing is cleared.
    A broker may drop messages when it sends many at once: ask it again until nothing is left.
    Raises BrokerError.
    """
    cleared: dict[str, None] = {}
    async with connect(broker, max_waiting=0) as connection:
        for _pass in range(PASSES):
            retained = await _retained(connection, topics, prefix)
            others = _other_meters(retained, topics)
            left = {
                topic: payload
                for topic, payload in retained.items()
                if _is_of_meter(topic, topics, others) or _is_discovery(payload, topics)
            }
            if not left or left.get(topics.status) == ONLINE:
                break
            announced = [topic for topic, payload in left.items() if _is_discovery(payload, topics)]
            await _clear(connection, announced)
            if announced:
                await asyncio.sleep(REMOVAL)
            await _clear(connection, [topic for topic in left if topic not in announced])
            cleared |= dict.fromkeys([*announced, *left])
    return [*cleared], left, others


async def _clear(connection: Connection, topics: list[str]) -> None:
    for topic in topics:
        await connection.publish(topic, b"", qos=1, retain=True)


async def _retained(connection: Connection, topics: Topics, prefix: str) -> dict[str, bytes]:
    """Return what the broker retains, by topic: of this meter, discovery messages, the status of others."""
    topics_of_meter = _topics_of_meter(topics)
    filters = [*topics_of_meter, f"{topics.state}/#"]
    # Another meter may have its base topic among the topics of this one, or this one among those of another.
    for base in _levels_above(topics.readings):
        if Topics(base).covers(topics.readings):
            filters.append(Topics(base).status)
    for base in topics_of_meter:
        filters.append(Topics(base).status)
    for platform in PLATFORMS:
        filters.append(f"{prefix}/{platform}/+/config")
    # With QoS 1 a broker queues a limited number of messages and drops the rest; with QoS 0 it sends all.
    for wanted in filters:
        await connection.subscribe(wanted, qos=0)
    payloads: dict[str, bytes] = {}
    async for topic, payload, is_retained in connection.messages(QUIET):
        if is_retained:
            payloads[topic] = payload
    await connection.unsubscribe(*filters)  # else each cleared topic would be sent to us, which is slow
    return payloads


def _topics_of_meter(topics: Topics) -> list[str]:
    """Return the topics of a meter, but for the fields of its state."""
    return [topics.readings, topics.status, topics.health, topics.state, topics.meta, topics.homeassistant]


def _levels_above(topic: str) -> list[str]:
    """Return the topics of which `topic` is a part: `a/b` and `a` of `a/b/c`."""
    topics_above = []
    while "/" in topic:
        topic, _slash, _last = topic.rpartition("/")
        topics_above.append(topic)
    return topics_above


def _other_meters(retained: Mapping[str, bytes], topics: Topics) -> list[str]:
    """Return the base topics of other meters, known by their status, whose topics meet these `topics`."""
    bases = []
    for topic, payload in retained.items():
        base, _, last = topic.rpartition("/")
        if last != "status" or payload not in {ONLINE, OFFLINE}:
            continue
        if topics.covers(base) or Topics(base).covers(topics.readings):
            bases.append(base)
    return bases


def _is_of_meter(topic: str, topics: Topics, others: Sequence[str]) -> bool:
    """True if a topic is one of this meter, and certainly none of the `others`."""
    for base in others:
        if topics.covers(base) and (topic == base or Topics(base).covers(topic)):
            return False
        # Below the state of another meter, the base topic may be one of its fields.
        if not topics.covers(base) and topic == topics.readings:
            return False
    return topic in _topics_of_meter(topics) or topic.startswith(f"{topics.state}/")


def _is_discovery(payload: bytes, topics: Topics) -> bool:
    """True if the payload is our discovery message for this base topic."""
    message = parse_object(payload) or {}
    source = message.get("stat_t", message.get("state_topic"))
    return source in {topics.homeassistant, topics.event, topics.state, topics.status, topics.health}
