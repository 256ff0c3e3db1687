"""
The active power and its bounds against the true power of simulated households.

One frame in fifty is lost. Nothing of this depends on the machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from teleinfo.state.active_power import ActivePower
from teleinfo.tic.labels import Mode
from tests.lab.bench.rows import Row, quantile
from tests.lab.bench.scale import spread
from tests.support.household import frames

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.lab.bench.scale import Scale

HOUSES: Final = {
    "historique, convectors": ("convectors", Mode.HISTORIQUE),
    "standard, convectors": ("convectors", Mode.STANDARD),
    "historique, hob": ("kitchen", Mode.HISTORIQUE),
    "standard, hob": ("kitchen", Mode.STANDARD),
    "standard, heat pump": ("heat-pump", Mode.STANDARD),
    "historique, electronics": ("electronics", Mode.HISTORIQUE),
    "standard, electronics": ("electronics", Mode.STANDARD),
    "standard, panels": ("panels", Mode.STANDARD),
    "standard, router": ("router", Mode.STANDARD),
}
"""The household of the simulator, and the mode of the meter."""

PIECE: Final = 6
"""The most hours of a household."""

LOST: Final = 0.02
START: Final = 120.0
"""Seconds until the first bar is judged; the state has one after two steps of the index."""

BIAS: Final = 1.5
BIAS_OF_OTHERS: Final = 2.0
"""The most by which the energy of the value may be wrong, in per cent; for LED loads and producers."""

ERROR: Final = 250
"""The error in W that 95 % of the values shall not exceed."""


class Sample(NamedTuple):
    """A frame: the true power in W, and the error of the value in W, positive if its amount is too high."""

    watts: float
    error: float
    is_within: bool


def judge(name: str, seed: int, hours: float) -> list[Sample]:
    """Compare each bar of a household with its true power."""
    house, mode = HOUSES[name]
    power, samples = ActivePower(), list[Sample]()
    hour, has_exported = PIECE * seed % 24, house in {"panels", "router"}
    for frame in frames(house, seed, mode=mode, seconds=hours * 3600, hour=hour, lost=LOST):
        power.add(frame.flow, now=frame.time, has_exported=has_exported)
        found = power.at(frame.time)
        if found is not None and frame.time >= START:
            error = (found.value - frame.watts) * (1 if frame.watts >= 0 else -1)
            is_within = found.lower <= frame.watts <= found.upper
            samples.append(Sample(abs(frame.watts), error, is_within))
    return samples


def rows(scale: Scale) -> list[Row]:
    """Measure the households of each kind."""
    pieces = max(len(HOUSES), scale.household_hours // PIECE)
    kinds = list(HOUSES)
    work = [
        (kinds[number % len(kinds)], number // len(kinds), scale.household_hours / pieces)
        for number in range(pieces)
    ]
    found: dict[str, list[Sample]] = {name: [] for name in kinds}
    for (name, *_), samples in zip(work, spread(judge, work), strict=True):
        found[name] += samples
    everything = [sample for samples in found.values() for sample in samples]
    within = 100 * sum(sample.is_within for sample in everything) / len(everything)
    bars = Row("watts: within the bar", within, "%", goal=99, more_is_better=True, promise=True)
    return [bars, *(row for name, samples in found.items() for row in _rows(f"watts {name}", samples))]


def _rows(what: str, samples: Sequence[Sample]) -> Iterator[Row]:
    """Yield the rows of the households of a kind."""
    bias = 100 * abs(sum(sample.error for sample in samples)) / sum(sample.watts for sample in samples)
    most = BIAS_OF_OTHERS if what.endswith(("electronics", "panels", "router")) else BIAS
    yield Row(f"{what}: bias of the energy", bias, "%", goal=most, promise=True)
    error = quantile([abs(sample.error) for sample in samples], 0.95)
    yield Row(f"{what}: error of 95 % of the values", error, "W", goal=ERROR)
