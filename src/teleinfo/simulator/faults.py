"""
Faults of a line as physics: the level behind an optocoupler before a UART, and bytes lost behind the UART.

A fault is a function of the bytes of a frame and the time in s at which the frame begins. It returns the
bytes that a program receives from a port opened 8N1. The line is idle before and after each frame.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cache
from itertools import accumulate
from typing import TYPE_CHECKING

from teleinfo.simulator.encode import BITS, with_parity

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    Fault = Callable[[bytes, float], bytes]
    Outcome = tuple[int, int]
    """The byte, -1 if none is received, and the bits up to the next falling edge."""

_TICKS = 16  # samples of a UART in a bit
_OFFSETS = 4  # moments within a tick at which a start bit may begin
_PHASES = 24  # parts of a period of the hum
_LEAST = 1e-7  # probability below which a branch is cut
_IDLE, _FALL = b"\1" * (BITS + 1), b"\1\0"
_CHARACTERS = [bytes([0, *(byte >> bit & 1 for bit in range(8)), 1]) for byte in range(256)]
_GROUP = with_parity(b"\nHCHC 019212706 !\r")
_STRENGTHS = {
    "slow_rise": ("rise", 0.3, 1.1),
    "slow_fall": ("fall", 0.3, 1.1),
    "weak": ("low", 0.1, 0.5),
    "clock": ("clock", 0.03, 0.07),
    "hum": ("hum", 0.15, 0.5),
}
KINDS = (*_STRENGTHS, "lost_bytes", "shared_port")
"""The faults, by name."""


@dataclass(kw_only=True, eq=False)
class Uart:
    """
    A UART behind an optocoupler; times are in bits of the meter, levels in parts of the amplitude.

    The level tends to 1 at a 1 and to `low` at a 0 (no carrier, carrier: Enedis-NOI-CPT_54E v3 and 02E v6),
    with the time constants `rise` and `fall`; the threshold is at 0.5. `noise` is the standard deviation of
    the noise, independent in each sample, and `hum` the amplitude of a hum with this `period`. A bit of the
    UART is longer than a bit of the meter by the share `clock`.

    A low sample behind a high one begins a character if the eighth sample behind it is low, too; each bit is
    the sixteenth sample behind the last one (Arm DDI 0183, PL011). Linux delivers a byte without its stop bit
    like any other (without INPCK); the line must then be high before the next start bit.
    """

    rng: random.Random
    rise: float = 0.1
    fall: float = 0.1
    low: float = 0.0
    noise: float = 0.05
    hum: float = 0.0
    period: float = math.inf
    clock: float = 0.0
    # By the bits around a character and the phase of the hum: see `_table`.
    _tables: dict[tuple[bytes, int], tuple[list[Outcome], list[float]]] = field(
        default_factory=dict, init=False
    )

    def receive(self, data: bytes, start: float = 0.0) -> bytes:
        """Return the bytes received if the first start bit begins at `start`."""
        levels = _IDLE + b"".join([_CHARACTERS[byte] for byte in data]) + _IDLE
        received, edge = bytearray(), levels.find(_FALL) + 1
        while edge:
            outcomes, sums = self._table(levels, edge, start - len(_IDLE))
            index, drawn = 0, self.rng.random() * sums[-1]
            while drawn > sums[index]:
                index += 1
            byte, step = outcomes[index]
            if byte >= 0:
                received.append(byte)
            edge = levels.find(_FALL, edge + step - 1) + 1
        return bytes(received)

    def damage(self) -> float:
        """Return the probability that a group arrives damaged, on average over the phases of the hum."""
        levels, sound = _IDLE + b"".join(_CHARACTERS[byte] for byte in _GROUP * 2), 0.0
        for phase in range(_PHASES):
            share, start = 1 / _PHASES, phase * self.period / _PHASES if self.hum else 0.0
            for place, byte in enumerate(_GROUP):
                outcomes, sums = self._table(levels, len(_IDLE) + place * BITS, start)
                share *= sums[0] / sums[-1] if outcomes[0] == (byte, BITS) else 0.0
            sound += share
        return 1 - sound

    def _table(self, levels: bytes, edge: int, start: float) -> tuple[list[Outcome], list[float]]:
        """Return what may be received of the character at `edge`, and the cumulated probabilities."""
        phase = int((start + edge) / self.period * _PHASES) % _PHASES
        before = 3 if max(self.rise, self.fall) > 0.2 else 1  # noqa: PLR2004 -- bits that still matter
        key = levels[edge - before : edge + BITS + 1], phase
        if key not in self._tables:
            found = sorted(self._outcomes(*key).items(), key=lambda each: -each[1])
            self._tables[key] = [each for each, _ in found], list(accumulate(share for _, share in found))
        return self._tables[key]

    def _outcomes(self, levels: bytes, phase: int) -> dict[Outcome, float]:
        before, length = len(levels) - BITS - 1, (1 + self.clock) / _TICKS
        edges = list(accumulate(levels, lambda level, bit: self._level(level, bit, 1.0), initial=1.0))

        @cache
        def high(tick: float) -> float:  # the probability that a sample is 1
            bit = min(int(tick * length) + before, len(levels) - 1)
            hum = self.hum * math.sin(math.tau * ((phase + 0.5) / _PHASES + tick * length / self.period))
            level = self._level(edges[bit], levels[bit], tick * length + before - bit) + hum
            return math.erfc((0.5 - level) / self.noise / math.sqrt(2)) / 2

        def step(place: int) -> int:  # the distance of the next falling edge
            return (levels.find(_FALL, before + place) + 1 or len(levels)) - before

        found: dict[Outcome, float] = defaultdict(float)
        for offset in range(_OFFSETS):
            searching = [1.0] + [0.0] * (_TICKS + 8)
            for number in range(_TICKS):
                share, tick = searching[number], number + (offset + 0.5) / _OFFSETS
                if share < _LEAST:
                    continue
                searching[number + 1] += share * high(tick)
                searching[number + 9] += share * (1 - high(tick)) * high(tick + 8)
                weights: dict[int, float] = {0: share * (1 - high(tick)) * (1 - high(tick + 8))}
                for bit in range(1, BITS):
                    tick += _TICKS
                    weights = {
                        bits | value << bit: weight * chance
                        for bits, weight in weights.items()
                        for value, chance in ((0, 1 - high(tick + 8)), (1, high(tick + 8)))
                        if weight * chance > _LEAST
                    }
                end = int((tick + 8) * length)
                for bits, weight in weights.items():
                    # A 1 may be sampled late, in the next start bit whose level still falls: its edge counts.
                    found[bits >> 1 & 0xFF, step(end - (bits >> BITS - 1))] += weight
            found[-1, step(0)] += sum(searching[_TICKS:])
        return found

    def _level(self, before: float, bit: int, time: float) -> float:
        target = 1.0 if bit else self.low
        return target + (before - target) * math.exp(-time / (self.rise if target > before else self.fall))


def make_fault(kind: str, share: float, *, baudrate: int, rng: random.Random) -> Fault:
    """Return a fault of KINDS that damages about this share of the groups; `rng` draws its details."""
    if kind not in _STRENGTHS:
        return _loss(share, rng, baudrate=baudrate, shared=kind == "shared_port")
    name, low, high = _STRENGTHS[kind]
    noise, sign = rng.uniform(0.02, 0.08), rng.choice((-1, 1)) if kind == "clock" else 1
    period = baudrate / rng.choice((50, 100)) if kind == "hum" else math.inf
    for _ in range(10):
        strength = (low + high) / 2
        uart = Uart(rng=rng, noise=noise, period=period, **{name: sign * strength})
        low, high = (low, strength) if uart.damage() > share else (strength, high)
    return lambda data, start: uart.receive(data, start * baudrate)


def _loss(share: float, rng: random.Random, *, baudrate: int, shared: bool) -> Fault:
    """
    Return the fault of a buffer that is emptied late, so that some of the next bytes are lost.

    If the port is `shared`, a second program reads about half the chunks, for two seconds on average.
    """
    # A FIFO, the 16 ms of an adapter by FTDI; a FIFO, a packet of an adapter.
    size = rng.choice((8, max(1, round(0.016 * baudrate / BITS))) if shared else (8, 16, 62, 64))
    damaged = 1 - 0.5 ** (1 + len(_GROUP) / size) if shared else 0.5 + len(_GROUP) / size
    busy = min(0.99, share / damaged)
    again = 1 - size * BITS / baudrate / 2 if shared else busy
    first = (1 - again) * busy / (1 - busy) if shared else busy
    now = False

    def receive(data: bytes, _: float) -> bytes:
        nonlocal now
        received = b""
        for place in range(-rng.randrange(size), len(data), size):
            now = rng.random() < (again if now else first)
            lost = (rng.choice((0, size)) if shared else rng.randint(1, size)) if now else 0
            received += data[max(0, place + lost) : place + size]
        return received

    return receive
