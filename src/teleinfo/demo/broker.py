"""
The broker of `teleinfo demo`.

No other file imports amqtt, an extra, and this file only when it is needed. Failures are raised as DemoError.
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
    """The demo cannot run; the message is a sentence for its user."""


@contextlib.asynccontextmanager
async def broker_for(host: str | None, port: int | None) -> AsyncIterator[Broker]:
    """Yield the broker at `host`, or, if that is None, a broker inside the block; raise DemoError."""
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
        message = _("The embedded MQTT broker cannot listen on port {port}: {reason}")
        raise DemoError(message.format(port=port, reason=_reason(error))) from error
    try:
        # amqtt does not answer a CONNECT of MQTT 5, which takes 5 s to find out.
        yield Broker(LOOPBACK, port, client_id, version=MqttVersion.V3_1_1)
    finally:
        await embedded.shutdown()


def _reason(error: Exception) -> str:
    """Return the reason that a port cannot be used, in our words for the frequent reasons."""
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
