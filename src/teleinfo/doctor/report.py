"""
Write the findings for programs (`--json`) and for a bug report (`--report`), which holds no identifier.

Masked in a report are: the user name, the password, the host, the client id, the topic and the discovery
prefix of the settings, unless they are the defaults; the name of this machine, meter numbers, network
addresses, and the names of home folders.
"""

from __future__ import annotations

import json
import os
import platform
import re
import sys
from dataclasses import replace
from importlib import metadata
from typing import TYPE_CHECKING

from teleinfo import __version__
from teleinfo.common.terminal_text import printable, printable_lines
from teleinfo.doctor.findings import Area, worst
from teleinfo.doctor.text_output import Style, format_area, format_summary
from teleinfo.port.tcp_bridge import BRIDGE, is_bridge

if TYPE_CHECKING:
    from collections.abc import Sequence

    from teleinfo.doctor.findings import Finding
    from teleinfo.doctor.machine import Machine
    from teleinfo.settings import Settings

LIBRARIES = ("pyserial", "pyserial-asyncio", "aiomqtt", "paho-mqtt", "pydantic", "pydantic-settings")

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


def as_json(areas: Sequence[Area]) -> str:
    """Return one JSON object: the version, the worst severity, and the findings in their order."""
    found = [
        {
            "area": each.name,
            "check": one.check,
            "verdict": one.severity,
            "saw": one.message,
            "advice": one.advice,
            "lines": list(one.lines),
            "facts": dict(one.facts),
        }
        for each in areas
        for one in each.findings
    ]
    text = json.dumps(
        {"version": __version__, "verdict": worst(areas), "findings": found},
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
        lines=tuple(masked(line, secrets) for line in finding.lines),
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
