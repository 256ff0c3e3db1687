"""
How often a wrong value leaves the decoder, of a line with parity whose every bit may flip.

Frames of a simulated meter are sent with noise until enough groups were damaged. What comes out with the end
of a frame must be what was sent in it under that key. Nothing of this depends on the machine or on its speed.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from teleinfo.simulator.encode import encode_frame, flip_bits, with_parity
from teleinfo.tic.decoder import Decoder
from teleinfo.tic.reading import build_reading
from tests.bench.rows import Row
from tests.bench.streams import frames

if TYPE_CHECKING:
    from tests.bench.scale import Scale

_CR = with_parity(b"\r")
# Share of the damaged groups of which a wrong value may come, by bit-error rate.
PROMISES = {0.003: 0.0, 0.01: 1e-4}


def rows(scale: Scale) -> list[Row]:
    """Measure both modes at both rates."""
    return [
        _row(mode, rate, promise, scale.damaged)
        for mode in ("historique", "standard")
        for rate, promise in PROMISES.items()
    ]


def _row(mode: str, rate: float, promise: float, enough: int) -> Row:
    decoder, rng = Decoder(), Random(1)
    damaged = wrong = stale = came = 0
    before: dict[str, str] = {}
    for groups in frames(mode):
        if damaged >= enough:
            break
        clean = with_parity(encode_frame(groups))
        noisy = flip_bits(clean, rate, rng)
        damaged += _damaged(clean, noisy)
        truth = build_reading(groups)
        assert truth is not None
        for reading in decoder.feed(noisy):
            came += 1
            others = reading.values.items() - truth.values.items()
            wrong += len(others)
            stale += len(others & before.items())
        before = truth.values
    return Row(
        what=f"truth {mode}, {rate:.1%} of the bits flipped",
        measured=wrong,
        unit="wrong values",
        goal=promise * damaged,
        promise=True,
        remark=f"{stale} of them of the frame before; {damaged:,} groups damaged, {came:,} frames published",
    )


def _damaged(clean: bytes, noisy: bytes) -> int:
    """Return how many groups, from their LF to their CR, are not as they were sent."""
    damaged, start = 0, 1  # behind STX
    while (end := clean.find(_CR, start) + 1) > 0:
        damaged += clean[start:end] != noisy[start:end]
        start = end
    return damaged
