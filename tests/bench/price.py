"""
The price of trust: sound groups that did not come out with their frame, of a clean line and of noisy ones.

    make bench BENCH="--only price"
    make bench BENCH="--only price --meter doc:overrun --meter tri"     # these meters alone

A group is sound if all its bytes arrived, in a frame whose marks did. Not counted are the first three frames
of a meter, and the first appearance of a label that no document has (without parity of a notice, too).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from teleinfo.tic.decoder import Decoder
from tests.bench import meters
from tests.bench.noise import UNCOUNTED, Outcome, listen
from tests.bench.rows import Row

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.bench.judge import Price, Reads
    from tests.bench.scale import Scale


class Line(NamedTuple):
    """A line: its wrong bits, whether it has parity, and the share of sound groups it may cost."""

    rate: float
    parity: bool
    share: float | None


LINES = {
    "clean line, stripped": Line(0.0, parity=False, share=0.0),
    "clean line": Line(0.0, parity=True, share=0.0),
    "1 wrong bit in 10,000": Line(1e-4, parity=True, share=5e-5),
    "1 in 1000": Line(1e-3, parity=True, share=None),
    "3 in 1000": Line(3e-3, parity=True, share=2e-3),
}
PER = 100_000
FRAMES = 3000  # of a meter that are sent before a new decoder gets the same ones


def rows(scale: Scale) -> list[Row]:
    """Measure every meter on every line."""
    groups = scale.choose(meters.GROUPS)
    jobs = [(name, scale.sound) for names in groups.values() for name in names]
    found = dict(scale.spread(_measure, jobs))
    return [
        row
        for group, names in groups.items()
        for line, spec in LINES.items()
        for row in _rows(f"price {group}, {line}", spec, {name: found[name][line] for name in names})
    ]


def _measure(name: str, enough: int) -> tuple[str, dict[str, Price]]:
    return name, {line: measure(name, spec, enough) for line, spec in LINES.items()}


def measure(name: str, line: Line, enough: int, make: Callable[[], Reads] = Decoder) -> Price:
    """Return the price of a line for a meter, of at least so many sound groups."""
    outcome, seed = Outcome(), 0
    while outcome.price.sound < enough:
        seed += 1
        frames = min(FRAMES, UNCOUNTED + 1 + enough // len(meters.first_frames(name, 1)[0].lines))
        listen(name, line.rate, parity=line.parity, frames=frames, seed=seed, outcome=outcome, make=make)
    return outcome.price


def _rows(what: str, line: Line, prices: dict[str, Price]) -> list[Row]:
    """Return the worst figures of a group of meters, with those of each that has any."""
    worst = sorted(prices, key=lambda name: prices[name].share, reverse=True)
    paid = [
        f"{name} {prices[name].share * PER:,.1f} ({_most(prices[name])})"
        for name in worst
        if prices[name].share
    ]
    away = max((price.longest, name) for name, price in prices.items())
    return [
        Row(
            what=f"{what}: withheld, worst meter",
            measured=prices[worst[0]].share * PER,
            unit=f"of {PER:,}",
            goal=None if line.share is None else line.share * PER,
            promise=line.share is not None,
            remark=f"{', '.join(paid) or 'none'}; {sum(price.sound for price in prices.values()):,} groups",
        ),
        Row(
            what=f"{what}: an index or tariff",
            measured=away[0].times,
            unit="in a row",
            goal=1 if line.rate else 0,
            promise=True,
            remark=f"{away[0].label} of {away[1]} for {away[0].seconds:.1f} s" if away[0].times else "",
        ),
    ]


def _most(price: Price) -> str:
    return ", ".join(label for label, _ in price.withheld.most_common(2))
