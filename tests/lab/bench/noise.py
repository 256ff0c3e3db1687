"""Wrong bits on the line of one meter: what comes out false, and what true is missing."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from teleinfo.simulator.encode import flip_bits
from teleinfo.tic.decoder import Decoder
from tests.lab.bench.judge import Outcome, Price, Wrong, is_framed, unchanged_lines, wrong
from tests.lab.bench.meters import first_frames
from tests.lab.bench.sent import ETX, Kind, add_parity

if TYPE_CHECKING:
    from collections.abc import Mapping

UNCOUNTED = 3  # frames of which no price is asked
# Frames that arrive whole at the start: without parity no check finds a wrong first value.
WHOLE = {True: 0, False: 3}
FRAMES = 3000  # of a meter that are sent before a new decoder gets the same ones
# What the largest of these meters may draw, and by how much an index may be off at any time, as
# `tic/plausibility.py` counts it.
WATT_HOURS_A_SECOND = 1.5 * 18_000 / 3600
MARGIN = 2  # Wh


class Noise(NamedTuple):
    """
    Wrong bits: a share of all bits, low enough for no lasting false value.

    Promised: at most `others` of the damaged groups give another false value, and at most `withheld` of the
    sound groups of any meter do not come out with their frame. None promises nothing.
    """

    rate: float
    parity: bool = True
    others: float | None = None
    withheld: float | None = None


NOISES = {
    "clean line, stripped": Noise(0.0, parity=False, withheld=0.0),
    "clean line": Noise(0.0, withheld=0.0),
    "1 in 10,000 bits wrong": Noise(1e-4, withheld=5e-5),
    "3 in 1000 bits wrong": Noise(3e-3, others=0.0, withheld=2e-3),
    "1 in 100 bits wrong": Noise(1e-2, others=1e-4),
    "stripped, 3 in 1000 bits wrong": Noise(3e-3, parity=False),
}


def listen(name: str, line: str, *, damaged: int, sound: int) -> tuple[Outcome, Price]:
    """Send a meter with a noise, until so many groups were damaged (or sound, if only they count)."""
    noise = NOISES[line]
    outcome = Outcome()
    price = Price()
    seed = 0
    enough = max(damaged, sound)
    frames = min(FRAMES, UNCOUNTED + 1 + enough // len(first_frames(name, 1)[0].lines))
    asks_damaged = noise.withheld is None or noise.others is not None
    while (asks_damaged and outcome.damaged < damaged) or (
        noise.withheld is not None and price.sound < sound
    ):
        seed += 1
        _listen(name, noise.rate, frames, outcome, price, rng=Random(seed), parity=noise.parity)
    return outcome, price


def _listen(
    name: str, rate: float, frames: int, outcome: Outcome, price: Price, *, rng: Random, parity: bool
) -> None:
    """Send the first frames of a meter to a new decoder, and add what comes of them."""
    decoder = Decoder()
    now = 0.0
    after_end = False
    waits = {Kind.UNKNOWN} if parity else {Kind.UNKNOWN, Kind.NOTICE}
    seen: set[str] = set()
    in_a_row: Counter[str] = Counter()
    last: dict[str, float] = {}  # when each index was right
    before: tuple[Mapping[str, str], ...] = ()
    for number, frame in enumerate(first_frames(name, frames)):
        sent = add_parity(frame.data) if parity else frame.data
        arrived = sent
        if number >= WHOLE[parity]:
            arrived = flip_bits(sent, rate, rng, width=8 if parity else 7)
        now += frame.seconds
        readings = decoder.feed(arrived)
        values = readings[-1].values if readings else {}
        lines = unchanged_lines(frame, sent, arrived)
        if arrived != sent:
            outcome.damaged += max(1, len(frame.lines) - len(lines))
            if not is_framed(frame, sent, arrived, parity=parity, after_end=after_end):
                lines = ()
        after_end = arrived.endswith(ETX)
        for line in lines:
            # The first appearance of a label of these kinds is free.
            is_free = number < UNCOUNTED or (line.kind in waits and line.label not in seen)
            seen.add(line.label)
            price.sound += number >= UNCOUNTED
            if line.values.items() <= values.items():
                del in_a_row[line.label]
            elif not is_free:
                in_a_row[line.label] += 1
                price.withhold(line, in_a_row[line.label])
        for reading in readings:
            for key, value, kind in wrong(reading.values, frame.values, before):
                most = WATT_HOURS_A_SECOND * (now - last.get(key, now)) + MARGIN
                is_near = kind is Wrong.INDEX and abs(int(value) - int(frame.values[key])) <= most
                outcome.wrong[Wrong.OTHER if is_near else kind, f"{key} of {name}"] += 1
        last |= {key: now for key, value in frame.values.items() if values.get(key) == value}
        before = (frame.values,)
