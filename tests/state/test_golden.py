"""The state of each simulated meter is the one in its file, and the schema describes it."""

from __future__ import annotations

import json

import jsonschema
import pytest

from tests.state.documents import schema
from tests.state.golden import ALL, FOLDER, content

VALIDATOR = jsonschema.Draft202012Validator(schema(), format_checker=jsonschema.FormatChecker())


@pytest.mark.parametrize("meter", ALL)
def test_the_state_is_the_one_of_the_file(meter: str) -> None:
    """A difference is a change of the contract: `python -m tests.state.golden` writes the files anew."""
    assert content(meter) == (FOLDER / f"{meter}.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("meter", ALL)
def test_the_schema_describes_the_state(meter: str) -> None:
    """Every field is in the schema, with its type."""
    VALIDATOR.validate(json.loads((FOLDER / f"{meter}.json").read_text(encoding="utf-8")))
