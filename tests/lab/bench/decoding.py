"""
From the bytes of the line to the text that is published, as `teleinfo decode` does it.

Every digit of every quantity changes in each frame. The floor finds each ETX and turns the ready mapping of
each frame into JSON: what nobody can leave out. The two take turns on the same piece of the stream. The time
is that of the thread, so that other programs that run on the machine do not count.
"""

from __future__ import annotations

import json
import time
from statistics import median
from typing import TYPE_CHECKING

from teleinfo.payload import Options, encode
from teleinfo.simulator.encode import ETX, with_parity
from teleinfo.tic.decoder import Decoder
from tests.lab.bench.rows import Row
from tests.lab.bench.streams import pieces

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.lab.bench.scale import Scale

CHUNK = 1 << 16  # what `teleinfo decode` reads at a time
# At most 1.5 times (historique) and 1.0 times (standard) the time of tic2json, which decodes
# 39 and 48 MB/s on a machine where the floor makes 60 and 128.
GOALS = {"historique": 39 / 1.5 / 60, "standard": 48 / 128}


def rows(scale: Scale) -> list[Row]:
    """Measure both modes, with parity and without."""
    found = []
    for mode, goal in GOALS.items():
        stripped = pieces(mode, count=scale.pieces, size=scale.piece_bytes, changing=True)
        found += [
            _row(f"decode {mode}, parity", [with_parity(piece) for piece in stripped], goal),
            _row(f"decode {mode}, stripped", stripped, goal),
        ]
    return found


def _row(what: str, stream: Sequence[bytes], goal: float) -> Row:
    decoder = Decoder()
    ours = []
    floors = []
    count = 0
    for piece in stream:
        mappings = [dict(reading.values) for reading in Decoder().feed(piece)]
        count += len(mappings)
        ours.append(_decode(decoder, piece))
        floors.append(_floor(piece, mappings))
    assert decoder.counts.frames == count > 0, "it did not read what was sent"
    assert decoder.counts.rejected == 0, "a sound group was rejected"
    size = sum(map(len, stream))
    # The ratio is that of the medians: the table must be consistent in itself.
    speed, floor = (size / len(stream) / 1e6 / median(times) for times in (ours, floors))
    return Row(
        what,
        speed,
        "MB/s",
        floor=floor,
        goal=goal,
        more_is_better=True,
        remark=f"frames of {size / count:.0f} bytes",
    )


def _decode(decoder: Decoder, piece: bytes) -> float:
    """Return how many seconds decoding and encoding take."""
    options = Options()
    began = time.thread_time()
    for start in range(0, len(piece), CHUNK):
        for reading in decoder.feed(piece[start : start + CHUNK]):
            encode(reading, options, now=time.time())
    return time.thread_time() - began


def _floor(piece: bytes, mappings: Sequence[dict[str, str]]) -> float:
    """Return the seconds for the ends of the frames and the text of their ready mappings."""
    began = time.thread_time()
    end = -1
    for mapping in mappings:
        end = piece.find(ETX, end + 1)
        json.dumps(mapping, separators=(",", ":")).encode()
    spent = time.thread_time() - began
    assert end == len(piece) - 1, "there are more frames than mappings"
    return spent
