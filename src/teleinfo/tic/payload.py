"""
Turn a reading into the JSON text that is published: one flat, compact object.

Values are strings unless the household asked for numbers; which ones then become numbers is the label table's
decision, never a matter of looks.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from teleinfo.tic.labels import lookup, parse_uint
from teleinfo.tic.reading import is_left_out

if TYPE_CHECKING:
    from teleinfo.tic.reading import Reading


_json = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """
    What the household asked for.

    `numbers`: quantities and indexes become JSON numbers. `timestamp`: the time of publication comes first.
    `exclude`: étiquettes that are left out, with their horodates.
    """

    numbers: bool = False
    timestamp: bool = False
    exclude: frozenset[str] = frozenset()


def encode(reading: Reading, options: Options, *, now: float) -> bytes | None:
    """
    Return the JSON of `reading`, or None where the options leave nothing of it.

    `now` is the time in seconds since the epoch; it is published in milliseconds, as JavaScript has it.
    """
    if reading.members is not None and not options.numbers and not options.exclude:
        members = reading.members
    else:
        members = _json(_chosen(reading, options))[1:-1].encode("ascii")
    if not members:
        return None
    if options.timestamp:
        return b'{"timestamp":%d,%b}' % (int(now * 1000), members)
    return b"{%b}" % members


def _chosen(reading: Reading, options: Options) -> dict[str, str | int]:
    return {
        key: _number(reading, key, value) if options.numbers else value
        for key, value in reading.values.items()
        if not is_left_out(reading.mode, key, options.exclude)
    }


def _number(reading: Reading, key: str, value: str) -> str | int:
    label = lookup(reading.mode, key)
    number = parse_uint(value) if label is not None and label.is_number else None
    return value if number is None else number
