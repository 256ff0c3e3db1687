"""The note below the values: the state of the port or of the broker, in the language of the reader."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from teleinfo.cli.program import command_line
from teleinfo.common.durations import duration
from teleinfo.common.i18n import _
from teleinfo.common.terminal_text import printable
from teleinfo.vocabulary.line import LinkProblem, PortErrorKind

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from teleinfo.mqtt.config import Broker
    from teleinfo.mqtt.errors import BrokerError
    from teleinfo.port.errors import PortError
    from teleinfo.port.link_status import LinkStatus
    from teleinfo.tic.labels import Mode


@dataclass(frozen=True, slots=True)
class Note:
    """A line of text, that of `say`. Notes of one `kind` say the same, but for a duration that goes on."""

    kind: Hashable
    say: Callable[[], str]

    @property
    def text(self) -> str:
        """The text in the language of the reader."""
        return printable(self.say())


def port_note(link: LinkStatus, *, now: float) -> Note:
    """Return what there is to say of the port and the line at the monotonic time `now`."""
    problem = link.problem(now)
    if link.error is not None and not link.connected:
        return Note(problem, partial(_not_open, link.error))
    if problem is LinkProblem.OPENING:
        return Note(problem, partial(_opening, link.url))
    if problem is LinkProblem.NO_DATA:
        return Note(problem, partial(_no_data, link.no_byte_for(now), ever=link.last_frame is not None))
    if problem is LinkProblem.NONSENSE:
        return Note(problem, partial(_nonsense, link.url))
    return Note((problem, link.mode, link.baudrate), partial(_listening, link.mode, link.baudrate))


def _opening(port: str) -> str:
    return _("opening {port}").format(port=port)


def _nonsense(port: str) -> str:
    text = _(
        "bytes come from {port}, but none makes sense: check the wires (terminals I1 and I2) and the "
        "settings TELEINFO_SERIAL_…."
    ).format(port=port)
    return f"{text} {_find_out_more()}"


def _not_open(error: PortError) -> str:
    parts = [f"{error.localized()}."]
    if error.kind is PortErrorKind.BUSY:
        line = command_line("watch", "--mqtt")
        parts.append(_("If it is the service of teleinfo, watch beside it: {line}.").format(line=line))
    return " ".join([*parts, _find_out_more()])


def _find_out_more() -> str:
    return _("To find out more: {line}").format(line=command_line("doctor"))


def _listening(mode: Mode | None, baudrate: int | None) -> str:
    if baudrate is None:  # a bridge
        if mode is None:
            return _("listening for a meter")
        return _("reading a meter in mode {mode}").format(mode=mode)
    if mode is None:
        return _("listening for a meter at {baudrate} baud").format(baudrate=baudrate)
    return _("reading a meter in mode {mode} at {baudrate} baud").format(mode=mode, baudrate=baudrate)


def _no_data(seconds: float, *, ever: bool) -> str:
    text = (
        _("no byte from the meter for {time}: it may be interrupted, without power, or its wires loose")
        if ever
        else _("no byte from the meter for {time}: check its wires (terminals I1 and I2) and the adapter")
    )
    return text.format(time=duration(seconds))


def connected(broker: Broker) -> Note:
    """Return that the broker is there."""
    return Note("connected", lambda: _("connected to the broker at {address}").format(address=broker.address))


def nothing_came(broker: Broker, topic: str) -> Note:
    """Return what it may mean that nothing was published on the retained `topic`."""

    def say() -> str:
        text = _(
            "nothing came on the topic {topic}: is teleinfo connected to this broker ({address}), under this "
            "topic, and may this user read it (a broker need not say that it refuses)?"
        )
        return text.format(topic=topic, address=broker.address)

    return Note("nothing came", say)


def no_broker(error: BrokerError) -> Note:
    """Return why there is no connection to the broker, or no right to read a topic, and what to do."""
    return Note(error.kind, lambda: _("no connection: {why}").format(why=error.localized()))
