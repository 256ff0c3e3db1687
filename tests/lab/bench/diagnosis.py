"""
The causes that `diagnose` names, for lines with a simulated fault, with plain noise and with neither.

Each line is as long as an hour in mode historique. Its fault damages between 1 in 1000 and 1 in 10 groups, by
physics (`teleinfo.simulator.faults`) that the classifier does not know. Of noise, and of a line without a
fault, the right answer is also "not clear".
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from teleinfo.doctor.line_cause import diagnose
from teleinfo.simulator.catalogue import METERS, build
from teleinfo.simulator.encode import flip_bits
from teleinfo.simulator.faults import KINDS, make_fault
from tests.lab.bench.rows import Row
from tests.lab.bench.scale import spread
from tests.lab.bench.sent import BITS, GAP, add_parity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.lab.bench.scale import Scale

CAUSELESS = ("noise", "none")
START = dt.datetime(2026, 1, 15)  # noqa: DTZ001 - a meter knows local time only
GROUP_BITS = 17 * 8
GOAL = 95.0
LEAST, MOST = 0.001, 0.1


class Draw(NamedTuple):
    """A line: its fault, and the cause that was named."""

    kind: str
    cause: str | None

    @property
    def right(self) -> bool:
        """True if the cause is the fault; of noise, and of a line without a fault, it may be None."""
        return self.cause == self.kind or (self.cause is None and self.kind in CAUSELESS)


def rows(scale: Scale) -> list[Row]:
    """Draw lines, and return the confusion table."""
    return confusion(spread(draw, [(number, scale.line_bytes) for number in range(scale.draws)]))


def confusion(draws: Sequence[Draw]) -> list[Row]:
    """Return the share of right answers for each fault, and for all."""
    found = [_row(kind, [each for each in draws if each.kind == kind]) for kind in (*KINDS, *CAUSELESS)]
    wrong = sum(each.cause is not None and not each.right for each in draws)
    return [
        *found,
        _row("all faults", [each for each in draws if each.kind not in CAUSELESS], goal=GOAL),
        Row("diagnosis wrong, all lines", 100 * wrong / len(draws), "%"),
    ]


def _row(what: str, draws: Sequence[Draw], goal: float | None = None) -> Row:
    """Return the share of the right answers, with the others in the remark."""
    others = Counter(each.cause or "not clear" for each in draws if not each.right)
    remark = ", ".join(
        (f"{len(draws)} lines", *(f"{count} {answer}" for answer, count in others.most_common()))
    )
    right = sum(each.right for each in draws) / len(draws) if draws else 1.0
    return Row(f"diagnosis {what}: right", 100 * right, "%", goal=goal, more_is_better=True, remark=remark)


def draw(number: int, size: int) -> Draw:
    """Play a line of `size` bytes with the share of damaged groups that is asked for, and diagnose it."""
    rng = Random(number)
    kinds = (*KINDS, *CAUSELESS)
    kind = kinds[number % len(kinds)]
    while True:
        meter, share = rng.choice(list(METERS)), 10 ** rng.uniform(-3, -1)
        data, damaged = _play(kind, meter, share, size, rng)
        # Of the rarer faults the share comes out lower or higher.
        if kind == "none" or LEAST <= damaged <= MOST:
            return Draw(kind, diagnose(data).cause)


def _play(kind: str, meter: str, share: float, size: int, rng: Random) -> tuple[bytes, float]:
    """Return the bytes that are received, and the share of the groups that arrived damaged."""
    damage = _damage(kind, share, baudrate=9600 if meter.startswith("standard") else 1200, rng=rng)
    received, damaged, groups = [], 0, 0
    for at, frame in _frames(meter, size, rng):
        received.append(damage(frame, at))
        sent = frame[1:-1].split(add_parity(b"\r"))[:-1]
        groups += len(sent)
        if received[-1] != frame:
            damaged += sum(group not in received[-1] for group in sent)
    return b"".join(received), damaged / groups


def _damage(kind: str, share: float, *, baudrate: int, rng: Random) -> Callable[[bytes, float], bytes]:
    if kind == "none":
        return lambda data, _: data
    if kind == "noise":
        rate = 1 - (1 - share) ** (1 / GROUP_BITS)
        return lambda data, _: flip_bits(data, rate, rng)
    return make_fault(kind, share, baudrate=baudrate, rng=rng)


def _frames(name: str, size: int, rng: Random) -> Iterator[tuple[float, bytes]]:
    """Yield so many bytes of a meter, in frames, with the times at which they begin."""
    begin = START + dt.timedelta(minutes=rng.randrange(365 * 24 * 60))
    meter, at = build(name, start=begin, rng=rng), 0.0
    while size > 0:
        frame = add_parity(meter.emit(begin + dt.timedelta(seconds=at)))
        yield at, frame
        size -= len(frame)
        at += len(frame) * BITS / meter.baudrate + GAP
