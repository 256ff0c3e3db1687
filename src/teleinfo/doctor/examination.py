"""Make all checks, each with a bound in time; nothing is changed on the machine."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from teleinfo.common.i18n import N_, _
from teleinfo.doctor.check_broker import check_broker
from teleinfo.doctor.check_line import check_line
from teleinfo.doctor.check_port import check_port
from teleinfo.doctor.check_service import check_service
from teleinfo.doctor.check_settings import check_settings
from teleinfo.doctor.findings import Severity, skipped
from teleinfo.doctor.report import AREAS, format_area

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from teleinfo.doctor.case import Case
    from teleinfo.doctor.findings import Finding


@dataclass(frozen=True, slots=True)
class Check:
    """
    The check of an area: its function, the seconds that it may take, and the step to show meanwhile.

    With `by_settings` it judges the port or the broker of the settings: it is skipped where the settings are
    wrong, and reports no fault where they are assumed.
    """

    area: str
    make: Callable[[Case], Awaitable[list[Finding]]]
    by_settings: bool
    seconds: float | None = None
    step: str = ""


# In the order in which they are made, together in less than a minute; the report has the order of `AREAS`.
# None needs root: what an ordinary user may not see is skipped.
CHECKS = (
    Check("settings", check_settings, by_settings=False),
    Check("port", check_port, by_settings=True),
    # 5 s for each of its steps.
    Check("broker", check_broker, by_settings=True, seconds=20, step=N_("asking the broker")),
    # Needs a free port, or, where a teleinfo reads the port, what the broker has retained of it.
    # Two tries of 6 s, then 12 s once the meter is heard, and the time to open a port.
    Check("line", check_line, by_settings=True, seconds=27),
    # Needs the addresses of the broker.
    Check("service", check_service, by_settings=False, seconds=11, step=N_("asking systemd")),
)


async def examine(case: Case) -> dict[str, list[Finding]]:
    """Make all checks, show each area once those before it are known, and return the findings by area."""
    known: dict[str, list[Finding]] = {}
    waiting = list(AREAS)
    for check in CHECKS:
        known[check.area] = await _made(check, case)
        while waiting and waiting[0] in known:
            area = waiting.pop(0)
            case.screen.write(format_area(area, known[area], case.screen))
    return {area: known[area] for area in AREAS}


async def _made(check: Check, case: Case) -> list[Finding]:
    if check.by_settings and case.valid_settings is None:
        return [skipped(check.area, _("the settings come first"))]
    if check.step:
        case.screen.step(_(check.step))
    try:
        async with asyncio.timeout(check.seconds):
            findings = await check.make(case)
    except TimeoutError:
        findings = [skipped(check.area, _("it took too long, and was given up"))]
    if not (check.by_settings and case.assumed):
        return findings
    # The settings of the service may differ: no fault is reported, and no setting is to be changed.
    return [
        replace(finding, severity=Severity.SKIPPED, advice="", commands=())
        if finding.severity in {Severity.FAULT, Severity.WARNING}
        else finding
        for finding in findings
    ]
