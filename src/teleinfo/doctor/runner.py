"""Check one area after the other, each with a bound in time; nothing is changed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from teleinfo.common.i18n import _
from teleinfo.doctor.check_broker import check_broker
from teleinfo.doctor.check_line import check_line, line_from_broker
from teleinfo.doctor.check_port import Access, check_port
from teleinfo.doctor.check_service import check_service
from teleinfo.doctor.check_settings import check_settings
from teleinfo.doctor.findings import Area, as_skipped, skipped
from teleinfo.mqtt.config import Topics
from teleinfo.settings import SERVICE_FILE

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from pathlib import Path

    from teleinfo.doctor.check_topics import RetainedState
    from teleinfo.doctor.findings import Finding
    from teleinfo.doctor.machine import Machine
    from teleinfo.doctor.screen import Screen
    from teleinfo.settings import Settings

T = TypeVar("T")

# Seconds, together less than a minute. The line: two tries of 6 s, then 12 s once the meter is found, and the
# time to open a port; the broker: its steps of 5 s each.
LINE_TIMEOUT = 27.0
BROKER_TIMEOUT = 20.0
SERVICE_TIMEOUT = 11.0

UNIT = "teleinfo"


class Examination:
    """
    The examination of `machine`, shown on `screen`: `areas` in the order of the report.

    `unit` is the name of the service; of `unit` and `env_file` each follows from the other: see `unit_of`.
    """

    def __init__(self, machine: Machine, screen: Screen, *, env_file: Path | None, unit: str | None) -> None:
        self.areas: list[Area] = []
        self._machine = machine
        self._screen = screen
        self._env_file = env_file or env_file_of(unit)
        self._unit = unit or unit_of(self._env_file)
        self._assumed = False

    async def run(self) -> Settings | None:
        """Check everything; return the settings, None where they are wrong."""
        checked = check_settings(self._env_file)
        settings = checked.settings
        self._add("settings", checked.findings)
        addresses: tuple[str, ...] = ()
        if settings is None:
            for name in ("port", "line", "broker"):
                self._add(name, [skipped(name, _("the settings come first"))])
        else:
            self._assumed = checked.assumed
            addresses = await self._check_meter_and_broker(settings)
            self._assumed = False
        self._screen.step(_("asking systemd"))
        # Settings that were assumed say nothing of the port and the broker of the service.
        known = None if checked.assumed else settings
        work = check_service(
            self._machine,
            self._unit,
            port=None if known is None else known.serial_port,
            addresses=() if known is None else addresses,
            settings_valid=known is not None,
        )
        self._add("service", await _within(SERVICE_TIMEOUT, work, timed_out("installed")))
        return settings

    async def _check_meter_and_broker(self, settings: Settings) -> tuple[str, ...]:
        """Check the port, the line and the broker; return the addresses of the broker."""
        findings, access = check_port(self._machine, settings.serial_port)
        self._add("port", findings)
        if access is Access.FREE:
            listening = check_line(settings, self._machine, self._screen)
            self._add("line", await _within(LINE_TIMEOUT, listening, timed_out("line")))
        elif access is Access.NONE:
            self._add("line", [skipped("line", _("the port comes first"))])
        self._screen.step(_("asking the broker"))
        nothing: tuple[list[Finding], RetainedState | None, tuple[str, ...]] = (timed_out("broker"), None, ())
        asking = check_broker(settings.broker, Topics(settings.mqtt_topic))
        answers, retained, addresses = await _within(BROKER_TIMEOUT, asking, nothing)
        if access is Access.OURS:
            self._add("line", line_from_broker(retained, self._unit))
        self._add("broker", answers)
        return addresses

    def _add(self, name: str, findings: list[Finding]) -> None:
        self.areas.append(Area(name, tuple(as_skipped(findings) if self._assumed else findings)))
        self._screen.area(self.areas[-1])


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


def timed_out(check: str) -> list[Finding]:
    """Return the finding on an area that took too long."""
    return [skipped(check, _("it took too long, and was given up"))]


async def _within(seconds: float, work: Awaitable[T], otherwise: T) -> T:
    try:
        async with asyncio.timeout(seconds):
            return await work
    except TimeoutError:
        return otherwise
