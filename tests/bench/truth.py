"""
False values that leave the decoder, of lines that are damaged in every way that is known.

    make bench BENCH="--only truth"
    make bench BENCH="--only truth --meter tri --meter doc:overrun"     # these meters alone
    make bench BENCH="--only truth --quick"                             # a sample, in a minute

Two kinds of rows, for the meters of both generators (`meters.GROUPS`):

- wrong bits in every frame, independent of each other (`noise`);
- one fault at every place of a frame and over its end, for a decoder that has seen 0, 1, 2 or 6 frames
  (`walk`): bytes that are lost, repeated or inserted, bursts of bits that are wrong or stuck, bits
  that a UART lost.

What comes out while a frame is sent must be what it says under that key. *Lasting* are the false values that
do harm for ever: an identifier, an étiquette that the frame does not have, and an index. Of wrong
bits an index does so if it is off by more than the subscription can draw since it was
right last. Values of the frame before or behind, under their own key, are counted apart. Nothing of this
depends on the machine.

`walk.replay` returns the bytes of an example that a row names.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from teleinfo.tic.decoder import Decoder
from tests.bench import meters, walk
from tests.bench.faults import FAMILIES, PROMISED
from tests.bench.judge import LASTING, Wrong
from tests.bench.noise import Outcome, listen
from tests.bench.rows import Row

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.bench.judge import Reads
    from tests.bench.scale import Scale

FRAMES = 2000  # of a meter that are sent before a new decoder gets the same ones
MOST_SENT = 20  # frames sent for each damaged group that is wanted: of few wrong bits there are few


class Noise(NamedTuple):
    """
    A share of the bits that is wrong.

    Promised: no lasting false value, on a line without parity too if `stripped`; and with parity at most
    `others` of the damaged groups.
    """

    rate: float
    others: float
    stripped: bool


NOISES = {
    "3 in 1000 bits wrong": Noise(0.003, others=0.0, stripped=True),
    "1 in 100 bits wrong": Noise(0.01, others=1e-4, stripped=False),
}


def rows(scale: Scale) -> list[Row]:
    """Measure every fault on every meter, with parity and without it."""
    groups = scale.choose(meters.GROUPS)
    damaged = {name: scale.damaged // len(names) for names in groups.values() for name in names}
    noisy = dict(scale.spread(_listen, list(damaged.items())))
    walked = dict(scale.spread(_walk, [(name, scale.stride) for name in damaged]))
    found = []
    for group, names in groups.items():
        for parity in (True, False):
            what = f"truth {group}, {'parity' if parity else 'stripped'}"
            for noise in NOISES:
                found += _noise_rows(
                    what, noise, [noisy[name][noise, parity] for name in names], parity=parity
                )
            for family in FAMILIES:
                total = walk.Found()
                for name in names:
                    total.add(walked[name][family, parity])
                found += _walk_rows(what, family, total, promised=PROMISED.get((family, parity)))
    return found


def _listen(name: str, enough: int) -> tuple[str, dict[tuple[str, bool], Outcome]]:
    return name, {
        (noise, parity): listen_to(name, noise, parity=parity, enough=enough)
        for noise in NOISES
        for parity in (True, False)
    }


def listen_to(
    name: str, noise: str, *, parity: bool, enough: int, make: Callable[[], Reads] = Decoder
) -> Outcome:
    """Return the outcome of a noise on a meter, of so many damaged groups, or MOST_SENT frames for each."""
    outcome, seed, sent = Outcome(), 0, 0
    while outcome.damaged < enough and sent < MOST_SENT * enough:
        seed += 1
        frames = min(FRAMES, 10 + enough)
        sent += frames
        listen(name, NOISES[noise].rate, parity=parity, frames=frames, seed=seed, outcome=outcome, make=make)
    return outcome


def _walk(name: str, stride: int) -> tuple[str, dict[tuple[str, bool], walk.Found]]:
    return name, walk.walk(name, stride=stride)


def _noise_rows(what: str, name: str, outcomes: list[Outcome], *, parity: bool) -> list[Row]:
    noise, wrong, labels = NOISES[name], Counter[Wrong](), Counter[str]()
    for outcome in outcomes:
        wrong.update(outcome.wrong)
        labels.update(outcome.labels)
    # An index of the frame before is nearly right: it counts as false only where no value may be false.
    wrong[Wrong.INDEX if parity and noise.stripped else Wrong.NEIGHBOUR] += wrong[Wrong.NEIGHBOUR_INDEX]
    damaged, frames, bounded = (
        sum(getattr(outcome, figure) for outcome in outcomes) for figure in ("damaged", "frames", "bounded")
    )
    wrong[Wrong.INDEX] -= bounded
    wrong[Wrong.OTHER] += bounded
    return _rows(
        f"{what}, {name}",
        wrong,
        labels,
        goals=(0 if parity or noise.stripped else None, noise.others * damaged if parity else None),
        remark=f"{damaged:,} groups damaged, {frames:,} frames published",
    )


def _walk_rows(what: str, family: str, found: walk.Found, *, promised: float | None) -> list[Row]:
    what, wrong = f"{what}, {family}", found.wrong
    examples = "; ".join(
        f"{name} after {seen}: {fault.low}–{fault.high}, {len(fault.put)} bytes put"
        for name, seen, _, fault in found.examples[:2]
    )
    rows = _rows(
        what,
        wrong,
        found.labels,
        goals=(None, None) if promised is None else (0, promised * found.damaged),
        remark=f"{found.faults:,} faults, {found.tried:,} tried {examples}",
    )
    if promised:
        remark = f"and {wrong[Wrong.NEIGHBOUR]} other values, under their own key"
        rows.append(_row(f"{what}: of the frame before or behind", wrong[Wrong.NEIGHBOUR_INDEX], 0, remark))
    return rows


def _rows(
    what: str,
    wrong: Counter[Wrong],
    labels: Counter[str],
    *,
    goals: tuple[float | None, float | None],
    remark: str,
) -> list[Row]:
    """Return the row of the lasting false values, and one of the others if anything is promised of them."""
    kinds = ", ".join(f"{wrong[kind]} {kind}" for kind in Wrong if wrong[kind])
    if kinds:
        most = ", ".join(f"{count} {label}" for label, count in labels.most_common(4))
        remark = f"{kinds}: {most}; {remark}"
    rows = [_row(f"{what}: lasting", sum(wrong[kind] for kind in LASTING), goals[0], remark)]
    if goals[1] is not None:
        rows.append(_row(f"{what}: others", wrong[Wrong.OTHER], goals[1], ""))
    return rows


def _row(what: str, count: int, goal: float | None, remark: str) -> Row:
    return Row(
        what=what, measured=count, unit="false values", goal=goal, promise=goal is not None, remark=remark
    )
