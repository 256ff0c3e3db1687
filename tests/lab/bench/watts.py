"""
The active power and its bounds against the true power of households that share no code with it.

The households of the simulator switch loads of a constant power factor; of those of `half_waves` the current
itself is known. One frame in fifty is lost. Nothing of this depends on the machine.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from teleinfo.state.active_power import ActivePower
from teleinfo.tic.labels import Mode
from tests.lab.bench.rows import Row, quantile
from tests.lab.bench.scale import spread
from tests.support import half_waves, household

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.lab.bench.scale import Scale
    from tests.support.household import Frame

ORDINARY: Final = 1.5
HARD: Final = 2.0
"""The most by which the energy of the value may be wrong, in per cent; hard are LED loads and producers."""


class Kind(NamedTuple):
    """
    Households of a kind: the name of one of the simulator, or of `half_waves`, and the mode of the meter.

    `bias` is the error of the energy that is promised, in per cent; None if nothing is.
    """

    name: str
    mode: Mode
    bias: float | None = ORDINARY

    @property
    def has_exported(self) -> bool:
        """True for a producer."""
        return self.name in {"panels", "router", *half_waves.PRODUCERS}

    def frames(self, seed: int, seconds: float) -> Iterator[Frame]:
        """Yield the frames of a household."""
        if self.name in half_waves.HOUSES:
            hour = HOURS[seed % len(HOURS)]
            return half_waves.frames(self.name, seed, mode=self.mode, seconds=seconds, hour=hour, lost=LOST)
        hour = PIECE * seed % 24
        return household.frames(self.name, seed, mode=self.mode, seconds=seconds, hour=hour, lost=LOST)


KINDS: Final = {
    "historique, convectors": Kind("convectors", Mode.HISTORIQUE),
    "standard, convectors": Kind("convectors", Mode.STANDARD),
    "historique, hob": Kind("kitchen", Mode.HISTORIQUE),
    "standard, hob": Kind("kitchen", Mode.STANDARD),
    "standard, heat pump": Kind("heat-pump", Mode.STANDARD),
    "historique, electronics": Kind("electronics", Mode.HISTORIQUE, HARD),
    "standard, electronics": Kind("electronics", Mode.STANDARD, HARD),
    "standard, panels": Kind("panels", Mode.STANDARD, HARD),
    "standard, router": Kind("router", Mode.STANDARD, HARD),
    "half-waves, historique, flat": Kind("a flat", Mode.HISTORIQUE),
    "half-waves, historique, convectors": Kind("convectors with triacs", Mode.HISTORIQUE),
    "half-waves, standard, hob": Kind("hob and oven", Mode.STANDARD),
    "half-waves, standard, heat pump": Kind("heat pump and car", Mode.STANDARD),
    "half-waves, historique, electronics": Kind("lamps and computers", Mode.HISTORIQUE, HARD),
    "half-waves, standard, three phases": Kind("three phases", Mode.STANDARD),
    "half-waves, standard, producer": Kind("a producer", Mode.STANDARD, HARD),
    "half-waves, historique, heating film": Kind("heating film", Mode.HISTORIQUE, HARD),
    "half-waves, standard, dimmers": Kind("dimmed lamps and fan heater", Mode.STANDARD),
    "half-waves, standard, welder": Kind("a workshop with a welder", Mode.STANDARD, None),
    "half-waves, standard, router by phase": Kind("router by phase", Mode.STANDARD, HARD),
    "half-waves, standard, router by burst of 0.8 s": Kind("router by burst, 0.8 s", Mode.STANDARD, HARD),
    "half-waves, standard, router by burst of 0.5 Wh": Kind("router by burst, a bucket", Mode.STANDARD, HARD),
}

HOURS: Final = (9, 12, 15, 18)
"""The hours of the day at which the households of `half_waves` begin: a router has nothing to do at night."""

PIECE: Final = 6
"""The most hours of a household."""

LOST: Final = 0.02
START: Final = 120.0
"""Seconds until the first bar is judged; the state has one after two steps of the index."""

ERROR: Final = 250
"""The error in W that 95 % of the values shall not exceed."""

WITHIN: Final = 98.5
"""The least share of frames of a household whose true power lies between the bounds, in per cent."""


class Sample(NamedTuple):
    """A frame: the true power in W, and the error of the value in W, positive if its amount is too high."""

    watts: float
    error: float
    is_within: bool


def judge(kind: Kind, seed: int, hours: float) -> list[Sample]:
    """Compare each bar of a household with its true power."""
    power = ActivePower()
    samples = list[Sample]()
    for frame in kind.frames(seed, hours * 3600):
        power.add(frame.flow, now=frame.time, has_exported=kind.has_exported)
        active = power.at(frame.time)
        if active is None or frame.time < START:
            continue
        error = active.value - frame.watts
        if frame.watts < 0:
            error = -error
        is_within = active.lower <= frame.watts <= active.upper
        samples.append(Sample(abs(frame.watts), error, is_within))
    return samples


def rows(scale: Scale) -> list[Row]:
    """Measure the households of each kind."""
    pieces = max(len(KINDS), scale.household_hours // PIECE)
    names = list(KINDS)
    jobs = [
        (KINDS[names[number % len(names)]], number // len(names), scale.household_hours / pieces)
        for number in range(pieces)
    ]
    # A quarter of an hour of a PV router is no mean.
    is_promised = scale.household_hours / pieces >= PIECE
    samples_of: dict[Kind, list[Sample]] = {kind: [] for kind in KINDS.values()}
    for (kind, *_), samples in zip(jobs, spread(judge, jobs), strict=True):
        samples_of[kind] += samples
    everything = [sample for samples in samples_of.values() for sample in samples]
    measured = [
        Row("watts: within the bar", _within(everything), "%", goal=99, more_is_better=True, promise=True)
    ]
    for name, kind in KINDS.items():
        measured += _rows(name, kind, samples_of[kind])
    if not is_promised:
        measured = [replace(row, promise=False) for row in measured]
    return measured


def _within(samples: Sequence[Sample]) -> float:
    """Return the share of the true powers that are between their bounds, in per cent."""
    return 100 * sum(sample.is_within for sample in samples) / len(samples)


def _rows(name: str, kind: Kind, samples: Sequence[Sample]) -> Iterator[Row]:
    """Yield the rows of the households of a kind."""
    bias = 100 * abs(sum(sample.error for sample in samples)) / sum(sample.watts for sample in samples)
    yield Row(f"watts {name}: bias of the energy", bias, "%", goal=kind.bias, promise=kind.bias is not None)
    error = quantile([abs(sample.error) for sample in samples], 0.95)
    yield Row(f"watts {name}: error of 95 % of the values", error, "W", goal=ERROR)
    within = _within(samples)
    yield Row(f"watts {name}: within the bar", within, "%", goal=WITHIN, more_is_better=True)
