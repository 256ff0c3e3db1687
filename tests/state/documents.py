"""
The documents that are made of the declaration of the fields: the JSON Schema, and the tables of the pages.

After a change of `teleinfo.state.declaration` write them anew (`make documents`):

    python -m tests.state.documents
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema

from teleinfo.common.i18n import _, use_language
from teleinfo.state.declaration import ANY_LABEL, FIELDS, Field, StateType
from teleinfo.vocabulary.codes import DryContact
from teleinfo.vocabulary.words import Language

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {Language.EN: DOCS / "state.md", Language.FR: DOCS / "fr" / "state.md"}
SCHEMA = DOCS / "state.schema.json"
INTRODUCTION = (
    "What a French electricity meter means, whatever its mode: the message of the topic <base>/state. "
    "A field that the meter cannot have is absent. A field that is unknown now, or was not renewed for 120 "
    "seconds (360 for a CJE, an ICE, a PME-PMI or a SAPHIR, which send some values rarely), is null. "
    "`unit` is the unit of a number."
)
SLOT = {
    "start": {"type": "string"},
    "or_start": {"type": ["string", "null"]},
    "index": {"type": ["string", "null"]},
    "dry_contact": {"enum": list(DryContact)},
    "relays": {"type": "array", "items": {"type": "integer", "minimum": 2, "maximum": 8}},
}
TYPES: dict[StateType, dict[str, Any]] = {
    StateType.NUMBER: {"type": ["integer"]},
    StateType.TEXT: {"type": ["string"]},
    StateType.TIME: {"type": ["string"], "format": "date-time"},
    StateType.SWITCH: {"type": ["boolean"]},
    StateType.ANY: {"type": ["number", "string"]},
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


def row(field: Field) -> str:
    """Return the row of a field in the table of a page, in the language of the reader."""
    path, codes = field.path.replace(ANY_LABEL, "<étiquette>"), ", ".join(f"`{code}`" for code in field.codes)
    return f"| `{path}` | {field.unit or ''} | {f'{meaning(field)} {codes}'.strip()} |"


def page(language: Language) -> str:
    """Return the page of the state in a language, with the table of the declaration."""
    with use_language(language):
        rows = "\n".join(row(field) for field in FIELDS)
    text = PAGES[language].read_text(encoding="utf-8")
    return re.sub(r"(?:^\| `.*\n)*^\| `.*$", lambda _: rows, text, count=1, flags=re.MULTILINE)


def written() -> dict[Path, str]:
    """Return each document with its text."""
    text = json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"
    return {SCHEMA: text, **{PAGES[language]: page(language) for language in Language}}


def main() -> None:
    """Write every document."""
    for path, text in written().items():
        path.write_text(text, encoding="utf-8")


VALIDATOR = jsonschema.Draft202012Validator(schema(), format_checker=jsonschema.FormatChecker())

if __name__ == "__main__":
    main()
