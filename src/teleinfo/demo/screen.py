"""Output of `teleinfo demo`: a heading, then each message as one line."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from teleinfo.common.i18n import _
from teleinfo.common.terminal_text import printable

if TYPE_CHECKING:
    import argparse
    import datetime as dt

    from teleinfo.mqtt.client import Connection
    from teleinfo.mqtt.config import Broker

TOPIC = "teleinfo"
TIME_LAPSE = 120.0


def heading(arguments: argparse.Namespace, broker: Broker, start: dt.datetime, page: str) -> str:
    """Return the URL of the page, the parts, the speed of the clock, and a command to see the messages."""
    chain = _(
        "A simulated meter ({meter}) -> teleinfo -> an embedded MQTT broker at {address} -> this screen"
    )
    text = _("Time-lapse: the meter's clock starts at {time} and runs {factor:g} times faster than yours.")
    subscribe = f"mosquitto_sub -h {broker.host} -p {broker.port} -t '{TOPIC}/#' -v"
    end = _("Ctrl-C ends it.") if arguments.seconds is None else _("{seconds:g} s or Ctrl-C end it.")
    lines = [
        _("Look at the page, with the year before:  {url}").format(url=page),
        chain.format(meter=arguments.meter, address=broker.address),
        text.format(time=f"{start:%H:%M}", factor=TIME_LAPSE * arguments.speed),
        _("From another terminal:  {line}").format(line=subscribe),
        end.format(seconds=arguments.seconds),
    ]
    return "\n".join([*lines, ""])


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
