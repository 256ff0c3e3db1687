"""
`teleinfo demo`: the whole chain on one screen, without a meter, a broker or special rights.

A simulated meter sends its frames to the real daemon. The line has its real speed, but the meter's clock is
fast (`--time-lapse`), so that within the first seconds appliances are switched on and off and the tariff
changes. The broker is embedded (amqtt, the extra `demo`), or at `--host`.

The demo ends at Ctrl-C, SIGTERM, SIGHUP, or after `--seconds`, and its exit status is 0. The status is 1
where the demo cannot run: no amqtt, no broker at `--host`, a broker that ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import importlib.util
import logging
import math
import os
import random
import signal
import socket
from functools import partial
from typing import TYPE_CHECKING

from teleinfo.common import event_loop, journal
from teleinfo.common.i18n import N_, _, language
from teleinfo.console.arguments import checked, port, positive
from teleinfo.console.output import say
from teleinfo.daemon.app import serve
from teleinfo.daemon.watchdog import Notifier
from teleinfo.demo.broker import LOOPBACK, MQTT_PORT, DemoError, broker_for
from teleinfo.demo.past import after_a_year
from teleinfo.demo.screen import heading, print_line, show_messages
from teleinfo.mqtt.client import connect
from teleinfo.mqtt.config import Topics
from teleinfo.mqtt.errors import BrokerError
from teleinfo.page import hosts
from teleinfo.settings import Settings, checks
from teleinfo.simulator.catalogue import METERS
from teleinfo.simulator.command import add_options
from teleinfo.simulator.play import play
from teleinfo.simulator.serial_line import SerialLine

if TYPE_CHECKING:
    import argparse

    from teleinfo.mqtt.config import Broker

HELP = N_("show the whole chain at work: simulated meter, daemon, broker, subscriber")

TOPIC = "teleinfo"
TIME_LAPSE = 120.0
# With this seed many appliances are switched on before the off-peak hours begin at 22:00.
SEED = 11
EVENING = dt.time(21, 45)
# At this time the solar panels begin to supply more than the household draws.
MORNING = dt.time(7, 30)

# Over ssh the browser is on another machine. The page answers only addresses of the home network.
EVERYWHERE = "0.0.0.0"  # noqa: S104 - see above

# Seconds to wait for the last message, `offline`, from the broker.
OFFLINE_TIMEOUT = 2.0

WITHOUT_EXTRA = N_(
    "The demo needs amqtt, its MQTT broker, and aiohttp for the page; one of them is not installed. "
    "From a checkout of teleinfo, run:  make demo\n"
    "or install them where teleinfo is:  pip install 'amqtt>=0.11,<1' 'aiohttp>=3.11,<4'"
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of the demo to `parser`."""
    add = parser.add_argument
    add("--seconds", type=positive, metavar="N", help=_("end after N seconds (default: at Ctrl-C)"))
    start = _("today at {evening}, with solar panels at {morning}").format(
        evening=f"{EVENING:%H:%M}", morning=f"{MORNING:%H:%M}"
    )
    add_options(add, add, add, start=start, time_lapse=TIME_LAPSE, seed=SEED)
    speed = _("the line is N times faster than that of a real meter (default: 1)")
    add("--speed", type=positive, default=1.0, metavar="N", help=speed)
    host = _("use the MQTT broker at this host, one that asks for no password, instead of an embedded one")
    add("--host", type=_host, help=host)
    number = _("the broker's port (default: {port} with --host, else a free one)").format(port=MQTT_PORT)
    add("--port", type=port, help=number)
    add("--topic", type=_topic, default=TOPIC, help=_("base topic (default: {topic})").format(topic=TOPIC))


_host = partial(
    checked, checks.host, N_("{text} is not the name or address of a host; its port goes into --port")
)
_topic = partial(checked, checks.topic, N_("{text} is not a topic, such as teleinfo or home/meter"))


def main(arguments: argparse.Namespace) -> int:
    """Run the demo; return the exit status (0 or 1, see the module)."""
    if not all(map(importlib.util.find_spec, ("amqtt", "aiohttp"))):
        say(_(WITHOUT_EXTRA))
        return 1
    journal.configure("WARNING")
    # Failures of the broker are raised; asyncio would log tasks of amqtt that fail when a client is gone.
    for name in ("amqtt", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    try:
        event_loop.run(_demo(arguments))
    except DemoError as error:
        say(str(error))
        return 1
    except BrokerError as error:
        say(_(error.message))
        return 1
    except (asyncio.CancelledError, KeyboardInterrupt):
        pass  # a signal ended it during the start, which is no fault
    return 0


async def _demo(arguments: argparse.Namespace) -> None:
    """Start the parts one after the other, and run the daemon until a signal ends it."""
    from teleinfo.demo import page  # noqa: PLC0415 - an extra, for this command alone

    start = arguments.start or start_today(arguments.meter)
    # The line and the load have a generator each, as in `teleinfo simulate`.
    meter, past = await asyncio.to_thread(after_a_year, arguments.meter, start=start, seed=arguments.seed)
    bits = random.Random(arguments.seed)  # noqa: S311 - no secrets
    line = SerialLine(
        baudrate=meter.baudrate, speed=arguments.speed, noise=arguments.noise, rng=bits, strict_speed=True
    )

    def clock() -> dt.datetime:
        return start + dt.timedelta(seconds=line.elapsed * arguments.time_lapse)

    async def send_frames() -> None:
        await line.until_attached()
        await play(meter, line, start=start, time_lapse=arguments.time_lapse)

    event_loop.cancel_on_stop()
    async with broker_for(arguments.host, arguments.port) as broker, connect(broker) as connection:
        with line:
            await connection.subscribe(f"{arguments.topic}/#")
            settings = _settings(arguments, line.port, broker)
            host = EVERYWHERE if "SSH_CONNECTION" in os.environ else LOOPBACK
            listening = hosts.listen(hosts.Address(host, 0))
            address = hosts.Address(*listening.getsockname())
            print_line(heading(arguments, broker, start, address.url(socket.gethostname())))
            async with asyncio.TaskGroup() as tasks:
                screen = tasks.create_task(show_messages(connection, Topics(arguments.topic)))
                serving = page.serve(listening, address, settings, past, clock)
                background = [tasks.create_task(send_frames()), tasks.create_task(serving)]
                end = partial(signal.raise_signal, signal.SIGTERM)
                timer = asyncio.get_running_loop().call_later(arguments.seconds or math.inf, end)
                await serve([settings], Notifier({}))
                timer.cancel()  # Ctrl-C came first
                # The last message of the daemon, `offline`, may still be on its way.
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(screen, OFFLINE_TIMEOUT)
                for task in background:
                    task.cancel()


def _settings(arguments: argparse.Namespace, port: str, broker: Broker) -> Settings:
    return Settings(
        serial_port=port,
        mqtt_host=broker.host,
        mqtt_port=broker.port,
        mqtt_topic=arguments.topic,
        mqtt_version=broker.version,
        # A real broker may serve a real daemon, and two clients with the same id disconnect each other.
        mqtt_client_id=f"teleinfo-demo-{os.getpid()}",
        language=language(),
        # The indexes of a fast clock rise too fast for the plausibility checks.
        plausibility=arguments.time_lapse * arguments.speed == 1,
    )


def start_today(meter: str) -> dt.datetime:
    """Return the time today at which the clock of `meter` starts, shortly before its values change."""
    time = MORNING if METERS[meter].solar else EVENING
    return dt.datetime.combine(dt.date.today(), time)  # noqa: DTZ011 -- a meter knows local time only
