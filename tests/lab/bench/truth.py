"""
False values that leave the decoder, of lines that are damaged in every way that is promised.

Two kinds of rows, for the meters of both generators (`meters.GROUPS`):

- wrong bits in every frame, independent of each other (`noise`);
- one fault at every place of a frame and over its end, for a decoder that has seen 0, 1, 2, 6 or 27 frames
  (`walk`): bytes that are lost or repeated, bursts of bits that are wrong or stuck.

What comes out while a frame is sent must be what it says under that key. *Lasting* are the false values that
do harm for ever: an identifier, an étiquette that the frame does not have, and an index. Of wrong
bits an index does so if it is off by more than the subscription can draw since it was
right last. Values of the frame before or behind, under their own key, are counted apart. Nothing of this
depends on the machine.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from tests.lab.bench import meters
from tests.lab.bench.faults import FAMILIES
from tests.lab.bench.judge import LASTING, Outcome, Wrong
from tests.lab.bench.noise import listen
from tests.lab.bench.rows import Row
from tests.lab.bench.scale import spread
from tests.lab.bench.walk import walk

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.lab.bench.scale import Scale


class Noise(NamedTuple):
    """
    A share of the bits that is wrong, which makes no lasting false value.

    Promised: at most `others` of the damaged groups give another false value; None promises nothing of them.
    """

    rate: float
    parity: bool
    others: float | None


NOISES = {
    "parity, 3 in 1000 bits wrong": Noise(0.003, parity=True, others=0.0),
    "parity, 1 in 100 bits wrong": Noise(0.01, parity=True, others=1e-4),
    "stripped, 3 in 1000 bits wrong": Noise(0.003, parity=False, others=None),
}


def rows(scale: Scale) -> list[Row]:
    """Measure every fault on every meter."""
    found = []
    for group, names in meters.GROUPS.items():
        noisy = spread(listen_to, [(name, scale.damaged // len(names)) for name in names])
        for noise, promised in NOISES.items():
            total = _sum(outcomes[noise] for outcomes in noisy)
            # An index of the frame before is nearly right: it is false only where no value may be false.
            if promised.others != 0:
                for key in [key for key in total.wrong if key[0] is Wrong.NEIGHBOUR_INDEX]:
                    del total.wrong[key]
            found += _rows(f"truth {group}, {noise}", total, promised.others)
        walked = spread(walk, [(name, scale.stride) for name in names])
        for (name, family), parity in product(FAMILIES.items(), (True, False)):
            if parity or family.stripped:
                total = _sum(outcomes[name, parity] for outcomes in walked)
                what = f"truth {group}, {'parity' if parity else 'stripped'}, {name}"
                found += _rows(what, total, family.share)
    return found


def _sum(outcomes: Iterable[Outcome]) -> Outcome:
    total = Outcome()
    for outcome in outcomes:
        total.add(outcome)
    return total


def listen_to(name: str, enough: int) -> dict[str, Outcome]:
    """Return the outcome of each noise on a meter, of at least so many damaged groups."""
    return {
        noise: listen(name, spec.rate, enough, lambda outcome, _: outcome.damaged, parity=spec.parity)[0]
        for noise, spec in NOISES.items()
    }


def _rows(what: str, outcome: Outcome, others: float | None) -> list[Row]:
    """Return the row of the lasting false values, and one of the others if anything is promised of them."""
    most = ", ".join(f"{count} {kind} {key}" for (kind, key), count in outcome.wrong.most_common(4))
    remark = "; ".join(filter(None, (f"{outcome.damaged:,} groups damaged", most, outcome.example)))
    counts = [("lasting", outcome.count(*LASTING), 0.0, remark)]
    if others is not None:
        counts.append(("others", outcome.count(Wrong.OTHER), others * outcome.damaged, ""))
    return [
        Row(
            what=f"{what}: {kind}",
            measured=count,
            unit="false values",
            goal=goal,
            promise=True,
            remark=remark,
        )
        for kind, count, goal, remark in counts
    ]
