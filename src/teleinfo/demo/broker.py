"""
The MQTT side of `teleinfo demo`: a broker, and a subscriber.

The only file that imports amqtt, an extra, and only when it is needed. Failures are raised as DemoError.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from teleinfo.common.i18n import _

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

LOOPBACK = "127.0.0.1"
MQTT_PORT = 1883
# Seconds that a broker may take to accept the subscriber.
CONNECT_TIMEOUT = 10.0


class DemoError(Exception):
    """What keeps the demo from running, as a sentence for its user."""


@dataclass(frozen=True, slots=True)
class DemoBroker:
    """Where the MQTT broker listens."""

    host: str
    port: int
    embedded: bool


@contextlib.asynccontextmanager
async def broker_for(host: str | None, port: int | None) -> AsyncIterator[DemoBroker]:
    """Yield the broker at `host`, or without one a broker that runs inside the block; raise DemoError."""
    if host is not None:
        yield DemoBroker(host, port or MQTT_PORT, embedded=False)
        return
    from amqtt.broker import Broker as EmbeddedBroker  # noqa: PLC0415 - an extra, for this command alone
    from amqtt.errors import BrokerError  # noqa: PLC0415 - the same

    port = port or _free_port()
    config = {
        "listeners": {"default": {"type": "tcp", "bind": f"{LOOPBACK}:{port}"}},
        "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
    }
    embedded = EmbeddedBroker(config)
    try:
        await embedded.start()
    except BrokerError as error:
        raise DemoError(
            _("The embedded MQTT broker cannot listen on port {port}: {reason}").format(
                port=port, reason=_reason(error)
            )
        ) from error
    try:
        yield DemoBroker(LOOPBACK, port, embedded=True)
    finally:
        await embedded.shutdown()


@contextlib.asynccontextmanager
async def subscriber(broker: DemoBroker, topic: str) -> AsyncIterator[Any]:
    """Yield an MQTT client (amqtt's), subscribed to `topic` and all topics below it; raise DemoError."""
    from amqtt.client import MQTTClient  # noqa: PLC0415 - an extra, for this command alone
    from amqtt.errors import ConnectError  # noqa: PLC0415 - the same

    config = {"auto_reconnect": False, "plugins": {}}
    client = MQTTClient(config=config)
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT) as limit:
            await client.connect(f"mqtt://{broker.host}:{broker.port}/")
    except ConnectError as error:
        # amqtt raises ConnectError for a cancellation too.
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise asyncio.CancelledError from error
        late = _("no answer within {seconds:g} s").format(seconds=CONNECT_TIMEOUT)
        why = late if limit.expired() else _reason(error)
        said = _("No MQTT broker lets the demo in at {address}: {reason}")
        raise DemoError(said.format(address=f"{broker.host}:{broker.port}", reason=why)) from error
    try:
        await client.subscribe([(f"{topic}/#", 1)])
        yield client
    finally:
        await client.disconnect()


def _reason(error: Exception) -> str:
    """Return why a broker cannot be used, in our words where we have some."""
    cause = error.__cause__
    match cause:
        case ConnectionRefusedError():
            return _("nothing listens there")
        case socket.gaierror():
            return _("its name is not known here")
        case OSError(errno=errno.EADDRINUSE):
            return _("another program uses it")
        case PermissionError():
            return _("only root may use a port below 1024")
    return str(cause or error)


def _free_port() -> int:
    """Return a TCP port of the loopback interface that is free now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port
