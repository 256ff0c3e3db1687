"""
`teleinfo demo`: the whole chain on one screen, without a meter, a broker or special rights.

A simulated meter and the real daemon run as processes of their own. The line has its real speed, but the
meter's clock is fast (`--time-lapse`), so that within the first seconds appliances are switched on and off
and the tariff changes. The broker is embedded (amqtt, the extra `demo`), or at `--host`.

The demo ends at Ctrl-C, SIGTERM, SIGHUP, or after `--seconds`, leaves no process behind, and its exit status
is 0. The status is 1 where the demo cannot run: no amqtt, no broker at `--host`, a part that ends by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import importlib.util
import logging
from functools import partial
from typing import TYPE_CHECKING, NoReturn

from teleinfo.cli.arguments import checked, port, positive
from teleinfo.cli.output import say
from teleinfo.common import event_loop
from teleinfo.common.i18n import N_, _
from teleinfo.demo.parts import MQTT_PORT, DemoError, broker_for, daemon_at, port_of, simulated_meter
from teleinfo.demo.screen import heading, print_line, show_messages
from teleinfo.mqtt.client import connect
from teleinfo.mqtt.errors import BrokerError
from teleinfo.settings import checks
from teleinfo.simulator.catalogue import METERS
from teleinfo.simulator.command import add_options

if TYPE_CHECKING:
    import argparse

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
        return 1
    except BrokerError as error:
        say(_(error.message))
        return 1
    except (asyncio.CancelledError, KeyboardInterrupt):
        pass  # a signal ended it during the start, which is no fault
    return 0


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
            tasks = [screen, *(asyncio.create_task(end, name="teleinfo.demo.end") for end in ends)]
            try:
                with contextlib.suppress(TimeoutError):
                    await next(asyncio.as_completed(tasks, timeout=arguments.seconds))
            finally:
                for task in tasks[1:]:
                    task.cancel()
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
