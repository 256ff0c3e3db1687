"""The doctor's round: one area after the other, each with a bound in time, none of which changes anything."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from teleinfo.common.i18n import _
from teleinfo.daemon.app import broker_config
from teleinfo.doctor import broker, line, port, service
from teleinfo.doctor import settings as settings_area
from teleinfo.doctor.findings import Area, Finding, Severity, unseen
from teleinfo.mqtt.topics import Topics
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
class Round:
    """What is to be looked at, and who is told: `area` gets each area, `step` what is done meanwhile."""

    machine: Machine
    env_file: Path | None
    unit: str
    area: Callable[[Area], None]
    step: Callable[[str], None]


async def examine(asked: Round) -> tuple[list[Area], Settings | None]:
    """Return all areas, in the order in which they were reported, and the settings if they are right."""
    areas: list[Area] = []

    def tell(name: str, findings: list[Finding]) -> None:
        areas.append(Area(name, tuple(findings)))
        asked.area(areas[-1])

    found, settings = settings_area.examine(asked.env_file, asked.machine)
    tell("settings", found)
    addresses: tuple[str, ...] = ()
    if settings is None:
        for name in ("port", "line", "broker"):
            tell(name, [unseen(name, _("the settings come first"))])
    else:
        addresses = await _meter_and_broker(asked, settings, tell)
    asked.step(_("asking systemd"))
    serial = None if settings is None else settings.serial_port
    work = service.examine(asked.machine, asked.unit, port=serial, addresses=addresses)
    tell("service", await _within(SERVICE_SECONDS, work, late("installed")))
    return areas, settings


async def _meter_and_broker(
    asked: Round, settings: Settings, tell: Callable[[str, list[Finding]], None]
) -> tuple[str, ...]:
    """Look at the port, the line and the broker; return the addresses of the broker."""
    machine, topics = asked.machine, Topics(settings.mqtt_topic)
    found, access = port.examine(machine, settings.serial_port)
    tell("port", found)
    if access is port.Access.OURS:
        # The broker comes first: it knows how the line is.
        heard = None
    elif access is port.Access.FREE:
        heard = await _within(LINE_SECONDS, _listen(asked, settings), late("line"))
        tell("line", heard)
    else:
        heard = [unseen("line", _("the port comes first"))]
        tell("line", heard)
    asked.step(_("asking the broker"))
    nothing: tuple[list[Finding], broker.RetainedState | None, tuple[str, ...]] = (late("broker"), None, ())
    asking = broker.examine(broker_config(settings), topics)
    answers, retained, addresses = await _within(BROKER_SECONDS, asking, nothing)
    if heard is None:
        tell("line", line.from_the_broker(retained))
    tell("broker", answers)
    return addresses


async def _listen(asked: Round, settings: Settings) -> list[Finding]:
    bridge = settings.serial_port.startswith(BRIDGE)
    path = settings.serial_port if bridge else str(asked.machine.path(settings.serial_port))

    def tell(baudrate: int) -> None:
        asked.step(_("listening at {baudrate} baud").format(baudrate=baudrate))

    return await line.examine(settings, path, tell)


def late(check: str) -> list[Finding]:
    """Return what to say of an area that took too long."""
    return [unseen(check, _("it took too long, and was given up"))]


async def _within(seconds: float, work: Awaitable[T], otherwise: T) -> T:
    try:
        async with asyncio.timeout(seconds):
            return await work
    except TimeoutError:
        return otherwise


def worst(areas: list[Area]) -> Severity:
    """Return the verdict on the whole: what could not be looked at is no fault."""
    found = {one.verdict for area in areas for one in area.findings}
    return next((verdict for verdict in (Severity.FAULT, Severity.WARNING) if verdict in found), Severity.OK)
