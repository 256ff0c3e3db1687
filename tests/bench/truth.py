"""
How often a wrong value leaves the decoder, of lines that are damaged in every way that is known.

Frames of simulated meters, in which every quantity and index moves, are sent damaged: with wrong bits that
are independent of each other, or in a burst, or stuck; with bytes lost or repeated. What comes out with the
end of a frame must be what was sent in it under that key. Nothing of this depends on the machine.

`lasting` are the wrong values that do harm for ever: an identifier, an étiquette that the meter does not
have, and an index that is off by more than the subscribed power can draw since the index was last published.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

from teleinfo.simulator.encode import encode_frame, flip_bits, with_parity
from teleinfo.tic.decoder import Decoder
from teleinfo.tic.labels import Kind, Mode, lookup
from teleinfo.tic.reading import HORODATE_SUFFIX, build_reading
from tests.bench.rows import Row
from tests.bench.streams import BITS, GAP, frames

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from teleinfo.tic.groups import Group
    from tests.bench.scale import Scale

    Damage = Callable[[bytes, int, int, Random], bytes]

METERS = {
    "historique": ("hc", "tempo", "tri-tempo"),
    "standard": ("standard", "standard-tri", "standard-producer"),
}
MOST_BYTES = 64  # lost or repeated: the buffer of a USB adapter
BURSTS = range(2, 21)  # bits
WARM_UP = 3  # frames that arrive whole
# What the largest of these meters may draw, and by how much an index may be off at any time, as
# `tic/plausibility.py` counts it.
WATT_HOURS_A_SECOND = 1.5 * 18_000 / 3600
MARGIN = 2  # Wh


def wrong_bits(rate: float) -> Damage:
    """Flip each bit with this probability."""

    def damage(frame: bytes, width: int, _number: int, rng: Random) -> bytes:
        return flip_bits(frame, rate, rng, width=width)

    return damage


def burst(how: Callable[[int, int], int]) -> Damage:
    """Change a run of bits by `how`, which gets a byte and the mask of the bits in it that the run covers."""

    def damage(frame: bytes, width: int, number: int, rng: Random) -> bytes:
        length = BURSTS[number % len(BURSTS)]
        start = rng.randrange(len(frame) * width - length)
        damaged = bytearray(frame)
        for place in range(start // width, (start + length - 1) // width + 1):
            bits = range(max(start, place * width), min(start + length, (place + 1) * width))
            damaged[place] = how(damaged[place], sum(1 << bit % width for bit in bits))
        return bytes(damaged)

    return damage


def lost(frame: bytes, _width: int, number: int, _rng: Random) -> bytes:
    """Lose 1 to 64 bytes, at one place after the other."""
    place, size = divmod(number, MOST_BYTES)
    place %= len(frame)
    return frame[:place] + frame[place + size + 1 :]


def repeated(frame: bytes, _width: int, number: int, _rng: Random) -> bytes:
    """Send 1 to 64 bytes twice, at one place after the other."""
    place, size = divmod(number, MOST_BYTES)
    place %= len(frame)
    return frame[: place + size + 1] + frame[place:]


@dataclass(frozen=True, slots=True)
class Fault:
    """
    One way to damage a frame: its bytes, the bits of each, the number of the fault and a source of chance.

    Promised: no lasting wrong value, on a line without parity too if `stripped`; and with parity, or in any
    case where bytes are `missing`, at most a `share` of others among the damaged groups.
    """

    damage: Damage
    share: float
    stripped: bool = True
    missing: bool = False


FAULTS = {
    "0.01% of the bits wrong": Fault(wrong_bits(0.0001), 0.0),
    "0.1% of the bits wrong": Fault(wrong_bits(0.001), 0.0),
    "0.3% of the bits wrong": Fault(wrong_bits(0.003), 0.0),
    "1% of the bits wrong": Fault(wrong_bits(0.01), 1e-4, stripped=False),
    "a burst of 2 to 20 wrong bits": Fault(burst(lambda byte, mask: byte ^ mask), 0.0),
    "2 to 20 bits stuck at 0": Fault(burst(lambda byte, mask: byte & ~mask), 0.0),
    "2 to 20 bits stuck at 1": Fault(burst(lambda byte, mask: byte | mask), 0.0),
    "1 to 64 bytes lost": Fault(lost, 1e-5, missing=True),
    "1 to 64 bytes repeated": Fault(repeated, 1e-5, missing=True),
}


def rows(scale: Scale) -> list[Row]:
    """Measure every fault in both modes, with parity and without it."""
    return [
        row
        for mode in METERS
        for parity in (True, False)
        for name in FAULTS
        for row in _rows(mode, name, parity=parity, enough=scale.damaged)
    ]


@dataclass(slots=True)
class _Tally:
    """What came of one fault."""

    damaged: int = 0  # groups
    frames: int = 0
    lasting: int = 0
    others: Counter[str] = field(default_factory=Counter)  # by kind of value
    stale: int = 0  # of the others, what was sent in the frame before


def _rows(mode: str, name: str, *, parity: bool, enough: int) -> list[Row]:
    fault, tally = FAULTS[name], _Tally()
    for meter in METERS[mode]:
        _measure(meter, fault.damage, tally, parity=parity, enough=enough // len(METERS[mode]))
    what = f"truth {mode}, {'parity' if parity else 'stripped'}, {name}"
    others = ", ".join(f"{count} {kind}" for kind, count in tally.others.most_common()) or "none"
    promised = parity or fault.stripped
    return [
        Row(
            what=f"{what}: lasting",
            measured=tally.lasting,
            unit="wrong values",
            goal=0 if promised else None,
            promise=promised,
            remark=f"{tally.damaged:,} groups damaged, {tally.frames:,} frames published",
        ),
        Row(
            what=f"{what}: others",
            measured=tally.others.total(),
            unit="wrong values",
            goal=fault.share * tally.damaged if parity or fault.missing else None,
            promise=parity or fault.missing,
            remark=f"{others}; {tally.stale} of them of the frame before",
        ),
    ]


def _measure(meter: str, damage: Damage, tally: _Tally, *, parity: bool, enough: int) -> None:
    decoder, rng, judge = Decoder(), Random(1), _Judge()
    number = 0
    stop = tally.damaged + enough
    for count, groups in enumerate(frames(meter, changing=True)):
        frame = encode_frame(groups)
        sent = with_parity(frame) if parity else frame
        arrived = sent
        # Where bytes are missing every second frame arrives whole: else the two faults would be one.
        if count >= WARM_UP and (count % 2 or damage not in (lost, repeated)):
            arrived = damage(sent, 8 if parity else 7, number, rng)
            number += 1
        tally.damaged += _damaged(sent, arrived)
        judge.sent(
            groups, seconds=len(frame) * BITS / (1200 if groups[0].mode is Mode.HISTORIQUE else 9600) + GAP
        )
        for reading in decoder.feed(arrived):
            tally.frames += 1
            judge.published(reading.values, tally)
        if tally.damaged >= stop:
            break


class _Judge:
    """What was sent, and which of the published values are wrong."""

    def __init__(self) -> None:
        self._truth: dict[str, str] = {}
        self._before: dict[str, str] = {}
        self._mode = Mode.HISTORIQUE
        self._now = 0.0
        self._last: dict[str, float] = {}  # when each index was published last

    def sent(self, groups: list[Group], *, seconds: float) -> None:
        """Note what a frame says that takes so long."""
        reading = build_reading(groups)
        assert reading is not None
        self._before, self._truth, self._mode = self._truth, reading.values, reading.mode
        self._now += seconds

    def published(self, values: Mapping[str, str], tally: _Tally) -> None:
        """Count what is wrong."""
        for key, text in values.items():
            label = lookup(self._mode, key.removesuffix(HORODATE_SUFFIX))
            true = self._truth.get(key)
            if text != true:
                if label is None or true is None or self._is_lasting(key, label.kind, text, true):
                    tally.lasting += 1
                else:
                    tally.others[label.kind.value] += 1
                    tally.stale += text == self._before.get(key)
            if label is not None and label.kind is Kind.INDEX:
                self._last[key] = self._now

    def _is_lasting(self, key: str, kind: Kind, text: str, true: str) -> bool:
        if kind is Kind.IDENTIFIER:
            return True
        if kind is not Kind.INDEX or text == self._before.get(key):
            return False
        error = abs(int(text) - int(true))
        return error > WATT_HOURS_A_SECOND * (self._now - self._last.get(key, self._now)) + MARGIN


def _damaged(sent: bytes, arrived: bytes) -> int:
    """Return how many groups did not arrive as they were sent; at least 1 where anything did not."""
    if sent == arrived:
        return 0
    end = b"\r" if sent.isascii() else with_parity(b"\r")
    there = Counter(arrived.split(end))
    return max(1, sum((Counter(sent.split(end)[:-1]) - there).values()))
