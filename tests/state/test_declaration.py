"""The declaration of the fields, and the state of each meter that is made of it."""

from __future__ import annotations

import json

import jsonschema
import pytest

from teleinfo.state.declaration import FIELDS
from teleinfo.state.field_entry import StateType
from teleinfo.tic.labels import HISTORIQUE, STANDARD
from tests.state.documents import VALIDATOR, schema
from tests.state.golden import ALL, FOLDER, content


def test_the_schema_is_a_schema() -> None:
    """It is valid JSON Schema, draft 2020-12."""
    jsonschema.Draft202012Validator.check_schema(schema())


def test_each_field_has_a_place_and_a_meaning_of_its_own() -> None:
    """No two fields have one path; each says what it means, and every number but a count has a unit."""
    assert len({field.path for field in FIELDS}) == len(FIELDS)
    assert [field.path for field in FIELDS if not field.meaning and not field.name] == []
    numbers = [field for field in FIELDS if field.type is StateType.NUMBER]
    assert [field.path for field in numbers if not field.unit] == [
        "meter.phases",
        "tariff.next.learning_days_left",
        *(f"power.factor{end}" for end in ("", "_lower", "_upper")),
    ]


def test_each_etiquette_of_a_field_is_one_of_the_table() -> None:
    """They are texts in the declaration, which no type checker reads."""
    named = {label for field in FIELDS for label in field.sources}

    assert named - HISTORIQUE.keys() - STANDARD.keys() == set()


@pytest.mark.parametrize("meter", ALL)
def test_the_state_of_a_meter_is_that_of_its_file(meter: str) -> None:
    """A difference is a change of the contract: `make generated` writes the files anew."""
    text = (FOLDER / f"{meter}.json").read_text(encoding="utf-8")

    VALIDATOR.validate(json.loads(text))
    assert content(meter) == text
