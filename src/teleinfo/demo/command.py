"""`teleinfo demo`: the whole chain on one screen, with no meter, no broker and no rights.

A simulated meter and the real daemon run as processes of their own, exactly as `teleinfo simulate` and
`teleinfo run` would; between the daemon and the screen stands an MQTT broker: one embedded here (amqtt, the
extra `demo`), or an existing one (`--host`). What is printed on standard output is what a subscriber to the
base topic receives, and nothing else follows the heading; the daemon's log goes to standard error.

It ends at Ctrl-C, SIGTERM, SIGHUP, or after `--seconds`, leaves no process behind, and its exit status is 0.
Only what keeps it from running gives 1: no amqtt, no broker at `--host`, a part that ends by itself.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import importlib.util
import logging
import signal
import sys
from typing import TYPE_CHECKING, Any, TextIO

from teleinfo.cli.arguments import positive, share
from teleinfo.common.i18n import N_, _
from teleinfo.common.terminal_text import printable, printable_lines
from teleinfo.demo.broker import MQTT_PORT, Broker, DemoError, broker_for, subscriber
from teleinfo.demo.processes import daemon_at, port_of, simulated_meter
from teleinfo.simulator.catalogue import DEFAULT, METERS

if TYPE_CHECKING:
    from collections.abc import Callable

HELP = N_("show the whole chain at work: simulated meter, daemon, broker, subscriber")

# How long the last message, `offline`, may take from the broker to the screen.
LAST_WORD_SECONDS = 2.0

WITHOUT_EXTRA = N_(
    "The demo's MQTT broker, amqtt, is not installed. From a checkout of teleinfo, run:  make demo\n"
    "or install it where teleinfo is:  pip install 'amqtt>=0.11,<1'"
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of the demo to `parser`."""
    parser.add_argument(
        "--meter",
        choices=METERS,
        default=DEFAULT,
        metavar="NAME",
        help=_("which meter to simulate: {names} (default: %(default)s)").format(names=", ".join(METERS)),
    )
    parser.add_argument(
        "--seconds", type=positive, metavar="N", help=_("end after N seconds (default: at Ctrl-C)")
    )
    parser.add_argument(
        "--speed",
        type=positive,
        default=1.0,
        metavar="N",
        help=_("N times faster than a real meter (default: 1)"),
    )
    parser.add_argument(
        "--noise",
        type=share,
        default=0.0,
        metavar="BER",
        help=_("share of bits that arrive wrong, for example 0.001 (default: 0)"),
    )
    parser.add_argument(
        "--host",
        type=_host,
        help=_("use the MQTT broker at this host, one that asks for no password, instead of an embedded one"),
    )
    parser.add_argument(
        "--port",
        type=int,
        help=_("the broker's port (default: {port} with --host, else a free one)").format(port=MQTT_PORT),
    )
    parser.add_argument("--topic", default="teleinfo", help=_("base topic (default: %(default)s)"))


def _host(text: str) -> str:
    if "/" in text or ":" in text:
        said = _("{text} is not the name or the IPv4 address of a host; its port goes into --port")
        raise argparse.ArgumentTypeError(said.format(text=text))
    return text


def main(arguments: argparse.Namespace) -> int:
    """Run the demo; return the exit status (0 or 1, see the module)."""
    if importlib.util.find_spec("amqtt") is None:
        _say(_(WITHOUT_EXTRA), to=sys.stderr)
        return 1
    # What the broker and its client say of themselves is of no interest here: what fails is told below.
    logging.getLogger("amqtt").setLevel(logging.CRITICAL + 1)
    # A task of amqtt may fail unheard when a client is killed, which asyncio would tell; ours are awaited.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL + 1)
    try:
        asyncio.run(_demo(arguments))
    except DemoError as error:
        _say(printable_lines(str(error)), to=sys.stderr)
        return 1
    except (asyncio.CancelledError, KeyboardInterrupt):
        pass  # it was told to end while it started, which is no fault
    return 0


async def _demo(arguments: argparse.Namespace) -> None:
    """Start the parts one after the other, wait for the end, stop them in reverse."""
    enough = asyncio.Event()
    starting = asyncio.current_task()
    if starting is not None:
        _at_a_signal(starting.cancel)
    async with contextlib.AsyncExitStack() as stack:
        broker = await stack.enter_async_context(broker_for(arguments.host, arguments.port))
        client = await stack.enter_async_context(subscriber(broker, arguments.topic))
        meter = await stack.enter_async_context(
            simulated_meter(arguments.meter, speed=arguments.speed, noise=arguments.noise)
        )
        port = await port_of(meter)
        _at_a_signal(enough.set)
        _say(_heading(arguments, broker), to=sys.stdout)
        screen = asyncio.create_task(_show(client, arguments.topic, enough), name="teleinfo.demo.screen")
        async with daemon_at(port, broker, arguments.topic) as daemon:
            await _until_the_end(enough, arguments.seconds, meter=meter, daemon=daemon, screen=screen)
            enough.set()
        # The daemon's last word is `offline`, and it is on its way.
        done, _rest = await asyncio.wait({screen}, timeout=LAST_WORD_SECONDS)
        screen.cancel()
        for task in done:
            task.result()  # what went wrong with it is the end of the demo too


def _at_a_signal(act: Callable[[], object]) -> None:
    """Let Ctrl-C, SIGTERM and SIGHUP `act`, in place of what they did before."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, act)


async def _until_the_end(
    enough: asyncio.Event,
    seconds: float | None,
    *,
    meter: asyncio.subprocess.Process,
    daemon: asyncio.subprocess.Process,
    screen: asyncio.Task[None],
) -> None:
    """Return when it is enough or `seconds` are over; raise DemoError when a part ended by itself."""
    parts: dict[asyncio.Task[Any], str] = {
        asyncio.create_task(meter.wait(), name="teleinfo.demo.meter"): N_("The simulated meter"),
        asyncio.create_task(daemon.wait(), name="teleinfo.demo.daemon"): N_("The daemon"),
        screen: N_("The connection to the broker"),
    }
    end = asyncio.create_task(enough.wait(), name="teleinfo.demo.end")
    done, _rest = await asyncio.wait({end, *parts}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for task in {end, *parts} - {screen}:
        task.cancel()
    if end in done:
        return
    for task in done:
        result = task.result()
        status = "" if result is None else _(" with status {status}").format(status=result)
        said = _("{part} ended by itself{status}. What it said last is above.")
        raise DemoError(said.format(part=_(parts[task]), status=status))


def _heading(arguments: argparse.Namespace, broker: Broker) -> str:
    """Return what runs, and how to see it from elsewhere."""
    kind = _("an embedded MQTT broker") if broker.embedded else _("the MQTT broker")
    subscribe = f"mosquitto_sub -h {broker.host} -p {broker.port} -t '{arguments.topic}/#' -v"
    if arguments.seconds is None:
        end = _("Ctrl-C ends it.")
    else:
        end = _("{seconds:g} s or Ctrl-C end it.").format(seconds=arguments.seconds)
    chain = _("A simulated meter ({meter}) -> teleinfo -> {kind} at {address} -> this screen")
    chain = chain.format(meter=arguments.meter, kind=kind, address=f"{broker.host}:{broker.port}")
    elsewhere = _("From another terminal:  {line}").format(line=subscribe)
    return f"{chain}\n{elsewhere}\n{end}\n"


async def _show(client: Any, topic: str, enough: asyncio.Event) -> None:  # noqa: ANN401 - amqtt is not typed
    """Print each message that comes; return at the broker's end, or at `offline` when it is enough."""
    width = len(f"{topic}/status") + 2
    bold, plain = ("\x1b[1m", "\x1b[0m") if sys.stdout.isatty() else ("", "")
    while (message := await client.deliver_message()) is not None:
        payload = bytes(message.data).decode(errors="replace")
        _say(f"{bold}{printable(message.topic):{width}}{plain}{printable(payload)}", to=sys.stdout)
        if enough.is_set() and message.topic == f"{topic}/status" and payload == "offline":
            return


def _say(text: str, *, to: TextIO) -> None:
    """Write `text` as a line, at once."""
    to.write(f"{text}\n")
    to.flush()
