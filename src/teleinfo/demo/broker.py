"""The broker of `teleinfo demo`. Only this file imports amqtt (an extra), and only when it is needed."""

from __future__ import annotations

import contextlib
import os
import socket
from typing import TYPE_CHECKING

from teleinfo.common.file_errors import file_error
from teleinfo.common.i18n import _
from teleinfo.mqtt.config import Broker, MqttVersion

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

LOOPBACK = "127.0.0.1"
MQTT_PORT = 1883


class DemoError(Exception):
    """The demo cannot run; the message is a sentence for the user."""


@contextlib.asynccontextmanager
async def broker_for(host: str | None, port: int | None) -> AsyncIterator[Broker]:
    """Yield the broker at `host`; if `host` is None, run a broker inside the block. Raise DemoError."""
    client_id = f"teleinfo-demo-{os.getpid()}-screen"
    if host is not None:
        yield Broker(host, port or MQTT_PORT, client_id)
        return
    from amqtt.broker import Broker as EmbeddedBroker  # noqa: PLC0415 - an extra, for this command alone

    try:
        # Choose a free port, or check the given port: amqtt would report neither its choice nor a failure.
        with socket.create_server((LOOPBACK, port or 0)) as probe:
            port = probe.getsockname()[1]
    except OSError as error:
        message = _("The embedded MQTT broker cannot listen on port {port}: {reason}")
        raise DemoError(message.format(port=port, reason=_(file_error(error)))) from error
    config = {
        "listeners": {"default": {"type": "tcp", "bind": f"{LOOPBACK}:{port}"}},
        "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
    }
    embedded = EmbeddedBroker(config)
    await embedded.start()
    try:
        # amqtt does not answer a CONNECT of MQTT 5; without the version, the client would wait 5 s for it.
        yield Broker(LOOPBACK, port, client_id, version=MqttVersion.V3_1_1)
    finally:
        await embedded.shutdown()
