"""The declaration of the fields: the documents that are made of it, and the state of each meter."""

from __future__ import annotations

import json

import jsonschema
import pytest

from teleinfo.state.declaration import FIELDS
from teleinfo.state.field_entry import StateType
from tests.state.documents import DOCS, VALIDATOR, schema, written
from tests.state.golden import ALL, FOLDER, content


@pytest.mark.parametrize("path", ["state.schema.json", "settings.schema.json", "state.md", "fr/state.md"])
def test_a_document_is_that_of_the_declaration(path: str) -> None:
    """`make documents` writes it anew."""
    assert (DOCS / path).read_text(encoding="utf-8") == written()[DOCS / path]


def test_the_schema_is_a_schema() -> None:
    """It is valid JSON Schema, draft 2020-12."""
    jsonschema.Draft202012Validator.check_schema(schema())


def test_each_field_has_a_place_and_a_meaning_of_its_own() -> None:
    """No two fields have one path; each says what it means, and every number but a count has a unit."""
    assert len({field.path for field in FIELDS}) == len(FIELDS)
    assert [field.path for field in FIELDS if not field.meaning and not field.name] == []
    numbers = [field for field in FIELDS if field.type is StateType.NUMBER]
    assert [field.path for field in numbers if not field.unit] == ["meter.phases", "tariff.next.days_left"]


@pytest.mark.parametrize("meter", ALL)
def test_the_state_of_a_meter_is_that_of_its_file(meter: str) -> None:
    """A difference is a change of the contract: `python -m tests.state.golden` writes the files anew."""
    text = (FOLDER / f"{meter}.json").read_text(encoding="utf-8")

    VALIDATOR.validate(json.loads(text))
    assert content(meter) == text
