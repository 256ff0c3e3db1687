"""Wrong bits on the line of one meter: what comes out false, and what true is missing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

from teleinfo.simulator.encode import flip_bits
from teleinfo.tic.decoder import Decoder
from tests.bench.judge import Account, Price, Wrong, is_framed, unchanged_lines, wrong
from tests.bench.meters import first_frames
from tests.bench.sent import ETX, Kind, add_parity

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.bench.judge import Reads
    from tests.bench.sent import Sent

UNCOUNTED = 3  # frames of which no price is asked
# Frames that arrive whole at the start: without parity no check finds a wrong first value.
WHOLE = {True: 0, False: 3}
# What the largest of these meters may draw, and by how much an index may be off at any time, as
# `tic/plausibility.py` counts it.
WATT_HOURS_A_SECOND = 1.5 * 18_000 / 3600
MARGIN = 2  # Wh


@dataclass(slots=True)
class Outcome:
    """
    Outcome of one rate of wrong bits.

    `wrong` counts the false values. `bounded` are the false indexes that are off by no more than the
    subscription can draw since the index was last right.
    """

    damaged: int = 0  # groups
    frames: int = 0  # readings
    wrong: Counter[Wrong] = field(default_factory=Counter)
    bounded: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    price: Price = field(default_factory=Price)

    @property
    def far_off(self) -> int:
        """False indexes that are off by more than that."""
        return self.wrong[Wrong.INDEX] - self.bounded


def listen(
    name: str,
    rate: float,
    *,
    parity: bool,
    frames: int,
    seed: int,
    outcome: Outcome,
    make: Callable[[], Reads] = Decoder,
) -> None:
    """Send the first frames of a meter to a new decoder, with so many of the bits wrong; add the outcome."""
    decoder, rng, now, after_end = make(), Random(seed), 0.0, False
    waits = frozenset({Kind.UNKNOWN} if parity else {Kind.UNKNOWN, Kind.NOTICE})
    account = Account(outcome.price, waits=waits)
    last: dict[str, float] = {}  # when each index was right
    before: tuple[Sent, ...] = ()
    for number, frame in enumerate(first_frames(name, frames)):
        sent = add_parity(frame.data) if parity else frame.data
        arrived = sent
        if number >= WHOLE[parity]:
            arrived = flip_bits(sent, rate, rng, width=8 if parity else 7)
        now += frame.seconds
        readings = decoder.feed(arrived)
        lines = unchanged_lines(frame, sent, arrived)
        if arrived != sent:
            outcome.damaged += max(1, len(frame.lines) - len(lines))
            if not is_framed(frame, sent, arrived, parity=parity, after_end=after_end):
                lines = ()
        after_end = arrived.endswith(ETX)
        values = readings[-1].values if readings else {}
        account.take(lines, values, now, counts=number >= UNCOUNTED)
        outcome.frames += len(readings)
        for reading in readings:
            for key, value, kind in wrong(reading.values, frame, before):
                outcome.wrong[kind] += 1
                outcome.labels[f"{key} of {name}"] += 1
                if kind is Wrong.INDEX:
                    most = WATT_HOURS_A_SECOND * (now - last.get(key, now)) + MARGIN
                    outcome.bounded += abs(int(value) - int(frame.values[key])) <= most
        if readings:
            last |= {key: now for key, value in frame.values.items() if values.get(key) == value}
        before = (frame,)
