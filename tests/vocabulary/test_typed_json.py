"""Of the JSON of a file, what has the declared type is read, and nothing else."""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping  # noqa: TC003 - `typed_json` reads the types
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import pytest

from teleinfo.vocabulary.typed_json import from_json, to_json


class Colour(enum.StrEnum):
    """A code."""

    RED = "red"


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
    inners: tuple[Inner, ...] = ()
    names: frozenset[str] = frozenset()
    is_so: bool = False
    colour: Colour | None = None


NOON = datetime(2026, 1, 14, 12, tzinfo=UTC)
FULL = Outer(
    NOON, Inner(3, "x"), {date(2026, 1, 14): 0.5}, (Inner(1), Inner(2)), is_so=True, colour=Colour.RED
)
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
        {"days": {"2026-02-30": 0.5}},
        {"days": {"9999-12-31": 0.5}},
        {"days": {"2026-01-16": "1"}},
        {"days": {"2026-01-16": 1e300}},
        {"days": {"2026-01-16": 10**400}},
        {"inners": [3]},
        {"inners": [{"number": 10**400}]},
        {"is_so": 1},
        {"colour": "green"},
        {"inner": 3},
        {"at": 3},
        {"at": "2026-01-14T12:00:00"},
    ],
)
def test_with_a_wrong_attribute_there_is_no_object(wrong: dict[str, object]) -> None:
    assert from_json(Outer, PLAIN) == Outer(NOON, None)
    assert from_json(Outer, PLAIN | wrong) is None
    assert from_json(Outer, [PLAIN]) is None


def test_a_whole_number_of_a_type_with_fractions_is_read() -> None:
    """In Python, an attribute of that type may hold one."""
    assert from_json(Outer, PLAIN | {"days": {"2026-01-14": 1}}).days == {date(2026, 1, 14): 1.0}
