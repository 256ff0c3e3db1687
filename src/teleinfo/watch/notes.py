"""The note below the values: the state of the port or of the broker, in the language of the reader."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from teleinfo.cli.broker_faults import broker_fault
from teleinfo.cli.program import command_line
from teleinfo.common.durations import duration
from teleinfo.common.i18n import _, language, use_language
from teleinfo.common.terminal_text import printable
from teleinfo.vocabulary.line import LinkProblem, PortErrorKind
from teleinfo.vocabulary.words import Language

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

    from teleinfo.mqtt.config import Broker
    from teleinfo.mqtt.errors import BrokerError
    from teleinfo.port.errors import PortError
    from teleinfo.port.link_status import LinkStatus

NOT_READABLE: Final = "not readable"
"""The kind of the `BrokerError` of a broker that does not let us read a topic."""


@dataclass(frozen=True, slots=True)
class Note:
    """A line of text in each language. Notes of one `kind` say the same, but for a duration that goes on."""

    kind: Hashable
    texts: Mapping[str, str]

    @property
    def text(self) -> str:
        """The text in the language of the reader."""
        return self.texts[language()]


def note(kind: Hashable, say: Callable[[], str]) -> Note:
    """Return what `say` returns in each language."""
    texts: dict[str, str] = {}
    for name in Language:
        with use_language(name):
            texts[name] = printable(say())
    return Note(kind, texts)


def port_note(link: LinkStatus, *, now: float) -> Note:
    """Return what there is to say of the port and the line at the monotonic time `now`."""
    problem = link.problem(now)
    if link.error is not None and not link.connected:
        error = link.error
        return note(problem, lambda: _not_open(error))
    if problem is LinkProblem.OPENING:
        return note(problem, lambda: _("opening {port}").format(port=link.url))
    if problem is LinkProblem.NO_DATA:
        return note(problem, lambda: _no_data(link.no_byte_for(now), ever=link.last_frame is not None))
    if problem is LinkProblem.NONSENSE:
        return note(problem, lambda: _nonsense(link))
    return note((problem, link.mode, link.baudrate), lambda: _listening(link))


def _nonsense(link: LinkStatus) -> str:
    text = _(
        "bytes come from {port}, but none makes sense: check the wires (terminals I1 and I2) and the "
        "settings TELEINFO_SERIAL_…."
    ).format(port=link.url)
    return f"{text} {_find_out_more()}"


def _not_open(error: PortError) -> str:
    parts = [f"{error.localized()}."]
    if error.kind is PortErrorKind.BUSY:
        line = command_line("watch", "--mqtt")
        parts.append(_("If it is the service of teleinfo, watch beside it: {line}.").format(line=line))
    return " ".join([*parts, _find_out_more()])


def _find_out_more() -> str:
    return _("To find out more: {line}").format(line=command_line("doctor"))


def _listening(link: LinkStatus) -> str:
    if link.baudrate is None:  # a bridge
        if link.mode is None:
            return _("listening for a meter")
        return _("reading a meter in mode {mode}").format(mode=link.mode)
    if link.mode is None:
        return _("listening for a meter at {baudrate} baud").format(baudrate=link.baudrate)
    return _("reading a meter in mode {mode} at {baudrate} baud").format(
        mode=link.mode, baudrate=link.baudrate
    )


def _no_data(seconds: float, *, ever: bool) -> str:
    text = (
        _("no byte from the meter for {time}: it may be interrupted, without power, or its wires loose")
        if ever
        else _("no byte from the meter for {time}: check its wires (terminals I1 and I2) and the adapter")
    )
    return text.format(time=duration(seconds))


def connected(broker: Broker) -> Note:
    """Return that the broker is there."""
    return note("connected", lambda: _("connected to the broker at {address}").format(address=broker.address))


def nothing_came(broker: Broker, topic: str) -> Note:
    """Return what it may mean that nothing was published on the retained `topic`."""

    def say() -> str:
        text = _(
            "nothing came on the topic {topic}: is teleinfo connected to this broker ({address}), under this "
            "topic, and may this user read it (a broker need not say that it refuses)?"
        )
        return text.format(topic=topic, address=broker.address)

    return note("nothing came", say)


def no_broker(error: BrokerError, broker: Broker, topic: str) -> Note:
    """Return why there is no connection to the broker, or no right to read `topic`, and what to do."""

    def say() -> str:
        if error.kind == NOT_READABLE:
            text = _(
                "the broker does not let this user read the topic {topic}: allow it in its list of rights "
                "(ACL)"
            )
            return text.format(topic=topic)
        why = broker_fault(error, broker)
        advice = " ".join(filter(None, (why.advice, ", ".join(why.lines))))
        text = _("no connection: {why}")
        return text.format(why=f"{why.message}. {advice}" if advice else why.message)

    return note(error.kind, say)
