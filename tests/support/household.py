"""Frames of a simulated household whose active power is known, without the bytes of a line."""

from __future__ import annotations

import datetime as dt
from random import Random
from typing import TYPE_CHECKING, Final, NamedTuple

from teleinfo.simulator.catalogue import build
from teleinfo.state.active_power import Flow
from teleinfo.tic.labels import Mode

if TYPE_CHECKING:
    from collections.abc import Iterator

PERIODS: Final = {Mode.HISTORIQUE: 1.32, Mode.STANDARD: 0.92}  # s from frame to frame
ROUNDINGS: Final = {Mode.HISTORIQUE: 10, Mode.STANDARD: 1}  # VA
MIDNIGHT: Final = dt.datetime(2026, 6, 15)  # noqa: DTZ001 -- a local time


class Frame(NamedTuple):
    """A frame: when it comes, what it says, and the true active power, W, negative while injecting."""

    time: float
    flow: Flow
    watts: float


def frames(
    name: str, seed: int, *, mode: Mode, seconds: float, hour: float = 12.0, lost: float = 0.0
) -> Iterator[Frame]:
    """Yield the frames of a household of the simulator from this `hour` of the day on; a share is `lost`."""
    rng = Random(seed)
    start = MIDNIGHT + dt.timedelta(hours=hour)
    now = 0.0
    metrology = build("base", start=start, rng=rng, household=name).metrology
    while now < seconds:
        now += PERIODS[mode]
        metrology.advance(start + dt.timedelta(seconds=now))
        shown = round(metrology.apparent[0] / ROUNDINGS[mode]) * ROUNDINGS[mode]
        energy = int(metrology.supplier[0] if shown >= 0 else metrology.injected_energy)
        if rng.random() >= lost:
            flow = Flow(shown, ROUNDINGS[mode], energy)
            yield Frame(now + rng.uniform(0, 0.02), flow, metrology.power[0].real)
