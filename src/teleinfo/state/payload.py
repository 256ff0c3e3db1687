"""
Turn a reading into the JSON text that is published: one flat, compact object.

Values are strings by default. With `numbers`, the table of étiquettes decides which values become numbers.
With `numbers="all"` every value of digits becomes a number, for subscribers of the Node-RED flow that
teleinfo replaces.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeAlias

from teleinfo.tic.labels import lookup, parse_uint
from teleinfo.tic.layout import Layout, LayoutReading
from teleinfo.tic.reading import Reading, is_left_out

_json = json.JSONEncoder(separators=(",", ":")).encode

Numbers: TypeAlias = bool | Literal["all"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """
    Options of the payload of a reading.

    `numbers`: quantities and indexes become JSON numbers; with "all", every value of digits does.
    `timestamp`: the first member is the time of publication.
    `exclude`: étiquettes that are left out, with their horodates.
    """

    numbers: Numbers = False
    timestamp: bool = False
    exclude: frozenset[str] = frozenset()


def encode(reading: Reading, options: Options, *, now: float) -> bytes | None:
    """
    Return the JSON of `reading`, or None if the options exclude all of it.

    `now` is the time in seconds since the epoch; it is published in milliseconds, as in JavaScript.
    """
    if isinstance(reading, LayoutReading) and not options.numbers and not options.exclude:
        members = _template(reading.layout) % tuple(reading.texts)
    else:
        chosen = {
            key: _number(reading, key, value, options) if options.numbers else value
            for key, value in reading.values.items()
            if not is_left_out(reading.mode, key, options.exclude)
        }
        members = _json(chosen)[1:-1].encode("ascii")
    if not members:
        return None
    if options.timestamp:
        return b'{"timestamp":%d,%b}' % (int(now * 1000), members)
    return b"{%b}" % members


@lru_cache(maxsize=64)
def _template(layout: Layout) -> bytes:
    """Return the members of a JSON object with the keys of `layout`, whose values are to be filled in."""
    return b",".join(b'"%b":"%%b"' % key.encode() for key in layout.keys)


def _number(reading: Reading, key: str, value: str, options: Options) -> str | int:
    label = lookup(reading.mode, key)
    is_number = (options.numbers == "all" and " " not in value) or (label is not None and label.is_number)
    number = parse_uint(value) if is_number else None
    return value if number is None else number
