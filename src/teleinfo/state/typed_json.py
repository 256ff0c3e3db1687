"""
Values as JSON, and back by their type: dataclasses, named tuples, mappings, times, texts and numbers.

Pure. The content of a file may be damaged, so each attribute of a dataclass is validated by itself: a wrong
attribute gets its default, or None if its type allows that; otherwise the object is wrong. Wrong items of a
collection are left out. Unknown keys are ignored, so that a later version may add attributes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import date, datetime
from functools import partial
from itertools import islice
from types import UnionType
from typing import Any, Final, get_args, get_origin, get_type_hints

from teleinfo.tic.labels import parse_uint

MOST: Final = 10**12
"""The limit of a number; the meters count to 10⁹ Wh."""

SIGNED: Final = {"signed": True}
"""The metadata of an attribute that may be negative."""

MAX_ITEMS: Final = 500
"""The most items of a collection that are read; a state has some 150 fields."""

_TEXT: Final = re.compile(r"[ -~]{0,100}")
_YEARS: Final = range(1970, 9999)  # whose times have no zone in which they overflow


def to_json(value: object) -> Any:  # noqa: ANN401 - JSON
    """Return a value in types of JSON."""
    if is_dataclass(value):
        return {field.name: to_json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(to_json(key)): to_json(item) for key, item in value.items()}
    if isinstance(value, tuple | frozenset):
        return [to_json(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value


def from_json(kind: Any, part: object, *, signed: bool = False) -> Any:  # noqa: ANN401 - as `kind` says
    """Return the value of the type `kind` in the content of a file, or None if it is wrong."""
    origin, of = get_origin(kind), get_args(kind)
    if origin is UnionType:  # with None
        return from_json(of[0], part)
    if origin is Mapping and isinstance(part, dict):
        keys = map(parse_uint if of[0] is int else partial(from_json, of[0]), part)
        items = islice(zip(keys, map(partial(from_json, of[1]), part.values()), strict=True), MAX_ITEMS)
        return {key: item for key, item in items if None not in (key, item)}
    if origin in {tuple, frozenset} and isinstance(part, list):
        return origin(item for item in map(partial(from_json, of[0]), part[-MAX_ITEMS:]) if item is not None)
    if is_dataclass(kind) and isinstance(part, dict):
        return _object(kind, part)
    if kind in {date, datetime} and isinstance(part, str):
        return _time(kind, part)
    is_text = kind is str and isinstance(part, str) and _TEXT.fullmatch(part)
    least = -MOST if signed else 0
    is_number = type(part) is kind and isinstance(part, int | float) and least <= part <= MOST
    return part if is_text or is_number else None


def _object(kind: Any, part: dict[str, object]) -> Any:  # noqa: ANN401 - as `kind` says
    found, hints = {}, get_type_hints(kind)
    for field in fields(kind):
        value = from_json(hints[field.name], part.get(field.name), signed=field.metadata == SIGNED)
        is_required = field.default is field.default_factory is MISSING
        if value is None and is_required and get_origin(hints[field.name]) is not UnionType:
            return None
        if value is not None or is_required:
            found[field.name] = value
    return kind(**found)


def _time(kind: type[date], text: str) -> date | None:
    try:
        time = kind.fromisoformat(text)
    except ValueError:
        return None
    has_zone = not isinstance(time, datetime) or time.tzinfo is not None
    return time if time.year in _YEARS and has_zone else None
