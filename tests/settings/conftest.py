"""The surroundings of every test of the settings."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty directory and environment: the developer's own settings are not read."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("TELEINFO")]:
        monkeypatch.delenv(name)
