"""Notes below the values: the state of the port or of the broker, in the language of the reader."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from teleinfo.cli.program import command_line
from teleinfo.common.durations import duration
from teleinfo.common.i18n import N_, _
from teleinfo.common.terminal_text import printable
from teleinfo.vocabulary.line import LinkProblem, PortErrorKind
from teleinfo.vocabulary.words import Message

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from teleinfo.mqtt.config import Broker
    from teleinfo.mqtt.errors import BrokerError
    from teleinfo.port.errors import PortError
    from teleinfo.port.link_status import LinkStatus


@dataclass(frozen=True, slots=True)
class Note:
    """A line of text, made by `translate`. Two notes of one `kind` differ only in a duration."""

    kind: Hashable
    translate: Callable[[], str]

    @property
    def text(self) -> str:
        """The text in the language of the reader."""
        return printable(self.translate())


def port_note(link: LinkStatus, *, now: float) -> Note:
    """Return the note on the port and the line at the monotonic time `now`."""
    kind: Hashable
    kind = problem = link.problem(now)
    if link.error is not None and not link.connected:
        return Note(kind, partial(_not_open, link.error))
    if problem is LinkProblem.OPENING:
        message = Message("opening {port}", port=link.url)
    elif problem is LinkProblem.NO_DATA:
        if link.last_frame is None:
            text = N_(
                "no byte from the meter for {time}: check its wires (terminals I1 and I2) and the adapter"
            )
        else:
            text = N_(
                "no byte from the meter for {time}: it may be interrupted, without power, or its wires loose"
            )
        message = Message(text, time=duration(link.no_byte_for(now)))
    elif problem is LinkProblem.NONSENSE:
        message = Message(
            "bytes come from {port}, but none makes sense: check the wires (terminals I1 and I2) and the "
            "settings TELEINFO_SERIAL_…. To find out more: {doctor}",
            port=link.url,
            doctor=command_line("doctor"),
        )
    else:
        kind = (problem, link.mode, link.baudrate)
        message = Message(
            _LISTENING[link.mode is not None, link.baudrate is not None],
            mode=link.mode,
            baudrate=link.baudrate,
        )
    return Note(kind, partial(_, message))


_LISTENING = {
    (False, False): N_("listening for a meter"),
    (True, False): N_("reading a meter in mode {mode}"),
    (False, True): N_("listening for a meter at {baudrate} baud"),
    (True, True): N_("reading a meter in mode {mode} at {baudrate} baud"),
}
"""Notes on a line without a fault, by (the mode is known, the speed is known); a bridge has no speed."""


def _not_open(error: PortError) -> str:
    parts = [f"{error.localized()}."]
    if error.kind is PortErrorKind.BUSY:
        line = command_line("watch", "--mqtt")
        parts.append(_("If it is the service of teleinfo, watch beside it: {line}.").format(line=line))
    parts.append(_("To find out more: {line}").format(line=command_line("doctor")))
    return " ".join(parts)


def connected(broker: Broker) -> Note:
    """Return the note on a connection to the broker."""
    message = Message("connected to the broker at {address}", address=broker.address)
    return Note("connected", partial(_, message))


def nothing_came(broker: Broker, topic: str) -> Note:
    """Return the note on a retained `topic` without a message, which names possible causes."""
    message = Message(
        "nothing came on the topic {topic}: is teleinfo connected to this broker ({address}), under this "
        "topic, and may this user read it (a broker need not say that it refuses)?",
        topic=topic,
        address=broker.address,
    )
    return Note("nothing came", partial(_, message))


def no_broker(error: BrokerError) -> Note:
    """Return the note on a failed connection to the broker, or on a topic that the user may not read."""
    return Note(error.kind, lambda: _("no connection: {why}").format(why=error.localized()))
