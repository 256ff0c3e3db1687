"""
Values as JSON, and back by their type: dataclasses, mappings, enumerations, times, texts and numbers.

Pure. Another version may have written the JSON: unknown keys are ignored, and an attribute that is missing
gets its default, or None if its type allows that. These are wrong, with all that contains them:

- a value of another type, or a time without an offset;
- a number beyond `_MOST`, or a year outside `_YEARS`, with which a calculation might fail.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import MISSING, fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from types import UnionType
from typing import Any, Final, get_args, get_origin, get_type_hints

_MOST: Final = 1 << 53  # exact as a float
_YEARS: Final = range(1970, 9999)


def to_json(value: object) -> Any:  # noqa: ANN401 - JSON
    """Return a value in types of JSON."""
    if is_dataclass(value):
        return {field.name: to_json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(to_json(key)): to_json(item) for key, item in value.items()}
    if isinstance(value, tuple | AbstractSet):
        return [to_json(item) for item in value]
    if isinstance(value, date):
        return value.isoformat()
    return value


def from_json(kind: Any, part: object) -> Any:  # noqa: ANN401 - as `kind` says
    """Return the value of the type `kind` in the content of a file, or None if it is wrong."""
    origin = get_origin(kind)  # `tuple` of `tuple[int, ...]`
    arguments = get_args(kind)
    if origin is UnionType:  # with None
        return from_json(arguments[0], part)
    if origin is Mapping and isinstance(part, dict):
        return _mapping(arguments[0], arguments[1], part)
    if origin in {tuple, frozenset} and isinstance(part, list):
        items = [from_json(arguments[0], item) for item in part]
        if None in items:
            return None
        return origin(items)
    if is_dataclass(kind) and isinstance(part, dict):
        return _object(kind, part)
    if kind in {date, datetime}:
        return _time(kind, part)
    return _plain(kind, part)


def _mapping(key_kind: Any, value_kind: Any, part: dict[str, object]) -> dict[Any, Any] | None:  # noqa: ANN401 - any types
    """Return the mapping with keys and values of these types, None if one of them is wrong."""
    mapping = {}
    for key_text, item in part.items():
        key = from_json(key_kind, key_text)
        value = from_json(value_kind, item)
        if key is None or value is None:
            return None
        mapping[key] = value
    return mapping


def _plain(kind: Any, part: object) -> Any:  # noqa: ANN401 - as `kind` says
    """Return the member of an enumeration, or the text, number or truth value; None if it is wrong."""
    if isinstance(kind, type) and issubclass(kind, Enum):
        for member in kind:
            if member.value == part:
                return member
        return None
    # Before `float`, which raises OverflowError for an integer of 310 digits.
    if isinstance(part, int | float) and abs(part) > _MOST:
        return None
    if kind is float and type(part) is int:
        return float(part)
    # Not `isinstance`, for which True is an integer.
    if type(part) is not kind:
        return None
    return part


def _time(kind: type[date], part: object) -> date | None:
    """Return the date or the time with an offset, as `kind` says; None if it is wrong."""
    if not isinstance(part, str):
        return None
    try:
        time = kind.fromisoformat(part)
    except ValueError:
        return None
    if time.year not in _YEARS:
        return None
    if isinstance(time, datetime) and time.tzinfo is None:
        return None
    return time


def _object(kind: Any, part: dict[str, object]) -> Any:  # noqa: ANN401 - as `kind` says
    """Return the dataclass with the attributes in `part`; None if one of them is wrong or missing."""
    attributes = {}
    types = get_type_hints(kind)
    for field in fields(kind):
        item = part.get(field.name)
        if item is not None:
            value = from_json(types[field.name], item)
            if value is None:
                return None
            attributes[field.name] = value
            continue
        has_default = field.default is not MISSING or field.default_factory is not MISSING
        if has_default:
            continue
        may_be_none = get_origin(types[field.name]) is UnionType
        if not may_be_none:
            return None
        attributes[field.name] = None
    return kind(**attributes)
