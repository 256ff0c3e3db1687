"""
`teleinfo doctor`: find out why nothing is published, and show the commands to type next.

It changes nothing. Exit status 0: everything was judged, and there is no fault; 1: there is a fault,
something could not be judged, or the report cannot be written.

With `--quiet` the doctor only reads from the broker, which is cheap enough for the health check of a
container. Exit status 0: readings come; 1: no readings come.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import traceback
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from teleinfo import __version__
from teleinfo.common import event_loop
from teleinfo.common.files import exists, file_error
from teleinfo.common.i18n import N_, _
from teleinfo.common.terminal_text import printable
from teleinfo.console.output import command_line, fail, say
from teleinfo.doctor import line_report, report
from teleinfo.doctor.broker_messages import ONLINE, read_retained, said_by
from teleinfo.doctor.case import Case, unit_of
from teleinfo.doctor.check_broker import check_broker
from teleinfo.doctor.check_line import check_line, hear
from teleinfo.doctor.check_port import check_board, check_holder, check_opened, check_port, check_rights
from teleinfo.doctor.check_prices import check_prices
from teleinfo.doctor.check_service import check_journal, check_page, check_published, check_unit
from teleinfo.doctor.check_settings import check_settings
from teleinfo.doctor.finding import Finding, Severity, find
from teleinfo.doctor.findings import of_examination
from teleinfo.doctor.line_damage import diagnose
from teleinfo.doctor.machine import Machine
from teleinfo.doctor.report import AREAS, Screen, format_area
from teleinfo.mqtt.errors import BrokerError
from teleinfo.port.errors import PortError
from teleinfo.port.line_socket import line_of
from teleinfo.port.search import candidates
from teleinfo.settings import Settings, default_env_file
from teleinfo.settings.sources import load

if TYPE_CHECKING:
    import argparse

HELP = N_("Find out why nothing comes: settings, serial port, line, broker, service. Changes nothing.")

QUIET_TIMEOUT = 5.0
"""Seconds for a connection of `--quiet`, in each version of MQTT; Docker gives it 15 s in all."""

LINE_SECONDS = 60.0
"""Seconds for which `--line` listens once the meter is heard."""

PORT = Path()
"""The path that stands for the line of the settings."""


Check = Callable[[Case], AsyncIterator[Finding]]

CHECKS: dict[str, tuple[float, tuple[Check, ...]]] = {
    # The sandbox of the service answers in 5 s.
    "settings": (10, (check_settings, check_prices)),
    # The sandbox may be asked here first, and the service tries its port again within 5 s.
    "port": (17, (check_port, check_board, check_holder, check_rights, check_opened)),
    # Each of its steps may take 5 s.
    "broker": (25, (check_broker,)),
    # Needs a free port or, if a teleinfo reads it, the messages that the broker retains from that teleinfo.
    # Two attempts of 6 s, another 12 s once the meter is heard, and the time to open the port.
    "line": (27, (check_line,)),
    # Needs what the broker retains.
    "service": (11, (check_unit, check_journal, check_published, check_page)),
}
"""
Checks by area, with the limit of each in seconds, in their order; `AREAS` has the order of the report.

Where nothing hangs they take less than a minute. No check needs root: it skips what the user may not see.
"""

BY_SETTINGS = frozenset({"port", "broker", "line"})
"""Areas that cannot be judged without the settings."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of the doctor to `parser`."""
    add = parser.add_argument
    add("--json", action="store_true", help=_("print one JSON object, for programs"))
    quiet = _("ask the broker alone whether readings come, and print nothing but why they do not")
    add("--quiet", action="store_true", help=quiet)
    written = _("write as well what to attach to a bug report, without identifiers and secrets")
    add("--report", type=Path, metavar="FILE", help=written)
    line = _("show which bits arrive wrong, and why: of a recording, or of the line, heard for a minute")
    add("--line", type=Path, nargs="?", const=PORT, metavar="FILE", help=line)


def main(arguments: argparse.Namespace) -> int:
    """Run the checks, print the findings, and return the exit status (see the docstring of the module)."""
    report_path = arguments.report
    if report_path is not None and exists(report_path):
        say(_("{path} is there already: choose another name").format(path=report_path))
        return 1
    # The findings report the same as the log.
    logging.disable(logging.CRITICAL)
    env_file = arguments.env_file
    if arguments.quiet:
        return event_loop.run(_ask_broker(load(env_file or default_env_file())))
    screen = report.terminal(quiet=arguments.json)
    if arguments.line is not None:
        return _show_line(arguments.line, env_file, screen, is_json=arguments.json)
    case = Case(Machine(), screen, env_file, unit_of(env_file))
    if os.access(case.credentials, os.R_OK):  # a password may be among them
        os.environ.setdefault("CREDENTIALS_DIRECTORY", str(case.credentials))
    screen.write(f"teleinfo {__version__} {printable(case.machine.model)}".rstrip() + "\n")
    findings = event_loop.run(examine(case))
    screen.write(report.format_summary(findings, case.unit, screen))
    if arguments.json:
        sys.stdout.write(report.as_json(findings) + "\n")
    if report_path is not None:
        text = report.as_report(findings, case.unit, case.valid_settings, case.machine)
        try:
            report_path.touch(0o600, exist_ok=False)  # for nobody else to read
            report_path.write_text(text, encoding="utf-8")
        except OSError as error:
            say(_("The report cannot be written: {reason}").format(reason=_(file_error(error))))
            return 1
        say(_("The report is in {path}. Read it before you send it.").format(path=report_path))
    is_well = report.worst(findings) in {Severity.OK, Severity.WARNING}
    return 0 if is_well else 1


async def examine(case: Case) -> dict[str, list[Finding]]:
    """
    Run all checks and return the findings by area; show each area after the areas before it.

    An area that needs the settings has one finding if there are no valid settings.
    """
    findings_by_area: dict[str, list[Finding]] = {}
    areas_to_show = list(AREAS)
    for checked_area, (seconds, checks) in CHECKS.items():
        findings = []
        if checked_area in BY_SETTINGS and case.valid_settings is None:
            findings.append(replace(find(of_examination.SETTINGS_FIRST), check=checked_area))
        else:
            for check in checks:
                findings += await _judge(checked_area, check(case), seconds)
        findings_by_area[checked_area] = findings
        # The broker is checked before the line, and shown after it.
        while areas_to_show and areas_to_show[0] in findings_by_area:
            area = areas_to_show.pop(0)
            case.screen.write(format_area(area, findings_by_area[area], case.screen))
    return {area: findings_by_area[area] for area in AREAS}


async def _judge(area: str, check: AsyncIterator[Finding], seconds: float) -> list[Finding]:
    """Return the findings of `check`; if it breaks or takes too long, those before that, and a line on it."""
    findings: list[Finding] = []
    try:
        async with asyncio.timeout(seconds) as limit:
            async for finding in check:
                findings.append(finding)  # one by one: an error must not lose the findings before it
    except Exception as error:  # noqa: BLE001 - an error in a check is a line of the report, which goes on
        if limit.expired():
            return [*findings, replace(find(of_examination.TOO_SLOW, seconds=seconds), check=area)]
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(place.filename).name}:{place.lineno}"
        line = command_line("doctor", "--report", "report.txt")
        broken = find(of_examination.BROKEN, error=repr(error), where=where, line=line)
        return [*findings, replace(broken, check=area)]
    return findings


async def _ask_broker(settings: Settings) -> int:
    """Return 0 if the status of the service is `online` at the broker; else print why not, and return 1."""
    try:
        status, health = await read_retained(settings, limit=QUIET_TIMEOUT)
    except BrokerError as error:
        say(_(error.message))
        return 1
    if status == ONLINE:
        return 0
    if status is None:
        say(_("no teleinfo has published on {topic} yet").format(topic=settings.mqtt_topic))
    else:
        say(said_by(status, health))
    return 1


def _show_line(path: Path, env_file: Path | None, screen: Screen, *, is_json: bool) -> int:
    """Show the damage of a recording, or of the line; return 1 if it cannot be read or has no sound group."""
    try:
        data = _heard(env_file, screen) if path == PORT else path.read_bytes()
    except OSError as error:
        why = _("{path} cannot be read: {error}").format(path=path, error=_(file_error(error)))
        return fail("doctor", why)
    except PortError as error:
        return fail("doctor", error.localized())
    damage = diagnose(data)
    if not damage.groups:
        return fail("doctor", _("there is no sound group"))
    lines = []
    for sentence in line_report.sentences(damage):
        lines += screen.wrap(sentence)
    if damage.cause is not None:
        lines.append(screen.command(command_line("doctor", "--line")))
    lines += ["", *line_report.chart(damage)]
    screen.write("\n".join(lines) + "\n")
    if is_json:
        sys.stdout.write(line_report.as_json(damage) + "\n")
    return 0


def _heard(env_file: Path | None, screen: Screen) -> bytes:
    """Return what comes from the line of the settings; raise PortError or SettingsError."""
    settings = load(env_file or default_env_file())
    wanted = candidates(settings.serial_mode, settings.serial_baudrate)
    probes = event_loop.run(hear(line_of(settings.serial_port), wanted, screen, LINE_SECONDS))
    return bytes(probes[-1].data)  # of the speed that was found, or that was tried last
