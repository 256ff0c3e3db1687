"""The page of the state names every field of the schema, with its unit and its meaning."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.state.schema import schema

PAGE = Path(__file__).parents[2] / "docs" / "state.md"


def rows(part: dict[str, Any], path: str = "") -> list[str]:
    """Return the rows of the table, one for each field, below `path`."""
    found = []
    for name, field in part["properties"].items():
        here = f"{path}{name}"
        any_name = field.get("additionalProperties")
        if "properties" in field:
            found += rows(field, f"{here}.")
        elif isinstance(any_name, dict) and "properties" in any_name:
            found += rows(any_name, f"{here}.<étiquette>.")
        elif isinstance(any_name, dict):
            found += rows({"properties": {"<étiquette>": any_name}}, f"{here}.")
        else:
            values = ", ".join(f"`{value}`" for value in field.get("enum", []) if value is not None)
            meaning = f"{field['description']} {values}".strip()
            found.append(f"| `{here}` | {field.get('unit', '')} | {meaning} |")
    return found


def test_the_table_is_the_one_of_the_schema() -> None:
    """Field, unit and meaning stand in the page as they stand in the schema, in the same order."""
    table = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]

    assert table == rows(schema())
