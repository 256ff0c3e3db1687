"""Output of `teleinfo demo`: a heading, then each message as one line."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

from teleinfo.common.i18n import _
from teleinfo.common.terminal_text import printable
from teleinfo.vocabulary.line import LinkProblem

if TYPE_CHECKING:
    import argparse
    import datetime as dt

    from teleinfo.mqtt.client import Connection
    from teleinfo.mqtt.config import Broker, Topics

TOPIC = "teleinfo"
TIME_LAPSE = 120.0

_BOLD, _GREEN, _PLAIN = "\x1b[1m", "\x1b[1;32m", "\x1b[0m"
_MEMBER = re.compile(r'"[^"]+":"[^"]*"')  # of a reading's JSON object: all values are strings


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


async def show_messages(connection: Connection, topics: Topics) -> None:
    """Print each message that arrives, up to the status with which the daemon ends."""
    messages = MessageFormat(topics.readings, colour=sys.stdout.isatty())
    is_stopped = False
    async for name, payload, retained in connection.messages():
        text = payload.decode(errors="replace")
        print_line(messages.line(name, text))
        is_stopped |= name == topics.health and not retained and f'"{LinkProblem.STOPPED}"' in text
        if is_stopped and name == topics.status:
            return


class MessageFormat:
    """Formatter of messages as lines; with `colour` topics are bold, and values that changed are green."""

    def __init__(self, topic: str, *, colour: bool) -> None:
        self._topic = topic
        self._colour = colour
        self._width = len(f"{topic}/status") + 2
        self._before: set[str] = set()

    def line(self, topic: str, payload: str) -> str:
        """Return the message as one line, fit for a terminal."""
        topic, payload = printable(topic), printable(payload)
        if not self._colour:
            return f"{topic:{self._width}}{payload}"
        if topic == self._topic:
            before, self._before = self._before, set(_MEMBER.findall(payload))
            if before:
                payload = _MEMBER.sub(
                    lambda found: found[0] if found[0] in before else f"{_GREEN}{found[0]}{_PLAIN}", payload
                )
        return f"{_BOLD}{topic:{self._width}}{_PLAIN}{payload}"


def print_line(text: str) -> None:
    """Write `text` as a line, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
