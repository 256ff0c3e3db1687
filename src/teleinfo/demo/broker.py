"""The broker of `teleinfo demo`. Only this file imports amqtt (an extra), and only when it is needed."""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING

from teleinfo.mqtt.config import Broker, MqttVersion

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

LOOPBACK = "127.0.0.1"


@contextlib.asynccontextmanager
async def embedded_broker() -> AsyncIterator[Broker]:
    """Run a broker at a free port inside the block, and yield its address."""
    from amqtt.broker import Broker as EmbeddedBroker  # noqa: PLC0415 - an extra, for this command alone

    with socket.create_server((LOOPBACK, 0)) as probe:  # amqtt would not report a port of its own choice
        port = probe.getsockname()[1]
    config = {
        "listeners": {"default": {"type": "tcp", "bind": f"{LOOPBACK}:{port}"}},
        "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
    }
    embedded = EmbeddedBroker(config)
    await embedded.start()
    try:
        # amqtt does not answer a CONNECT of MQTT 5; without the version, the client would wait 5 s for it.
        yield Broker(LOOPBACK, port, "teleinfo-demo-screen", version=MqttVersion.V3_1_1)
    finally:
        await embedded.shutdown()
