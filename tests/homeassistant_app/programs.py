"""The two programs of systemd/homeassistant-app, which are no modules of teleinfo."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

FOLDER = Path(__file__).parents[2] / "systemd/homeassistant-app"


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"homeassistant_app_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


build = _load(FOLDER / "build.py")
start = _load(FOLDER / "teleinfo/start.py")
