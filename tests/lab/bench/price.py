"""
The price of trust: sound groups that did not come out with their frame, of a clean line and of noisy ones.

A group is sound if all its bytes arrived, in a frame whose marks did. Not counted are the first three frames
of a meter, and the first appearance of a label that no document has (without parity of a notice, too).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tests.lab.bench import meters
from tests.lab.bench.noise import listen
from tests.lab.bench.rows import Row
from tests.lab.bench.scale import spread

if TYPE_CHECKING:
    from tests.lab.bench.judge import Price
    from tests.lab.bench.scale import Scale


class Noise(NamedTuple):
    """A line: its wrong bits, whether it has parity, and the share of sound groups it may cost."""

    rate: float
    parity: bool
    share: float


LINES = {
    "clean line, stripped": Noise(0.0, parity=False, share=0.0),
    "clean line": Noise(0.0, parity=True, share=0.0),
    "1 wrong bit in 10,000": Noise(1e-4, parity=True, share=5e-5),
    "3 in 1000": Noise(3e-3, parity=True, share=2e-3),
}
PER = 100_000


def rows(scale: Scale) -> list[Row]:
    """Measure every meter on every line."""
    found = []
    for group, names in meters.GROUPS.items():
        measured = spread(measure, [(name, scale.sound) for name in names])
        for line, noise in LINES.items():
            prices = {name: prices[line] for name, prices in zip(names, measured, strict=True)}
            found += _rows(f"price {group}, {line}", noise, prices)
    return found


def measure(name: str, enough: int) -> dict[str, Price]:
    """Return the price of each line for a meter, of at least so many sound groups."""
    return {
        line: listen(name, noise.rate, enough, lambda _, price: price.sound, parity=noise.parity)[1]
        for line, noise in LINES.items()
    }


def _rows(what: str, noise: Noise, prices: dict[str, Price]) -> list[Row]:
    """Return the worst figures of a group of meters, with the worst meter and what it lacked most."""
    worst = max(prices, key=lambda name: prices[name].share)
    lacked = ", ".join(label for label, _ in prices[worst].withheld.most_common(2))
    away, name = max((price.longest, name) for name, price in prices.items())
    return [
        Row(
            what=f"{what}: withheld, worst meter",
            measured=prices[worst].share * PER,
            unit=f"of {PER:,}",
            goal=noise.share * PER,
            promise=True,
            remark=f"{worst} ({lacked})" if lacked else "",
        ),
        Row(
            what=f"{what}: an index or tariff",
            measured=away[0],
            unit="in a row",
            goal=1 if noise.rate else 0,
            promise=True,
            remark=f"{away[1]} of {name}" if away[0] else "",
        ),
    ]
