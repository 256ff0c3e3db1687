"""
The broker of `teleinfo demo`.

The only file that imports amqtt, an extra, and only when it is needed. Failures are raised as DemoError.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from typing import TYPE_CHECKING

from teleinfo.common.i18n import _
from teleinfo.mqtt.config import Broker, MqttVersion

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

LOOPBACK = "127.0.0.1"
MQTT_PORT = 1883


class DemoError(Exception):
    """What keeps the demo from running, as a sentence for its user."""


@contextlib.asynccontextmanager
async def broker_for(host: str | None, port: int | None) -> AsyncIterator[Broker]:
    """Yield the broker at `host`, or without one a broker that runs inside the block; raise DemoError."""
    client_id = f"teleinfo-demo-{os.getpid()}-screen"
    if host is not None:
        yield Broker(host, port or MQTT_PORT, client_id)
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
        said = _("The embedded MQTT broker cannot listen on port {port}: {reason}")
        raise DemoError(said.format(port=port, reason=_reason(error))) from error
    try:
        # amqtt is silent to a CONNECT of MQTT 5: that takes 5 s to find out.
        yield Broker(LOOPBACK, port, client_id, version=MqttVersion.V3_1_1)
    finally:
        await embedded.shutdown()


def _reason(error: Exception) -> str:
    """Return why a port cannot be listened to, in our words where we have some."""
    match error.__cause__:
        case OSError(errno=errno.EADDRINUSE):
            return _("another program uses it")
        case PermissionError():
            return _("only root may use a port below 1024")
    return str(error.__cause__ or error)


def _free_port() -> int:
    """Return a TCP port of the loopback interface that is free now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port
