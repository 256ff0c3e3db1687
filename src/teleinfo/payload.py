"""
Turn a reading into the JSON text that is published: one flat, compact object.

Values are strings by default. With `numbers="quantities"`, the table of étiquettes decides which values
become numbers. With `numbers="all"` every value of digits becomes a number, for subscribers of the Node-RED
flow that teleinfo replaces.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeAlias, get_args

from teleinfo.tic.labels import lookup, parse_uint
from teleinfo.tic.layout import Layout, LayoutReading
from teleinfo.tic.reading import Reading, is_left_out

_json = json.JSONEncoder(separators=(",", ":")).encode

Numbers: TypeAlias = Literal["none", "quantities", "all"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """
    Options of the payload of a reading.

    `numbers`: which values become JSON numbers: none, quantities and indexes, or all that have only digits.
    `timestamp`: the first member is the time of publication.
    `exclude`: étiquettes that are left out, with their horodates.

    Raises ValueError for another word in `numbers`.
    """

    numbers: Numbers = "none"
    timestamp: bool = False
    exclude: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Check the word: an unknown one would have the effect of another."""
        if self.numbers not in get_args(Numbers):
            raise ValueError(f"numbers is one of {', '.join(get_args(Numbers))}, and not {self.numbers!r}")


def encode(reading: Reading, options: Options, *, now: float | None = None) -> bytes | None:
    """
    Return the JSON of `reading`, or None if the options exclude all of it.

    `now` is the time in seconds since the epoch; it is published in milliseconds, as in JavaScript. Raises
    ValueError if the options ask for a timestamp, and `now` is missing.
    """
    is_text = options.numbers == "none"
    if isinstance(reading, LayoutReading) and is_text and not options.exclude:
        members = _template(reading.layout) % tuple(reading.texts)
    else:
        chosen: dict[str, str | int] = {}
        for key, value in reading.values.items():
            if is_left_out(reading.mode, key, options.exclude):
                continue
            chosen[key] = value if is_text else _number(reading, key, value, options)
        members = _json(chosen)[1:-1].encode("ascii")  # without the braces
    if not members:
        return None
    if options.timestamp:
        if now is None:
            raise ValueError("the options ask for a timestamp: give the time in seconds since 1970 as `now`")
        return b'{"timestamp":%d,%b}' % (int(now * 1000), members)
    return b"{%b}" % members


@lru_cache(maxsize=64)
def _template(layout: Layout) -> bytes:
    """Return the members of a JSON object with the keys of `layout`, whose values are to be filled in."""
    return b",".join(b'"%b":"%%b"' % key.encode() for key in layout.keys)


def _number(reading: Reading, key: str, value: str, options: Options) -> str | int:
    """Return a value as a number if the options ask for that, and it is one; else unchanged."""
    label = lookup(reading.mode, key)
    is_quantity = label is not None and label.is_number
    is_any_number = options.numbers == "all" and " " not in value
    if not is_quantity and not is_any_number:
        return value
    number = parse_uint(value)
    if number is None:
        return value
    return number
