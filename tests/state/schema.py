"""The JSON Schema of the state, which is a file of the package."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import teleinfo.state


def schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of the state."""
    path = Path(teleinfo.state.__file__).with_name("schema.json")
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found
