"""
Format the findings: for a terminal, for programs (`--json`) and for a bug report (`--report`).

A bug report holds no identifier. Masked in it are: the user name, the password, the host, the client id, the
topic and the discovery prefix of the settings, unless they are the defaults; the name of this machine, meter
numbers, network addresses, and the names of home folders.
"""

from __future__ import annotations

import json
import os
import platform
import re
import sys
import textwrap
from dataclasses import dataclass, replace
from importlib import metadata
from typing import TYPE_CHECKING, Final

from teleinfo import __version__
from teleinfo.cli.output import WIDEST
from teleinfo.common.i18n import N_, _
from teleinfo.common.terminal_text import printable, printable_lines
from teleinfo.doctor.findings import Area, Severity, worst
from teleinfo.port.tcp_bridge import BRIDGE, is_bridge
from teleinfo.settings import PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from teleinfo.doctor.findings import Finding
    from teleinfo.doctor.machine import Machine
    from teleinfo.settings import Settings

NARROW: Final = 60
"""Columns below which a sentence begins right behind its title, and not in a column of its own."""

LIBRARIES: Final = ("pyserial", "pyserial-asyncio", "aiomqtt", "paho-mqtt", "pydantic", "pydantic-settings")

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
# No yellow, no cyan: they cannot be read on a light background.
_COLOURS = {Severity.OK: "32", Severity.WARNING: "1", Severity.FAULT: "1;31", Severity.SKIPPED: "0"}

MASK = "…"
# ADCO, ADSC and ADS have 12 characters, PRM has 14 digits; both as they are and as part of a longer text.
_NUMBER = re.compile(r"(?<![0-9A-Fa-f.])[0-9]{4}[0-9A-F]{2}[0-9]{6,8}(?![0-9A-Fa-f])")
_HOME = re.compile(r"(/home/)[^/\s\"]+")
_ADDRESS = re.compile(
    r"\b(?!127\.)(?:[0-9]{1,3}\.){3}[0-9]{1,3}\b|\b(?:[0-9a-f]{1,4}:){3,7}[0-9a-f:]{1,25}\b"
)
_SERIAL = re.compile(r"(/dev/serial/by-id/[\w.-]*?_)[A-Za-z0-9]{4,}(-if\d+)")
# Shorter ones are masked as whole words only: as parts of others they would be found everywhere.
_SHORTEST = 4
# The defaults, which identify nobody.
_COMMON = frozenset({"", "localhost", "127.0.0.1", "::1", "teleinfo", "homeassistant"})


@dataclass(frozen=True, slots=True)
class Style:
    """The width of the screen, in columns, and whether it has colours."""

    width: int = 80
    colours: bool = False


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
    severities = [one.severity for each in areas for one in each.findings]
    faults, warnings, skipped = map(severities.count, (Severity.FAULT, Severity.WARNING, Severity.SKIPPED))
    counts = _("faults: {faults}, warnings: {warnings}, could not be looked at: {skipped}").format(
        faults=faults, warnings=warnings, skipped=skipped
    )
    if faults:
        advice = _("Begin with the first fault (✗): it may explain the others.")
    elif warnings:
        advice = _("It works; what is marked ! could be better.")
    else:
        advice = _("All is well.")
    lines = ["", *textwrap.wrap(f"{advice} ({counts})", min(style.width, WIDEST)), *_afterwards(areas, style)]
    return "\n".join(lines) + "\n"


def _afterwards(areas: Sequence[Area], style: Style) -> Iterator[str]:
    """Yield how to restart the service, where there is one and a finding asks to change its settings."""
    findings = [one for each in areas for one in each.findings if one.severity is not Severity.OK]
    change = any(line.startswith(PREFIX) for one in findings for line in one.commands)
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
    first = " " * (len(title) + 4)
    indent = " " * 4 if narrow else first
    text = _wrapped(one.message, indent, style, first=first)
    yield f"  {_coloured(_MARKS[one.severity], _COLOURS[one.severity], style)} {title}{text[0].lstrip()}"
    yield from text[1:]
    if one.advice:
        yield from _wrapped(one.advice, indent, style)
    for line in one.commands:
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


def as_json(areas: Sequence[Area]) -> str:
    """Return one JSON object: the version, the worst severity, and the findings in their order."""
    findings = [
        {
            "area": each.name,
            "check": one.check,
            "verdict": one.severity,
            "message": one.message,
            "advice": one.advice,
            "commands": list(one.commands),
            "facts": dict(one.facts),
        }
        for each in areas
        for one in each.findings
    ]
    text = json.dumps(
        {"version": __version__, "verdict": worst(areas), "findings": findings},
        ensure_ascii=False,
        indent=1,
    )
    return printable_lines(text)


def as_report(areas: Sequence[Area], settings: Settings | None, machine: Machine) -> str:
    """Return the text of a report, masked and fit for a terminal."""
    style, secrets = Style(width=100), secrets_of(settings)
    # Before the lines are wrapped: a secret with a blank in it might end up in two of them.
    hidden = [Area(each.name, tuple(_masked(one, secrets) for one in each.findings)) for each in areas]
    parts = [_versions(machine), *(format_area(each, style) for each in hidden), format_summary(areas, style)]
    return masked(printable_lines("".join(parts)) + "\n" + as_json(hidden) + "\n", secrets)


def _masked(finding: Finding, secrets: Sequence[str]) -> Finding:
    return replace(
        finding,
        message=masked(finding.message, secrets),
        advice=masked(finding.advice, secrets),
        commands=tuple(masked(line, secrets) for line in finding.commands),
    )


def secrets_of(settings: Settings | None) -> list[str]:
    """Return the texts to be masked in a report, the longest first."""
    names, secrets = {os.uname().nodename}, set()
    if settings is not None:
        names |= {settings.mqtt_username or "", settings.mqtt_host, settings.mqtt_client_id}
        names |= {settings.mqtt_topic, settings.homeassistant_prefix}
        if is_bridge(settings.serial_port):
            names.add(settings.serial_port.removeprefix(BRIDGE).rpartition(":")[0])
        if settings.mqtt_password is not None:
            secrets.add(settings.mqtt_password.get_secret_value())
    return sorted(names - _COMMON | secrets, key=len, reverse=True)


def masked(text: str, secrets: Sequence[str]) -> str:
    """Return `text` with these secrets, also as JSON writes them, and all identifiers replaced by `MASK`."""
    for secret in secrets:
        for written in {secret, printable(secret), json.dumps(secret, ensure_ascii=False)[1:-1]}:
            exact = re.escape(written)
            text = re.sub(exact if len(secret) >= _SHORTEST else rf"(?<!\w){exact}(?!\w)", MASK, text)
    text = _NUMBER.sub(lambda match: match[0][:2] + MASK, text)
    text = _SERIAL.sub(rf"\1{MASK}\2", text)
    return _ADDRESS.sub(MASK, _HOME.sub(rf"\1{MASK}", text))


def _versions(machine: Machine) -> str:
    release = re.search(r'^PRETTY_NAME="?(.*?)"?$', machine.text("/etc/os-release") or "", re.MULTILINE)
    rows = [
        f"teleinfo {__version__}",
        f"Python {sys.version.split()[0]}",
        f"{platform.system()} {platform.release()} {platform.machine()}",
        "" if release is None else release[1],
        machine.model,
        *(f"{name} {_version(name)}" for name in LIBRARIES),
    ]
    return "\n".join(filter(None, rows)) + "\n"


def _version(library: str) -> str:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return "?"
