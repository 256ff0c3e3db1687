"""
Values as JSON, and back by their type: dataclasses, mappings, times, texts and numbers.

Pure. Another version may have written the JSON, so unknown keys are ignored. An attribute that is missing or
of another type gets its default, or None if its type allows that; otherwise the object is wrong. Wrong items
of a collection are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import MISSING, fields, is_dataclass
from datetime import date, datetime
from functools import partial
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from teleinfo.tic.labels import parse_uint


def to_json(value: object) -> Any:  # noqa: ANN401 - JSON
    """Return a value in types of JSON."""
    if is_dataclass(value):
        return {field.name: to_json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(to_json(key)): to_json(item) for key, item in value.items()}
    if isinstance(value, tuple | AbstractSet):
        return [to_json(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value


def from_json(kind: Any, part: object) -> Any:  # noqa: ANN401 - as `kind` says
    """Return the value of the type `kind` in the content of a file, or None if it is wrong."""
    origin, of = get_origin(kind), get_args(kind)
    if origin is UnionType:  # with None
        return from_json(of[0], part)
    if origin is Mapping and isinstance(part, dict):
        keys = map(parse_uint if of[0] is int else partial(from_json, of[0]), part)
        items = zip(keys, map(partial(from_json, of[1]), part.values()), strict=True)
        return {key: item for key, item in items if None not in (key, item)}
    if origin in {tuple, frozenset} and isinstance(part, list):
        return origin(item for item in map(partial(from_json, of[0]), part) if item is not None)
    if is_dataclass(kind) and isinstance(part, dict):
        return _object(kind, part)
    if kind in {date, datetime} and isinstance(part, str):
        with suppress(ValueError):
            return kind.fromisoformat(part)
    return part if type(part) is kind else None


def _object(kind: Any, part: dict[str, object]) -> Any:  # noqa: ANN401 - as `kind` says
    found, hints = {}, get_type_hints(kind)
    for field in fields(kind):
        value = from_json(hints[field.name], part.get(field.name))
        is_required = field.default is field.default_factory is MISSING
        if value is None and is_required and get_origin(hints[field.name]) is not UnionType:
            return None
        if value is not None or is_required:
            found[field.name] = value
    return kind(**found)
