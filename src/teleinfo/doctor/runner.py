"""Check one area after the other, each with a bound in time; nothing is changed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from teleinfo.common.i18n import _
from teleinfo.doctor.check_broker import check_broker
from teleinfo.doctor.check_line import check_line, line_from_broker
from teleinfo.doctor.check_port import Access, check_port
from teleinfo.doctor.check_service import check_service
from teleinfo.doctor.check_settings import check_settings
from teleinfo.doctor.findings import Area, Finding, as_skipped, skipped
from teleinfo.mqtt.config import Topics
from teleinfo.port.tcp_bridge import is_bridge
from teleinfo.settings import SERVICE_FILE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from teleinfo.doctor.check_topics import RetainedState
    from teleinfo.doctor.machine import Machine
    from teleinfo.settings import Settings

T = TypeVar("T")

# Seconds, together less than a minute. The line: two tries of 6 s, then 12 s once the meter is found, and the
# time to open a port; the broker: its steps of 5 s each.
LINE_TIMEOUT = 27.0
BROKER_TIMEOUT = 20.0
SERVICE_TIMEOUT = 11.0

UNIT = "teleinfo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """
    What to check, and what to call meanwhile: `on_area` with each area, `on_step` with what is done next.

    `unit` is the name of the service; of `unit` and `env_file` each follows from the other: see `unit_of`.
    """

    machine: Machine
    env_file: Path | None
    unit: str | None
    on_area: Callable[[Area], None]
    on_step: Callable[[str], None]


async def examine(asked: Examination) -> tuple[list[Area], Settings | None]:
    """Return all areas, in the order of their report, and the settings, None where they are wrong."""
    areas: list[Area] = []

    def report(name: str, findings: list[Finding]) -> None:
        areas.append(Area(name, tuple(findings)))
        asked.on_area(areas[-1])

    env_file = asked.env_file or env_file_of(asked.unit)
    unit = asked.unit or unit_of(env_file)
    checked = check_settings(env_file)
    settings = checked.settings
    report("settings", checked.findings)
    addresses: tuple[str, ...] = ()
    if settings is None:
        for name in ("port", "line", "broker"):
            report(name, [skipped(name, _("the settings come first"))])
    else:
        adapt = as_skipped if checked.assumed else list[Finding]
        addresses = await _check_meter_and_broker(
            asked, settings, unit, lambda name, findings: report(name, adapt(findings))
        )
    asked.on_step(_("asking systemd"))
    # Settings that were assumed say nothing of the port and the broker of the service.
    known = None if checked.assumed else settings
    work = check_service(
        asked.machine,
        unit,
        port=None if known is None else known.serial_port,
        addresses=() if known is None else addresses,
        settings_valid=known is not None,
    )
    report("service", await _within(SERVICE_TIMEOUT, work, timed_out("installed")))
    return areas, settings


def unit_of(env_file: Path | None) -> str:
    """Return the service whose settings are in `env_file`: that of one more meter is `teleinfo@NAME`."""
    if env_file is not None:
        path = env_file.absolute()
        if path.parent == SERVICE_FILE.parent and path.suffix == ".env" and path != SERVICE_FILE:
            return f"{UNIT}@{path.stem}"
    return UNIT


def env_file_of(unit: str | None) -> Path | None:
    """Return the file with the settings of one more meter's service, None for any other service."""
    name, at, instance = (unit or "").removesuffix(".service").partition("@")
    return SERVICE_FILE.parent / f"{instance}.env" if name == UNIT and at and instance else None


async def _check_meter_and_broker(
    asked: Examination, settings: Settings, unit: str, report: Callable[[str, list[Finding]], None]
) -> tuple[str, ...]:
    """Check the port, the line and the broker; return the addresses of the broker."""
    found, access = check_port(asked.machine, settings.serial_port)
    report("port", found)
    if access is Access.FREE:
        report("line", await _within(LINE_TIMEOUT, _listen(asked, settings), timed_out("line")))
    elif access is Access.NONE:
        report("line", [skipped("line", _("the port comes first"))])
    asked.on_step(_("asking the broker"))
    nothing: tuple[list[Finding], RetainedState | None, tuple[str, ...]] = (timed_out("broker"), None, ())
    asking = check_broker(settings.broker, Topics(settings.mqtt_topic))
    answers, retained, addresses = await _within(BROKER_TIMEOUT, asking, nothing)
    if access is Access.OURS:
        report("line", line_from_broker(retained, unit))
    report("broker", answers)
    return addresses


async def _listen(asked: Examination, settings: Settings) -> list[Finding]:
    port = settings.serial_port
    path = port if is_bridge(port) else str(asked.machine.path(port))

    def on_speed(baudrate: int) -> None:
        asked.on_step(_("listening at {baudrate} baud").format(baudrate=baudrate))

    return await check_line(settings, path, on_speed)


def timed_out(check: str) -> list[Finding]:
    """Return the finding on an area that took too long."""
    return [skipped(check, _("it took too long, and was given up"))]


async def _within(seconds: float, work: Awaitable[T], otherwise: T) -> T:
    try:
        async with asyncio.timeout(seconds):
            return await work
    except TimeoutError:
        return otherwise
