"""
`teleinfo demo`: the whole chain on one screen, without a meter, a broker or special rights.

A simulated meter sends its frames to the real daemon. The line has its real speed, but the meter's clock is
fast, so that within the first seconds appliances are switched on and off and the tariff changes. The broker
is embedded (amqtt, the extra `demo`).

The demo ends at Ctrl-C, SIGTERM, SIGHUP, or after `--seconds`, and its exit status is 0; it is 1 without the
libraries.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import importlib.util
import logging
import math
import os
import signal
import socket
import sys
from typing import TYPE_CHECKING

from teleinfo.common import event_loop, journal
from teleinfo.common.i18n import N_, _, language
from teleinfo.common.terminal_text import printable
from teleinfo.console.arguments import positive
from teleinfo.console.output import say
from teleinfo.daemon.app import serve
from teleinfo.daemon.watchdog import Notifier
from teleinfo.demo.broker import LOOPBACK, embedded_broker
from teleinfo.demo.past import after_a_year
from teleinfo.mqtt.client import Connection, connect
from teleinfo.settings import Settings
from teleinfo.settings.checks import Address
from teleinfo.simulator.catalogue import DEFAULT, METERS
from teleinfo.simulator.play import play
from teleinfo.simulator.serial_line import SerialLine
from teleinfo.web import hosts

if TYPE_CHECKING:
    import argparse

    from teleinfo.mqtt.config import Broker

HELP = N_("show the whole chain at work: simulated meter, daemon, broker, subscriber")

TOPIC = "teleinfo"
TIME_LAPSE = 120.0

EVENING = dt.time(21, 45)
# At this time the solar panels begin to supply more than the household draws.
MORNING = dt.time(7, 30)

# Over ssh the browser is on another machine. The page answers only addresses of the home network.
EVERYWHERE = "0.0.0.0"  # noqa: S104 - see above

WITHOUT_EXTRA = N_(
    "The demo needs amqtt, its MQTT broker, and aiohttp for the page; one of them is not installed. "
    "From a checkout of teleinfo, run:  make demo\n"
    "or install them where teleinfo is:  pip install 'amqtt>=0.11,<1' 'aiohttp>=3.11,<4'"
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of the demo to `parser`."""
    add = parser.add_argument
    which = _("which meter to simulate: {names} (default: %(default)s)").format(names=", ".join(METERS))
    add("--meter", choices=METERS, default=DEFAULT, metavar="NAME", help=which)
    add("--seconds", type=positive, metavar="N", help=_("end after N seconds (default: at Ctrl-C)"))
    speed = _("the line is N times faster than that of a real meter (default: 1)")
    add("--speed", type=positive, default=1.0, metavar="N", help=speed)


def main(arguments: argparse.Namespace) -> int:
    """Run the demo; return the exit status (0 or 1, see the module)."""
    if not all(map(importlib.util.find_spec, ("amqtt", "aiohttp"))):
        say(_(WITHOUT_EXTRA))
        return 1
    journal.configure("WARNING")
    # Failures of the broker are raised; asyncio would log tasks of amqtt that fail when a client is gone.
    for name in ("amqtt", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    # A signal during the start ends it, which is no fault.
    with contextlib.suppress(asyncio.CancelledError, KeyboardInterrupt):
        event_loop.run(_demo(arguments))
    return 0


async def _demo(arguments: argparse.Namespace) -> None:
    """Start the parts one after the other, and run the daemon until a signal ends it."""
    from teleinfo.demo import web  # noqa: PLC0415 - an extra, for this command alone

    # Shortly before the values of the meter change.
    time = MORNING if METERS[arguments.meter].household == "solar" else EVENING
    start = dt.datetime.combine(dt.date.today(), time)  # noqa: DTZ011 -- a meter knows local time only
    meter, past = await asyncio.to_thread(after_a_year, arguments.meter, start=start)
    line = SerialLine(baudrate=meter.baudrate, speed=arguments.speed, strict_speed=True)

    def clock() -> dt.datetime:
        return start + dt.timedelta(seconds=line.elapsed * TIME_LAPSE)

    async def send_frames() -> None:
        await line.until_attached()
        await play(meter, line, start=start, time_lapse=TIME_LAPSE)

    event_loop.cancel_on_stop()
    async with embedded_broker() as broker, connect(broker) as connection:
        with line:
            await connection.subscribe(f"{TOPIC}/#")
            settings = Settings(
                serial_port=line.port,
                mqtt_host=broker.host,
                mqtt_port=broker.port,
                mqtt_client_id="teleinfo-demo",
                mqtt_topic=TOPIC,
                mqtt_version=broker.version,
                language=language(),
                state=False,  # its messages would fill the screen
                plausibility=False,  # the indexes of a fast clock rise too fast for it
            )
            host = EVERYWHERE if "SSH_CONNECTION" in os.environ else LOOPBACK
            listening = hosts.listen(Address(host, 0))
            address = Address(*listening.getsockname())
            print_line(heading(arguments, broker, start, address.url(socket.gethostname())))
            async with asyncio.TaskGroup() as tasks:
                serving = web.serve(listening, address, settings, past, clock)
                parts = (show_messages(connection), send_frames(), serving)
                background = [tasks.create_task(part) for part in parts]
                # `--seconds` ends the demo as a signal does. Without it, the timer never expires.
                seconds = arguments.seconds or math.inf
                timer = asyncio.get_running_loop().call_later(seconds, signal.raise_signal, signal.SIGTERM)
                await serve([settings], Notifier({}))
                timer.cancel()  # a signal may have come first
                for task in background:
                    task.cancel()


def heading(arguments: argparse.Namespace, broker: Broker, start: dt.datetime, page: str) -> str:
    """Return the URL of the page, the parts, the speed of the clock, and a command to see the messages."""
    page_line = _("Look at the page, with the year before:  {url}").format(url=page)
    chain = _(
        "A simulated meter ({meter}) -> teleinfo -> an embedded MQTT broker at {address} -> this screen"
    )
    chain = chain.format(meter=arguments.meter, address=broker.address)
    clock = _("Time-lapse: the meter's clock starts at {time} and runs {factor:g} times faster than yours.")
    clock = clock.format(time=f"{start:%H:%M}", factor=TIME_LAPSE * arguments.speed)
    subscribe = f"mosquitto_sub -h {broker.host} -p {broker.port} -t '{TOPIC}/#' -v"
    subscribe_line = _("From another terminal:  {line}").format(line=subscribe)
    if arguments.seconds is None:
        end = _("Ctrl-C ends it.")
    else:
        end = _("{seconds:g} s or Ctrl-C end it.").format(seconds=arguments.seconds)
    return f"{page_line}\n{chain}\n{clock}\n{subscribe_line}\n{end}\n"


async def show_messages(connection: Connection) -> None:
    """Print each message that arrives, until cancelled."""
    async for topic, payload, _retained in connection.messages():
        print_line(message_line(topic, payload.decode(errors="replace")))


def message_line(topic: str, payload: str) -> str:
    """Return a message as one line, fit for a terminal."""
    return f"{printable(topic):{len(TOPIC) + 9}}{printable(payload)}"


def print_line(text: str) -> None:
    """Write `text` as a line, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
