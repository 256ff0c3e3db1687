"""Any reading with any options: JSON in ASCII that says the same in the same order, or None for nothing."""

from __future__ import annotations

import json

from teleinfo.simulator.encode import encode_frame
from teleinfo.state.payload import Options, encode
from teleinfo.tic.decoder import Decoder
from teleinfo.tic.labels import Group, Kind, Mode, lookup
from teleinfo.tic.reading import Reading
from tests.fuzz.targets import decoder

NOW = 1768392000.5
MOST = 15
"""Figures of a number at most: what has more of them stays text."""


def seeds() -> dict[str, bytes]:
    """Return an octet of options and frames, or lines that become keys and values as they are."""
    frames = {name: b"\x03" + frame for name, frame in decoder.seeds().items() if not name.endswith("-cut")}
    frames["hc-excluded"] = b"\x04" + frames["hc"][1:]
    # More figures than Python takes for a number, and a sound group: nothing limits its length.
    long_number = encode_frame([Group("PAPP", "9" * 5000, None, Mode.HISTORIQUE)])
    frames["long-number"] = b"\x01" + long_number
    return frames | {"odd": b'\x07PAPP 00750\nADCO 0"\\\x7f\nEAST  \nEAST_HORODATE H\nPAPP  007'}


def check(data: bytes) -> None:
    """Encode what comes of the line, and what stands in it as it is, with the options of the first octet."""
    octet, text = data[:1] or b"\0", data[1:]
    options = Options(
        numbers=bool(octet[0] & 1),
        timestamp=bool(octet[0] & 2),
        exclude=frozenset({"ADCO", "ADSC", "PRM", "EAST"} if octet[0] & 4 else ()),
    )
    # What comes again is remembered, and written in another way: it must be the same.
    for reading in Decoder().feed(b"\x03".join([text] * 3)):
        published = encode(reading, options, now=NOW)
        assert published == encode(Reading(reading.mode, dict(reading.values)), options, now=NOW)
        _assert_true(reading, options, published)
    mode = Mode.STANDARD if octet[0] & 8 else Mode.HISTORIQUE
    lines = (line.partition(" ") for line in text.decode("latin-1").split("\n"))
    # What can be in a reading: printable ASCII. A group with anything else is rejected before.
    values = {
        key: value for key, _, value in lines if key and f"{key}{value}".isascii() and value.isprintable()
    }
    if values:
        reading = Reading(mode, values)
        _assert_true(reading, options, encode(reading, options, now=NOW))


def _assert_true(reading: Reading, options: Options, published: bytes | None) -> None:
    expected: list[tuple[str, str | int]] = [
        (key, _number(reading.mode, key, value) if options.numbers else value)
        for key, value in reading.values.items()
        if key not in options.exclude and key.removesuffix("_HORODATE") not in options.exclude
    ]
    if not expected:
        assert published is None
        return
    if options.timestamp:
        expected.insert(0, ("timestamp", 1768392000500))
    assert published is not None
    assert published.isascii()
    found = json.loads(published, object_pairs_hook=list)
    for (key, value), (expected_key, expected_value) in zip(found, expected, strict=True):
        assert (key, type(value), value) == (expected_key, type(expected_value), expected_value)


def _number(mode: Mode, key: str, value: str) -> str | int:
    """Return a number where the table counts in a unit, and the value is figures and nothing else."""
    label = lookup(mode, key)
    counted = (
        label is not None and label.kind in {Kind.INDEX, Kind.QUANTITY} and label.unit and not label.glued
    )
    bare = value.strip()
    return int(bare) if counted and bare.isdecimal() and len(bare) <= MOST else value
