"""
The documents that are made of fields, events, settings and commands: JSON Schemas, and tables of the pages.

`make generated` writes them.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema

from teleinfo.cli.main import COMMANDS
from teleinfo.common.i18n import _, use_language
from teleinfo.settings import SECRETS, variable_of
from teleinfo.settings.model import SettingsModel
from teleinfo.state.declaration import FIELDS
from teleinfo.state.events import DETAILS
from teleinfo.state.field_entry import ANY_LABEL, Field, StateType
from teleinfo.vocabulary.codes import Alert, DryContact, Event, TariffPeriod
from teleinfo.vocabulary.words import Language
from tests.docs import asyncapi
from tests.docs.schemas import DRAFT, doctor_schema, health_schema, identity, meta_schema, opened
from tests.support.settings import documented

if TYPE_CHECKING:
    import enum
    from collections.abc import Callable, Iterator

DOCS = Path(__file__).parents[2] / "docs"
FOLDERS = {Language.EN: DOCS, Language.FR: DOCS / "fr"}
INTRODUCTION = (
    "What a French electricity meter means, whatever its mode: the message of the topic <base>/state. "
    "A field that the meter cannot have is absent. A field that is unknown now, or was not renewed for 120 "
    "seconds (360 for a CJE, an ICE, a PME-PMI or a SAPHIR, which send some values rarely), is null. "
    "`unit` is the unit of a number."
)
SLOT = {
    "start": {"type": "string"},
    "alternative_start": {"type": ["string", "null"]},
    "index": {"type": ["string", "null"]},
    "dry_contact": {"enum": list(DryContact)},
    "closed_relays": {"type": "array", "items": {"type": "integer", "minimum": 2, "maximum": 8}},
}
VARYING = {"today", "yesterday", "this_month", "last_month", *Alert}
"""Parts of a path in which fields of the same kind differ."""
NUMBERED = re.compile(r"(^|_)(l[1-3]|[1-8])$")
"""The end of a part of a path that numbers a phase or a relay."""

TYPES: dict[StateType, dict[str, Any]] = {
    StateType.NUMBER: {"type": ["integer"]},
    StateType.TEXT: {"type": ["string"]},
    StateType.TIME: {"type": ["string"], "format": "date-time"},
    StateType.BOOLEAN: {"type": ["boolean"]},
    StateType.ANY: {"type": ["number", "string"]},
    StateType.LIST: {"type": ["array"], "items": {"type": "string"}},
    StateType.SLOTS: {
        "type": ["array"],
        "items": {
            "type": "object",
            "properties": SLOT,
            "required": list(SLOT),
            "additionalProperties": False,
        },
    },
}


def meaning(field: Field) -> str:
    """Return the meaning of a field in the language of the reader, else its name as a sentence."""
    return _(field.meaning) if field.meaning else f"{_(field.title())}."


def section(**more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Return the schema of an object that has no members yet."""
    return {"type": "object", **more, "properties": {}, "additionalProperties": False}


def schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of the state, in English."""
    root = section(title="teleinfo state", description=INTRODUCTION, required=["time", "meter"])
    with use_language(Language.EN):
        for field in FIELDS:
            within = root
            *sections, name = field.parts
            for part in sections:
                within = _member(within, part, section())
            _member(within, name, _value(field))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **root}


def _member(within: dict[str, Any], name: str, new: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
    """Return the schema of a member, `new` if there is none yet."""
    if name == ANY_LABEL:
        within["additionalProperties"] = within["additionalProperties"] or new
        return within["additionalProperties"]
    return within["properties"].setdefault(name, new)


def _value(field: Field) -> dict[str, Any]:
    found: dict[str, Any] = {"description": meaning(field)}
    if field.codes:
        return found | {"enum": [*field.codes, None]}
    found |= TYPES[field.type]
    if field.precision:
        found["type"] = ["number"]
    found["type"] = [*found["type"], "null"] if field.nullable else found["type"][0]
    if field.unit:
        found["unit"] = field.unit
    return found if field.type is not StateType.NUMBER or field.signed else found | {"minimum": 0}


def event_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of an event, in English."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "teleinfo event",
        "description": "What began or ended at the meter: a message of the topic <base>/event.",
        "oneOf": [_event(event) for event in Event],
    }


def _event(event: Event) -> dict[str, Any]:
    members: dict[str, Any] = {
        "time": {"type": "string", "format": "date-time"},
        "event": {"const": event},
        "name": {"type": "string"},
        "meter": {"type": "string"},
    }
    members |= {name: _detail(form) for name, form in DETAILS.get(event, {}).items()}
    return section(title=event.words) | {"properties": members, "required": list(members)}


def _detail(form: StateType | type[enum.StrEnum]) -> dict[str, Any]:
    if isinstance(form, StateType):
        found = TYPES[form]
        return found | {"type": found["type"][0] if form is StateType.TEXT else [*found["type"], "null"]}
    members: dict[str, Any] = {"code": {"enum": [*form, None]}, "name": {"type": ["string", "null"]}}
    if form is TariffPeriod:
        members["index"] = {"type": ["string", "null"]}
    return section() | {"properties": members, "required": list(members)}


def settings_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of the settings by variable, in English."""
    made = SettingsModel.model_json_schema()
    definitions = {f"#/$defs/{name}": form for name, form in made["$defs"].items()}
    found = section(
        title="teleinfo settings",
        description="The settings by variable. A list, and the prices, are written as one text.",
    )
    for name, form in made["properties"].items():
        default = {} if name in SECRETS or form["default"] in (None, []) else {"default": form["default"]}
        explained = {"description": form["description"], **_setting(form, definitions), **default}
        found["properties"][variable_of(name)] = explained
    return {"$schema": DRAFT, "$id": identity("settings"), **found}


def _setting(form: dict[str, Any], definitions: dict[str, dict[str, Any]]) -> dict[str, Any]:
    form = definitions.get(form.get("$ref", ""), form)
    if "anyOf" in form:
        return {"anyOf": [_setting(each, definitions) for each in form["anyOf"]]}
    if form["type"] in ("array", "object"):
        return {"type": "string"}
    # Not every validator knows the format "password".
    left_out = {"title", "description", "default", "format"}
    return {key: value for key, value in form.items() if key not in left_out}


def field_rows() -> Iterator[str]:
    """
    Yield the rows of the fields in the table of a page, in the language of the reader.

    Fields that differ only in a part of their path share a row, which has the meaning of the first one.
    """
    alike: dict[object, list[Field]] = {}
    for field in FIELDS:
        key = tuple("" if part in VARYING else NUMBERED.sub("#", part) for part in field.parts)
        alike.setdefault(key, []).append(field)
    first_with: dict[object, str] = {}
    for field, *others in alike.values():
        placeholder = "<étiquette>" if field.parts[0] == "labels" else "<key>"
        path = f"`{field.path.replace(ANY_LABEL, placeholder)}`"
        if others:
            other_parts = (set(other.parts).difference(field.parts) for other in others)
            path += f" ({', '.join(f'`{part}`' for parts in other_parts for part in parts)})"
        codes = ", ".join(f"`{code}`" for code in field.codes)
        if field.codes and first_with.setdefault(field.codes, field.path) != field.path:
            codes = f"(`{first_with[field.codes]}`)"
        yield f"| {path} | {field.unit or ''} | {f'{meaning(field)} {codes}'.strip()} |"


def event_rows() -> Iterator[str]:
    """Yield the rows of the events in the table of a page, in the language of the reader."""
    for event in Event:
        details = ", ".join(f"`{name}`" for name in DETAILS.get(event, ()))
        yield f"| `{event}` | {_(event.words)} | {details} |"


def setting_rows() -> Iterator[str]:
    """Yield the rows of the settings in the table of a page, in the language of the reader."""
    for variable, default, explanation in documented():
        yield f"| `{variable}` | {default and f'`{default}`'} | {_(explanation)} |"


def command_rows() -> Iterator[str]:
    """Yield the rows of the commands in the table of a page, in the language of the reader."""
    for name, command in COMMANDS.items():
        yield f"| `teleinfo {name}` | {_(command.help)} |"


TABLES = {
    ("state.md", "time"): field_rows,
    ("events.md", Event.OVERRUN_STARTED): event_rows,
    ("settings.md", "TELEINFO_"): setting_rows,
    ("settings.md", "teleinfo "): command_rows,
}
"""The rows of each table by its page, and by the beginning of its first row."""


def pages() -> dict[Path, str]:
    """Return each page that has such a table with its text, in every language."""
    texts: dict[Path, str] = {}
    for language, folder in FOLDERS.items():
        for (name, first), rows in TABLES.items():
            path = folder / name
            text = texts.get(path) or path.read_text(encoding="utf-8")
            before, table = text.split(f"| `{first}", 1)
            _rows, blank, after = table.partition("\n\n")
            with use_language(language):
                texts[path] = before + "\n".join(rows()) + blank + after
    return texts


MESSAGES: dict[str, Callable[[], dict[str, Any]]] = {
    "state": schema,
    "event": event_schema,
    "health": health_schema,
    "meta": meta_schema,
    "doctor": doctor_schema,
}
"""The closed schema of each message that has one."""


def written() -> dict[Path, str]:
    """Return each document with its text."""
    schemas = {f"{name}.schema.json": opened(name, closed()) for name, closed in MESSAGES.items()}
    schemas["settings.schema.json"] = settings_schema()
    texts = {
        DOCS / name: json.dumps(each, indent=2, ensure_ascii=False) + "\n" for name, each in schemas.items()
    }
    texts[asyncapi.FILE] = asyncapi.text()
    return texts | pages()


def main() -> None:
    """Write every document."""
    for path, text in written().items():
        path.write_text(text, encoding="utf-8")


VALIDATOR = jsonschema.Draft202012Validator(schema(), format_checker=jsonschema.FormatChecker())
EVENT_VALIDATOR = jsonschema.Draft202012Validator(event_schema(), format_checker=jsonschema.FormatChecker())

if __name__ == "__main__":
    main()
