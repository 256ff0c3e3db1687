"""
A schema of the files of an app for Home Assistant's Supervisor, as far as ours has them.

From the developers' documentation (developers.home-assistant.io: "App configuration", "Create an app
repository"). The Supervisor drops a key that it does not know without a word: here that is a fault.
"""

from __future__ import annotations

import re
from typing import Any

_NUMBER = r"\d+(?:\.\d+)?"
_RANGE = rf"\((?:{_NUMBER})?,(?:{_NUMBER})?\)"
OPTION_TYPE = (
    rf"^(?:bool|email|url|port|match\(.*\)|list\([^()]+\)|device(?:\(subsystem=[a-z]+\))?"
    rf"|(?:str|password|int|float)(?:{_RANGE})?)\??$"
)

_TEXT = {"type": "string", "minLength": 1}
_SWITCH = {"type": "boolean"}

CONFIG: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name", "version", "slug", "description", "arch"],
    "properties": {
        "name": _TEXT,
        "version": {"type": "string", "pattern": r"^\d+\.\d+\.\d+$"},
        "slug": {"type": "string", "pattern": r"^[-_.A-Za-z0-9]+$"},
        "description": _TEXT,
        "arch": {"type": "array", "minItems": 1, "items": {"enum": ["aarch64", "amd64"]}},
        "url": {"type": "string", "format": "uri"},
        "stage": {"enum": ["stable", "experimental", "deprecated"]},
        "homeassistant": {"type": "string", "pattern": r"^\d{4}\.\d+\.\d+$"},
        "startup": {"enum": ["initialize", "system", "services", "application", "once"]},
        "boot": {"enum": ["auto", "manual", "manual_only"]},
        "init": _SWITCH,
        "uart": _SWITCH,
        "ingress": _SWITCH,
        "ingress_port": {"type": "integer", "minimum": 0, "maximum": 65535},
        "panel_icon": {"type": "string", "pattern": "^mdi:[a-z-]+$"},
        "services": {
            "type": "array",
            "items": {"type": "string", "pattern": "^(?:mqtt|mysql):(?:provide|want|need)$"},
        },
        "map": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["type"],
                "properties": {"type": {"enum": ["ssl"]}, "read_only": _SWITCH, "path": _TEXT},
            },
        },
        "options": {"type": "object"},
        "schema": {"type": "object", "additionalProperties": {"type": "string", "pattern": OPTION_TYPE}},
    },
}


def samples(option_type: str) -> list[object]:
    """Return values that a user can give to an option of this type, the bounds of its range among them."""
    assert re.match(OPTION_TYPE, option_type)
    kind, _, rest = option_type.removesuffix("?").removesuffix(")").partition("(")
    match kind:
        case "bool":
            return [True, False]
        case "list":
            return [*rest.split("|")]
        case "int" | "float" if rest:
            return [int(bound) if kind == "int" else float(bound) for bound in rest.split(",")]
        case "device":
            return ["/dev/ttyUSB0"]
    return []
