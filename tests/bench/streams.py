"""
What simulated meters send, as long as one likes, in pieces that end with a frame.

`living` has the values of a household, of which most stay from one frame to the next; in `restless` every
digit of every quantity and of every index is another one in each frame, and the sums are sound all the same.
"""

from __future__ import annotations

import datetime as dt
from random import Random
from typing import TYPE_CHECKING

from teleinfo.simulator.catalogue import build
from teleinfo.simulator.encode import encode_frame
from teleinfo.tic.groups import Group
from teleinfo.tic.labels import Kind, lookup

if TYPE_CHECKING:
    from collections.abc import Iterator


METERS = {"historique": "hc", "standard": "standard"}
START = dt.datetime(2026, 1, 15)  # noqa: DTZ001 - a meter knows local time only
BITS = 10  # of a character on the line
GAP = 0.02  # s between two frames (Enedis-NOI-CPT_54E v3 §5.3)


def frames(mode: str, *, restless: bool = False) -> Iterator[list[Group]]:
    """Yield the groups of one frame after the other, at the pace of the line, for ever."""
    rng = Random(1)
    meter = build(METERS[mode], start=START, rng=Random(2))
    now = START
    while True:
        groups = meter.frame(now)
        yield [_another(group, rng) for group in groups] if restless else groups
        # Its length hardly changes.
        now += dt.timedelta(seconds=len(encode_frame(groups)) * BITS / meter.baudrate + GAP)


def pieces(mode: str, *, count: int, size: int, restless: bool = False) -> list[bytes]:
    """Return `count` pieces of the stream, of at least `size` bytes each, without parity."""
    source = map(encode_frame, frames(mode, restless=restless))
    return [_piece(source, size) for _ in range(count)]


def _piece(source: Iterator[bytes], size: int) -> bytes:
    piece = bytearray()
    while len(piece) < size:
        piece += next(source)
    return bytes(piece)


def _another(group: Group, rng: Random) -> Group:
    """Return the group with other digits, where the table knows a quantity or an index."""
    label = lookup(group.mode, group.label)
    if label is None or label.kind not in {Kind.INDEX, Kind.QUANTITY} or not group.value.isdecimal():
        return group
    width = len(group.value)
    return Group(group.label, f"{rng.randrange(10**width):0{width}}", group.horodate, group.mode)
