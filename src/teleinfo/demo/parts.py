"""
The parts of `teleinfo demo`: the broker, and the processes of the simulated meter and of the real daemon.

Only this file imports amqtt (an extra), and only when it is needed.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
from typing import TYPE_CHECKING

from teleinfo.common.file_errors import file_error
from teleinfo.common.i18n import _, language
from teleinfo.mqtt.config import Broker, MqttVersion

if TYPE_CHECKING:
    import argparse
    import datetime as dt
    from collections.abc import AsyncIterator

LOOPBACK = "127.0.0.1"
MQTT_PORT = 1883

# Seconds that a part may take to end before it is killed. The daemon takes 3 s at worst.
STOP_TIMEOUT = 5.0


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


def simulated_meter(
    arguments: argparse.Namespace, start: dt.datetime
) -> contextlib.AbstractAsyncContextManager[asyncio.subprocess.Process]:
    """Return the process of `teleinfo simulate`, which runs inside the block and waits for its reader."""
    options = {name: getattr(arguments, name) for name in ("meter", "speed", "noise", "seed", "time_lapse")}
    options["start"] = start.isoformat()
    words = (f"--{name.replace('_', '-')}={value}" for name, value in options.items())
    return _teleinfo("simulate", "--wait", *words)


def daemon_at(
    port: str, broker: Broker, topic: str, *, real_time: bool
) -> contextlib.AbstractAsyncContextManager[asyncio.subprocess.Process]:
    """Return the process of `teleinfo run`, which runs inside the block."""
    settings = {
        "TELEINFO_SERIAL_PORT": port,
        "TELEINFO_MQTT_HOST": broker.host,
        "TELEINFO_MQTT_PORT": str(broker.port),
        "TELEINFO_MQTT_TOPIC": topic,
        "TELEINFO_MQTT_VERSION": broker.version,
        "TELEINFO_LANGUAGE": language(),
        "TELEINFO_LOG_LEVEL": "WARNING",
        # A real broker may serve a real daemon, and two clients with the same id disconnect each other.
        "TELEINFO_MQTT_CLIENT_ID": f"teleinfo-demo-{os.getpid()}",
        # The indexes of a fast clock rise too fast for the plausibility checks.
        "TELEINFO_PLAUSIBILITY": str(real_time).lower(),
    }
    return _teleinfo("run", "--env-file", os.devnull, **settings)


async def port_of(meter: asyncio.subprocess.Process) -> str:
    """Return the path of the simulated meter's port, the first line that it prints, or raise DemoError."""
    assert meter.stdout is not None  # noqa: S101 - it was asked for in _teleinfo
    line = await meter.stdout.readline()
    if not line:
        raise DemoError(_("The simulated meter did not start. What it said last is above."))
    return line.decode().strip()


@contextlib.asynccontextmanager
async def _teleinfo(*words: str, **settings: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Yield a process of `teleinfo` with these settings and no others; end it, by SIGKILL if need be."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TELEINFO_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",  # imports no modules of the working directory
        "-m",
        "teleinfo",
        *words,
        env=environment | settings,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        # Ctrl-C in the terminal reaches the demo alone, which then ends its parts in the right order.
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_TIMEOUT)
        except TimeoutError:
            process.kill()
            await process.wait()
