"""
The JSON Schemas of the messages: closed ones for the tests, and open ones that are published.

A closed schema names each key, type and code of this version. An open one accepts whatever a later version of
the same major may publish: further keys, codes and events, numbers with decimals, and null. It uses no
keyword and no format that a validator may not know: units stand in descriptions, and times have a pattern.
"""

from __future__ import annotations

import enum
import inspect
import re
import types
from collections.abc import Mapping
from dataclasses import is_dataclass
from typing import Any, Union, get_args, get_origin, get_type_hints

from teleinfo import __version__
from teleinfo.doctor.finding import Severity
from teleinfo.doctor.report import AREAS, CHECK_TITLES
from teleinfo.port.health import Health
from teleinfo.state.field_entry import StateType
from teleinfo.tic.labels import Kind
from teleinfo.vocabulary.codes import Event
from teleinfo.vocabulary.line import PROBLEMS
from teleinfo.vocabulary.words import Language

JsonSchema = dict[str, Any]

DRAFT = "https://json-schema.org/draft/2020-12/schema"
MAJOR = __version__.partition(".")[0]
TIME = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$"
"""ISO 8601 with the offset, as every time of a message is written."""
IDENTITY = ("time", "event", "name", "meter", "version", "verdict", "findings", "fields", "labels")
"""Members that a message has because of what it is."""


def identity(name: str) -> str:
    """Return the id of a published schema, in which the major version stands."""
    return f"urn:teleinfo-mqtt:schemas/{MAJOR}/{name}"


def opened(name: str, closed: JsonSchema) -> JsonSchema:
    """Return the published schema of the message `name`, made of the closed one."""
    members = closed.get("properties", {})
    found: JsonSchema = {"$schema": DRAFT, "$id": identity(name)}
    if "oneOf" in closed:
        return found | _events(closed)
    found |= {key: closed[key] for key in ("title", "description", "type") if key in closed}
    found["properties"] = {key: _open(value, required=key in IDENTITY) for key, value in members.items()}
    required = [key for key in closed.get("required", ()) if key in IDENTITY]
    return found | ({"required": required} if required else {})


def _events(closed: JsonSchema) -> JsonSchema:
    """Return the schema of an event: its common members, and the details of each event that is known."""
    common: JsonSchema = {}
    details: list[JsonSchema] = []
    for one in closed["oneOf"]:
        members = {key: _open(value, required=key in IDENTITY) for key, value in one["properties"].items()}
        event = members["event"]["const"]
        more = {key: value for key, value in members.items() if key not in IDENTITY}
        common |= {key: value for key, value in members.items() if key in IDENTITY}
        if more:
            condition = {"type": "object", "properties": {"event": {"const": event}}, "required": ["event"]}
            details.append({"if": condition, "then": {"type": "object", "properties": more}})
    codes = [{"const": event.value, "description": str(event.words)} for event in Event]
    common["event"] = {"anyOf": [*codes, {"type": "string"}]}
    head = {key: closed[key] for key in ("title", "description")}
    return head | {"type": "object", "properties": common, "required": list(common), "allOf": details}


def _open(closed: JsonSchema, *, required: bool = False) -> JsonSchema:
    """Return the open schema of a value; one that is not `required` may be null."""
    if "const" in closed:
        return dict(closed)
    unit = closed.get("unit")
    description = closed.get("description", "") + (f" In {unit}." if unit else "")
    found: JsonSchema = {"description": description} if description else {}
    null = [] if required and "null" not in _types(closed) else ["null"]
    if "enum" in closed:
        codes = [code for code in closed["enum"] if code is not None]
        return found | {"anyOf": [{"enum": codes}, *({"type": kind} for kind in ["string", *null])]}
    kinds = ["number" if kind == "integer" else kind for kind in _types(closed) if kind != "null"]
    if not kinds:
        return found
    if len(kinds) > 1:
        return found | {"anyOf": [{"type": kind} for kind in [*kinds, *null]]}
    return found | {"type": [*kinds, *null] if null else kinds[0]} | _open_parts(closed)


def _open_parts(closed: JsonSchema) -> JsonSchema:
    """Return what the open schema of a value says besides its type."""
    found: JsonSchema = {
        keyword: closed[keyword] for keyword in ("minimum", "maximum", "pattern") if keyword in closed
    }
    if closed.get("format") == "date-time":
        found["pattern"] = TIME
    if closed.get("properties"):
        found["properties"] = {key: _open(value) for key, value in closed["properties"].items()}
    for keyword in ("items", "additionalProperties"):
        if closed.get(keyword):
            found[keyword] = _open(closed[keyword])
    return found


def _types(schema: JsonSchema) -> list[str]:
    kinds = schema.get("type", [])
    return [kinds] if isinstance(kinds, str) else list(kinds)


def health_schema() -> JsonSchema:
    """Return the closed schema of the message `health`, of the types and the docstring of `Health`."""
    members = _members(Health)
    members["problem"] = {"description": members["problem"]["description"], "enum": [*PROBLEMS, None]}
    for name, member in members.items():
        if name in {"time", "last_frame"}:
            member["format"] = "date-time"
    return _object(
        "teleinfo health",
        "The quality of the line to the meter, and why no frame comes: a message of the topic <base>/health.",
        members,
    )


def _members(of: type[Any]) -> JsonSchema:
    meanings = dict(re.findall(r"^- `(\w+)`: (.+?)\.?$", inspect.getdoc(of) or "", re.MULTILINE))
    members: JsonSchema = {}
    for name, kind in get_type_hints(of).items():
        meaning = meanings.get(name, "")
        meaning = meaning.replace("None", "null").replace("`", "")
        described = {"description": f"{meaning[:1].upper()}{meaning[1:]}."} if meaning else {}
        members[name] = described | _of_type(kind)
    return members


def _of_type(kind: Any) -> JsonSchema:  # noqa: ANN401 - any type
    """Return the schema of the values of a type."""
    plain = {str: "string", int: "integer", float: "number", bool: "boolean"}
    origin = get_origin(kind)
    arguments = get_args(kind)
    if origin in {Union, types.UnionType}:
        [inner] = [each for each in arguments if each is not type(None)]
        schema = _of_type(inner)
        if "enum" in schema:
            return {"enum": [*schema["enum"], None]}
        return schema | {"type": [schema["type"], "null"]}
    if kind in plain:
        return {"type": plain[kind]}
    if origin is tuple:
        return {"type": "array", "items": _of_type(arguments[0])}
    if origin is Mapping:
        return {"type": "object", "additionalProperties": _of_type(arguments[1])}
    if isinstance(kind, type) and issubclass(kind, enum.StrEnum):
        return {"enum": [member.value for member in kind]}
    if isinstance(kind, type) and is_dataclass(kind):
        return _object("", "", _members(kind))
    return {}


def _object(title: str, description: str, members: JsonSchema) -> JsonSchema:
    head = {"title": title, "description": description} if title else {}
    return head | {
        "type": "object",
        "properties": members,
        "required": list(members),
        "additionalProperties": False,
    }


def meta_schema() -> JsonSchema:
    """Return the closed schema of the message `meta`."""

    def entries(kinds: type[enum.Enum], description: str) -> JsonSchema:
        members = {
            "kind": {"enum": [kind.value for kind in kinds]},
            "unit": {"type": ["string", "null"]},
            **{language.value: {"type": "string"} for language in Language},
        }
        return {
            "description": description,
            "type": "object",
            "additionalProperties": _object("", "", members),
        }

    fields = entries(StateType, "The fields of the state, by their path.")
    fields["additionalProperties"]["properties"]["deprecated"] = {
        "description": "The path of the field that replaces this one, which goes with 2.0. Else absent.",
        "type": "string",
    }
    return _object(
        "teleinfo meta",
        "Kind, unit and meaning of what this meter has: a message of the topic <base>/meta.",
        {
            "fields": fields,
            "labels": entries(
                Kind,
                "The étiquettes, with the unit of the readings: kW where the state has W.",
            ),
        },
    )


def doctor_schema() -> JsonSchema:
    """Return the closed schema of what `teleinfo doctor --json` writes."""
    severities = {"enum": [severity.value for severity in Severity]}
    checks = {*CHECK_TITLES, *AREAS}
    finding = _object(
        "",
        "",
        {
            "area": {"enum": list(AREAS)},
            "check": {"enum": sorted(checks)},
            "verdict": severities,
            "message": {"description": "What was seen, in the language of the user.", "type": "string"},
            "advice": {"description": "What to do; empty if there is nothing to do.", "type": "string"},
            "commands": {
                "description": "What to type, or to paste into the settings.",
                "type": "array",
                "items": {"type": "string"},
            },
            "facts": {"description": "For programs.", "type": "object", "additionalProperties": {}},
        },
    )
    return _object(
        "teleinfo doctor",
        "What `teleinfo doctor --json` found out about settings, port, line, broker and service.",
        {
            "version": {"type": "string"},
            "verdict": {"description": "The worst of the findings.", **severities},
            "findings": {"type": "array", "items": finding},
        },
    )
