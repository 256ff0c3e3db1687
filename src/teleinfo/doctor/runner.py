"""The doctor's round: one area after the other, each with a bound in time, none of which changes anything."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from teleinfo.common.i18n import _
from teleinfo.doctor import check_broker, check_line, check_port, check_service, check_settings
from teleinfo.doctor.findings import Area, Finding, Severity, skipped
from teleinfo.mqtt.config import Topics
from teleinfo.port.tcp_bridge import BRIDGE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from teleinfo.doctor.machine import Machine
    from teleinfo.settings import Settings

T = TypeVar("T")

# Together less than a minute. The line: two tries of 6 s, then 12 s once the meter is found, with the time to
# open a port; the broker: its steps of 5 s each.
LINE_SECONDS = 27.0
BROKER_SECONDS = 20.0
SERVICE_SECONDS = 11.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """What is to be looked at, and who is told: `area` gets each area, `step` what is done meanwhile."""

    machine: Machine
    env_file: Path | None
    unit: str
    area: Callable[[Area], None]
    step: Callable[[str], None]


async def examine(asked: Examination) -> tuple[list[Area], Settings | None]:
    """Return all areas, in the order in which they were reported, and the settings if they are right."""
    areas: list[Area] = []

    def report(name: str, findings: list[Finding]) -> None:
        areas.append(Area(name, tuple(findings)))
        asked.area(areas[-1])

    found, settings = check_settings.check_settings(asked.env_file, asked.machine)
    report("settings", found)
    addresses: tuple[str, ...] = ()
    if settings is None:
        for name in ("port", "line", "broker"):
            report(name, [skipped(name, _("the settings come first"))])
    else:
        addresses = await _meter_and_broker(asked, settings, report)
    asked.step(_("asking systemd"))
    serial = None if settings is None else settings.serial_port
    work = check_service.check_service(asked.machine, asked.unit, port=serial, addresses=addresses)
    report("service", await _within(SERVICE_SECONDS, work, timed_out("installed")))
    return areas, settings


async def _meter_and_broker(
    asked: Examination, settings: Settings, report: Callable[[str, list[Finding]], None]
) -> tuple[str, ...]:
    """Look at the port, the line and the broker; return the addresses of the broker."""
    machine, topics = asked.machine, Topics(settings.mqtt_topic)
    found, access = check_port.check_port(machine, settings.serial_port)
    report("port", found)
    if access is check_port.Access.OURS:
        # The broker comes first: it knows how the line is.
        heard = None
    elif access is check_port.Access.FREE:
        heard = await _within(LINE_SECONDS, _listen(asked, settings), timed_out("line"))
        report("line", heard)
    else:
        heard = [skipped("line", _("the port comes first"))]
        report("line", heard)
    asked.step(_("asking the broker"))
    nothing: tuple[list[Finding], check_broker.RetainedState | None, tuple[str, ...]] = (
        timed_out("broker"),
        None,
        (),
    )
    asking = check_broker.check_broker(settings.broker, topics)
    answers, retained, addresses = await _within(BROKER_SECONDS, asking, nothing)
    if heard is None:
        report("line", check_line.line_from_broker(retained))
    report("broker", answers)
    return addresses


async def _listen(asked: Examination, settings: Settings) -> list[Finding]:
    bridge = settings.serial_port.startswith(BRIDGE)
    path = settings.serial_port if bridge else str(asked.machine.path(settings.serial_port))

    def report(baudrate: int) -> None:
        asked.step(_("listening at {baudrate} baud").format(baudrate=baudrate))

    return await check_line.check_line(settings, path, report)


def timed_out(check: str) -> list[Finding]:
    """Return what to say of an area that took too long."""
    return [skipped(check, _("it took too long, and was given up"))]


async def _within(seconds: float, work: Awaitable[T], otherwise: T) -> T:
    try:
        async with asyncio.timeout(seconds):
            return await work
    except TimeoutError:
        return otherwise


def worst(areas: list[Area]) -> Severity:
    """Return the verdict on the whole: what could not be looked at is no fault."""
    found = {one.severity for area in areas for one in area.findings}
    return next((verdict for verdict in (Severity.FAULT, Severity.WARNING) if verdict in found), Severity.OK)
