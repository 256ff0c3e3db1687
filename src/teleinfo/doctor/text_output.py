"""Format the findings for a terminal or as plain text: what was seen, what to do, the lines to type."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from teleinfo.common.i18n import N_, _
from teleinfo.doctor.findings import Severity
from teleinfo.settings import PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from teleinfo.doctor.findings import Area, Finding

WIDEST = 100
"""The widest line of a sentence, columns: longer ones are hard to read. Lines to type are never broken."""

NARROW = 60
"""Columns below which a sentence begins right behind its title, and not in a column of its own."""


AREAS = {
    "settings": N_("Settings"),
    "port": N_("Serial port"),
    "line": N_("Line from the meter"),
    "broker": N_("MQTT broker"),
    "service": N_("Service"),
}
CHECKS = {
    "bluetooth": N_("bluetooth"),
    "board": N_("board"),
    "bytes": N_("bytes"),
    "changed": N_("changed"),
    "console": N_("console"),
    "device": N_("device"),
    "enabled": N_("at boot"),
    "environment": N_("environment"),
    "file": N_("file"),
    "getty": N_("login"),
    "groups": N_("groups"),
    "heard": N_("heard"),
    "holder": N_("in use"),
    "installed": N_("installed"),
    "journal": N_("journal"),
    "login": N_("access"),
    "meter": N_("meter"),
    "mode": N_("mode"),
    "name": N_("name"),
    "network": N_("network"),
    "open": N_("opening"),
    "parity": N_("parity"),
    "port": N_("port"),
    "rights": N_("rights"),
    "running": N_("running"),
    "sandbox": N_("sandbox"),
    "status": N_("status"),
    "tls": N_("encryption"),
    "topic": N_("topic"),
    "uart": N_("uart"),
    "wiring": N_("wiring"),
}
_MARKS = {Severity.OK: "✓", Severity.WARNING: "!", Severity.FAULT: "✗", Severity.SKIPPED: "?"}
# For a terminal whose encoding lacks the above.
_PLAIN_MARKS = {Severity.OK: "+", Severity.WARNING: "!", Severity.FAULT: "x", Severity.SKIPPED: "?"}
# No yellow, no cyan: they cannot be read on a light background.
_COLOURS = {Severity.OK: "32", Severity.WARNING: "1", Severity.FAULT: "1;31", Severity.SKIPPED: "0"}


@dataclass(frozen=True, slots=True)
class Style:
    """How wide the screen is, in columns, whether it has colours, and whether it has more than ASCII."""

    width: int = 80
    colours: bool = False
    unicode: bool = True


def style_of(stream: TextIO, width: int, *, colours: bool) -> Style:
    """Return what suits `stream`."""
    try:
        "".join(_MARKS.values()).encode(stream.encoding or "ascii")
    except UnicodeEncodeError:
        return Style(width, colours, unicode=False)
    return Style(width, colours)


def format_area(shown: Area, style: Style) -> str:
    """Return one area, with an empty line before it."""
    head = _(AREAS[shown.name])
    lines = ["", _coloured(head, "1", style)]
    titles = [_title(one, shown.name) for one in shown.findings]
    column = 0 if style.width < NARROW else max(map(len, titles), default=0)
    for one, title in zip(shown.findings, titles, strict=True):
        lines += _finding(one, f"{title:<{column}}  " if title or column else "", style, narrow=not column)
    return "\n".join(lines) + "\n"


def format_summary(areas: Sequence[Area], style: Style) -> str:
    """Return the last lines: how many faults there are, and what to do first."""
    found = [one.severity for each in areas for one in each.findings]
    faults, warnings, skipped = (
        found.count(severity) for severity in (Severity.FAULT, Severity.WARNING, Severity.SKIPPED)
    )
    counts = _("faults: {faults}, warnings: {warnings}, could not be looked at: {skipped}").format(
        faults=faults, warnings=warnings, skipped=skipped
    )
    if faults:
        advice = _("Begin with the first fault (✗): it may explain the others.")
    elif warnings:
        advice = _("It works; what is marked ! could be better.")
    else:
        advice = _("All is well.")
    if not style.unicode:
        advice = advice.replace("✗", "x")
    lines = ["", *textwrap.wrap(f"{advice} ({counts})", min(style.width, WIDEST)), *_afterwards(areas, style)]
    return "\n".join(lines) + "\n"


def _afterwards(areas: Sequence[Area], style: Style) -> Iterator[str]:
    """Yield how to restart the service, where there is one and a finding asks to change its settings."""
    findings = [one for each in areas for one in each.findings if one.severity is not Severity.OK]
    change = any(line.startswith(PREFIX) for one in findings for line in one.lines)
    running = [
        one for each in areas if each.name == "service" for one in each.findings if one.check == "running"
    ]
    for one in running if change else ():
        yield from _wrapped(_("The service reads its settings when it starts. After a change:"), "", style)
        line = f"sudo systemctl restart {one.facts['unit']}"
        yield f"{' ' * 8}{_coloured(line, '1', style)}"


def _title(one: Finding, area: str) -> str:
    """Return the title of a finding: none where it is about its whole area, whose name stands above."""
    return "" if one.check == area else _(CHECKS[one.check])


def _finding(one: Finding, title: str, style: Style, *, narrow: bool) -> Iterator[str]:
    mark = (_MARKS if style.unicode else _PLAIN_MARKS)[one.severity]
    first = " " * (len(title) + 4)
    indent = " " * 4 if narrow else first
    text = _wrapped(one.message, indent, style, first=first)
    yield f"  {_coloured(mark, _COLOURS[one.severity], style)} {title}{text[0].lstrip()}"
    yield from text[1:]
    if one.advice:
        yield from _wrapped(one.advice, indent, style)
    for line in one.lines:
        yield f"{' ' * 8}{_coloured(line, '1', style)}"


def _wrapped(text: str, indent: str, style: Style, *, first: str | None = None) -> list[str]:
    return textwrap.wrap(
        text,
        min(style.width, WIDEST),
        initial_indent=indent if first is None else first,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    ) or [indent]


def _coloured(text: str, code: str, style: Style) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if style.colours else text
