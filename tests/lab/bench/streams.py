"""
The bytes of simulated meters, without end, in pieces that end with a frame.

The values are those of a household, of which most stay from one frame to the next. With `changing` every
digit of every quantity changes in each frame, but for those of the contract, and every index rises.
"""

from __future__ import annotations

import datetime as dt
from random import Random
from typing import TYPE_CHECKING

from teleinfo.simulator.catalogue import build
from teleinfo.simulator.encode import encode_frame
from teleinfo.tic.labels import Kind, lookup
from tests.lab.bench.sent import BITS, GAP

if TYPE_CHECKING:
    from collections.abc import Iterator

    from teleinfo.tic.labels import Group


METERS = {"historique": "hc", "standard": "standard"}
START = dt.datetime(2026, 1, 15)  # noqa: DTZ001 - a meter knows local time only
# Quantities of the contract: with another subscribed power in each frame no index would be plausible.
CONTRACT = {"ISOUSC", "PREF", "PCOUP"}


def frames(meter: str, *, changing: bool = False) -> Iterator[list[Group]]:
    """Yield the groups of one frame after the other of a meter or a mode, at the line's pace, for ever."""
    rng = Random(1)
    source = build(METERS.get(meter, meter), start=START, rng=Random(2))
    now = START
    indexes: dict[str, int] = {}
    while True:
        groups = source.frame(now)
        if changing:
            yield [_another(group, indexes, rng) for group in groups]
        else:
            yield groups
        # The length of a frame hardly changes.
        now += dt.timedelta(seconds=len(encode_frame(groups)) * BITS / source.baudrate + GAP)


def pieces(mode: str, *, count: int, size: int, changing: bool = False) -> list[bytes]:
    """Return `count` pieces of the stream, of at least `size` bytes each, without parity."""
    source = map(encode_frame, frames(mode, changing=changing))
    return [_piece(source, size) for _ in range(count)]


def _piece(source: Iterator[bytes], size: int) -> bytes:
    piece = bytearray()
    while len(piece) < size:
        piece += next(source)
    return bytes(piece)


def _another(group: Group, indexes: dict[str, int], rng: Random) -> Group:
    """Return the group with other digits, where the table knows a quantity or an index."""
    label = lookup(group.mode, group.label)
    if label is None or group.label in CONTRACT or not group.value.isdecimal():
        return group
    width = len(group.value)
    if label.kind is Kind.INDEX:
        # A start of any size, as of meters that have counted for years.
        before = indexes.setdefault(group.label, rng.randrange(10 ** (width - 1)))
        indexes[group.label] = before + rng.randrange(1, 3)
        return group._replace(value=f"{indexes[group.label]:0{width}}")
    if label.kind is Kind.QUANTITY:
        return group._replace(value=f"{rng.randrange(10**width):0{width}}")
    return group
