"""Of the JSON of a file, what has the declared type is read, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping  # noqa: TC003 - `typed_json` reads the types
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import pytest

from teleinfo.state.typed_json import from_json, to_json


@dataclass(frozen=True, slots=True)
class Inner:
    """An object that must have a number."""

    number: int
    text: str = "none"


@dataclass(frozen=True, slots=True)
class Outer:
    """An object of each kind of attribute."""

    at: datetime
    inner: Inner | None
    days: Mapping[date, float] = field(default_factory=dict)
    places: Mapping[int, str] = field(default_factory=dict)
    inners: tuple[Inner, ...] = ()
    names: frozenset[str] = frozenset()
    is_so: bool = False


NOON = datetime(2026, 1, 14, 12, tzinfo=UTC)
FULL = Outer(NOON, Inner(3, "x"), {date(2026, 1, 14): 0.5}, {7: "y"}, (Inner(1), Inner(2)), is_so=True)
PLAIN: dict[str, Any] = {"at": NOON.isoformat(), "inner": None}


# A frozenset without the keys of a dictionary is a set.
NAMES = frozenset({"a", "b"}) - {"b": 1}.keys()


@pytest.mark.parametrize("value", [FULL, Outer(NOON, None), Outer(NOON, None, names=NAMES)])
def test_what_was_written_is_read(value: Outer) -> None:
    """Through the text of JSON, in which each key is a text; keys of a later version are ignored."""
    content = json.loads(json.dumps(to_json(value)))

    assert from_json(Outer, content | {"later": 1}) == value


@pytest.mark.parametrize(
    "wrong",
    [
        {"days": 3},
        {"days": {"2026-02-30": 0.5, "x": 0.5, "2026-01-14": 1, "2026-01-16": "1"}},
        {"places": {"x": "y", "7": 3, "-1": "y", "9" * 5000: "y"}},
        {"inners": {"number": 1}},
        {"inners": [3, {"number": True}, {"text": "x"}, None]},
        {"is_so": 1},
        {"inner": None},
    ],
)
def test_a_wrong_attribute_gets_its_default(wrong: dict[str, object]) -> None:
    """Each is validated by itself, and so is each item of a collection."""
    assert from_json(Outer, PLAIN | wrong) == Outer(NOON, None)


@pytest.mark.parametrize("wrong", [{"at": 3}, {"at": None}, {"at": "noon"}])
def test_without_an_attribute_that_has_no_default_there_is_no_object(wrong: dict[str, object]) -> None:
    """No time in a wrong form, and no object in place of another type."""
    assert from_json(Outer, PLAIN | wrong) is None
    assert from_json(Outer, [PLAIN]) is None
