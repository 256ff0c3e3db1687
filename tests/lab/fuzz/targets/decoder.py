"""
Any line: never raises, holds a bound, finds what the model finds, and says only what is on the wire.

The line is sent as it is, then once more with other figures in the same places, then as it was: what the
decoder remembers of one frame must not change what it says of another.
"""

from __future__ import annotations

import datetime as dt
import random
import re

from teleinfo.simulator.catalogue import METERS, build
from teleinfo.simulator.encode import EOT, encode_frame, with_parity
from teleinfo.tic.decoder import Decoder
from teleinfo.tic.labels import Mode
from tests.lab.fuzz.model import LIMIT, Sound, control_of, decode_by_model, group_of
from tests.support.decoders import decoder_by_groups

_LINE = re.compile(rb"(?<=\n)[^\r\n]*(?=\r)")
_OTHER_FIGURES = bytes.maketrans(b"0123456789", b"1234567890")


def seeds() -> dict[str, bytes]:
    """Return a frame of every meter that can be simulated, stripped and with parity, and damaged ones."""
    start = dt.datetime(2026, 1, 14, 12)  # noqa: DTZ001 - a meter knows local time only
    found = {}
    for name in METERS:
        meter = build(name, start=start, rng=random.Random(7))
        found[name] = meter.emit(start)
        found[f"{name}-parity"] = with_parity(meter.emit(start + dt.timedelta(seconds=3)))
        found[f"{name}-cut"] = encode_frame(meter.frame(start)[:3], end=EOT) + meter.emit(start)
    found["ice"] = b"\x02\nPREAVIS DEP X\r\nPREAVIS EJP ]\r\nEA 12Wh M\r\nAppli INJECTION P\r\nEA 7Wh !\r\x03"
    return found


def check(data: bytes) -> None:
    """Hold the decoder against the model."""
    again = data + b"\x03" + _LINE.sub(_renewed, data) + b"\x03" + data
    model = decode_by_model(again)
    ended = decode_by_model(again, ended=True)
    by_groups = decoder_by_groups()
    expected = by_groups.feed(again)
    counts = by_groups.counts
    assert counts.groups + counts.unconfirmed + counts.implausible == model.groups
    assert counts.frames == len(expected) <= model.frames
    assert (counts.parity, counts.checksum, counts.malformed, counts.interrupted) == (
        model.parity,
        model.checksum,
        model.malformed,
        model.interrupted,
    )
    assert by_groups.parity is model.with_parity
    of_the_model = iter(model.readings)
    for reading in expected:
        values = list(reading.values.items())
        # A frame of both modes has the mode of its first group, which may be withheld.
        assert any(
            (reading.mode is mode or values[0] != whole[0]) and _is_part(values, whole)
            for mode, whole in of_the_model
        )
    for chunks in ([again], _pieces(again, 1), _pieces(again, 1 + sum(data) % 97)):
        decoder = Decoder()
        readings = []
        for chunk in chunks:
            readings += decoder.feed(chunk)
            assert len(decoder._framer._buffer) < LIMIT
        assert readings == expected
        assert decoder.counts == counts
        assert decoder.parity is model.with_parity
        mode, number = decoder.pending()
        modes = [group.mode for group in model.pending]
        assert number == max(map(modes.count, Mode)) == (0 if mode is None else modes.count(mode))
        decoder.close()
        assert decoder.counts.interrupted == ended.interrupted
    _assert_on_the_wire(again, [pair for _, pairs in model.readings for pair in pairs])


def _is_part(values: list[tuple[str, str]], whole: list[tuple[str, str]]) -> bool:
    """Return whether the members of one list are members of the other, in the same order."""
    rest = iter(whole)
    return all(value in rest for value in values)


def _pieces(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


def _renewed(match: re.Match[bytes]) -> bytes:
    """Return a sound line with other figures in its value, and the sum that belongs to them."""
    line = match[0]
    group = group_of(line)
    if not isinstance(group, Sound):
        return line
    between = line[: len(group.label)] + line[len(group.label) : -2].translate(_OTHER_FIGURES)
    return between + line[-2:-1] + bytes([control_of(between, group.mode)])


def _assert_on_the_wire(line: bytes, pairs: list[tuple[str, str]]) -> None:
    """Require each value to stand in a line of the wire whose sum is right, counted here once more."""
    sound = set()
    for text in re.split(rb"[\r\n\x02]", bytes(byte & 0x7F for byte in line)):
        for one in (text, text[1:]):
            covered = one[:-1] if one[-2:-1] == b"\t" else one[:-2]
            if one and sum(covered) % 64 + 32 == one[-1]:
                sound.add(one.decode("ascii"))
    everything = "\n".join(sound)
    for key, value in pairs:
        label = key.removesuffix("_HORODATE").partition("_")[0]
        assert label in everything, key
        assert all(part in everything for part in value.split(" ")), value
