"""The settings that a process has, without starting one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from teleinfo.settings import Settings, variable_of
from teleinfo.settings.faults import written
from teleinfo.settings.model import SettingsModel
from teleinfo.settings.sources import load

if TYPE_CHECKING:
    from collections.abc import Mapping


def settings_of(variables: Mapping[str, str], path: Path | None = Path(os.devnull)) -> Settings:
    """Return the settings of a process with these environment variables of ours, no others, and this file."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("TELEINFO")]:
            patch.delenv(name)
        for name, value in variables.items():
            patch.setenv(name, value)
        return load(path)


def documented() -> list[tuple[str, str, str]]:
    """Return variable, default and explanation of each setting, in the order of the model."""
    return [
        (variable_of(name), written(field.default), str(field.description))
        for name, field in SettingsModel.model_fields.items()
    ]
