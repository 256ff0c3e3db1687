"""`teleinfo forget`: remove from the broker what it retains of a meter that is read no more."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from teleinfo.cli.broker_faults import broker_fault
from teleinfo.common.i18n import N_, _, plural
from teleinfo.common.terminal_text import printable
from teleinfo.common.untrusted_json import parse_object
from teleinfo.mqtt.client import one_shot_connection
from teleinfo.mqtt.config import ONLINE, Topics
from teleinfo.mqtt.errors import BrokerError
from teleinfo.mqtt.subscription import QUIET
from teleinfo.settings import default_env_file, load

if TYPE_CHECKING:
    import argparse

    from teleinfo.mqtt.client import Connection

HELP = N_(
    "Remove what the broker retains of the meter of these settings: status, health, state, and its device in "
    "Home Assistant. Stop the service first: it would publish them again."
)


PUBACK_TIMEOUT: Final = 5.0
"""Seconds that the broker has to acknowledge a message."""

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
    """Clear, print what was cleared, and return 0; 1 where the broker is not there or the service runs."""
    settings = load(arguments.env_file or default_env_file())
    broker = replace(settings.broker, client_id=f"teleinfo-forget-{secrets.token_hex(4)}")
    topics = Topics(settings.mqtt_topic)

    async def forget() -> list[str] | None:
        async with one_shot_connection(broker) as link:
            retained = await _retained(link, topics, settings.homeassistant_prefix)
            if retained.get(topics.status) == ONLINE:
                return None
            announced = [topic for topic, payload in retained.items() if _is_discovery(payload, topics)]
            for topic in announced:
                await link.publish(topic, b"", qos=1, retain=True, limit=PUBACK_TIMEOUT)
            if announced:
                await asyncio.sleep(REMOVAL)
            others = [topic for topic in retained if topic not in announced]
            for topic in others:
                await link.publish(topic, b"", qos=1, retain=True, limit=PUBACK_TIMEOUT)
            return announced + others

    try:
        cleared = asyncio.run(forget())
    except BrokerError as fault:
        sys.stderr.write(f"{broker_fault(fault, broker).message}\n")
        return 1
    if cleared is None:
        text = _("{topic} is online: stop teleinfo first, or it publishes all of it again")
        sys.stderr.write(f"{text.format(topic=topics.status)}\n")
        return 1
    sys.stdout.writelines(f"{printable(topic)}\n" for topic in cleared)
    count = len(cleared)
    text = plural(count, N_("{count} topic is cleared"), N_("{count} topics are cleared"))
    sys.stdout.write(f"{text.format(count=count)}\n")
    return 0


async def _retained(link: Connection, topics: Topics, prefix: str) -> dict[str, bytes]:
    """Return the payloads of what the broker retains of this meter, by topic."""
    own = {topics.readings, topics.status, topics.health, topics.state, topics.former_states}
    await link.subscribe(
        *own, f"{topics.state}/#", *(f"{prefix}/{platform}/+/config" for platform in PLATFORMS)
    )
    found: dict[str, bytes] = {}
    loop = asyncio.get_running_loop()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(QUIET) as scope:
            async for topic, payload, retained in link.messages():
                if not retained:  # published now, by a teleinfo that runs
                    continue
                scope.reschedule(loop.time() + QUIET)
                is_own = topic in own or topic.startswith(f"{topics.state}/")
                if is_own or _is_discovery(payload, topics):
                    found[topic] = payload
    return found


def _is_discovery(payload: bytes, topics: Topics) -> bool:
    """Whether a message of discovery is one of ours for this base topic."""
    message = parse_object(payload) or {}
    source = message.get("stat_t", message.get("state_topic"))
    return source in {topics.state, topics.status, topics.health}
