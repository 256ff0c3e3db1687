"""Sentences on the meter and on the line that screen and page share, in the language of the reader. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from teleinfo.common.i18n import N_, _, decimal, plural
from teleinfo.vocabulary.line import LineGrade
from teleinfo.watch.declared import number, text

if TYPE_CHECKING:
    from teleinfo.port.health import Health
    from teleinfo.watch.live_model import LiveModel


def meter(model: LiveModel) -> str:
    """Return the model of the meter, its mode and the speed, as far as they are known."""
    words = ""
    if model.mode is not None:
        words = f"{text(model.state(), 'meter.model')}, {model.mode}"
    if model.health is not None and model.health.baudrate is not None:
        words += _(", {baudrate} baud").format(baudrate=model.health.baudrate)
    return words.removeprefix(", ")


def waiting(model: LiveModel) -> str:
    """Return the sentence that stands for the meter before the first frame."""
    if not model.remote:
        return _("Waiting for the meter. It takes a few seconds to find its speed.")
    if model.online is not False:
        return _("Waiting for a message of teleinfo on the broker.")
    reason = None if model.health is None else model.health.reason
    if reason is None:
        return _("teleinfo says “offline” on the broker: it was stopped, or hears no meter.")
    return _("teleinfo says “offline” on the broker: {problem}.").format(problem=_(reason))


def grade(line: LineGrade) -> str:
    """Return the quality of the line, with advice if it is poor."""
    words = _(line.words)
    is_poor = line in {LineGrade.POOR, LineGrade.BAD}
    return _("{grade}: look at the wiring").format(grade=words) if is_poor else words


def line_details(model: LiveModel, health: Health) -> tuple[str, str, str, str]:
    """Return share of bad groups, frames, losses by cause, and withheld groups; empty if unknown or none."""
    share, count, withheld = health.bad_groups_percent, model.frames, sum(health.withheld.values())
    bad = "" if share is None else _("{share} % bad").format(share=decimal(f"{share:.2g}"))
    frames = ""
    if count is not None:
        frames = plural(count, N_("{count} frame"), N_("{count} frames")).format(count=number(count))
    causes = _("parity {parity}, checksum {checksum}, form {form}, cut {cut}").format(
        parity=health.rejected.get("parity", 0),
        checksum=health.rejected.get("checksum", 0),
        form=health.rejected.get("malformed", 0),
        cut=health.interrupted or 0,
    )
    return bad, frames, causes, _("withheld {count}").format(count=number(withheld)) if withheld else ""
