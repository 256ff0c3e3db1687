"""
`teleinfo demo`: the whole chain on one screen, without a meter, a broker or special rights.

A simulated meter and the real daemon run as processes of their own, exactly as `teleinfo simulate` and
`teleinfo run` would. The broker is embedded (amqtt, the extra `demo`), or at `--host`. Standard output shows
a heading, and then the messages of the daemon, whose warnings go to standard error.

The line has its real speed, but the meter's clock is fast (`--time-lapse`), so that within the first seconds
appliances are switched on and off and the tariff changes.

The demo ends at Ctrl-C, SIGTERM, SIGHUP, or after `--seconds`, leaves no process behind, and its exit status
is 0. The status is 1 where the demo cannot run: no amqtt, no broker at `--host`, a part that ends by itself.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import datetime as dt
import importlib.util
import logging
import re
from typing import NoReturn

from teleinfo.cli.arguments import positive
from teleinfo.cli.output import say
from teleinfo.common import event_loop
from teleinfo.common.i18n import N_, _
from teleinfo.demo.parts import MQTT_PORT, DemoError, broker_for, daemon_at, port_of, simulated_meter
from teleinfo.demo.screen import heading, print_line, show_messages
from teleinfo.mqtt.client import connect
from teleinfo.mqtt.errors import BrokerError
from teleinfo.simulator.catalogue import METERS
from teleinfo.simulator.options import add_options

HELP = N_("show the whole chain at work: simulated meter, daemon, broker, subscriber")

TOPIC = "teleinfo"
TIME_LAPSE = 120.0
# With this seed many appliances are switched on before the off-peak hours begin at 22:00.
SEED = 11
EVENING = dt.time(21, 45)
# At this time the solar panels begin to supply more than the household draws.
MORNING = dt.time(7, 30)

# Seconds to wait for the last message, `offline`, from the broker.
OFFLINE_TIMEOUT = 2.0

WITHOUT_EXTRA = N_(
    "The demo's MQTT broker, amqtt, is not installed. From a checkout of teleinfo, run:  make demo\n"
    "or install it where teleinfo is:  pip install 'amqtt>=0.11,<1'"
)

_MAX_PORT = 65535


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of the demo to `parser`."""
    add = parser.add_argument
    add("--seconds", type=positive, metavar="N", help=_("end after N seconds (default: at Ctrl-C)"))
    start = _("today at {evening}, with solar panels at {morning}").format(
        evening=f"{EVENING:%H:%M}", morning=f"{MORNING:%H:%M}"
    )
    add_options(add, add, add, start=start, time_lapse=TIME_LAPSE, seed=SEED)
    add(
        "--speed",
        type=positive,
        default=1.0,
        metavar="N",
        help=_("the line is N times faster than that of a real meter (default: 1)"),
    )
    add(
        "--host",
        type=_host,
        help=_("use the MQTT broker at this host, one that asks for no password, instead of an embedded one"),
    )
    add(
        "--port",
        type=_port,
        help=_("the broker's port (default: {port} with --host, else a free one)").format(port=MQTT_PORT),
    )
    add("--topic", type=_topic, default=TOPIC, help=_("base topic (default: {topic})").format(topic=TOPIC))


def _host(text: str) -> str:
    from teleinfo.settings.checks import host  # noqa: PLC0415 - pydantic takes its time, and is seldom needed

    try:
        # The client of the demo does not support IPv6.
        return host("" if ":" in text else text)
    except ValueError as error:
        message = _("{text} is not the name or the IPv4 address of a host; its port goes into --port")
        raise argparse.ArgumentTypeError(message.format(text=text or '""')) from error


def _port(text: str) -> int:
    if not re.fullmatch(r"\d{1,5}", text, re.ASCII) or not 1 <= int(text) <= _MAX_PORT:
        message = _("{text} is not a number from 1 to {most}")
        raise argparse.ArgumentTypeError(message.format(text=text, most=_MAX_PORT))
    return int(text)


def _topic(text: str) -> str:
    from teleinfo.settings.checks import topic  # noqa: PLC0415 - see _host

    try:
        return topic(text)
    except ValueError as error:
        message = _("{text} is not a topic, such as teleinfo or home/meter")
        raise argparse.ArgumentTypeError(message.format(text=text or '""')) from error


def main(arguments: argparse.Namespace) -> int:
    """Run the demo; return the exit status (0 or 1, see the module)."""
    if importlib.util.find_spec("amqtt") is None:
        say(_(WITHOUT_EXTRA))
        return 1
    # Failures of the broker are raised as DemoError. asyncio would also log tasks of amqtt that fail when a
    # client is killed; our own tasks are awaited, so their errors are not lost.
    for name in ("amqtt", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    try:
        event_loop.run(_demo(arguments))
    except DemoError as error:
        say(str(error))
    except BrokerError as error:
        say(_(error.message))
    except (asyncio.CancelledError, KeyboardInterrupt):
        return 0  # a signal ended it during the start, which is no fault
    else:
        return 0
    return 1


async def _demo(arguments: argparse.Namespace) -> None:
    """Start the parts one after the other, wait for the end, stop them in reverse."""
    topic = arguments.topic
    start = arguments.start or start_today(arguments.meter)
    real_time = arguments.time_lapse * arguments.speed == 1
    stop = asyncio.Event()
    event_loop.cancel_on_stop()
    async with (
        broker_for(arguments.host, arguments.port) as broker,
        connect(broker) as connection,
        simulated_meter(arguments, start) as meter,
    ):
        await connection.subscribe(f"{topic}/#")
        port = await port_of(meter)
        event_loop.on_stop(stop.set)
        print_line(heading(arguments, broker, start))
        screen = asyncio.create_task(show_messages(connection, topic, stop), name="teleinfo.demo.screen")
        async with daemon_at(port, broker, topic, real_time=real_time) as daemon:
            ends = [stop.wait(), _ended(N_("The simulated meter"), meter), _ended(N_("The daemon"), daemon)]
            tasks = [asyncio.create_task(end, name="teleinfo.demo.end") for end in ends]
            done, rest = await asyncio.wait(
                {screen, *tasks}, timeout=arguments.seconds, return_when=asyncio.FIRST_COMPLETED
            )
            for task in rest - {screen}:
                task.cancel()
            for task in done:
                task.result()
            stop.set()
        # The last message of the daemon, `offline`, is still on its way.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(screen, OFFLINE_TIMEOUT)


def start_today(meter: str) -> dt.datetime:
    """Return the time today at which the clock of `meter` starts, shortly before its values change."""
    time = MORNING if METERS[meter].solar else EVENING
    return dt.datetime.combine(dt.date.today(), time)  # noqa: DTZ011 -- a meter knows local time only


async def _ended(part: str, process: asyncio.subprocess.Process) -> NoReturn:
    """Wait for the end of a process that should not end by itself; raise DemoError."""
    status = await process.wait()
    message = _("{part} ended by itself with status {status}. What it said last is above.")
    raise DemoError(message.format(part=_(part), status=status))
