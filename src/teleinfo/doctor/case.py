"""The case of one service: its machine, and the results of earlier checks that later checks need."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from teleinfo.doctor.machine import Machine
from teleinfo.doctor.report import Screen
from teleinfo.settings import SERVICE_FILE, Settings

if TYPE_CHECKING:
    from pathlib import Path

    from teleinfo.port.health import Health

UNIT = "teleinfo"


class Access(enum.Enum):
    """Access to the serial port."""

    FREE = "free"  # we may listen
    OURS = "ours"  # a teleinfo reads it, and publishes the quality of the line
    NONE = "none"


@dataclass(slots=True)
class Case:
    """
    The machine, the service `unit`, its `env_file` (None: the usual file), and the results of the checks.

    `valid_settings` is None if the settings are wrong. They are `assumed` if this user may not read the file:
    then they come from the environment and the defaults. `addresses` are those of the broker, which retains
    the `status` ("online" or "offline") and the `health` of the service. `properties` and `attempts` are
    those of the module `unit`, None as long as nobody has asked.
    """

    machine: Machine = field(default_factory=Machine)
    screen: Screen = field(default_factory=Screen)
    env_file: Path | None = None
    unit: str = UNIT
    valid_settings: Settings | None = None
    assumed: bool = False
    access: Access = Access.NONE
    addresses: tuple[str, ...] = ()
    status: str | None = None
    health: Health | None = None
    properties: dict[str, str] | None = None
    attempts: dict[str, str] | None = None

    @property
    def knows_settings(self) -> bool:
        """True if the settings are valid and those of the service."""
        return self.valid_settings is not None and not self.assumed

    @property
    def settings(self) -> Settings:
        """The valid settings; raises LookupError if the settings are wrong."""
        if self.valid_settings is None:
            raise LookupError("the settings are wrong")
        return self.valid_settings


def unit_of(env_file: Path | None) -> str:
    """Return the service that reads `env_file`: `teleinfo@NAME` for the file NAME.env of another meter."""
    path = (env_file or SERVICE_FILE).absolute()
    is_further = path.parent == SERVICE_FILE.parent and path.suffix == ".env" and path != SERVICE_FILE
    return f"{UNIT}@{path.stem}" if is_further else UNIT


def env_file_of(unit: str | None) -> Path | None:
    """Return the settings file NAME.env of the service `teleinfo@NAME`; None for any other service."""
    name, at, instance = (unit or "").removesuffix(".service").partition("@")
    return SERVICE_FILE.parent / f"{instance}.env" if name == UNIT and at and instance else None
