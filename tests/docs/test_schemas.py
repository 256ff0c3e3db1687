"""The published schemas accept the messages of this version, and what a later one may publish."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from tests.docs.samples import health_message
from tests.docs.schemas import opened
from tests.state.documents import MESSAGES
from tests.state.golden import ALL, FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterator

EVENT = {
    "time": "2026-01-14T12:02:28+01:00",
    "event": "tariff_changed",
    "name": "Tariff period changed",
    "meter": "041961123456",
    "from": {"code": "HC", "name": "Off-peak hours", "index": "HC"},
    "to": {"code": "HP", "name": "Peak hours", "index": "HP"},
}
ACTIVE = {"kind": "number", "unit": "W", "en": "Active power", "fr": "Puissance"}
META = {
    "fields": {"power.active": ACTIVE, "power.old": ACTIVE | {"deprecated": "power.active"}},
    "labels": {"PAPP": {"kind": "quantity", "unit": "VA", "en": "Apparent power", "fr": "Puissance"}},
}
FINDING = {
    "area": "line",
    "check": "line",
    "verdict": "ok",
    "message": "It is good.",
    "advice": "",
    "commands": [],
    "facts": {},
}
DOCTOR = {"version": "1.0.0", "verdict": "ok", "findings": [FINDING]}


def messages() -> Iterator[tuple[str, Any]]:
    """Yield messages of this version, each with the name of its schema."""
    for meter in ALL:
        yield "state", json.loads((FOLDER / f"{meter}.json").read_text(encoding="utf-8"))
    yield "state", {"time": None, "meter": {"id": None}}
    yield "event", EVENT
    yield "health", json.loads(health_message())
    yield "meta", META
    yield "doctor", DOCTOR


def validator(name: str, *, is_open: bool) -> jsonschema.Draft202012Validator:
    """Return the validator of a message."""
    closed = MESSAGES[name]()
    schema = opened(name, closed) if is_open else closed
    return jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401 - JSON
    """Yield the path of each value that is no object and no list."""
    members = enumerate(value) if isinstance(value, list) else value.items()
    for key, inner in members:
        if isinstance(inner, dict | list):
            yield from leaves(inner, (*path, key))
        else:
            yield (*path, key)


def changed(message: Any, path: tuple[Any, ...], value: object) -> Any:  # noqa: ANN401 - JSON
    """Return a copy of a message with another value at a path."""
    found = copy.deepcopy(message)
    within = found
    for key in path[:-1]:
        within = within[key]
    within[path[-1]] = value
    return found


@pytest.mark.parametrize("name", MESSAGES)
@pytest.mark.parametrize("is_open", [False, True])
def test_a_schema_is_a_schema(name: str, *, is_open: bool) -> None:
    jsonschema.Draft202012Validator.check_schema(validator(name, is_open=is_open).schema)


@pytest.mark.parametrize("is_open", [False, True])
def test_the_messages_of_this_version_are_valid(*, is_open: bool) -> None:
    for name, message in messages():
        validator(name, is_open=is_open).validate(message)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("state", {"new_section": {"value": 1.5}}),
        ("state", {"tariff": {"code": "NEW", "name": "Nouvelle période", "new": [1]}}),
        ("state", {"meter": {"id": "041961123456", "phases": 2.5, "new": None}}),
        ("event", {"event": "something_new"}),
        ("event", {"to": {"code": "NEW", "name": None, "index": "EASF07"}, "new": 1}),
        ("health", {"problem": "something_new", "frames": None, "new": {"a": 1}}),
        ("meta", {"new": {}, "fields": {"a.b": {"kind": "new", "unit": None, "deprecated": "a.c"}}}),
        ("doctor", {"findings": [FINDING | {"check": "new", "area": "new", "new": 1}], "new": 1}),
    ],
)
def test_a_later_version_is_valid(name: str, change: dict[str, Any]) -> None:
    """Unknown keys, codes and events, decimals and null; the closed schema, for the tests, refuses them."""
    base = next(message for of, message in messages() if of == name)

    validator(name, is_open=True).validate(base | change)
    assert not validator(name, is_open=False).is_valid(base | change)


@pytest.mark.parametrize("name", MESSAGES)
def test_a_wrong_type_is_not_valid(name: str) -> None:
    """Wherever it stands in a message, but in the facts of the doctor and the values of étiquettes."""
    check = validator(name, is_open=True)
    for of, message in messages():
        if of != name:
            continue
        for path in leaves(message):
            if path[0] != "labels" or name == "meta":
                assert not check.is_valid(changed(message, path, [{"wrong": [{}]}])), path


@pytest.mark.parametrize("name", MESSAGES)
def test_a_published_schema_has_only_what_every_validator_knows(name: str) -> None:
    """They use no keyword and no format of our own; the version of the message is in its name."""
    schema = json.loads(json.dumps(opened(name, MESSAGES[name]())))

    assert schema["$id"] == f"urn:teleinfo-mqtt:schemas/1/{name}"
    text = json.dumps(schema)
    assert [word for word in ('"unit": "', '"format"', 'additionalProperties": false') if word in text] == []
