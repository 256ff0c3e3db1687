"""
False values that leave the decoder, of lines that are damaged in every way that is promised, and their price.

Two kinds of rows, for the meters of both generators (`meters.GROUPS`):

- wrong bits in every frame, independent of each other (`noise`);
- one fault at every place of a frame and over its end, for a decoder that has seen 0, 1, 2, 6 or 27 frames
  (`walk`): bytes that are lost or repeated, bursts of bits that are wrong or stuck.

What comes out while a frame is sent must be what it says under that key. *Lasting* are the false values that
do harm for ever: an identifier, an étiquette that the frame does not have, and an index. Of wrong
bits an index does so if it is off by more than the subscription can draw since it was
right last. Values of the frame before or behind, under their own key, are counted apart.

The *price* of trust are sound groups that did not come out with their frame. A group is sound if all its
bytes arrived, in a frame whose marks did. Not counted are the first three frames of a meter, and the first
appearance of a label that no document has (without parity of a notice, too).

Nothing of this depends on the machine.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from tests.lab.bench import meters
from tests.lab.bench.faults import FAMILIES
from tests.lab.bench.judge import LASTING, Outcome, Price, Wrong
from tests.lab.bench.noise import NOISES, listen
from tests.lab.bench.rows import Row
from tests.lab.bench.scale import spread
from tests.lab.bench.walk import walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tests.lab.bench.scale import Scale

PER = 100_000


def rows(scale: Scale) -> list[Row]:
    """Measure every fault on every meter."""
    found = []
    for group, names in meters.GROUPS.items():
        noisy = spread(listen_to, [(name, scale.damaged // len(names), scale.sound) for name in names])
        for line, noise in NOISES.items():
            total = _sum(each[line][0] for each in noisy)
            # An index of the frame before is nearly right: it is false only where no value may be false.
            if noise.others != 0:
                for key in [key for key in total.wrong if key[0] is Wrong.NEIGHBOUR_INDEX]:
                    del total.wrong[key]
            found += _truth_rows(f"truth {group}, {line}", total, noise.others)
            if noise.withheld is not None:
                prices = {name: each[line][1] for name, each in zip(names, noisy, strict=True)}
                found += _price_rows(f"price {group}, {line}", noise.withheld, prices)
        walked = spread(walk, [(name, scale.stride) for name in names])
        for (name, family), parity in product(FAMILIES.items(), (True, False)):
            if parity or family.stripped:
                total = _sum(outcomes[name, parity] for outcomes in walked)
                what = f"truth {group}, {'parity' if parity else 'stripped'}, {name}"
                found += _truth_rows(what, total, family.share)
    return found


def listen_to(name: str, damaged: int, sound: int) -> dict[str, tuple[Outcome, Price]]:
    """Return the outcome of each noise on a meter, and its price."""
    return {line: listen(name, line, damaged=damaged, sound=sound) for line in NOISES}


def _sum(outcomes: Iterable[Outcome]) -> Outcome:
    total = Outcome()
    for outcome in outcomes:
        total.add(outcome)
    return total


def _truth_rows(what: str, outcome: Outcome, others: float | None) -> list[Row]:
    """Return the row of the lasting false values, and one of the others if anything is promised of them."""
    most = ", ".join(f"{count} {kind} {key}" for (kind, key), count in outcome.wrong.most_common(4))
    remark = "; ".join(filter(None, (f"{outcome.damaged:,} groups damaged", most, outcome.example)))
    counts = [("lasting", outcome.count(*LASTING), 0.0, remark)]
    if others is not None:
        counts.append(("others", outcome.count(Wrong.OTHER), others * outcome.damaged, ""))
    return [
        Row(f"{what}: {kind}", count, "false values", goal=goal, promise=True, remark=remark)
        for kind, count, goal, remark in counts
    ]


def _price_rows(what: str, share: float, prices: Mapping[str, Price]) -> list[Row]:
    """Return the worst figures of a group of meters, with the worst meter and what it lacked most."""
    worst = max(prices, key=lambda name: prices[name].share)
    lacked = ", ".join(label for label, _ in prices[worst].withheld.most_common(2))
    away, name = max((price.longest, name) for name, price in prices.items())
    return [
        Row(
            f"{what}: withheld, worst meter",
            prices[worst].share * PER,
            f"of {PER:,}",
            goal=share * PER,
            promise=True,
            remark=f"{worst} ({lacked})" if lacked else "",
        ),
        Row(
            f"{what}: an index or tariff",
            away[0],
            "in a row",
            goal=1 if share else 0,
            promise=True,
            remark=f"{away[1]} of {name}" if away[0] else "",
        ),
    ]
