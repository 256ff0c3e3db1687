"""
Findings of the checks, on a terminal, for programs (`--json`) and for a bug report (`--report`).

A bug report holds no identifier:

- Masked, unless they are the defaults: the user name, the hosts, the client id, the topic, the discovery
  prefix, the name of the meter and the addresses of the page in the settings, and the name of this machine.
- Always masked: the password, meter numbers, network addresses, and the names of home folders.
"""

from __future__ import annotations

import ipaddress
import itertools
import json
import os
import platform
import re
import shutil
import sys
import textwrap
from collections import Counter
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Final

from teleinfo import __version__
from teleinfo.common.i18n import N_, _
from teleinfo.common.terminal_text import printable, printable_lines
from teleinfo.console.output import WIDEST
from teleinfo.doctor.finding import Finding, Findings, Severity
from teleinfo.port.serial_port import is_remote
from teleinfo.settings import PREFIX, SECRETS, Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from teleinfo.doctor.machine import Machine


LIBRARIES: Final = ("pyserial", "pyserial-asyncio", "aiomqtt", "paho-mqtt", "pydantic", "pydantic-settings")

AREAS: Final = ("settings", "port", "line", "broker", "service")
"""The areas, in the order of the report."""

_MARKS = {Severity.OK: "✓", Severity.WARNING: "!", Severity.FAULT: "✗", Severity.SKIPPED: "?"}
# SGR codes: green, bold, bold red, plain. Yellow and cyan cannot be read on a light background.
_COLOURS = {Severity.OK: "32", Severity.WARNING: "1", Severity.FAULT: "1;31", Severity.SKIPPED: "0"}

_BOLD = "1"
_ERASE = "\r\x1b[K"
MASK = "…"
# ADCO, ADSC and ADS have 12 characters, PRM has 14 digits. They may be part of a longer text.
_NUMBER = re.compile(r"(?<![0-9A-Fa-f.])[0-9]{4}[0-9A-F]{2}[0-9]{6,8}(?![0-9A-Fa-f])")
_HOME = re.compile(r"(/home/)[^/\s\"]+")
_ADDRESS = re.compile(
    r"\b(?!127\.)(?:[0-9]{1,3}\.){3}[0-9]{1,3}\b|\b(?:[0-9a-f]{1,4}:){3,7}[0-9a-f:]{1,25}\b"
)
# A time of day has this form, too: `_masked_address` keeps what is no address.
_SHORT_ADDRESS = re.compile(r"(?<![\w:])([0-9a-f]{1,4}:[0-9a-f:]+)(?:%\w+)?(?![\w:])", re.IGNORECASE)
_SERIAL = re.compile(r"(/dev/serial/by-id/[\w.-]*?_)[A-Za-z0-9]{4,}(-if\d+)")
# Shorter secrets are masked as whole words only: as parts of words they would be found everywhere.
_SHORTEST = 4  # characters
# Default values of settings, which are not masked: they identify nobody.
_COMMON = frozenset({"", "localhost", "127.0.0.1", "::1", "teleinfo", "homeassistant"})


def worst(findings: Findings) -> Severity:
    """Return the severity of the whole report; what could not be judged may be a fault."""
    severities = {finding.severity for finding in _all(findings)}
    for severity in (Severity.FAULT, Severity.SKIPPED, Severity.WARNING):
        if severity in severities:
            return severity
    return Severity.OK


def _all(findings: Findings) -> list[Finding]:
    """Return the findings of all areas in one list."""
    return list(itertools.chain.from_iterable(findings.values()))


@dataclass(frozen=True, slots=True)
class Screen:
    """Standard output: its width, in columns, and whether it has colours. `quiet`: nothing is written."""

    width: int = 80
    colours: bool = False
    quiet: bool = False

    def paint(self, text: str, code: str) -> str:
        """Return `text` with the SGR code `code` (ECMA-48), or unchanged if the screen has no colours."""
        return f"\x1b[{code}m{text}\x1b[0m" if self.colours else text

    def wrap(self, text: str, indent: str = "") -> list[str]:
        """Return the indented lines of a text, at least one."""
        wrapper = textwrap.TextWrapper(
            min(self.width, WIDEST), indent, indent, break_long_words=False, break_on_hyphens=False
        )
        return wrapper.wrap(text) or [indent]

    def command(self, line: str) -> str:
        """Return a line to type or to paste, indented and never wrapped."""
        return f"{' ' * 8}{self.paint(line, _BOLD)}"

    def write(self, text: str) -> None:
        """Write text in place of the step that is shown."""
        if not self.quiet:
            if sys.stdout.isatty():
                text = _ERASE + text
            sys.stdout.write(text)
            sys.stdout.flush()

    def step(self, text: str) -> None:
        """Show the step under way if the output is a terminal, where it can be erased again."""
        if sys.stdout.isatty():
            self.write(f"… {text}")


def terminal(*, quiet: bool) -> Screen:
    """Return the screen of this process."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return Screen(shutil.get_terminal_size().columns, sys.stdout.isatty() and not plain, quiet)


AREA_TITLES: Final = {
    "settings": N_("Settings"),
    "port": N_("Serial port"),
    "line": N_("Line from the meter"),
    "broker": N_("MQTT broker"),
    "service": N_("Service"),
}
"""The titles of the areas on the screen."""

CHECK_TITLES: Final = {
    "bluetooth": N_("bluetooth"),
    "board": N_("board"),
    "changed": N_("changed"),
    "clock": N_("clock"),
    "console": N_("console"),
    "device": N_("device"),
    "discovery": N_("announcement"),
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
    "open": N_("opening"),
    "page": N_("page"),
    "parity": N_("parity"),
    "port": N_("port"),
    "prices": N_("prices"),
    "rights": N_("rights"),
    "running": N_("running"),
    "sandbox": N_("sandbox"),
    "status": N_("status"),
    "tls": N_("encryption"),
    "topic": N_("topic"),
    "wiring": N_("wiring"),
}
"""The titles of the checks on the screen."""


def format_area(area: str, findings: Sequence[Finding], screen: Screen) -> str:
    """Return an empty line, the name of the area, and its findings, each with its title in one column."""
    lines = ["", screen.paint(_(AREA_TITLES[area]), _BOLD)]
    titles = []
    for finding in findings:
        title = ""  # a finding about its whole area needs none: the name of the area stands above
        if finding.check != area:
            title = _(CHECK_TITLES[finding.check])
        titles.append(title)
    width = max(map(len, titles), default=0)
    for finding, title in zip(findings, titles, strict=True):
        title_column = f"{title:<{width}}  " if width else ""
        indent = " " * (len("  ✓ ") + len(title_column))
        first_line, *further_lines = screen.wrap(printable(finding.message), indent)
        mark = screen.paint(_MARKS[finding.severity], _COLOURS[finding.severity])
        lines.append(f"  {mark} {title_column}{first_line.lstrip()}")
        lines += further_lines
        if finding.advice:
            lines += screen.wrap(printable(finding.advice), indent)
        for command in finding.commands:
            lines.append(screen.command(printable(command)))
    return "\n".join(lines) + "\n"


def format_summary(findings: Findings, unit: str, screen: Screen) -> str:
    """Return the last lines: what to do first, the number of faults, and how to restart `unit`."""
    every_finding = _all(findings)
    severities = Counter(finding.severity for finding in every_finding)
    faults = severities[Severity.FAULT]
    warnings = severities[Severity.WARNING]
    unjudged = severities[Severity.SKIPPED]
    if faults:
        advice = _("Begin with the first fault (✗): it may explain the others.")
    elif unjudged:
        seen = _("What is marked ! could be better") if warnings else _("All that could be seen is well")
        template = _("{seen}; things that could not be judged: {unjudged}.")
        if os.geteuid():  # not root, who would see more
            template = _("{seen}; things that could not be judged without sudo: {unjudged}.")
        advice = template.format(seen=seen, unjudged=unjudged)
    elif warnings:
        advice = _("It works; what is marked ! could be better.")
    else:
        advice = _("All is well.")
    counts = _("faults: {faults}, warnings: {warnings}, could not be judged: {unjudged}").format(
        faults=faults, warnings=warnings, unjudged=unjudged
    )
    lines = ["", *screen.wrap(f"{advice} ({counts})")]
    commands = itertools.chain.from_iterable(finding.commands for finding in every_finding)
    is_setting_to_change = any(command.startswith(PREFIX) for command in commands)
    is_service_installed = any(finding.check == "running" for finding in every_finding)
    if is_setting_to_change and is_service_installed:
        lines += screen.wrap(_("The service reads its settings when it starts. After a change:"))
        lines.append(screen.command(f"sudo systemctl restart {unit}"))
    return "\n".join(lines) + "\n"


def as_json(findings: Findings) -> str:
    """Return one JSON object: the version, the worst severity, and the findings in order."""
    rows = []
    for area, findings_of_area in findings.items():
        for finding in findings_of_area:
            row = {
                "area": area,
                "check": finding.check,
                "verdict": finding.severity,
                "message": finding.message,
                "advice": finding.advice,
                "commands": finding.commands,
                "facts": finding.facts,
            }
            rows.append(row)
    whole = {"version": __version__, "verdict": worst(findings), "findings": rows}
    return printable_lines(json.dumps(whole, ensure_ascii=False, indent=1))


def as_report(findings: Findings, unit: str, settings: Settings | None, machine: Machine) -> str:
    """Return the masked text of a bug report, which is safe to show on a terminal."""
    screen = Screen(width=WIDEST)
    lines = [
        f"teleinfo {__version__}",
        f"Python {platform.python_version()}",
        f"{platform.system()} {platform.release()} {platform.machine()}",
    ]
    release = re.search(r'^PRETTY_NAME="?(.*?)"?$', machine.text("/etc/os-release") or "", re.MULTILINE)
    if release is not None:
        lines.append(release[1])
    if machine.model:
        lines.append(machine.model)
    installed = set()  # a library may be installed twice, in the system and for the user
    for distribution in metadata.distributions():
        if distribution.name in LIBRARIES:
            installed.add(f"{distribution.name} {distribution.version}")
    lines += sorted(installed)
    text = "\n".join(lines) + "\n"
    for area, findings_of_area in findings.items():
        text += format_area(area, findings_of_area, screen)
    text += format_summary(findings, unit, screen)
    return masked(f"{printable_lines(text)}\n{as_json(findings)}\n", secrets_of(settings))


def secrets_of(settings: Settings | None) -> list[str]:
    """
    Return the texts to be masked in a report: the name of this machine, and names and secrets of `settings`.

    The longest comes first: a shorter text may be part of it, and would leave the rest of it.
    """
    names = {os.uname().nodename}
    secrets = set()
    if settings is not None:
        names.update(
            {
                settings.mqtt_username or "",
                settings.mqtt_host,
                settings.mqtt_client_id,
                settings.mqtt_topic,
                settings.homeassistant_prefix,
                settings.meter_name or "",
                settings.web_url or "",
                *settings.web_hosts,
            }
        )
        if is_remote(settings.serial_port):
            _scheme, _separator, host_and_port = settings.serial_port.partition("://")
            host, _colon, _port = host_and_port.rpartition(":")
            names.add(host)
        for name_of_setting in SECRETS:
            secret = getattr(settings, name_of_setting)
            if secret:
                secrets.add(secret)
    # A usual name would mask too much of the report; a secret is masked whatever it is.
    names -= _COMMON
    return sorted(names | secrets, key=len, reverse=True)


def masked(text: str, secrets: Sequence[str]) -> str:
    """Return `text` with the identifiers and the `secrets`, plain or as JSON writes them, masked."""
    for secret in secrets:
        in_json = json.dumps(secret, ensure_ascii=False)
        without_quotes = in_json[1:-1]
        # Each as it is, and as a terminal may have it.
        for form in {secret, without_quotes, printable(secret), printable(without_quotes)}:
            # Wrapping has replaced a blank by the end of a line and an indent.
            pattern = r"\s+".join([re.escape(word) for word in form.split(" ")])
            if len(secret) < _SHORTEST:
                pattern = rf"(?<!\w){pattern}(?!\w)"
            text = re.sub(pattern, MASK, text)
    text = _NUMBER.sub(_masked_number, text)
    text = _SERIAL.sub(rf"\1{MASK}\2", text)
    text = _SHORT_ADDRESS.sub(_masked_address, text)
    text = _HOME.sub(rf"\1{MASK}", text)
    return _ADDRESS.sub(MASK, text)


def _masked_number(match: re.Match[str]) -> str:
    """Return the mask behind the first two digits of a meter's number: in ADCO and ADSC, its maker."""
    return match[0][:2] + MASK


def _masked_address(match: re.Match[str]) -> str:
    """Return the mask in place of an IPv6 address, such as fe80::1%eth0, and any other text as it is."""
    try:
        ipaddress.IPv6Address(match[1])
    except ValueError:
        return match[0]
    return MASK
