"""Settings of a process that has these variables and this file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from teleinfo.settings import Settings, SettingsError
from tests.support.settings import settings_of

if TYPE_CHECKING:
    from pathlib import Path

CANARY = "c4nary-s3cret"


def loaded(path: Path | None = None, /, **variables: str) -> Settings:
    """Return the settings of a process with these variables, which lack our prefix, and this file."""
    return settings_of({f"TELEINFO_{name}": value for name, value in variables.items()}, path)


def faults(path: Path | None = None, /, **variables: str) -> list[str]:
    """Return what is wrong with these variables and this file."""
    with pytest.raises(SettingsError) as caught:
        loaded(path, **variables)
    return list(caught.value.messages)


def written(tmp_path: Path, text: str) -> Path:
    """Return a settings file with this text."""
    path = tmp_path / "mine"
    path.write_text(text, encoding="utf-8")
    return path
