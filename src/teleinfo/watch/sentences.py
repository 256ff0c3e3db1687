"""Sentences on the meter and on the line that screen and page share, in the language of the reader. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from teleinfo.common.i18n import N_, _, decimal, plural
from teleinfo.vocabulary.line import LineGrade
from teleinfo.watch.describe import number
from teleinfo.watch.history import part

if TYPE_CHECKING:
    from teleinfo.port.health import Health
    from teleinfo.watch.live_model import LiveModel


def meter(model: LiveModel) -> str:
    """Return the model of the meter, its mode and the speed, as far as they are known."""
    text = ""
    if model.mode is not None:
        name = part(model.state(), "meter").get("model")
        text = f"{_(str(name))}, {model.mode}"
    if model.health is not None and model.health.baudrate is not None:
        text += _(", {baudrate} baud").format(baudrate=model.health.baudrate)
    return text.removeprefix(", ")


def waiting(model: LiveModel) -> str:
    """Return what the program waits for before the first frame."""
    if not model.remote:
        return _("Waiting for the meter. It takes a few seconds to find its speed.")
    if model.online is not False:
        return _("Waiting for a message of teleinfo on the broker.")
    reason = None if model.health is None else model.health.reason
    if reason is None:
        return _("teleinfo says “offline” on the broker: it was stopped, or hears no meter.")
    return _("teleinfo says “offline” on the broker: {problem}.").format(problem=_(reason))


def grade(line: LineGrade) -> str:
    """Return the quality of the line, and what to do if it is poor."""
    words = _(line.words)
    is_poor = line in {LineGrade.POOR, LineGrade.BAD}
    return _("{grade}: look at the wiring").format(grade=words) if is_poor else words


def bad_groups(health: Health) -> str:
    """Return the share of bad groups; empty if no group came."""
    share = health.bad_groups_percent
    return "" if share is None else _("{share} % bad").format(share=decimal(f"{share:.2g}"))


def frames(model: LiveModel) -> str:
    """Return the number of frames; empty if it is unknown."""
    count = model.frames
    if count is None:
        return ""
    return plural(count, N_("{count} frame"), N_("{count} frames")).format(count=number(count))


def causes(health: Health) -> str:
    """Return the number of bad groups and frames by cause."""
    return _("parity {parity}, checksum {checksum}, form {form}, cut {cut}").format(
        parity=health.rejected.get("parity", 0),
        checksum=health.rejected.get("checksum", 0),
        form=health.rejected.get("malformed", 0),
        cut=health.interrupted or 0,
    )


def withheld(health: Health) -> str:
    """Return the number of sound groups that were not believed; empty for none."""
    count = sum(health.withheld.values())
    return _("withheld {count}").format(count=number(count)) if count else ""
