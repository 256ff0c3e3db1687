"""The parts of `teleinfo demo` that are processes of their own: the simulated meter and the real daemon."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from typing import TYPE_CHECKING

from teleinfo.common.i18n import _
from teleinfo.demo.broker import Broker, DemoError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

# How long a part may take to start, and to end before it is killed. The daemon promises 3 s at worst.
START_SECONDS = 20.0
STOP_SECONDS = 5.0


def simulated_meter(
    name: str, *, speed: float, noise: float
) -> contextlib.AbstractAsyncContextManager[asyncio.subprocess.Process]:
    """Return the process of `teleinfo simulate`, which runs inside the block."""
    words = ["simulate", "--meter", name, "--speed", str(speed)]
    # With the last one the daemon has to find the speed of the line, as on a real port.
    return _teleinfo(*words, "--noise", str(noise), "--strict-speed")


def daemon_at(
    port: str, broker: Broker, topic: str
) -> contextlib.AbstractAsyncContextManager[asyncio.subprocess.Process]:
    """Return the process of `teleinfo run`, which runs inside the block."""
    settings = {
        "TELEINFO_SERIAL_PORT": port,
        "TELEINFO_MQTT_HOST": broker.host,
        "TELEINFO_MQTT_PORT": str(broker.port),
        "TELEINFO_MQTT_TOPIC": topic,
        # On a real broker a real daemon may be at work: two clients of one name throw each other out.
        "TELEINFO_MQTT_CLIENT_ID": f"teleinfo-demo-{os.getpid()}",
    }
    return _teleinfo("run", "--env-file", os.devnull, **settings)


async def port_of(meter: asyncio.subprocess.Process) -> str:
    """Return the path of the simulated meter's port, the first line that it prints, or raise DemoError."""
    assert meter.stdout is not None  # noqa: S101 - it was asked for in _teleinfo
    try:
        line = await asyncio.wait_for(meter.stdout.readline(), START_SECONDS)
    except TimeoutError as error:
        said = _("The simulated meter did not start within {seconds:g} s.")
        raise DemoError(said.format(seconds=START_SECONDS)) from error
    if not line:
        raise DemoError(_("The simulated meter did not start. What it said last is above."))
    return line.decode().strip()


@contextlib.asynccontextmanager
async def _teleinfo(*words: str, **settings: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Yield a process of `teleinfo` that has these settings and no others; end it, by force if it must be."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TELEINFO_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "teleinfo",
        *words,
        env=environment | settings,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        # Ctrl-C in the terminal is for the demo, which then ends its parts in the right order.
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()
