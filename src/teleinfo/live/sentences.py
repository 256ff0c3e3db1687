"""Sentences for screen and page: the meter, its line, and the note on port or broker below the values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from teleinfo.common.durations import duration
from teleinfo.common.i18n import N_, _, decimal, plural
from teleinfo.console.output import command_line
from teleinfo.live.declared import number, text
from teleinfo.live.model import LiveModel, Note
from teleinfo.vocabulary.line import LineGrade, LinkProblem, PortErrorKind
from teleinfo.vocabulary.words import Message

if TYPE_CHECKING:
    from collections.abc import Hashable

    from teleinfo.port.health import Health
    from teleinfo.port.link_status import LinkStatus


def meter(model: LiveModel) -> str:
    """Return the model of the meter, its mode and the speed, as far as they are known."""
    words = "" if model.mode is None else f"{text(model.state(), 'meter.model')}, {model.mode}"
    if model.health is not None and model.health.baudrate is not None:
        words += _(", {baudrate} baud").format(baudrate=model.health.baudrate)
    return words.removeprefix(", ")


def waiting(model: LiveModel) -> str:
    """Return the sentence that is shown in place of the meter before the first frame."""
    if model.patience is not None:  # the meter is at a port, not behind a broker
        return _("Waiting for the meter. It takes a few seconds to find its speed.")
    if model.online is not False:
        return _("Waiting for a message of teleinfo on the broker.")
    reason = None if model.health is None else model.health.reason
    problem = _("it was stopped, or hears no meter") if reason is None else _(reason)
    return _("teleinfo says “offline” on the broker: {problem}.").format(problem=problem)


def grade(line: LineGrade) -> str:
    """Return the quality of the line, with advice if it is poor."""
    words = _(line.words)
    is_poor = line in {LineGrade.POOR, LineGrade.BAD}
    return _("{grade}: look at the wiring").format(grade=words) if is_poor else words


def is_good(line: LineGrade) -> bool:
    """True for a line on which readings are rarely lost."""
    return line in {LineGrade.GOOD, LineGrade.FAIR}


def line_details(health: Health) -> tuple[str, str, str, str]:
    """Return texts: share of bad groups, losses by cause, withheld groups, frames; empty if unknown or 0."""
    share = health.bad_groups_percent
    count = health.frames
    bad = ""
    if share is not None:
        bad = _("{share} % bad groups").format(share=decimal(f"{share:.2g}"))
    withheld_groups = sum(health.withheld.values())
    withheld = ""
    if withheld_groups:
        withheld = _("withheld {count}").format(count=number(withheld_groups))
    frames = ""
    if count is not None:
        frames = plural(count, N_("{count} frame"), N_("{count} frames")).format(count=number(count))
    causes = _("parity {parity}, checksum {checksum}, form {form}, cut {cut}").format(
        parity=health.rejected.get("parity", 0),
        checksum=health.rejected.get("checksum", 0),
        form=health.rejected.get("malformed", 0),
        cut=health.interrupted or 0,
    )
    return bad, causes, withheld, frames


def note(kind: Hashable, template: str, **fields: object) -> Note:
    """Return the note of this kind whose text is a template with these fields."""
    return Note(kind, Message(template, **fields))


def port_note(link: LinkStatus, *, now: float) -> Note:
    """Return the note on the port and the line at the monotonic time `now`."""
    problem = link.problem(now)
    error = link.error
    if error is not None and not link.connected:
        template = N_("{error}. To find out more: {doctor}")
        if error.kind is PortErrorKind.BUSY:
            template = N_(
                "{error}. If it is the service of teleinfo, watch beside it: {watch}. To find out more: "
                "{doctor}"
            )
        watch = command_line("watch", "--mqtt")
        doctor = command_line("doctor")
        return note(problem, template, error=error.message, watch=watch, doctor=doctor)
    if problem is LinkProblem.OPENING:
        return note(problem, N_("opening {port}"), port=link.url)
    if problem is LinkProblem.NO_DATA:
        template = N_(
            "no byte from the meter for {time}: check its power, its wires (terminals I1, I2) and the adapter"
        )
        return note(problem, template, time=duration(link.no_byte_for(now)))
    if problem is LinkProblem.NONSENSE:
        template = N_(
            "bytes come from {port}, but none makes sense: check the wires (terminals I1 and I2) and the "
            "settings TELEINFO_SERIAL_…. To find out more: {doctor}"
        )
        return note(problem, template, port=link.url, doctor=command_line("doctor"))
    template = N_("listening for a meter") if link.mode is None else N_("reading a meter in mode {mode}")
    words = Message(template, mode=link.mode)
    if link.baudrate is not None:  # a bridge has no speed
        words = Message(N_("{words} at {baudrate} baud"), words=words, baudrate=link.baudrate)
    return Note((problem, link.mode, link.baudrate), words)
