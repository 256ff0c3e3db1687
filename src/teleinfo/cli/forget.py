"""`teleinfo forget`: remove from the broker what it retains of a meter that is read no more."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from typing import TYPE_CHECKING, Final

from teleinfo.cli.output import fail
from teleinfo.common import event_loop
from teleinfo.common.i18n import N_, _, plural
from teleinfo.common.terminal_text import printable
from teleinfo.common.untrusted_json import parse_object
from teleinfo.mqtt.client import connect, for_command
from teleinfo.mqtt.config import ONLINE, Topics
from teleinfo.mqtt.errors import BrokerError
from teleinfo.settings import default_env_file, load

if TYPE_CHECKING:
    import argparse

    from teleinfo.mqtt.client import Connection
    from teleinfo.mqtt.config import Broker

HELP = N_(
    "Remove what the broker retains of the meter of these settings: status, health, state, and its device in "
    "Home Assistant. Stop the service first: it would publish them again."
)


PASSES: Final = 5
"""Most often, the broker is asked what is left. The first time that it is nothing is the last."""

QUIET: Final = 1.0
"""Seconds without a retained message after which there is no further one: MQTT does not mark the last."""

REMOVAL: Final = 2.0
"""
Seconds that Home Assistant has to remove the entities of a device.

It would write a warning for each that is still there when its state is cleared.
"""

PLATFORMS: Final = ("device", "sensor", "binary_sensor")
"""Of the discovery messages, in both forms."""


def configure(parser: argparse.ArgumentParser) -> None:
    """`forget` has no arguments of its own."""
    del parser


def main(arguments: argparse.Namespace) -> int:
    """
    Clear, print what was cleared, and return 0 once the broker retains nothing of the meter.

    Returns 1 where the broker is not there, the service runs, or something is left.
    """
    settings = load(arguments.env_file or default_env_file())
    broker = for_command(settings.broker, "forget")
    topics = Topics(settings.mqtt_topic)
    cleared: dict[str, None] = {}
    try:
        left = event_loop.run(_forget(broker, topics, settings.homeassistant_prefix, cleared))
    except BrokerError as error:
        return fail("forget", _(error.message))
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


async def _forget(broker: Broker, topics: Topics, prefix: str, cleared: dict[str, None]) -> dict[str, bytes]:
    """
    Clear what the broker retains, add the topics to `cleared`, and return what is left, by topic.

    Where a teleinfo is online nothing is cleared. A broker that sends much at once may drop some of it, so it
    is asked again until nothing is left. Raises BrokerError.
    """
    async with connect(broker, max_waiting=0) as connection:
        for _pass in range(PASSES):
            left = await _retained(connection, topics, prefix)
            if not left or left.get(topics.status) == ONLINE:
                break
            announced = [topic for topic, payload in left.items() if _is_discovery(payload, topics)]
            await _clear(connection, announced)
            if announced:
                await asyncio.sleep(REMOVAL)
            await _clear(connection, [topic for topic in left if topic not in announced])
            cleared |= dict.fromkeys([*announced, *left])
    return left


async def _clear(connection: Connection, topics: list[str]) -> None:
    for topic in topics:
        await connection.publish(topic, b"", qos=1, retain=True)


async def _retained(connection: Connection, topics: Topics, prefix: str) -> dict[str, bytes]:
    """Return the payloads of what the broker retains of this meter, by topic."""
    own = {topics.readings, topics.status, topics.health, topics.state, topics.former_states}
    wanted = (*own, f"{topics.state}/#", *(f"{prefix}/{platform}/+/config" for platform in PLATFORMS))
    # Of QoS 1 a broker queues so many messages for one client, and drops the rest; of QoS 0 it writes all.
    await connection.subscribe(*wanted, qos=0)
    payloads: dict[str, bytes] = {}
    loop = asyncio.get_running_loop()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(QUIET) as scope:
            async for topic, payload, retained in connection.messages():
                if not retained:  # published now, by a teleinfo that runs
                    continue
                scope.reschedule(loop.time() + QUIET)
                is_own = topic in own or topic.startswith(f"{topics.state}/")
                if is_own or _is_discovery(payload, topics):
                    payloads[topic] = payload
    await connection.unsubscribe(*wanted)
    return payloads


def _is_discovery(payload: bytes, topics: Topics) -> bool:
    """Whether a message of discovery is one of ours for this base topic."""
    message = parse_object(payload) or {}
    source = message.get("stat_t", message.get("state_topic"))
    return source in {topics.state, topics.status, topics.health}
